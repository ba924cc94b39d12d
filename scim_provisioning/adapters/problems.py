"""What is wrong with a mapping, in words for the host developer; reported by the system checks, not raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    yield from scope_problems(path, target, model, within=within, defaults=defaults)
    filled = filled | {fields[name].name for name in (*within, *defaults) if name in fields}
    for field in model._meta.concrete_fields:
        if field.name not in filled and _is_needed(field):
            message = f"a new {model._meta.label} has no {field.name}"
            yield MappingProblem("unsaved", path, target, message, remedies.filling(target, field))


def scope_problems(
    path: str, target: str, model: type[models.Model], *, within: Scope, defaults: Scope
) -> Iterator[MappingProblem]:
    """What is no column of the row, by which alone it is told whose a row is: of a relation's nobody would notice that
    the row is another customer's. And constants that their field cannot hold: asking the database with one would fail
    at the first request."""
    fields = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    for option, scope in (("within", within), ("defaults", defaults)):
        for name, value in scope.items():
            field = fields.get(name)
            if field is None:
                message = f"{option} names '{name}', which is not a field of {model._meta.label}"
                yield MappingProblem("scope", path, target, message, _renaming(option, name, fields))
            elif not _can_hold(field, value):
                message = f"{option} gives {value!r} to '{name}', where {_what(field)} belongs"
                advice = (
                    f'Write {option}={{"{name}": tenant}} with a function, def tenant(connection): return …, '
                    "or a constant that the field can hold."
                )
                yield MappingProblem("scope", path, target, message, advice)


def _can_hold(field: models.Field, value: object) -> bool:  # type: ignore[type-arg]
    if callable(value) or value is None or isinstance(value, models.Model):
        return True  # known at a request only, or no constant at all
    try:
        field.to_python(value)
    except Exception:  # a ValidationError, or whatever a field of the host's own does
        return False
    return True


def _what(field: Any) -> str:
    return (
        f"the key of a {field.related_model._meta.label}"
        if field.is_relation
        else f"a {type(field).__name__}"
    )


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
