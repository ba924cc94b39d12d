"""Holding on to a text for as long as a transaction lasts, where no unique index does it."""

from __future__ import annotations

import hashlib
from typing import Final

from scim_provisioning.databases.routing import connection

_POSTGRESQL: Final = "SELECT pg_advisory_xact_lock(%s)"


def hold_text(text: str) -> None:
    """Make others who hold the same text wait for this transaction (one query on PostgreSQL, none elsewhere).

    PostgreSQL's unique indexes take "Ana" and "ana" for two names. MariaDB's and MySQL's usual ones do not, and on
    SQLite one transaction writes at a time. The lock is the transaction's, so poolers are content.
    """
    database = connection()
    if database.vendor == "postgresql":
        digest = hashlib.sha256(f"scim_provisioning:{text}".encode("utf-8", "backslashreplace")).digest()
        with database.cursor() as cursor:
            cursor.execute(_POSTGRESQL, [int.from_bytes(digest[:8], "big", signed=True)])
