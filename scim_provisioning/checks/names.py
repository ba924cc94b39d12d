"""Whether the rows that references make have a constraint that keeps two of one name apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.db import models
from django.db.models import F

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.remedies import field_of
from scim_provisioning.checks import faults


def names_without_constraint(
    adapter: type[LearnerAdapter], mapping: CompiledMapping
) -> Iterator[CheckMessage]:
    """One message for each model of which references make rows, and nothing keeps two of one name apart.

    Two requests never make two: they lock the name first. The LMS's own pages and imports do not.
    """
    told = set()
    for entry in mapping.entries:
        line, model = entry.declaration, entry.field.related_model if entry.field.is_relation else None
        # A kind of the host's own may make rows too.
        by = field_of(model, getattr(line, "by", "")) if model is not None else None
        if by is None or getattr(line, "create", "never") == "never" or (model, by) in told:
            continue
        told.add((model, by))
        within, defaults = (_named(model, getattr(line, option, ())) for option in ("within", "defaults"))
        if not _is_constrained(model, by.name, {by.name, *within, *defaults}):
            yield _message(adapter, line.path, model, [*dict.fromkeys([*within, by.name])])


def _named(model: Any, keys: Iterable[str]) -> list[str]:
    return [field.name for key in keys if (field := field_of(model, key)) is not None]


def _is_constrained(model: Any, by: str, filled: set[str]) -> bool:
    """Whether a constraint is about the name, and about nothing that a new row is not given."""
    return any(by in unique and unique <= filled for unique in _unique_sets(model))


def _unique_sets(model: Any) -> Iterator[set[str]]:
    """The names of fields that are unique together. A condition counts for nothing: rows that it leaves out are
    usually those that nobody finds any more."""
    yield from ({field.name} for field in model._meta.concrete_fields if field.unique)
    for parent in [model, *model._meta.get_parent_list()]:
        yield from (set(names) for names in parent._meta.unique_together)
        for constraint in parent._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                yield {*constraint.fields, *_fields_in(constraint)}


def _fields_in(constraint: models.UniqueConstraint) -> Iterator[str]:
    """The names of the fields in expressions such as ``Lower("name")``."""
    for expression in constraint.expressions:
        parts = expression.flatten() if hasattr(expression, "flatten") else [expression]
        yield from (part.name for part in parts if isinstance(part, F))  # type: ignore[attr-defined]


def _message(adapter: type[LearnerAdapter], path: str, model: Any, fields: list[str]) -> CheckMessage:
    quoted = ", ".join(f'"{name}"' for name in fields)
    constraint = f'models.UniqueConstraint(fields=[{quoted}], name="{model._meta.model_name}_name_unique")'
    return faults.NAMES_NOT_UNIQUE.at(obj=adapter, path=path, model=model._meta.label, constraint=constraint)
