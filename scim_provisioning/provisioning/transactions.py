"""The transaction of a verb: nothing is answered as done before it is known to be committed.

The host's code runs inside it and can break it in ways that Django does not tell: a database error that is caught
without a savepoint, a connection that is closed, ``set_rollback``. COMMIT then does nothing and raises nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django_scim.exceptions import SCIMException

from scim_provisioning import databases
from scim_provisioning.databases import Fault, fault_of
from scim_provisioning.events import reports
from scim_provisioning.protocol.errors import InternalError, Unavailable

logger = logging.getLogger("scim_provisioning")

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: libpq's PQTRANS_IDLE: there is no transaction.
_IDLE: Final = 0
#: libpq's PQTRANS_INERROR: whatever is committed now is rolled back.
_IN_ERROR: Final = 3
_BROKEN: Final = "Internal error; the change was not made: the application broke the database transaction."
_ENDED: Final = (
    "Internal error: the application ended the transaction itself; some of the change may have been made."
)
#: What an error carries that ``durable`` has raised.
_UNDONE: Final = "_scim_provisioning_undone"
#: PostgreSQL's answer to every statement after one that failed.
_ABORTED: Final = "25P02"


@dataclass(slots=True)
class _Progress:
    """How far a transaction is. PostgreSQL begins it with the first statement; without one there is nothing to lose."""

    has_begun: bool = False
    commits: bool = False
    is_committed: bool = False

    def committed(self) -> None:
        self.is_committed = True


def durable(work: Callable[[], _T]) -> _T:
    """What ``work`` returns, once what it did is committed. It may be called up to three times.

    Raises what ``work`` raises, with nothing left behind; ``InternalError`` (``host.transaction``) where the host's
    code broke the transaction; ``Unavailable`` (``database.unconfirmed``) where the answer to COMMIT was lost. What
    goes wrong after the commit is logged and changes no answer.

    Inside somebody else's transaction (a trial, an operation of bulk) it is a savepoint of that. What ``work`` reads it
    reads where it would be written, outside of requests too: administrators decide on it as well.
    """
    with databases.primary():
        return databases.retried(lambda: _attempt(work))


def durably(verb: Callable[_P, _T]) -> Callable[_P, _T]:
    """A verb of an administrator's that is one transaction as a whole, with what is written down of it and who is told:
    see ``durable``, of which it raises what that raises too."""

    @wraps(verb)
    def done(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        return durable(lambda: verb(*args, **kwargs))

    return done


def _attempt(work: Callable[[], _T]) -> _T:
    database = databases.connection()
    is_outermost = not database.in_atomic_block
    progress = _Progress()
    try:
        with _watched(database, progress) if is_outermost else nullcontext(), databases.atomic():
            # The first of all that wait for the commit: who comes later may raise.
            transaction.on_commit(progress.committed, using=database.alias)
            guard = _guard(database) if is_outermost else None
            result = work()
            if progress.has_begun or not is_outermost:
                _refuse_broken(database, guard)
            progress.commits = is_outermost
    except Exception as error:
        if is_outermost:
            databases.drop_broken_connections()
        if progress.is_committed:
            reports.failure(logger, "Something failed after a change was committed", exception=error)
            return result
        if progress.commits and fault_of(error) is Fault.GONE:
            raise _unconfirmed() from error
        if not isinstance(error, SCIMException) and (
            database.closed_in_transaction or _was_broken_before(error)
        ):
            raise broken("", error) from error
        if is_outermost:
            setattr(error, _UNDONE, True)
        raise
    if is_outermost and not progress.is_committed:
        raise broken()
    return result


def was_undone(error: BaseException) -> bool:
    """Whether ``durable`` has raised it, so that nothing is left behind. Of an error that went another way nobody knows
    whether it is the answer to COMMIT that was lost."""
    return getattr(error, _UNDONE, False)


def broken(hook: str = "", error: BaseException | None = None) -> InternalError:
    """What is raised where the host's code left a transaction that cannot be committed: by which hook, and what the
    database said, as far as it is known."""
    words = _ENDED if isinstance(error, EndedByHand) else _BROKEN
    refusal = BrokenTransaction(words, code="host.transaction", params={"hook": hook} if hook else {})
    # The host's code may have caught a deadlock, with which MariaDB ends the whole transaction.
    refusal.deserves_another_try = error is not None and fault_of(error) is not None
    return refusal


class BrokenTransaction(InternalError):
    """500: COMMIT would do nothing, and would not say so."""


class EndedByHand(transaction.TransactionManagementError):
    """The host's code has sent COMMIT or ROLLBACK: what it or anybody sends now would be a change by itself."""


def _watched(database: BaseDatabaseWrapper, progress: _Progress) -> AbstractContextManager[None]:
    """Until the commit no statement is sent once the transaction is over: Django goes on as if it were not."""

    def watch(execute: Callable[..., Any], *statement: Any) -> Any:
        if progress.has_begun and not progress.is_committed and _is_over(database):
            raise EndedByHand("The transaction was ended before its end.")
        progress.has_begun = database.in_atomic_block
        return execute(*statement)

    return database.execute_wrapper(watch)


def _is_over(database: BaseDatabaseWrapper) -> bool:
    """Whether nothing is left of a transaction that has begun. MariaDB's and MySQL's driver cannot tell; see
    ``_guard``."""
    driver: Any = database.connection
    if driver is None:
        return False
    if database.vendor == "postgresql":
        return bool(driver.info.transaction_status == _IDLE)
    return database.vendor == "sqlite" and not driver.in_transaction


def _guard(database: BaseDatabaseWrapper) -> str | None:
    """A savepoint that MariaDB and MySQL lose when they roll a transaction back by themselves, as they do with a
    deadlock, or by the host's doing: who catches that error goes on in a new transaction, and never knows."""
    return transaction.savepoint(using=database.alias) if database.vendor == "mysql" else None


def _refuse_broken(database: BaseDatabaseWrapper, guard: str | None) -> None:
    """Raise ``InternalError`` when COMMIT would not commit what was done."""
    driver: Any = database.connection
    if database.needs_rollback or database.closed_in_transaction or driver is None:
        raise broken()
    if database.vendor == "postgresql" and driver.info.transaction_status == _IN_ERROR:
        raise broken()
    if _is_over(database):
        raise broken("", EndedByHand())
    if guard is not None:
        transaction.savepoint_commit(guard, using=database.alias)


def _was_broken_before(error: Exception) -> bool:
    """Whether ``error`` only says that an earlier one was caught, without a savepoint to go back to."""
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None)
    return isinstance(error, transaction.TransactionManagementError) or state == _ABORTED


def _unconfirmed() -> Unavailable:
    return Unavailable(
        "The application's database did not confirm the change; it may have been made. Ask again.",
        code="database.unconfirmed",
        headers={"Retry-After": "30"},
    )
