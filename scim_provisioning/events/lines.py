"""Lines of the logs ``scim_provisioning.request``, ``.audit`` and ``.security``, for people and machines.

A line is ``name="value"`` after ``name="value"``; the record carries the same values as attributes (``extra``), where
formatters for JSON and structlog find them. They are what JSON can hold, whatever a host's keys are made of: an
administrator's is a number here, a text or a UUID there.

No value of a person's attribute is in any of them, nor a path with an id in it: ``route`` is the template.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from django.db import transaction
from django.utils.crypto import salted_hmac

from scim_provisioning import databases
from scim_provisioning.events import observed, redaction
from scim_provisioning.models import SCIMConnection, SCIMToken

request_logger = logging.getLogger("scim_provisioning.request")
audit_logger = logging.getLogger("scim_provisioning.audit")
security_logger = logging.getLogger("scim_provisioning.security")

_VALUE_LENGTH: Final = 200
_HASH_LENGTH: Final = 16

Fields = Mapping[str, object]


def request(tell: Callable[[], Fields]) -> None:
    """Say what was asked and answered. What ``tell`` returns is not asked for where nobody reads it."""
    if request_logger.isEnabledFor(logging.INFO):
        safe = _safe(tell())
        request_logger.info("%s", _line(safe), extra=safe)


def audit(fields: Fields) -> None:
    """Say what an administrator did, once it is committed. Trouble with it changes nothing of what was done."""
    safe = _safe(fields)
    transaction.on_commit(
        lambda: audit_logger.info("%s", _line(safe), extra=safe), using=databases.alias(), robust=True
    )


def security(fields: Fields) -> None:
    """Say at once what somebody who watches for attacks wants to see."""
    safe = _safe(fields)
    security_logger.warning("%s", _line(safe), extra=safe)


def caller_fields(connection: SCIMConnection | None, token: SCIMToken | None) -> dict[str, object]:
    """Who asks: the connection by its key, its SSO settings by a hash, the token by its public part.

    ``tenant_hash`` tells nobody without the ``SECRET_KEY`` which SSO settings these are.
    """
    return {
        "connection": None if connection is None else connection.pk,
        "tenant_hash": "" if connection is None else _tenant_hash(connection),
        "token_prefix": "" if token is None else token.prefix,
    }


def _tenant_hash(connection: SCIMConnection) -> str:
    tenant = f"connection {connection.pk}" if connection.sso_key is None else f"sso {connection.sso_key}"
    hashed = salted_hmac("scim_provisioning.tenant", tenant, algorithm="sha256")
    return hashed.hexdigest()[:_HASH_LENGTH]


def _request_fields() -> dict[str, object]:
    """The request that is being answered; nothing outside of one."""
    asked = observed.current()
    if asked is None:
        return {}
    return {
        "request_id": asked.request_id,
        "trace_id": "" if asked.trace is None else asked.trace.trace_id,
        "method": asked.method,
        "route": asked.route,
    }


def _safe(fields: Fields) -> dict[str, object]:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        name: redaction.text(value, _VALUE_LENGTH) if isinstance(value, str) else redaction.json_safe(value)
        for name, value in {"ts": moment, **_request_fields(), **fields}.items()
    }


def _line(fields: Fields) -> str:
    # Values in JSON's quotes, so that none can pose as another field. The time is for formatters to write.
    return " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
        if name != "ts" and value not in (None, "", [])
    )
