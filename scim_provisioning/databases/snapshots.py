"""Transactions that go on reading what there was when they began (REPEATABLE READ), and how they begin again.

This package locks first and reads afterwards, as READ COMMITTED allows and Django asks for on MariaDB and MySQL too.
Under REPEATABLE READ PostgreSQL refuses the lock on a row that was changed since, and nothing goes wrong. MariaDB and
MySQL give it, and then show the row as it was: whoever writes what they have read undoes the change.

Of a row that was locked by somebody who changed nothing of it PostgreSQL says nothing either, and what they have added
beside it is not seen. So whoever adds something that others look for under that lock writes the row as it is.
"""

from __future__ import annotations

from django.db import OperationalError

from scim_provisioning.databases.routing import connection

_READ_COMMITTED = "read committed"
_ABOVE = frozenset({"REPEATABLE_READ", "SERIALIZABLE"})


class Overtaken(OperationalError):
    """Somebody else was quicker: what this transaction has read is no longer so. Begun again it sees what they have
    committed. Raised where the database itself says nothing."""

    def __init__(self) -> None:
        super().__init__("Another transaction has changed what this one has read.")


def reads_the_past() -> bool:
    """Whether what is read under a lock may be older than what was locked: on MariaDB and MySQL, unless READ COMMITTED
    is asked for. ``isolation_level`` None leaves it to the server, whose own is REPEATABLE READ."""
    database = connection()
    return database.vendor == "mysql" and getattr(database, "isolation_level", None) != _READ_COMMITTED


def sees_no_additions() -> bool:
    """Whether somebody who has waited for a lock does not see what was added under it, unless the locked row was
    written: on PostgreSQL above READ COMMITTED, where ``isolation_level`` asks for that."""
    database = connection()
    return database.vendor == "postgresql" and getattr(database.isolation_level, "name", "") in _ABOVE  # type: ignore[attr-defined]
