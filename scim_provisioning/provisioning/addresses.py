"""Looking somebody up by an e-mail address, as Entra does where it matches people by it: among the few to whom an index
leads, by a statement that is compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, cast

from scim_provisioning.adapters import LearnerAdapter, links
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.adapters.kinds import Email
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.adapters.sql.lookups import Lookups
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet
from scim_provisioning.protocol.filters import And, Comparison, Filter, ValuePath
from scim_provisioning.protocol.text import fold

#: Among so many people it is asked who has the address.
_MOST: Final = 4
#: Where the address stands in the shape of a filter.
_PLACE: Final = ""


def found(
    adapter_class: type[LearnerAdapter], columns: Columns, tree: Filter, few: Sequence[int], count: int
) -> list[ProvisionedUser] | list[Glimpse] | None:
    """Those of the few who fulfil ``emails.value eq "..."`` or ``emails[type eq "work"].value eq "..."``. None for
    other filters, for more people than ``count``, and where the host keeps addresses in a way of its own."""
    address = _address(tree)
    if not address or len(few) > min(_MOST, count) or not _is_ordinary(columns):
        return None
    if not few:
        return []
    given = (columns.mapping, columns.locked, _exchanged(tree, _PLACE))
    return links.glimpsed(
        adapter_class, columns.connection, _who_have, address, tuple(few), given=given, ways=(fold,)
    )


def _who_have(
    people: ProvisionedUserQuerySet,
    mapping: CompiledMapping,
    locked: frozenset[str],
    shape: Filter,
    address: str,
    few: tuple[int, ...],
) -> ProvisionedUserQuerySet:
    # Nothing that is joined to the account is looked up by the connection.
    columns = Columns(mapping, cast(Any, None), locked)
    condition = Lookups(columns).condition(_exchanged(shape, address))
    return people.living().filter(pk__in=few).filter(condition).order_by("pk")


def _is_ordinary(columns: Columns) -> bool:
    """Whether every address is text of the account's, compared as this package does."""
    entries = [entry for entry in columns.mapping.entries if entry.attribute.name == "emails"]
    return all(type(entry.declaration) is Email and entry.source.is_joined for entry in entries)


def _address(tree: Filter) -> str | None:
    """The address that a filter of these two forms compares."""
    match tree:
        case Comparison(ref, "eq", str(value)) if ref.name == "emails.value":
            return value
        case ValuePath(attribute, And((Comparison() as kind, Comparison() as term))) if (
            attribute.path == "emails"
        ):
            is_work = (kind.ref.leaf.name, kind.op, kind.value) == ("type", "eq", "work")
            return _address(term) if is_work else None
    return None


def _exchanged(tree: Filter, address: str) -> Filter:
    """The same filter with another address."""
    if isinstance(tree, Comparison):
        return replace(tree, value=address)
    path = cast(ValuePath, tree)
    kind, term = cast(And, path.filter).terms
    return replace(path, filter=And((kind, _exchanged(term, address))))
