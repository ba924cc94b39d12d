"""Whether the rows that provisioning creates by itself can be saved; asked by the system checks.

What is found here would otherwise be a 400 or 500 for the first person whose company, team or profile is new.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import models

from scim_provisioning.adapters.attributes import Reference
from scim_provisioning.adapters.mapping import CompiledMapping, MappingProblem
from scim_provisioning.adapters.rows import Scope


def unsaved_problems(compiled: CompiledMapping, *, host_makes_accounts: bool) -> Iterator[MappingProblem]:
    """What keeps new references, rows and accounts from being saved.

    ``host_makes_accounts``: the adapter fills new accounts in code of its own, which nobody can look into.
    """
    for entry in compiled.entries:
        line = entry.declaration
        if isinstance(line, Reference) and line.create == "auto":
            model: type[models.Model] = entry.field.related_model  # type: ignore[assignment]
            yield from _problems(line.path, line.target, model, line.within, {line.by})
    for source in compiled.sources.values():
        if source.is_account and host_makes_accounts:
            continue
        mapped = {entry.field.name for entry in compiled.entries if entry.source.name == source.name}
        where = f"rows['{source.name}']" if source.name else "the account"
        yield from _problems(where, source.name, source.model, source.within, {source.user_field, *mapped})


def _problems(
    path: str, target: str, model: type[models.Model], within: Scope, filled: set[str]
) -> Iterator[MappingProblem]:
    fields = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    for name in within:
        if name not in fields:
            message = f"within names '{name}', which is not a field of {model._meta.label}"
            yield MappingProblem("scope", path, target, message)
    filled = filled | {fields[name].name for name in within if name in fields}
    for field in model._meta.concrete_fields:
        if field.name not in filled and _is_needed(field):
            yield MappingProblem(
                "unsaved", path, target, f"a new {model._meta.label} has no {field.name}", field.attname
            )


def _is_needed(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether the database refuses a row for which nobody set this field."""
    if field.null or field.primary_key or field.generated or field.has_default() or field.has_db_default():
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    return field.get_default() is None
