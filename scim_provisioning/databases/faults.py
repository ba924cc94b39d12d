"""What is wrong with a database when it fails, told from what is wrong with a row.

PostgreSQL says it in an SQLSTATE, MariaDB and MySQL in a number, SQLite in words.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Final

from django.db import Error, IntegrityError, InterfaceError, InternalError, OperationalError

from scim_provisioning.databases.snapshots import Overtaken


class Fault(enum.Enum):
    """A trouble that no value can mend. All of them pass by themselves, or by an operator's doing."""

    #: Stopped, not reachable, the connection was dropped, another server took over.
    GONE = "gone"
    #: Somebody else was in the way: a deadlock, a serialization failure, a lock that was not given.
    BUSY = "busy"
    #: A time limit of the host's ended a statement.
    SLOW = "slow"
    #: No space, or nothing may be written.
    FULL = "full"


#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES: Final = {
    "40001": Fault.BUSY,
    "40P01": Fault.BUSY,
    "55P03": Fault.BUSY,
    "57014": Fault.SLOW,
    "25P03": Fault.GONE,
    "25P04": Fault.SLOW,
    "25006": Fault.FULL,
    "53100": Fault.FULL,
    "53200": Fault.GONE,
    "53300": Fault.GONE,
    "57P01": Fault.GONE,
    "57P02": Fault.GONE,
    "57P03": Fault.GONE,
    "57P05": Fault.GONE,
    "58030": Fault.FULL,
}
_GONE_CLASS: Final = "08"

#: https://mariadb.com/kb/en/mariadb-error-code-reference/ and MySQL's client errors (2000 and above).
_NUMBERS: Final = {
    **dict.fromkeys((1020, 1205, 1213, 4067), Fault.BUSY),
    **dict.fromkeys((1969, 3024), Fault.SLOW),
    **dict.fromkeys((1021, 1114, 1290, 1792, 1836, 3100), Fault.FULL),
    **dict.fromkeys((0, 1040, 1053, 1077, 1184, 1203, 1317, 1927, 4031), Fault.GONE),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2055), Fault.GONE),
}

#: https://www.sqlite.org/rescode.html
_WORDS: Final = {
    "is locked": Fault.BUSY,
    "interrupted": Fault.SLOW,
    "disk is full": Fault.FULL,
    "disk i/o error": Fault.FULL,
    "readonly database": Fault.FULL,
    "unable to open database": Fault.GONE,
}

#: A foreign key points at nothing: of an INSERT or UPDATE, and of a DELETE of what others point at by now. On SQLite
#: one transaction writes at a time.
_FOREIGN_KEY_STATE: Final = "23503"
_FOREIGN_KEY_NUMBERS: Final = frozenset({1216, 1217, 1451, 1452})
#: There is such a row already.
_UNIQUE_STATE: Final = "23505"
_UNIQUE_NUMBERS: Final = frozenset({1062, 1586})
#: Django's words for an UPDATE of a row that is gone; it has no class of its own for them before 6.0.
_NO_ROW: Final = "did not affect any rows"


def fault_of(error: BaseException) -> Fault | None:
    """The trouble that ``error``, or what it was raised from, is about; None where it is about something else."""
    for found in _causes(error):
        if (fault := _read(found)) is not None:
            return fault
    return Fault.GONE if _is_bare(error) else None


def _is_bare(error: BaseException) -> bool:
    """Whether it is a word of PostgreSQL's driver that Django has not put into its own: of a cursor on the server that
    is closed once the connection is gone (``QuerySet.iterator``)."""
    kind = type(error)
    return kind.__module__.startswith("psycopg") and kind.__name__ in ("OperationalError", "InterfaceError")


def misses_a_row(error: BaseException) -> bool:
    """Whether ``error``, or what it was raised from, is about a row that is not there: one that was referred to, or
    that was to be changed. Somebody may have deleted it since it was read; whoever asks again knows."""
    return any(_misses_a_row(found) for found in _causes(error))


def meets_a_row(error: BaseException) -> bool:
    """Whether ``error``, or what it was raised from, is about a row that is there already. Whoever reads what there was
    when they began has not seen one that was made since, however often they look (``get_or_create``)."""
    return any(isinstance(found, IntegrityError) and _meets_a_row(found) for found in _causes(error))


def _meets_a_row(error: IntegrityError) -> bool:
    number = error.args[0] if error.args else None
    return _state(error) == _UNIQUE_STATE or number in _UNIQUE_NUMBERS


def _causes(error: BaseException) -> Iterator[Error]:
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, Error):
            yield found
        found = found.__cause__


def _misses_a_row(error: Error) -> bool:
    if isinstance(error, IntegrityError):
        number = error.args[0] if error.args else None
        return _state(error) == _FOREIGN_KEY_STATE or number in _FOREIGN_KEY_NUMBERS
    return _NO_ROW in str(error)


def _read(error: Error) -> Fault | None:
    if isinstance(error, Overtaken):
        return Fault.BUSY
    driver: Any = error.__cause__
    state = _state(error)
    if state:
        return Fault.GONE if state.startswith(_GONE_CLASS) else _SQLSTATES.get(state)
    if error.args and isinstance(error.args[0], int):
        return _NUMBERS.get(error.args[0])
    words = str(error).lower()
    for phrase, fault in _WORDS.items():
        if phrase in words:
            return fault
    # PostgreSQL's driver has no code for a server that does not answer any more, or that somebody answers for
    # (a pooler whose server went away).
    is_of_postgresql = hasattr(driver, "diag") or type(driver).__module__.startswith("psycopg")
    is_broken = isinstance(error, OperationalError | InternalError) and is_of_postgresql
    return Fault.GONE if is_broken or isinstance(error, InterfaceError) else None


def _state(error: Error) -> str:
    """The SQLSTATE; empty where the database is not PostgreSQL, or its driver has none for it."""
    driver: Any = error.__cause__
    return getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None) or ""
