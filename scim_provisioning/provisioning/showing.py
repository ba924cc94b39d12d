"""Reading people for an answer: without a lock, each as they stood at one moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, cast

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter, links
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.reading import complete, takes_several_statements
from scim_provisioning.adapters.resource import Resources
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning.loading import refuse_impossible

#: So often somebody who is changed meanwhile is read.
_TIMES_READ: Final = 3


def read(caller: Caller, scim_id: str) -> Document:
    """The resource of a living person. Raises ``NotFound``."""
    refuse_impossible(scim_id)
    adapter_class, connection = get_adapter_class(), caller.tenant
    people = links.glimpsed(adapter_class, connection, _living, scim_id)
    found = resources(people, connection, lambda keys: _living(adapter_class.links(connection), scim_id))
    if not found:
        raise NotFound()
    return next(iter(found))


def _living(people: ProvisionedUserQuerySet, scim_id: str) -> ProvisionedUserQuerySet:
    return people.living().filter(scim_id=scim_id).order_by("pk")[:1]


def resources(
    people: Sequence[ProvisionedUser] | Sequence[Glimpse],
    connection: SCIMConnection,
    meant: Callable[[Sequence[int]], Iterable[ProvisionedUser]],
) -> Collection[Document]:
    """The resources of these people, each as it stood at one moment.

    Where reading takes several statements, somebody may be changed between two of them: who was (one query) is read
    again, by ``meant``: those of the keys that it is given who are asked for. Whoever is not any more is left out.
    Raises ``Overtaken`` where that does not end.
    """
    adapter_class = get_adapter_class()
    if glimpses := [each for each in people if isinstance(each, Glimpse)]:
        return _shown(glimpses, adapter_class, connection)
    is_read_at_once = not takes_several_statements(adapter_class.compiled(connection))
    found: dict[int, Document] = {}
    links = changed = cast(Sequence[ProvisionedUser], people)
    for _ in range(_TIMES_READ):
        adapters = adapter_class.for_links(changed, connection)
        found |= {adapter.link.pk: adapter.to_dict() for adapter in adapters}
        keys = [] if is_read_at_once or not adapters else _moved([adapter.link for adapter in adapters])
        if not keys:
            return [found[link.pk] for link in links if link.pk in found]
        for key in keys:
            del found[key]
        changed = list(meant(keys))
    raise databases.Overtaken


def _shown(
    glimpses: Sequence[Glimpse], adapter_class: type[LearnerAdapter], connection: SCIMConnection
) -> Collection[Document]:
    compiled = adapter_class.compiled(connection)
    people = People(connection, compiled.people_source, compiled.sources)
    persons = [glimpse.person(connection, people) for glimpse in glimpses]
    complete(persons, compiled, connection)
    return Resources(persons, compiled, adapter_class.resource_type)


def _moved(people: Sequence[ProvisionedUser]) -> list[int]:
    """The keys of those that were changed since they were read."""
    now = ProvisionedUser.objects.filter(pk__in=[link.pk for link in people]).states()
    return [link.pk for link in people if link.state not in now]
