"""What is looked up in any case without an index of the host's, what that costs, and what makes one.

A person is created only once it is known that nobody has the name, however it is written. Which column that is, and
which other ones identity providers look people and rows up by, the mapping says.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.any_case import called
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.administration.mapping_report import target_name
from scim_provisioning.databases import indexes, making_indexes
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import SameAddress, SCIMConnection

#: So few rows are read in next to no time.
FEW: Final = 1_000
#: Of more rows nobody reads all to see how long it takes.
_TRIED_AT_MOST: Final = 200_000
#: Seconds for which that is remembered.
_REMEMBERED: Final = 3600
#: A name that nobody has.
_NOBODY: Final = "scim_index~nobody"

_times: dict[NamedColumn, tuple[float, float]] = {}


class Use(enum.Enum):
    """Who is looked up."""

    ACCOUNT = "account"
    #: Accounts by the work e-mail address, whenever somebody is created.
    ADDRESS = "address"
    PERSON = "person"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A column that ought to have an index: what it is called in the mapping, and what is looked up by it."""

    use: Use
    path: str
    target: str
    column: NamedColumn

    @property
    def database(self) -> BaseDatabaseWrapper:
        """Where it stands."""
        return connections[router.db_for_write(self.column.field.model) or DEFAULT_DB_ALIAS]

    @property
    def sql(self) -> str:
        """What makes the index; empty where the database has none of the kind."""
        return making_indexes.sql_of(self.column, self.database)

    @property
    def rows(self) -> int:
        """How many there are, as the planner has counted them."""
        return making_indexes.rows_of(self.column.field.model, self.database)


def wanted(connection: SCIMConnection | None = None) -> list[Wanted]:
    """The columns that requests look up by in any case: of one connection's mapping, or of all."""
    adapter = get_adapter_class()
    found = {one.column: one for mapping in _mappings(adapter, connection) for one in _of(mapping)}
    return list(found.values())


def missing(connection: SCIMConnection | None = None) -> list[Wanted]:
    """Those that no index serves; looked up now. Nothing is missing in a table that is not there yet."""
    return [one for one in wanted(connection) if _is_missing(one)]


def _is_missing(one: Wanted) -> bool:
    if indexes.look_for(one.column, one.database) is not None:
        return False
    return one.column.table in one.database.introspection.table_names()


def make(one: Wanted) -> None:
    """Make the index, beside those who write where the database can."""
    making_indexes.create(one.column, one.database)
    _times.pop(one.column, None)


def _mappings(adapter: type[LearnerAdapter], connection: SCIMConnection | None) -> Iterator[CompiledMapping]:
    if connection is not None:
        yield adapter.compiled(connection)
        return
    is_own = adapter.mapping_for.__func__ is not LearnerAdapter.mapping_for.__func__  # type: ignore[attr-defined]
    for each in (None, *(SCIMConnection.objects.current() if is_own else ())):
        try:
            yield adapter.compiled(each)
        except DatabaseError:
            raise
        except Exception:  # noqa: S112 - whatever the host's method does, W011 and the self-test say
            continue


def _of(mapping: CompiledMapping) -> Iterator[Wanted]:
    name = mapping.account_name
    if name is not None:
        yield Wanted(Use.ACCOUNT, name.declaration.path, target_name(name), NamedColumn(name.field))
    group = mapping.address
    if group is not None:
        held = group.first
        yield Wanted(Use.ADDRESS, group.path, target_name(held), NamedColumn(held.field))
    for entry in mapping.entries:
        column = entry.declaration.looked_up(entry.field)
        if column is None or entry == name or (group is not None and entry in group.entries):
            continue
        use = Use.ROW if entry.field.is_relation else Use.PERSON
        yield Wanted(use, entry.declaration.path, target_name(entry), column)


# --- in words


def sentence(one: Wanted, *, timed: bool = True) -> str:
    """What goes without the index, and how much that is; ``timed`` tries how long it takes, where that is cheap."""
    size = _("%(count)s rows") % {"count": number_format(one.rows, force_grouping=True)}
    if timed and (milliseconds := _milliseconds(one)) is not None:
        size = _("%(rows)s, %(milliseconds)d ms") % {"rows": size, "milliseconds": milliseconds}
    name = one.path.rpartition(":")[2]
    facts = {"path": name, "size": size, "model": str(one.column.field.model._meta.verbose_name_plural)}
    return {
        Use.ACCOUNT: _("Creating somebody reads all accounts (%(size)s)."),
        Use.ADDRESS: _(
            "Creating somebody, or looking for somebody by %(path)s, reads all accounts (%(size)s)."
        ),
        Use.PERSON: _("Looking for somebody by %(path)s reads everybody (%(size)s)."),
        Use.ROW: _(
            "%(path)s, where it is written in another case, reads all %(model)s of a customer (%(size)s)."
        ),
    }[one.use] % facts


def remedy(one: Wanted) -> str:
    """What to do about it."""
    if one.sql:
        return _("Run “manage.py scim_index --create”.")
    return _("Give %(target)s a collation that ends in _ci, or leave it so.") % {"target": one.target}


def worth_saying(one: Wanted) -> bool:
    """Whether there are so many rows that reading them all is felt."""
    return one.rows >= FEW


def slow(connection: SCIMConnection) -> list[str]:
    """What an administrator of a connection should know: that creating somebody takes long for want of an index, as it
    was found last (a query, and two more in a new process)."""
    try:
        found = wanted(connection)
    except Exception:
        # A host's module or mapping_for() may raise anything; other lines of the page say so.
        return []
    asks = connection.same_address is SameAddress.ASK
    named = [one for one in found if one.use is Use.ACCOUNT or (asks and one.use is Use.ADDRESS)]
    unserved = [one for one in named if indexes.for_any_case(one.column, one.database) is None]
    # Names and addresses usually stand in one table: it is counted once.
    large = {table for table, one in {one.column.table: one for one in unserved}.items() if worth_saying(one)}
    return [sentence(one) for one in unserved if one.column.table in large]


def _milliseconds(one: Wanted) -> float | None:
    if one.use not in (Use.ACCOUNT, Use.ADDRESS) or not FEW <= one.rows <= _TRIED_AT_MOST:
        return None
    rows: Any = one.column.field.model._base_manager
    known = _times.get(one.column)
    if known is None or monotonic() - known[1] > _REMEMBERED:
        begun = perf_counter()
        rows.using(one.database.alias).filter(called(one.column, _NOBODY)).first()
        known = _times[one.column] = (1000 * (perf_counter() - begun), monotonic())
    return known[0]
