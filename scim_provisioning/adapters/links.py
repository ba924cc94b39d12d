"""Finding links with everything the mapping reads: the one way to people, by a statement that is compiled once.

Whoever is changed comes as models (``found``); whoever is only shown, as the columns that are shown (``glimpsed``).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final

from django.db.models import QuerySet

from scim_provisioning.adapters import customers, glimpses
from scim_provisioning.adapters.adapter import LearnerAdapter
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.reading import joined_links
from scim_provisioning.databases import prepared
from scim_provisioning.databases.stand_ins import Ways
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection

#: What of an adapter decides how people are found and shown.
_SHOWING: Final = frozenset(
    {
        "__init__",
        "__new__",
        "compiled",
        "compiled_mapping",
        "for_links",
        "has_access",
        "id",
        "is_active",
        "is_kept_on",
        "links",
        "location",
        "meta",
        "obj",
        "path",
        "person",
        "read",
        "resource_type",
        "row",
        "to_dict",
    }
)

#: Which of a connection's links are meant: ``narrow(links, *given, *values)``. A function of a module.
Narrow = Callable[..., ProvisionedUserQuerySet]


def found(
    adapter_class: type[LearnerAdapter],
    connection: SCIMConnection,
    narrow: Narrow,
    *values: Any,
    given: tuple[Hashable, ...] = (),
    ways: Ways = (),
) -> list[ProvisionedUser]:
    """What ``narrow`` leaves of ``adapter_class.links(connection)``, read now (one query). ``values``, ``given`` and
    ``ways`` are those of ``databases.prepared``.

    A host that has written ``links`` itself is asked for them each time.
    """
    if not are_joined(adapter_class):
        return list(narrow(adapter_class.links(connection), *given, *values))
    compiled = adapter_class.compiled(connection)
    customer = customers.customer_of(compiled.sources, connection)
    shape = (narrow, given, compiled, customer.lookups)
    return prepared.rows(_narrowed, connection, *customer.values, *values, given=shape, ways=ways)


def are_joined(adapter_class: type[LearnerAdapter]) -> bool:
    """Whether links are read as ``reading`` joins them: those of a connection that are somebody's, all of them."""
    return adapter_class.links.__func__ is LearnerAdapter.links.__func__  # type: ignore[attr-defined]


def glimpsed(
    adapter_class: type[LearnerAdapter],
    connection: SCIMConnection,
    narrow: Narrow,
    *values: Any,
    given: tuple[Hashable, ...] = (),
    ways: Ways = (),
) -> list[ProvisionedUser] | list[Glimpse]:
    """The same people, to be shown: as glimpses where the adapter shows what the mapping says and its kinds say which
    columns they read, else as links."""
    compiled = adapter_class.compiled(connection)
    plan = glimpses.plan(compiled) if _shows_as_mapped(adapter_class) else None
    if plan is None or not glimpses.nobody_waits_for_models(plan):
        return found(adapter_class, connection, narrow, *values, given=given, ways=ways)
    customer = customers.customer_of(compiled.sources, connection)
    shape = (plan, narrow, given, compiled, customer.lookups)
    rows = prepared.rows(_columns, connection, *customer.values, *values, given=shape, ways=ways)
    return [plan.glimpse(row) for row in rows]


def _shows_as_mapped(adapter_class: type[LearnerAdapter]) -> bool:
    """Whether a host has written nothing of its own that people are shown by."""
    written = adapter_class.__mro__[: adapter_class.__mro__.index(LearnerAdapter)]
    return all(_SHOWING.isdisjoint(vars(own)) for own in written)


def _narrowed(
    narrow: Narrow,
    given: tuple[Hashable, ...],
    compiled: CompiledMapping,
    lookups: tuple[str, ...],
    connection: SCIMConnection,
    *values: Any,
) -> ProvisionedUserQuerySet:
    customer, asked = values[: len(lookups)], values[len(lookups) :]
    people = joined_links(compiled, connection).filter(customers.has(lookups, customer))
    return narrow(people, *given, *asked)


def _columns(
    plan: glimpses.Plan,
    narrow: Narrow,
    given: tuple[Hashable, ...],
    compiled: CompiledMapping,
    lookups: tuple[str, ...],
    connection: SCIMConnection,
    *values: Any,
) -> QuerySet[Any, Any]:
    people = _narrowed(narrow, given, compiled, lookups, connection, *values)
    return people.values_list(*plan.columns)
