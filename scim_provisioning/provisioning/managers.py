"""Managers who were named before they were here: given to the people who wait for them, when they appear (back).

Thousands may wait for one person, and no request may cost more than its size. So a request gives a manager to a fixed
number of people; the others have it from ``settle``, or from the next change that is made of them.

Two requests of one moment may make two people each other's manager, as neither sees the other's change: such circles
are found, and broken, by ``break_circles``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from django.db.models import Exists, OuterRef

from scim_provisioning import databases, events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.document import awaited_manager, write_manager
from scim_provisioning.adapters.kinds.manager import manager_id
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.models.provisioned_user import SCIM_ID_LENGTH
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.documents import copied
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning.links import keep_document
from scim_provisioning.provisioning.loading import read_locked
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.writing import save_learner

#: To so many people one request gives managers. Two rows are written of each: together that is what a bulk request of
#: the default size costs, and more than nearly everybody manages.
GIVEN_AT_ONCE: Final = 100


@dataclass(slots=True)
class Allowance:
    """To how many people a request may still give managers, and to whom it did, by SCIM id. All operations of a bulk
    request share one, which forgets the people as they are reported of."""

    left: int = GIVEN_AT_ONCE
    given: set[str] = field(default_factory=set)


def give(connection: SCIMConnection, manager: str, allowance: Allowance) -> None:
    """Give a manager who has returned to the people whose ``manager`` named them in vain, as far as the allowance
    goes."""
    waiting = _waiting(connection).filter(awaited_manager=manager).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True)[: allowance.left]) if allowance.left else []
    allowance.left -= len(keys)
    people = _locked(connection, keys)
    allowance.given.update(adapter.id for adapter in people if _give(adapter, manager, manager))


def introduce(caller: Caller, bulk_id: str, scim_id: str | None, *, among: Collection[str]) -> list[str]:
    """Tell the people ``among`` these whose ``manager`` is a ``bulkId:`` of this request whom it means, or (None) that
    it means nobody. Return their SCIM ids."""
    named = _waiting(caller.tenant).filter(awaited_manager=bulk_id[:SCIM_ID_LENGTH], scim_id__in=among)
    keys = list(named.values_list("pk", flat=True))
    # Nobody could tell later whom it meant.
    people = _locked(caller.tenant, keys, waits=True)
    return [adapter.id for adapter in people if _give(adapter, bulk_id, scim_id)]


def due(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The people who wait for somebody who is here."""
    here = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    return _waiting(connection).filter(Exists(here.filter(scim_id=OuterRef("awaited_manager"))))


def settle(connection: SCIMConnection) -> int:
    """Give everybody who waits for somebody who is here their manager: a transaction for each hundred. Return how many
    were given one.

    Safe beside requests, and to be broken off: whoever is left waits for the next time.
    """
    people, given, last = due(connection).order_by("pk").values_list("pk", flat=True), 0, 0
    while keys := list(people.filter(pk__gt=last)[:GIVEN_AT_ONCE]):
        last = keys[-1]
        with databases.primary():
            given += durable(partial(_give_each, connection, keys))
    return given


def circles(connection: SCIMConnection) -> list[dict[str, str]]:
    """Who is their own manager, through however many others: of each circle the SCIM ids, each with that of the manager
    (one query, which reads everybody's)."""
    above, seen, found = _managers(connection), set[str](), list[dict[str, str]]()
    for scim_id in above:
        way: dict[str, str] = {}
        while scim_id in above and scim_id not in seen:
            seen.add(scim_id)
            way[scim_id] = above[scim_id]
            scim_id = above[scim_id]
        if scim_id in way:
            first = [*way].index(scim_id)
            found.append(dict([*way.items()][first:]))
    return found


def _managers(connection: SCIMConnection) -> dict[str, str]:
    adapter_class = get_adapter_class()
    mapping = adapter_class.compiled(connection)
    if mapping.manager is None:
        return {}
    column = Columns(mapping, connection).column(mapping.manager)
    people = adapter_class.links(connection).living().filter(user__isnull=False)
    managed = people.annotate(above=manager_id(column)).filter(above__isnull=False)
    return dict(managed.order_by("pk").values_list("scim_id", "above"))


