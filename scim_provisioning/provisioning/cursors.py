"""Cursors of RFC 9865: where a client's walk through a directory stands.

A cursor is opaque and signed, belongs to one connection and one query, and ends after an hour. It names the
last person seen, not an offset, so people who come or go meanwhile shift nobody. It can be read, so it holds the
SCIM id, which the client has seen, and not the primary key, which would count the people of all tenants.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from django.core import signing

from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import ExpiredCursor, InvalidCount, InvalidCursor

#: Seconds for which a cursor is good; advertised in ``/ServiceProviderConfig``.
LIFETIME: Final = 3600
# RFC 9865 section 2 allows unreserved characters only, so not Django's own ":".
_SEPARATOR: Final = "."


def seal(connection: SCIMConnection, query: tuple[Any, ...], count: int, last: str) -> str:
    """The cursor that continues ``query`` after the person whose SCIM id is ``last``."""
    return _signer().sign_object([_fingerprint(connection, query), count, last])


def unseal(connection: SCIMConnection, query: tuple[Any, ...], count: int, cursor: str) -> str:
    """The SCIM id of the person after whom to continue.

    Raises ``InvalidCursor`` for a forged cursor, one of another connection or of another query, and
    ``ExpiredCursor`` for one older than ``LIFETIME``, and ``InvalidCount`` for another page size.
    """
    try:
        fingerprint, began_with, last = _signer().unsign_object(cursor, max_age=LIFETIME)
    except signing.SignatureExpired:
        raise ExpiredCursor("The cursor has expired; start again without one.") from None
    except (signing.BadSignature, ValueError, TypeError):
        raise InvalidCursor("The cursor is not one of this server's.") from None
    if fingerprint != _fingerprint(connection, query):
        raise InvalidCursor("The cursor belongs to another query; send the same filter and sorting again.")
    if began_with != count:
        raise InvalidCount(f"count must stay what it was on the first page: {began_with}.")
    return str(last)


def _signer() -> signing.TimestampSigner:
    """Made anew for each cursor: the host's SECRET_KEY and its fallbacks may be replaced while it runs."""
    return signing.TimestampSigner(sep=_SEPARATOR, salt="scim_provisioning.cursor")


def _fingerprint(connection: SCIMConnection, query: tuple[Any, ...]) -> str:
    text = json.dumps([connection.pk, *query], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
