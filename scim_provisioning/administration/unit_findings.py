"""New names of companies, business units and teams about which an administrator should be asked: such as seem to be
another unit's new name, and such as look like another unit's.

``scim_notify`` looks for them hourly and remembers what it finds; the index and the list of connections say so for as
long as a name counts as new, until somebody decides on it, and need not ask what it costs to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from scim_provisioning.administration import permissions, renames, unit_list
from scim_provisioning.models import ReferenceKey, SCIMConnection, SentNotice

#: What ``SentNotice`` remembers of a name.
RENAMED, ALIKE = "renamed", "alike"
#: So many are looked at for a page, the latest first.
_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a name on a connection."""

    connection: SCIMConnection
    kind: str
    name: ReferenceKey


def note(connection: SCIMConnection) -> None:
    """Look for such names, and remember those that were not found before."""
    found = list(_found(connection))
    if found:
        notices = [SentNotice(connection=connection, kind=kind, key=digest) for digest, kind in found]
        SentNotice.objects.bulk_create(notices, ignore_conflicts=True)


def seen_by(user: Any) -> list[Finding]:
    """What was found of late and nobody has decided on, on connections of which ``user`` may decide; of very many
    the latest (a query, and one more where there is any)."""
    if not (user.is_authenticated and permissions.has_permission(user, permissions.MANAGE_POLICY)):
        return []
    current = permissions.visible_connections(user).filter(archived_at__isnull=True)
    rows = SentNotice.objects.filter(kind__in=(RENAMED, ALIKE), sent_at__gt=timezone.now() - renames.NEW_FOR)
    rows = permissions.within(rows, "connection", current).select_related("connection")
    notices = list(rows.order_by("-sent_at", "-pk")[:_AT_MOST])
    names = ReferenceKey.objects.filter(renames.OPEN).in_bulk({one.key for one in notices}) if notices else {}
    return [Finding(one.connection, one.kind, names[one.key]) for one in notices if one.key in names]


def _found(connection: SCIMConnection) -> Iterator[tuple[str, str]]:
    keys = list(renames.new_names(connection)) if renames.is_answered(connection) else []
    for unit in unit_list.described(connection, keys) if keys else ():
        if unit.came_from:
            yield unit.digest, RENAMED
        elif unit.alike:
            yield unit.digest, ALIKE