def break_circles(connection: SCIMConnection) -> int:
    """Leave the manager out of whoever was changed last of each circle, as their request would have done had it seen
    the others'; they wait, and the log says so. Return how many were broken.

    A circle that the application has made itself, against what was sent, is its own.
    """
    broken = 0
    for circle in circles(connection):
        with databases.primary():
            broken += durable(partial(_break, connection, circle))
    return broken


def _break(connection: SCIMConnection, circle: dict[str, str]) -> bool:
    links = ProvisionedUser.objects.filter(connection=connection, scim_id__in=circle)
    people = read_locked(connection, [link.pk for link in links.locked()])
    for adapter in sorted(people, key=lambda one: (one.link.modified_at, one.link.pk), reverse=True):
        link, manager = adapter.link, adapter.compiled_mapping.manager
        if manager is None or manager.read(link.document) != circle[link.scim_id]:
            continue
        if adapter.is_protected(adapter.obj) or not _leave_out(adapter):
            continue
        events.admin(
            connection,
            action=Action.UPDATED,
            actor=None,
            link=link,
            changes={manager.declaration.path: (circle[link.scim_id], None)},
            cause={"manager_circle": True},
        )
        return True
    return False


def _leave_out(adapter: LearnerAdapter) -> bool:
    """Whether somebody's manager closes a circle still, and is left out now."""
    document, person, mapping = copied(adapter.link.document), adapter.person, adapter.compiled_mapping
    if (entry := mapping.manager) is None:
        return False
    adapter.remember_rows()
    # What the row holds already would not be looked at.
    entry.declaration.clear(person.rows.to_write(entry.source.name), entry.field, person)
    write_manager(document, person, mapping)
    if person.closes_circle:
        _keep(adapter, document)
    return person.closes_circle


def _give_each(connection: SCIMConnection, keys: Collection[int]) -> int:
    """Give these people whom they wait for; return how many it were."""
    waiting = [(adapter, adapter.link.awaited_manager) for adapter in _locked(connection, keys)]
    return sum(_give(adapter, manager, manager) for adapter, manager in waiting if manager is not None)


def _waiting(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    people = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    return people.filter(awaited_manager__isnull=False)


def _locked(
    connection: SCIMConnection, keys: Collection[int], *, waits: bool = False
) -> Iterable[LearnerAdapter]:
    """Lock the links of people, and read them as they stand under the lock.

    Unless it ``waits``, whoever is locked by somebody else is left out: that request writes the person, and gives them
    their manager by itself if it began after the manager was here. So whoever holds the manager's lock waits for none.
    """
    if not keys or get_adapter_class().compiled(connection).manager is None:
        return []
    links = ProvisionedUser.objects.filter(connection=connection, pk__in=keys)
    skips = not waits and databases.connection().features.has_select_for_update_skip_locked
    return read_locked(connection, [link.pk for link in links.locked(skip_locked=skips)])


def _give(adapter: LearnerAdapter, awaited: str, manager: str | None) -> bool:
    """Write the reference to the manager, and of the link what tells of it: nothing else is this function's. False for
    somebody who is protected, gone or changed in the meantime, and where the manager cannot be named after all. Who
    would close a circle waits on, for the SCIM id that a ``bulkId`` has become."""
    link, mapping = adapter.link, adapter.compiled_mapping
    if mapping.manager is None or not _waits_for(adapter, awaited) or adapter.is_protected(adapter.obj):
        return False
    document = copied(link.document)
    if manager != awaited:
        paths.write(document, mapping.manager.path, manager)
    adapter.remember_rows()
    is_given = write_manager(document, adapter.person, mapping)
    if not is_given and (manager == awaited or not adapter.person.closes_circle):
        return False
    _keep(adapter, document)
    return True


def _keep(adapter: LearnerAdapter, document: Document) -> None:
    link = adapter.link
    save_learner(adapter)
    keep_document(adapter, document)
    link.changed()
    link.version += 1
    link.save(update_fields=["document", "search", "awaited_manager", "modified_at", "version"])


def _waits_for(adapter: LearnerAdapter, awaited: str) -> bool:
    """Whether somebody who was found waiting waits for that still, now that they are locked."""
    now = awaited_manager(adapter.link.document, adapter.person, adapter.compiled_mapping)
    return not adapter.link.is_deleted and now == awaited
