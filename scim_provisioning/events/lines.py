"""Lines of the logs ``scim_provisioning.audit`` and ``scim_provisioning.security``, for people and machines.

A line is ``name="value"`` after ``name="value"``; the record carries the same values as attributes. They are what
JSON can hold, whatever a host's keys are made of: an administrator's is a number here, a text or a UUID there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Final

from django.db import transaction

from scim_provisioning.events import redaction

audit_logger = logging.getLogger("scim_provisioning.audit")
security_logger = logging.getLogger("scim_provisioning.security")

_VALUE_LENGTH: Final = 200


def audit(fields: Mapping[str, object]) -> None:
    """Say what an administrator did, once it is committed. Trouble with it changes nothing of what was done."""
    safe = _safe(fields)
    transaction.on_commit(lambda: audit_logger.info("%s", _line(safe), extra=safe), robust=True)


def security(fields: Mapping[str, object]) -> None:
    """Say at once what somebody who watches for attacks wants to see."""
    safe = _safe(fields)
    security_logger.warning("%s", _line(safe), extra=safe)


def _safe(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        name: redaction.text(value, _VALUE_LENGTH) if isinstance(value, str) else redaction.json_safe(value)
        for name, value in fields.items()
    }


def _line(fields: Mapping[str, object]) -> str:
    # Values in JSON's quotes, so that none can pose as another field.
    return " ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
        if value not in (None, "")
    )
