"""What is wrong with a mapping, in words for the host developer; reported by the system checks, not raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from django.db import models

from scim_provisioning.adapters import remedies
from scim_provisioning.adapters.rows import Scope

ProblemKind = Literal[
    "missing",
    "unwritable",
    "forbidden",
    "bad_path",
    "scope",
    "unsaved",
    "switch",
    "twice",
    "by",
    "value",
    "unnamed",
]


@dataclass(frozen=True, slots=True)
class MappingProblem:
    """Something in the mapping that cannot work."""

    kind: ProblemKind
    path: str
    target: str
    message: str
    #: What to write instead.
    advice: str = ""


class Unusable(Exception):
    """A line of the mapping that leads nowhere."""

    def __init__(self, kind: ProblemKind, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind
        self.advice = advice


def new_row_problems(
    path: str, target: str, model: type[models.Model], *, within: Scope, defaults: Scope, filled: set[str]
) -> Iterator[MappingProblem]:
    """What keeps a row that provisioning creates by itself from being saved.

    Found here, it would otherwise be a refusal for the first person whose company, team or profile is new.
    ``filled`` are the fields that get their value in another way.
    """
    fields = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    for option, scope in (("within", within), ("defaults", defaults)):
        for name in scope:
            if name not in fields:
                message = f"{option} names '{name}', which is not a field of {model._meta.label}"
                yield MappingProblem("scope", path, target, message, _renaming(option, name, fields))
    filled = filled | {fields[name].name for name in (*within, *defaults) if name in fields}
    for field in model._meta.concrete_fields:
        if field.name not in filled and _is_needed(field):
            message = f"a new {model._meta.label} has no {field.name}"
            yield MappingProblem("unsaved", path, target, message, remedies.filling(target, field))


def _renaming(option: str, name: str, fields: Mapping[str, object]) -> str:
    near = remedies.nearest(name, fields)
    return f'Write {option}={{"{near}": …}}.' if near else f"Name one of {', '.join(fields)} in {option}."


def _is_needed(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether the database refuses a row for which nobody set this field."""
    if field.null or field.primary_key or field.generated or field.has_default() or field.has_db_default():
        return False
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return False
    return field.get_default() is None
