"""How many people a connection has: counted once, and known for a minute as long as its log says the same.

Counting reads an entry of an index for each of them, which of a great directory takes longer than the page does.
Whoever comes or goes leaves a line in the log, in the transaction in which they do (``tests/http/test_totals.py``). So
while the lines are the same ones, the number is the same. A line has its key before it is committed, and others may
come after it and be committed first: not the last line is compared, but all of them from some way back. A minute ends
what not even that tells: a transaction that was overtaken by more lines than that, a hand in the tables, people whom
the LMS has moved to another customer and nobody has asked for since.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from time import monotonic
from typing import Any, Final, NamedTuple

from django.db.models import BigIntegerField, Case, Exists, Func, QuerySet, Subquery, Value, When

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter, customers
from scim_provisioning.databases import prepared
from scim_provisioning.events import log_order
from scim_provisioning.models import (
    Action,
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ProvisioningEvent,
    SCIMConnection,
)

#: Seconds for which a number is believed.
_BELIEVED: Final = 60.0
#: So many lines back the log is compared from.
_LINES: Final = 64
#: Connections whose number is kept in this process.
_KEPT: Final = 1024


class _Known(NamedTuple):
    """``lines``: the sum of the keys of the log's lines after ``since``. One more, or one fewer, makes another.
    ``moved``: those of whom the log does not say yet that the LMS has moved them."""

    living: int
    moved: int
    since: int
    lines: int | None
    until: float


_known: Final[dict[Hashable, _Known]] = {}


def how_many(connection: SCIMConnection, adapter_class: type[LearnerAdapter]) -> int:
    """How many people the connection has (one query; two or three where that has to be counted)."""
    customer = customers.customer_of(adapter_class.compiled(connection).sources, connection)
    given, values = (customer.lookups,), customer.values
    if not may_be_believed():
        living, vacant = prepared.first(_counted_now, connection, *values, given=given)
        return int(living - vacant)
    if known := _believed(connection):
        lines, vacant = prepared.first(_compared, connection, known.since, *values, given=given)
        if lines == known.lines:
            return int(known.living - vacant - known.moved)
    since, until = (known.since, known.until) if known else (_way_back(connection), monotonic() + _BELIEVED)
    counted = prepared.first(_counted_with_lines, connection, since, *values, given=given)
    lines, living, vacant, is_noted = counted
    moved = 0
    if customer.lookups and not is_noted:
        moved = known.moved if known else prepared.first(_moved, connection, *values, given=given)[0]
    if len(_known) >= _KEPT:
        _known.clear()
    _known[_key(connection)] = _Known(living, moved, since, lines, until)
    return int(living - vacant - moved)


def has_moved(connection: SCIMConnection, adapter_class: type[LearnerAdapter]) -> bool:
    """Whether there are any whom the LMS has moved, of whom the log does not say so yet: by what is believed (no query,
    or those of ``how_many`` once a minute)."""
    if not may_be_believed():
        return False
    if _believed(connection) is None:
        how_many(connection, adapter_class)
    return bool(_known[_key(connection)].moved)


def may_be_believed() -> bool:
    """Whether what is read now is so, and no transaction's that may be undone, or sees the past."""
    return not databases.connection().in_atomic_block


def _key(connection: SCIMConnection) -> Hashable:
    # By more than its key: what is rolled back leaves its key to another.
    return databases.alias(), connection.pk, connection.created_at


def _believed(connection: SCIMConnection) -> _Known | None:
    known = _known.get(_key(connection))
    return known if known is not None and monotonic() < known.until else None


def _way_back(connection: SCIMConnection) -> int:
    """The key of the line from which on the log is compared; 0 where that are all of them."""
    found: tuple[int] | None = prepared.first(_line_so_far_back, connection)
    return 0 if found is None else found[0]


# --- what is asked


def living_links(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """Everybody's, also of those behind whom there is nobody any more."""
    return ProvisionedUser.objects.living().filter(connection=connection)


def vacant_links(
    lookups: tuple[str, ...], connection: SCIMConnection, customer: Sequence[Any], *, is_exact: bool = False
) -> Any:
    """How many living links have no account, or one that the LMS has moved to another customer, as a column.

    Everybody's row is read for the second, so without ``is_exact`` they are counted only once the log says that
    somebody was moved."""
    without = _counted(living_links(connection).filter(user__isnull=True))
    if not lookups:
        return without
    lost = _lost(lookups, connection, customer)
    if is_exact:
        return without + lost
    return without + Case(
        When(_noted(connection), then=lost), default=Value(0), output_field=BigIntegerField()
    )


def _lost(lookups: tuple[str, ...], connection: SCIMConnection, customer: Sequence[Any]) -> Subquery:
    return _counted(living_links(connection).filter(customers.lost(lookups, customer)))


def _noted(connection: SCIMConnection) -> Exists:
    return Exists(ProvisioningEvent.objects.filter(connection=connection, action=Action.MOVED))


def said(connection: SCIMConnection, *columns: Any) -> QuerySet[Any, Any]:
    """One row of these columns."""
    return SCIMConnection.objects.filter(pk=connection.pk).order_by().values_list(*columns)


def _counted_now(lookups: tuple[str, ...], connection: SCIMConnection, *customer: Any) -> QuerySet[Any, Any]:
    vacant = vacant_links(lookups, connection, customer, is_exact=True)
    return said(connection, _counted(living_links(connection)), vacant)


def _moved(lookups: tuple[str, ...], connection: SCIMConnection, *customer: Any) -> QuerySet[Any, Any]:
    return said(connection, _lost(lookups, connection, customer))


def _compared(
    lookups: tuple[str, ...], connection: SCIMConnection, since: int, *customer: Any
) -> QuerySet[Any, Any]:
    return said(connection, _lines_since(connection, since), vacant_links(lookups, connection, customer))


def _counted_with_lines(
    lookups: tuple[str, ...], connection: SCIMConnection, since: int, *customer: Any
) -> QuerySet[Any, Any]:
    """Lines and people by one statement: as they are at one moment."""
    lines, living = _lines_since(connection, since), _counted(living_links(connection))
    vacant = vacant_links(lookups, connection, customer)
    return said(connection, lines, living, vacant, _noted(connection))


def _line_so_far_back(connection: SCIMConnection) -> QuerySet[Any, Any]:
    own = ProvisioningEvent.objects.filter(log_order.exactly(connection_id=connection.pk))
    newest = log_order.newest_first({"connection_id"})
    return own.order_by(*newest).values_list("pk")[_LINES : _LINES + 1]


def _lines_since(connection: SCIMConnection, since: int) -> Subquery:
    return _one_number(_lines(connection).filter(pk__gt=since), "SUM(id)")


def _lines(connection: SCIMConnection) -> QuerySet[ProvisioningEvent]:
    return ProvisioningEvent.objects.filter(connection=connection)


def _counted(people: ProvisionedUserQuerySet) -> Subquery:
    # Of rows, not of keys, each of which SQLite would read.
    return _one_number(people, "COUNT(*)")


def _one_number(rows: QuerySet[Any, Any], of: str) -> Subquery:
    # As a function, and no aggregate: nothing is grouped.
    number = Func(template=of, output_field=BigIntegerField())
    return Subquery(rows.order_by().annotate(number=number).values("number"))
