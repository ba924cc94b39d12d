"""The watch over a transaction in which the host's code runs: whether it still is the one that was begun, and which
line of the host's is to blame where it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from scim_provisioning.databases import Fault, fault_of
from scim_provisioning.provisioning import host_code

#: libpq's PQTRANS_IDLE: there is no transaction.
_IDLE: Final = 0
#: What MariaDB and MySQL end a transaction with, most of it by committing it.
_ENDS: Final = (
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "START ",
    "SET AUTOCOMMIT",
    "TRUNCATE",
    "ALTER",
    "CREATE",
    "DROP",
)
_TO_A_SAVEPOINT: Final = "ROLLBACK TO"
#: PostgreSQL's answer to every statement after one that failed.
_ABORTED: Final = "25P02"
#: What the host's code may do to a connection, beside sending statements.
_DONE_TO_IT: Final = ("close", "set_rollback")


class EndedByHand(transaction.TransactionManagementError):
    """The host's code has sent COMMIT or ROLLBACK: what it or anybody sends now would be a change by itself."""


class Watch:
    """How far a transaction is. PostgreSQL begins it with the first statement; without one there is nothing to lose.

    ``place`` is the line of the host's that last broke or ended it, and ``ended_with`` the statement that ended it, as
    far as they are known. ``within`` is the module that begins the transaction: what called that is not to blame.
    """

    def __init__(self, database: BaseDatabaseWrapper, within: str) -> None:
        self.has_begun = self.commits = self.is_committed = False
        self.place = self.ended_with = ""
        self.database, self._within = database, within
        self._guard: str | None = None
        self._in_the_way: DatabaseError | None = None

    def committed(self) -> None:
        """To be called by the commit."""
        self.is_committed = True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Until the commit no statement is sent once the transaction is over: Django goes on as if it were not."""
        own = vars(self.database)
        for name in _DONE_TO_IT:
            own[name] = self._noting(getattr(self.database, name))
        try:
            with self.database.execute_wrapper(self._sent):
                yield
        finally:
            for name in _DONE_TO_IT:
                own.pop(name, None)

    def begin(self) -> None:
        """Set a savepoint that MariaDB and MySQL lose when they roll a transaction back by themselves, as they do with
        a deadlock, or when the host ends it: their driver does not tell, and they go on in a new one."""
        if self.database.vendor == "mysql":
            self._guard = transaction.savepoint(using=self.database.alias)

    def end(self) -> DatabaseError | None:
        """Ask for that savepoint: why it is lost, a deadlock or ``EndedByHand``; None where it is there, or where that
        is not known."""
        guard, self._guard = self._guard, None
        database = self.database
        if guard is None or database.closed_in_transaction or database.connection is None:
            return None
        is_to_be_undone, database.needs_rollback = database.needs_rollback, False
        try:
            transaction.savepoint_commit(guard, using=database.alias)
        except DatabaseError as error:
            return None if fault_of(error) is Fault.GONE else self._reason()
        finally:
            database.needs_rollback = is_to_be_undone
        return None

    def is_over(self) -> bool:
        """Whether nothing is left of a transaction that has begun. On MariaDB and MySQL ``end`` says it."""
        driver: Any = self.database.connection
        if driver is None:
            return False
        if self.database.vendor == "postgresql":
            return bool(driver.info.transaction_status == _IDLE)
        return self.database.vendor == "sqlite" and not driver.in_transaction

    def _reason(self) -> DatabaseError:
        if self._in_the_way is None or self.ended_with:
            return EndedByHand("The transaction was ended before its end.")
        return self._in_the_way

    def _sent(self, execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
        if self.has_begun and not self.is_committed and self.is_over():
            raise EndedByHand("The transaction was ended before its end.")
        self.has_begun = self.database.in_atomic_block
        try:
            result = execute(sql, *rest)
        except DatabaseError as error:
            self._note_failure(error)
            raise
        if self.has_begun and not self.is_committed:
            self._note_end(sql)
        return result

    def _note_failure(self, error: DatabaseError) -> None:
        if fault_of(error) is Fault.BUSY:
            self._in_the_way = error
        if not is_consequence(error):
            self.place = host_code.running(self._within) or self.place

    def _note_end(self, sql: Any) -> None:
        words = sql.lstrip()[:14].upper() if isinstance(sql, str) else ""
        if words.startswith(_TO_A_SAVEPOINT):
            # Whatever failed before is undone.
            self.place = ""
        elif self.is_over() or (self.database.vendor == "mysql" and words.startswith(_ENDS)):
            self.ended_with = words.strip()
            self.place = host_code.running(self._within) or self.place

    def _noting(self, done: Callable[..., None]) -> Callable[..., None]:
        def noted(*arguments: Any) -> None:
            self.place = host_code.running(self._within) or self.place
            done(*arguments)

        return noted


def is_consequence(error: BaseException) -> bool:
    """Whether ``error`` only says that an earlier one was caught, without a savepoint to go back to."""
    state = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None)
    return isinstance(error, transaction.TransactionManagementError) or state == _ABORTED
