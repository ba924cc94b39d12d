"""What identity providers call a company, a business unit or a team: for the application's own pages about these."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from scim_provisioning.administration import facts, units
from scim_provisioning.models import Meaning, ReferenceKey, SCIMConnection
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.provisioning.units import Line, lines


@dataclass(frozen=True, slots=True)
class Called:
    """A name, and one of the connections whose people are sent with it. ``is_merged``: the unit was merged into another
    one, which the name means."""

    name: str
    digest: str
    meaning: Meaning
    connection: SCIMConnection
    unit: str
    is_merged: bool


def of(rows: Collection[models.Model], connections: Iterable[SCIMConnection]) -> list[Called]:
    """The names that mean these rows of one model, or did until they were merged, in the order of the names: two
    queries, whatever their number. Raises ``host.AdapterBroken``."""
    keys = {key_of(row) for row in rows}
    known = _scopes({type(row)._meta.concrete_model for row in rows}, connections) if keys else {}
    if not known:
        return []
    found = ReferenceKey.objects.filter(Q(target__in=keys) | Q(merged__in=keys), scope__in=known)
    return [
        Called(
            key.name,
            key.digest,
            Meaning(key.meaning),
            known[key.scope].connection,
            key.merged if key.merged in keys else key.target,
            is_merged=key.merged in keys,
        )
        for key in found.order_by("name", "digest")
    ]


def _scopes(wanted: set[Any], connections: Iterable[SCIMConnection]) -> dict[str, Line]:
    """By scope the first line of these connections that names rows of one of these models."""
    asked = list(connections)
    facts.load_sso(asked)
    found: dict[str, Line] = {}
    for connection in asked:
        if units.can_be_asked(connection):
            for line in lines(connection):
                if line.entry.field.related_model._meta.concrete_model in wanted:
                    found.setdefault(line.rows.scope_digest, line)
    return found
