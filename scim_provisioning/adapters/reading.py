"""Reading many people at once: one joined statement, and one more for each thing that cannot be joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Model, prefetch_related_objects

from scim_provisioning.adapters import shared_rows
from scim_provisioning.adapters.document import has_access
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.models import ProvisionedUser, SCIMConnection

if TYPE_CHECKING:
    from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet


def joined_links(compiled: CompiledMapping, connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """A connection's links, joined with the account, the rows that are one-to-one with it, and references."""
    joined = ["user"]
    for source in compiled.sources.values():
        if source.is_joined:
            row = "__".join(part for part in ("user", source.accessor) if part)
            joined += [row, *(f"{row}__{name}" for name in _joins(compiled, source))]
    links = ProvisionedUser.objects.filter(connection=connection, user__isnull=False)
    return links.select_related(*joined)


def complete(people: Sequence[Person], compiled: CompiledMapping, connection: SCIMConnection) -> None:
    """Fetch what could not be joined: one query a kind of row or relation, and one for everybody's managers."""
    for source in compiled.sources.values():
        if not source.is_joined:
            _fetch_rows(people, compiled, source, connection)
    for entry in compiled.entries:
        relation = entry.declaration.prefetches(entry.field)
        if relation is not None:
            prefetch_related_objects(_present(people, entry.source.name), relation)
    _learn_who_is_kept_on(people, compiled, connection)
    # Of whoever owns the account, and is to be on, no connection beside says anything that is shown.
    shared = [person for person in people if not (person.link.owns_profile and person.link.active)]
    shared_rows.learn(shared, compiled, connection)
    if compiled.manager is not None and people:
        managed = _present(people, compiled.manager.source.name)
        people[0].people.learn(getattr(row, compiled.manager.field.attname) for row in managed)


def takes_several_statements(compiled: CompiledMapping) -> bool:
    """Whether what the mapping reads of one person cannot be joined: it may be changed between two statements."""
    return not all(source.is_joined for source in compiled.sources.values()) or any(
        entry.declaration.prefetches(entry.field) is not None for entry in compiled.entries
    )


def _fetch_rows(
    people: Sequence[Person], compiled: CompiledMapping, source: RowSource, connection: SCIMConnection
) -> None:
    """Hand each person the row of which an account has several, such as a membership."""
    accounts = [person.link.user_id for person in people]
    rows = source.queryset(connection).filter(**{f"{source.user_field}__in": accounts})
    if joins := list(_joins(compiled, source)):
        rows = rows.select_related(*joins)
    by_account = {getattr(row, f"{source.user_field}_id"): row for row in rows}
    for person in people:
        person.rows.provide(source.name, by_account.get(person.link.user_id))


def _learn_who_is_kept_on(
    people: Sequence[Person], compiled: CompiledMapping, connection: SCIMConnection
) -> None:
    """Whose account another connection keeps on although this one's identity provider wished it off: one query, for
    the few who were on all the same.

    It asks who of them is on by nobody's wish, so that whoever the other connection has let go of since they were read,
    and so has switched off, is not taken for one whom the LMS has switched on: they were never shown as on.
    """
    if compiled.active is None or not compiled.active.source.belongs_to_account:
        return
    doubtful = [person for person in people if not person.link.active and has_access(person, compiled)]
    if doubtful:
        links = ProvisionedUser.objects.filter(pk__in=[person.link.pk for person in doubtful])
        on = links.filter(Columns(compiled, connection).is_on_by_itself()).order_by()
        by_itself = {*on.values_list("pk", flat=True)}
        for person in doubtful:
            person.active_elsewhere = person.link.pk not in by_itself


def _joins(compiled: CompiledMapping, source: RowSource) -> Iterable[str]:
    for entry in compiled.entries:
        relation = entry.declaration.joins(entry.field) if entry.source == source else None
        if relation is not None:
            yield relation


def _present(people: Iterable[Person], name: str) -> list[Model]:
    return [row for person in people if (row := person.rows.get(name)) is not None]
