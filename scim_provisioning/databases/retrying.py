"""Another try when the database was in the way, and what is said when all of them failed."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, NamedTuple, TypeVar

from django.db import connections
from django_scim.exceptions import SCIMException

from scim_provisioning.databases.faults import Fault, fault_of, meets_a_row, misses_a_row
from scim_provisioning.databases.routing import connection
from scim_provisioning.databases.snapshots import reads_the_past, sees_no_additions
from scim_provisioning.protocol.errors import Unavailable

logger = logging.getLogger("scim_provisioning.databases")

_T = TypeVar("_T")

#: Seconds before each further try, more or less: two who were in each other's way must not meet again.
_PAUSES: Final = (0.05, 0.25)
#: Seconds after which no further try begins. SQLite has waited for its lock by then, and a worker has other clients.
_PATIENCE: Final = 6.0
#: A statement that took too long takes as long again, and a full disk stays full.
_WORTH_A_TRY: Final = frozenset({Fault.GONE, Fault.BUSY})


class _Refusal(NamedTuple):
    code: str
    sentence: str
    retry_after: int


_REFUSALS: Final = {
    Fault.GONE: _Refusal("database.gone", "The application's database does not answer", 30),
    Fault.BUSY: _Refusal("database.busy", "The application's database is busy", 5),
    Fault.SLOW: _Refusal("database.slow", "The application's database took too long", 30),
    Fault.FULL: _Refusal("database.full", "The application's database takes no changes", 300),
}


def retried(work: Callable[[], _T]) -> _T:
    """What ``work`` returns; it is called up to three times where the database was gone or busy, where a row was gone
    that ``work`` had read, or where one is there that it cannot see: the next try reads anew, and what fails then as
    well is no coincidence.

    ``work`` has its own transaction, or only reads: whatever it did must be undone when it raises. Inside
    somebody else's transaction it is called once, since the whole of that would have to be repeated.
    """
    until = monotonic() + _PATIENCE
    for pause in _PAUSES:
        if connection().in_atomic_block:
            break
        try:
            return work()
        except Exception as error:
            if not _deserves_another_try(error) or monotonic() > until:
                raise
            logger.info("The database was in the way (%s); another try.", type(error).__name__)
            # Whoever deleted or made a row has committed by the time that we hear of it.
            is_in_the_way = fault_of(error) is not None
        drop_broken_connections()
        if is_in_the_way:
            sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
    return work()


def unavailable(fault: Fault, words: str = "", *, reads: bool = False) -> Unavailable:
    """503 with ``Retry-After``: the client comes back with the same request (RFC 9110 section 15.6.4). ``words`` are
    the database's own, for administrators."""
    refusal = _REFUSALS[fault]
    facts = {"database": words} if words else {}
    effect = "ask again later" if reads else "nothing was changed"
    return Unavailable(
        f"{refusal.sentence}; {effect}.",
        code=refusal.code,
        params=facts,
        headers={"Retry-After": str(refusal.retry_after)},
    )


def _deserves_another_try(error: Exception) -> bool:
    if misses_a_row(error):
        return True
    if isinstance(error, SCIMException):
        # An answer, even where a database error was the reason for it; unless it says otherwise.
        return getattr(error, "deserves_another_try", False)
    if fault_of(error) in _WORTH_A_TRY:
        return True
    # Of the application's own code: what this package makes itself it makes under locks.
    return meets_a_row(error) and (reads_the_past() or sees_no_additions())


def drop_broken_connections() -> None:
    """Only those: a connection may hold what the host has set for it.

    To be called before anything else is asked: on MariaDB and MySQL Django sends a statement after COMMIT, and where
    the connection is lost between the two, it passes for one whose transactions somebody manages by hand. The next
    transaction would never end, nor would the connection be let go of at the end of the request.
    """
    for each in connections.all(initialized_only=True):
        is_idle = each.connection is not None and not each.in_atomic_block
        if is_idle and each.errors_occurred and not each.is_usable():
            each.close()
