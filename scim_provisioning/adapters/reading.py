"""Reading many people at once: one joined statement, and one more for each thing that cannot be joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scim_provisioning.adapters.attributes import Reference
from scim_provisioning.adapters.mapping import CompiledMapping, Entry
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.rows import RowSource, row_source
from scim_provisioning.models import ProvisionedUser, SCIMConnection

if TYPE_CHECKING:
    from scim_provisioning.adapters.base import LearnerAdapter
    from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet


def joined_links(compiled: CompiledMapping, connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """A connection's links, joined with the account, the rows that are one-to-one with it, and references."""
    joined = ["user"]
    for source in compiled.sources.values():
        if source.is_account or source.accessor:
            row = "__".join(part for part in ("user", source.accessor) if part)
            joined += [row, *(f"{row}__{entry.field.name}" for entry in _references(compiled, source))]
    links = ProvisionedUser.objects.filter(connection=connection, user__isnull=False)
    return links.select_related(*joined)


def fetch_separate_rows(
    adapters: Sequence[LearnerAdapter], compiled: CompiledMapping, connection: SCIMConnection
) -> None:
    """Hand each person the row of which an account has several, such as a membership: one query a kind."""
    for name, source in compiled.sources.items():
        if source.is_account or source.accessor:
            continue
        accounts = [adapter.link.user_id for adapter in adapters]
        rows = source.queryset(connection).filter(**{f"{source.user_field}__in": accounts})
        if references := [entry.field.name for entry in _references(compiled, source)]:
            rows = rows.select_related(*references)
        by_account = {getattr(row, f"{source.user_field}_id"): row for row in rows}
        for adapter in adapters:
            adapter.row_set.provide(name, by_account.get(adapter.link.user_id))


def fetch_managers(adapters: Sequence[LearnerAdapter], compiled: CompiledMapping, people: People) -> None:
    """Learn the SCIM ids of everybody's managers: one query, none where nobody has one."""
    if compiled.manager is not None:
        owners = [adapter.row(compiled.manager.source.name) for adapter in adapters]
        people.learn(getattr(row, compiled.manager.field.attname) for row in owners if row is not None)


def people_of(compiled: CompiledMapping, connection: SCIMConnection) -> People:
    """Who is who in a connection, through the row that the manager's foreign key points at."""
    return People(connection, compiled.manager_source or row_source("", {}))


def _references(compiled: CompiledMapping, source: RowSource) -> list[Entry]:
    return [e for e in compiled.entries if e.source == source and isinstance(e.declaration, Reference)]
