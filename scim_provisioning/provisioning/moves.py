"""Who has come to another company, business unit or team: what the host is told of it, with the rows of its own."""

from __future__ import annotations

from typing import Any, Final

from django.db import models

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.person import Move
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.provisioning import host_calls

#: The hook that is told of the field to which an attribute is mapped.
HOOKS: Final = {
    f"{ENTERPRISE_USER}:organization": "on_company_changed",
    f"{ENTERPRISE_USER}:division": "on_business_unit_changed",
    f"{ENTERPRISE_USER}:department": "on_team_changed",
}


def of(adapter: LearnerAdapter) -> list[Move]:
    """How the learner's rows, unsaved, differ from what they were in what the host wants to be told of (one query for
    each row that they have left)."""
    found = []
    for path, hook in HOOKS.items():
        entry = _entry(adapter, path) if host_calls.listens(type(adapter), hook) else None
        change = entry and adapter.person.rows.changed(entry.source.name, entry.field.attname)
        if entry is not None and change:
            row = adapter.row(entry.source.name)
            found.append(Move(hook, _named(entry.field, change[0]), getattr(row, entry.field.name)))
    return found


def _entry(adapter: LearnerAdapter, path: str) -> Entry | None:
    """The field that an attribute is mapped to: one that several attributes feed is one field."""
    for group in adapter.compiled_mapping.groups:
        entry = group.first
        if any(line.declaration.path == path for line in group.entries):
            return None if entry.field.many_to_many or entry.declaration.keys else entry
    return None


def _named(field: Any, value: Any) -> Any:
    """The row that a foreign key named; None where the LMS has deleted it."""
    if value is None or not field.is_relation:
        return value
    rows: models.Manager[Any] = field.related_model._base_manager
    return rows.filter(**{field.target_field.name: value}).first()
