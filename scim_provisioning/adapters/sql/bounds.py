"""What one search may cost the database: how many comparisons no index serves, and for how long they may run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any, Final

from django.db import OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.errors import TooMany
from scim_provisioning.protocol.filters import And, Comparison, Filter, Or
from scim_provisioning.protocol.filters.selection import comparisons, count_terms

_INDEXED: Final = frozenset({"userName", "externalId", "id"})
#: What one person alone can have. Anybody may be given the externalId of everybody.
_UNIQUE: Final = frozenset({"userName", "id"})
#: Comparisons of a look-up: what an element is, and its value.
_LOOK_UP: Final = 2
#: How the databases say that they gave up: PostgreSQL's SQLSTATE, the numbers of MariaDB and MySQL, SQLite's word.
_GAVE_UP: Final = frozenset({"57014", 1969, 3024, "interrupted"})
#: Instructions of SQLite's machine between two looks at the clock.
_SQLITE_STEPS: Final = 10_000


def scans(tree: Filter) -> int:
    """How many comparisons have to be made with everybody, because no index leads to the few who matter."""
    match tree:
        case And(terms):
            return 0 if any(map(_leads_to_few, terms)) else sum(map(scans, terms))
        case Or(terms):
            return sum(map(scans, terms))
    return 0 if _looks_up(tree, _INDEXED) else count_terms(tree)


def _leads_to_few(tree: Filter) -> bool:
    """Whether no more people can be meant than the filter names, so that the rest of it is asked of those only."""
    match tree:
        case And(terms):
            return any(map(_leads_to_few, terms))
        case Or(terms):
            return all(map(_leads_to_few, terms))
    return _looks_up(tree, _UNIQUE)


def _looks_up(tree: Filter, names: frozenset[str]) -> bool:
    match tree:
        case Comparison(ref, "eq", _):
            return ref.name in names and not ref.attribute.extension
    return False


def refuse_scans(tree: Filter, most: int) -> int:
    """How many such comparisons a filter has. Raises ``TooMany`` above ``most``."""
    found = scans(tree)
    if found > most:
        raise TooMany(
            f"The filter compares everybody with {found} values, at most {most} are compared; look people up by "
            "userName, externalId or id.",
            code="filter.scans",
            params={"count": found, "limit": most},
        )
    return found


def is_search(tree: Filter | None, *, is_sorted: bool) -> bool:
    """Whether answering means to compare or to sort everybody, by more than the one value of a look-up.

    ``emails[type eq "work"].value eq "..."`` is how Entra finds people whom it matches by address. It costs what a page
    of people costs (``benchmarks/search_cost.py``), and comes as often as a look-up by userName.
    """
    if tree is None:
        return is_sorted
    found = scans(tree)
    if found == 0:
        return False
    return is_sorted or found > _LOOK_UP or any(term.op != "eq" for term in comparisons(tree))


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """Let the database give up any statement inside that takes longer. Raises ``TooMany`` when it does."""
    connection = connections[router.db_for_read(ProvisionedUser)]
    try:
        with _BY_VENDOR.get(connection.vendor, _unlimited)(connection, seconds):
            yield
    except OperationalError as error:
        cause: Any = error.__cause__
        signs = {getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None), *error.args}
        if _GAVE_UP.isdisjoint(signs):
            raise
        raise TooMany(
            f"The search was given up after {seconds} seconds; narrow the filter.", code="search.timeout"
        ) from error


@contextmanager
def _postgresql(connection: BaseDatabaseWrapper, seconds: int) -> Iterator[None]:
    """For the transaction only, so that it is right behind a pooler too; a shorter limit of the host's stays."""
    setting = "set_config('statement_timeout', {}, true)"
    least = "LEAST(COALESCE(NULLIF(setting::int, 0), %s), %s)::text"
    limit = 1000 * seconds
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT setting, {setting.format(least)} FROM pg_settings WHERE name = 'statement_timeout'",  # noqa: S608
            [limit, limit],
        )
        (before, _now) = cursor.fetchone()
        yield
        if not is_outermost:
            cursor.execute(f"SELECT {setting.format('%s')}", [before])


def _mysql(connection: BaseDatabaseWrapper, seconds: int) -> AbstractContextManager[None]:
    """Said with each statement: a setting of the session could outlive a request that breaks off."""
    if connection.mysql_is_mariadb:  # type: ignore[attr-defined]
        prefix = f"SET STATEMENT max_statement_time={seconds} FOR SELECT"
    else:
        prefix = f"SELECT /*+ MAX_EXECUTION_TIME({1000 * seconds}) */"

    def within(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            sql = prefix + sql.removeprefix("SELECT")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(within)


@contextmanager
def _sqlite(connection: BaseDatabaseWrapper, seconds: int) -> Iterator[None]:
    until = monotonic() + seconds
    connection.ensure_connection()
    connection.connection.set_progress_handler(lambda: monotonic() > until, _SQLITE_STEPS)
    try:
        yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def _unlimited(connection: BaseDatabaseWrapper, seconds: int) -> AbstractContextManager[None]:
    return nullcontext()


_BY_VENDOR: Final[dict[str, Callable[[BaseDatabaseWrapper, int], AbstractContextManager[None]]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "sqlite": _sqlite,
}
