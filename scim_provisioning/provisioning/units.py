"""Companies, business units and teams that an administrator has decided on: given to the people who wait for them, and
to those whose unit was merged into another.

Thousands may wait for one team, so a request writes a fixed number of people; the others have theirs from ``settle``,
or from the next change that is made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import models

from scim_provisioning import databases, events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.kinds import Reference
from scim_provisioning.adapters.kinds.meanings import KNOWN, hold
from scim_provisioning.adapters.kinds.named_rows import NamedRows
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.person import MEANT
from scim_provisioning.models import (
    Action,
    Meaning,
    NewUnits,
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ReferenceKey,
    SCIMConnection,
)
from scim_provisioning.protocol.documents import copied
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.links import keep_document
from scim_provisioning.provisioning.loading import load_many_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.writing import save_learner

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: So many people are written in one transaction, and in one request.
AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the mapping that names rows, in one connection."""

    entry: Entry
    kind: Reference
    connection: SCIMConnection

    @property
    def path(self) -> str:
        """Its SCIM path."""
        return self.kind.path

    @property
    def field(self) -> str:
        """What its field is called by: see ``CompiledMapping.fields``."""
        return get_adapter_class().compiled(self.connection).fields[self.path]

    @property
    def rows(self) -> NamedRows:
        """The customer's rows that it names."""
        return self.kind.names(self.entry.field.related_model, self.connection).rows

    def holders(self, unit: models.Model) -> models.QuerySet[Any]:
        """The customer's learners (accounts, profiles, memberships) that are in a unit."""
        return self.entry.source.queryset(self.connection).filter(**{self.entry.field.name: unit})

    def accounts(self, unit: models.Model) -> models.QuerySet[Any]:
        """Their accounts."""
        source = self.entry.source
        return self.holders(unit).values("pk" if source.is_account else source.user_field)


def lines(connection: SCIMConnection) -> list[Line]:
    """The lines of a connection's mapping that name rows."""
    entries = get_adapter_class().compiled(connection).entries
    return [
        Line(entry, entry.declaration, connection)
        for entry in entries
        if isinstance(entry.declaration, Reference)
    ]


def settle(
    connection: SCIMConnection, *, actor: AbstractBaseUser | None = None, most: int | None = None
) -> int:
    """Bring everybody (or ``most`` people) to what was decided on: a transaction for each hundred. Return how many were
    written.

    Safe beside requests, and to be broken off: whoever is left is found the next time.
    """
    written = 0
    with databases.primary():
        for keys in _portions(due(connection), most):
            written += durable(partial(_give_each, connection, keys, actor))
        for line, old, new in mergers(connection):
            left = None if most is None else max(most - written, 0)
            written += _merge(line, old, new, actor, left)
    return written


def due(connection: SCIMConnection) -> list[int]:
    """The keys of the links of people who wait for a unit that was decided on since."""
    waiting = _living(connection).filter(search__has_key=MEANT).order_by("pk")
    asked: dict[str, set[int]] = {}
    found = {line.path: line for line in lines(connection)}
    creates = {path for path, line in found.items() if line.kind.new_units(connection) is NewUnits.CREATE}
    rows = {path: line.rows for path, line in found.items()}
    undecided: dict[str, set[int]] = {}
    for key, search in waiting.values_list("pk", "search").iterator():
        for path, names in search[MEANT].items():
            for name in (name for name, target in names.items() if not target and path in rows):
                people = undecided if path in creates else asked
                people.setdefault(rows[path].digest(name), set()).add(key)
    decided = ReferenceKey.objects.filter(digest__in=[*asked, *undecided], meaning__in=KNOWN)
    created = ReferenceKey.objects.filter(digest__in=[*undecided], meaning=Meaning.WAITING)
    digests = {*decided.values_list("digest", flat=True), *created.values_list("digest", flat=True)}
    return sorted(
        {key for people in (asked, undecided) for digest in digests for key in people.get(digest, ())}
    )


def mergers(connection: SCIMConnection) -> Iterator[tuple[Line, models.Model, models.Model]]:
    """The units that were merged into others: with the line, the old one and the new one."""
    for line in lines(connection):
        rows = line.rows
        keys = ReferenceKey.objects.filter(scope=rows.scope_digest, meaning=Meaning.ALIAS).exclude(merged="")
        for old_key, new_key in dict.fromkeys(keys.values_list("merged", "target")):
            old, new = rows.at(old_key), rows.at(new_key)
            if old is not None and new is not None:
                yield line, old, new


def _living(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    return ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)


def _portions(keys: Collection[int], most: int | None) -> Iterator[list[int]]:
    wanted = list(keys)[:most]
    for start in range(0, len(wanted), AT_ONCE):
        yield wanted[start : start + AT_ONCE]


# --- those who wait


