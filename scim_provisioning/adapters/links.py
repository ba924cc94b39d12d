"""Finding links with everything the mapping reads: the one way to people, by a statement that is compiled once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from scim_provisioning.adapters import customers
from scim_provisioning.adapters.adapter import LearnerAdapter
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.reading import joined_links
from scim_provisioning.databases import prepared
from scim_provisioning.databases.stand_ins import Ways
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection

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
