"""The transaction of a verb: nothing is answered as done before it is known to be committed.

The host's code runs inside it and can break it in ways that Django does not tell: a database error that is caught
without a savepoint, a connection that is closed, ``set_rollback``. COMMIT then does nothing and raises nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.db import transaction
from django_scim.exceptions import SCIMException

from scim_provisioning import databases
from scim_provisioning.databases import Fault, fault_of
from scim_provisioning.events import reports
from scim_provisioning.protocol.errors import InternalError, Unavailable
from scim_provisioning.provisioning.watching import EndedByHand, Watch, is_consequence

logger = logging.getLogger("scim_provisioning")

_P = ParamSpec("_P")
_T = TypeVar("_T")

#: libpq's PQTRANS_INERROR: whatever is committed now is rolled back.
_IN_ERROR: Final = 3
_BROKEN: Final = "Internal error; the change was not made: the application broke the database transaction."
_ENDED: Final = (
    "Internal error: the application ended the transaction itself; some of the change may have been made."
)
#: Where the statement was not seen.
_MAY_HAVE_ENDED: Final = "COMMIT, ROLLBACK, ALTER TABLE …"
#: Whether something was committed since the request, or the command, began.
_COMMITTED: Final[ContextVar[bool]] = ContextVar("_COMMITTED", default=False)
#: What an error carries that ``durable`` has raised.
_UNDONE: Final = "_scim_provisioning_undone"


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


def was_undone(error: BaseException) -> bool:
    """Whether ``durable`` has raised it, so that nothing is left behind. Of an error that went another way nobody knows
    whether it is the answer to COMMIT that was lost."""
    return getattr(error, _UNDONE, False)


def begin_anew(**_signal: object) -> None:
    """Receiver of ``request_started``: nothing is committed yet of what is asked for now."""
    _COMMITTED.set(False)


def has_committed() -> bool:
    """Whether a transaction of what is asked for now was committed. What fails afterwards, such as reading what the
    answer shows, undoes nothing of it."""
    return _COMMITTED.get()


def _attempt(work: Callable[[], _T]) -> _T:
    database = databases.connection()
    is_outermost = not database.in_atomic_block
    watch = Watch(database, __name__)
    try:
        with watch.kept() if is_outermost else nullcontext(), databases.atomic():
            # The first of all that wait for the commit: who comes later may raise.
            transaction.on_commit(watch.committed, using=database.alias)
            result = _in_one_piece(work, watch) if is_outermost else _whole(work, watch)
            watch.commits = is_outermost
    except Exception as error:
        if is_outermost:
            databases.drop_broken_connections()
        if watch.is_committed:
            reports.failure(logger, "Something failed after a change was committed", exception=error)
            _COMMITTED.set(True)
            return result
        if watch.commits and fault_of(error) is Fault.GONE:
            raise _unconfirmed() from error
        if isinstance(error, BrokenTransaction):
            error.blame(watch)
        elif not isinstance(error, SCIMException) and (
            database.closed_in_transaction or is_consequence(error)
        ):
            raise broken("", error).blame(watch) from error
        elif is_outermost:
            setattr(error, _UNDONE, True)
        raise
    if is_outermost and not watch.is_committed:
        raise broken().blame(watch)
    if is_outermost:
        _COMMITTED.set(True)
    return result


def _in_one_piece(work: Callable[[], _T], watch: Watch) -> _T:
    """What ``work`` returns. Raises ``InternalError`` where the transaction in which it ends is not the one in which it
    began: whatever else it raises says that nothing was done."""
    watch.begin()
    try:
        result = _whole(work, watch, may_be_empty=True)
    except Exception as error:
        reason = watch.end()
        is_plain = fault_of(error) is Fault.BUSY and not isinstance(reason, EndedByHand)
        if reason is None or is_plain:
            raise
        hook = error.params.get("hook", "") if isinstance(error, BrokenTransaction) else ""
        raise broken(str(hook), reason) from reason
    if reason := watch.end():
        raise broken("", reason) from reason
    return result


def _whole(work: Callable[[], _T], watch: Watch, *, may_be_empty: bool = False) -> _T:
    """What ``work`` returns. Raises ``InternalError`` when COMMIT would not commit what was done."""
    result = work()
    database = watch.database
    driver: Any = database.connection
    if may_be_empty and not watch.has_begun:
        return result
    if database.needs_rollback or database.closed_in_transaction or driver is None:
        raise broken()
    if database.vendor == "postgresql" and driver.info.transaction_status == _IN_ERROR:
        raise broken()
    if watch.is_over():
        raise broken("", EndedByHand())
    return result


class BrokenTransaction(InternalError):
    """500: COMMIT would do nothing, and would not say so."""

    @property
    def may_have_committed(self) -> bool:
        """Whether the host's code ended the transaction, so that what came before may be kept."""
        return self.detail == _ENDED

    @property
    def known(self) -> tuple[str, ...]:
        """What is known of the host's code, as far as it is: the hook, the line, the statement."""
        return tuple(str(self.params[name]) for name in ("hook", "place", "ended") if name in self.params)

    def blame(self, watch: Watch) -> BrokenTransaction:
        """Say what is known of the host's code: the line that did it, the statement that ended it all."""
        if watch.place:
            self.params["place"] = watch.place
        if self.may_have_committed:
            self.params["ended"] = watch.ended_with or _MAY_HAVE_ENDED
        return self


def broken(hook: str = "", error: BaseException | None = None) -> BrokenTransaction:
    """What is raised where the host's code left a transaction that cannot be committed: by which hook, and what the
    database said, as far as it is known."""
    words = _ENDED if isinstance(error, EndedByHand) else _BROKEN
    refusal = BrokenTransaction(words, code="host.transaction", params={"hook": hook} if hook else {})
    # The host's code may have caught a deadlock, with which MariaDB ends the whole transaction.
    refusal.deserves_another_try = error is not None and fault_of(error) is not None
    return refusal


def _unconfirmed() -> Unavailable:
    return Unavailable(
        "The application's database did not confirm the change; it may have been made. Ask again.",
        code="database.unconfirmed",
        headers={"Retry-After": "30"},
    )