def _give_each(connection: SCIMConnection, keys: Collection[int], actor: AbstractBaseUser | None) -> int:
    adapters = load_many_for_update(connection, [*keys])
    # The names of all of them, since they are held until all are written.
    hold(
        name
        for adapter in adapters
        for line, sent in _awaited(adapter)
        for name in line.kind.brings(sent, line.entry.field, adapter.person)
    )
    return sum(_give(adapter, actor) for adapter in adapters)


def _awaited(adapter: LearnerAdapter) -> Iterator[tuple[Line, Any]]:
    """The lines whose units somebody waits for, each with what was sent."""
    person, document = adapter.person, adapter.link.document
    is_left_alone = adapter.link.is_deleted or adapter.is_protected(adapter.obj)
    for line in [] if is_left_alone else lines(adapter.connection):
        sent = line.entry.read(document)
        is_kept = person.keeps(line.entry.source, line.field)
        if "" in person.meant.get(line.path, {}).values() and sent is not None and not is_kept:
            yield line, sent


def _give(adapter: LearnerAdapter, actor: AbstractBaseUser | None) -> bool:
    """Give somebody the units that they wait for; False where they wait still, or not any more."""
    person, document = adapter.person, copied(adapter.link.document)
    adapter.remember_rows()
    changes: dict[str, tuple[object, object]] = {}
    for line, sent in _awaited(adapter):
        understood, entry = person.meant.get(line.path, {}), line.entry
        person.sent_before = sent
        line.kind.assign(person.rows.to_write(entry.source.name), entry.field, sent, person)
        if person.meant.get(line.path, {}) != understood:
            changes[line.path] = (None, sent)
    return bool(changes) and _written(adapter, document, changes, actor)


def _written(
    adapter: LearnerAdapter,
    document: dict[str, Any],
    changes: dict[str, tuple[object, object]],
    actor: AbstractBaseUser | None,
) -> bool:
    """Save what was changed of somebody, log it and tell the host."""
    link = adapter.link
    save_learner(adapter)
    keep_document(adapter, document)
    link.changed()
    link.version += 1
    link.save(
        update_fields=["document", "search", "asks_document", "awaited_manager", "modified_at", "version"]
    )
    event = events.admin(adapter.connection, action=Action.UPDATED, actor=actor, link=link, changes=changes)
    host_calls.tell_of_change(adapter, "on_updated", event)
    return True


# --- those whose unit was merged into another


def _merge(
    line: Line, old: models.Model, new: models.Model, actor: AbstractBaseUser | None, most: int | None
) -> int:
    """Move everybody of one unit into another: those whom identity providers manage with an event, the LMS's own
    without."""
    moved = 0
    linked = ProvisionedUser.objects.living().filter(user__isnull=False)
    mine = linked.filter(connection=line.connection, user__in=line.accounts(old))
    for keys in _portions(list(mine.order_by("pk").values_list("pk", flat=True)), most):
        moved += durable(partial(_move_each, line, keys, old, new, actor))
    left = None if most is None else max(most - moved, 0)
    for key in list(_own(line, old).order_by("pk").values_list("pk", flat=True)[:left]):
        moved += durable(partial(_hand_over, line, key, old, new))
    return moved


def _own(line: Line, unit: models.Model) -> models.QuerySet[Any]:
    """Of those who are in a unit whom no identity provider manages."""
    source, linked = line.entry.source, ProvisionedUser.objects.living().filter(user__isnull=False)
    by_account = "pk__in" if source.is_account else f"{source.user_field}__in"
    return line.holders(unit).exclude(**{by_account: linked.values("user")})


def _hand_over(line: Line, key: Any, old: models.Model, new: models.Model) -> bool:
    """Move one of these; False where the LMS has moved them meanwhile, or somebody manages them by now."""
    rows = line.entry.source.model._base_manager.select_for_update()
    row = rows.filter(pk=key).first()
    if row is None or not _own(line, old).filter(pk=key).exists():
        return False
    line.kind.hand_over(row, line.entry.field, old, new)
    return True


def _move_each(
    line: Line,
    keys: Collection[int],
    old: models.Model,
    new: models.Model,
    actor: AbstractBaseUser | None,
) -> int:
    adapters = load_many_for_update(line.connection, [*keys])
    return sum(_move(adapter, line, old, new, actor) for adapter in adapters)


def _move(
    adapter: LearnerAdapter,
    line: Line,
    old: models.Model,
    new: models.Model,
    actor: AbstractBaseUser | None,
) -> bool:
    person, entry = adapter.person, line.entry
    if adapter.link.is_deleted or not person.owns(entry.source):
        return False
    document = copied(adapter.link.document)
    adapter.remember_rows()
    row = person.rows.get(entry.source.name)
    if row is None or not line.kind.exchange(row, entry.field, old, new, entry.read(document), person):
        return False
    names = (str(getattr(old, line.kind.by)), str(getattr(new, line.kind.by)))
    return _written(adapter, document, {line.path: names}, actor)
