"""A database's refusal of a row, as the SCIM error that names the attribute: unique 409, everything else 400.

The client's sentence names attributes, columns and constraints and never a value: what stands in the way may be
another customer's. The database's own sentence is a fact for administrators, ``params["database"]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, models
from django.db.backends.utils import names_digest

from scim_provisioning.adapters.violations import Rule, Violation, read
from scim_provisioning.protocol.errors import InvalidValue, SCIMError, Uniqueness

Model = type[models.Model]
#: The label of this app.
_OURS: Final = "scim_provisioning"
#: A table and one of its columns.
Column = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A broken rule in SCIM. ``sentence`` is about attributes, a column or a constraint: ``%s``."""

    error: type[SCIMError]
    code: str
    sentence: str


_MEANINGS: Final[Mapping[Rule, _Meaning]] = {
    Rule.UNIQUE: _Meaning(
        Uniqueness, "user.value_taken", "%s: must be unique in the application, and is already in use."
    ),
    Rule.NOT_NULL: _Meaning(InvalidValue, "attr.null", "%s: the application needs a value."),
    Rule.LENGTH: _Meaning(InvalidValue, "attr.too_long", "%s: too long for the application's database."),
    Rule.OTHER: _Meaning(InvalidValue, "attr.constraint", "%s: not accepted by the application's database."),
}


def explain(
    error: DatabaseError,
    known: Iterable[Model],
    attributes: Mapping[Column, str],
    rows: Iterable[models.Model] = (),
) -> SCIMError | None:
    """The SCIM error that ``error`` means; None when no row is to blame (a lost connection, a deadlock).

    ``known`` are the models whose tables may be meant; ``attributes`` gives the SCIM paths of mapped columns; ``rows``
    were being saved. Asks the database nothing: its transaction may be broken.
    """
    violation = read(error)
    if violation is None:
        return None
    models_known = list(known)
    table, columns = _place(violation, models_known)
    if _is_no_clients_fault(violation, table, columns, models_known):
        return None
    if violation.rule is Rule.LENGTH and not columns:
        table, columns = _too_long(rows) or (table, columns)
    named = [attributes[table, column] for column in columns if (table, column) in attributes]
    if not named:
        named = [f"{table}.{column}" if table else column for column in columns]
    params: dict[str, object] = {"database": violation.sentence}
    if named:
        params["attribute"] = ", ".join(named)
    if violation.constraint:
        params["constraint"] = violation.constraint
    meaning = _MEANINGS[violation.rule]
    return meaning.error(meaning.sentence % _subject(named, violation), code=meaning.code, params=params)


def is_collision(error: DatabaseError, model: Model, constraint: str) -> bool:
    """Whether ``error`` says that this unique constraint of ``model`` was broken."""
    violation = read(error)
    if violation is None or violation.rule is not Rule.UNIQUE:
        return False
    if violation.constraint == constraint:
        return True
    # SQLite names the columns instead.
    return _place(violation, [model]) == (model._meta.db_table, _columns_of(constraint, model))


def is_taken(error: DatabaseError, model: Model, column: str) -> bool:
    """Whether ``error`` says that another row of ``model`` has the value of this column, alone or with others'."""
    violation = read(error)
    if violation is None or violation.rule is not Rule.UNIQUE:
        return False
    table, columns = _place(violation, [model])
    return table == model._meta.db_table and column in columns


def every_model() -> list[Model]:
    """The models of the project: a signal may save any of them."""
    return list(apps.get_models(include_auto_created=True))


def _is_no_clients_fault(
    violation: Violation, table: str, columns: tuple[str, ...], known: list[Model]
) -> bool:
    """Whether no value could fill the column that must not be empty: one of ours, or one that no model knows, as while
    a newer version is being rolled out."""
    if violation.rule is not Rule.NOT_NULL:
        return False
    ours = {model._meta.db_table for model in apps.get_app_config(_OURS).get_models()}
    is_known = any(set(columns) <= _columns(model) for model in known)
    return (table or violation.table) in ours or (bool(columns) and not is_known)


def _subject(named: list[str], violation: Violation) -> str:
    """Attributes or columns; also the constraint where its name says more than they do, or all there is."""
    constraint = violation.constraint if violation.rule is Rule.OTHER or not named else ""
    if named and constraint:
        return f"{', '.join(named)} (constraint {constraint})"
    return ", ".join(named) or (f"Constraint {constraint}" if constraint else "A value")


# --- which columns are meant


def _place(violation: Violation, known: list[Model]) -> tuple[str, tuple[str, ...]]:
    """Table and columns, each empty when the database left it open.

    MariaDB names a column, or a key, without its table: it is taken for that of the one table that has such a one.
    """
    candidates = [model for model in known if violation.table in ("", model._meta.db_table)]
    if violation.columns:
        tables = {m._meta.db_table for m in candidates if set(violation.columns) <= _columns(m)}
        return violation.table or _only(tables) or "", violation.columns
    places = {
        (model._meta.db_table, columns)
        for model in candidates
        if (columns := _columns_of(violation.constraint, model) or _columns_in(violation.expression, model))
    }
    return _only(places) or (violation.table, ())


def _too_long(rows: Iterable[models.Model]) -> tuple[str, tuple[str, ...]] | None:
    """The one column with a text that it cannot hold: PostgreSQL does not say which it is."""
    places = {
        (row._meta.db_table, (str(field.column),))
        for row in rows
        for field in row._meta.local_concrete_fields
        if isinstance(text := row.__dict__.get(field.attname), str)
        and len(text) > (field.max_length or len(text))
    }
    found: tuple[str, tuple[str, ...]] | None = _only(places)
    return found


def _only(found: set[Any]) -> Any:
    return next(iter(found)) if len(found) == 1 else None


def _columns(model: Model) -> set[str]:
    return {str(field.column) for field in model._meta.local_concrete_fields}


def _columns_in(expression: str, model: Model) -> tuple[str, ...]:
    """The columns of ``model`` that SQL mentions: ``lower(email::text)``."""
    known = _columns(model)
    return tuple(dict.fromkeys(word for word in re.findall(r"\w+", expression) if word in known))


def _columns_of(constraint: str, model: Model) -> tuple[str, ...]:
    """The columns of a constraint of ``model``, by the name that it has in the database."""
    if not constraint:
        return ()
    declared = next((c for c in model._meta.constraints if c.name == constraint), None)
    if declared is not None:
        return _columns_named(_fields_of(declared), model)
    table = model._meta.db_table
    for columns in _unnamed_unique(model):
        # As Django names them: `schema_editor` keeps this end when it has to shorten the rest.
        if (
            constraint.endswith(f"_{names_digest(table, *columns, length=8)}_uniq")
            or (constraint,) == columns
        ):
            return columns
    if constraint == "PRIMARY" and model._meta.pk is not None:
        return (str(model._meta.pk.column),)
    at_column = {f"{table}_{column}_check": column for column in _columns(model)}
    return (at_column[constraint],) if constraint in at_column else ()


def _unnamed_unique(model: Model) -> Iterator[tuple[str, ...]]:
    """``unique=True`` and ``unique_together``. An inline ``UNIQUE`` has the column's name on MariaDB."""
    yield from ((str(field.column),) for field in model._meta.local_concrete_fields if field.unique)
    yield from (_columns_named(fields, model) for fields in model._meta.unique_together)


def _fields_of(constraint: models.BaseConstraint) -> Iterable[str]:
    if isinstance(constraint, models.CheckConstraint):
        condition = constraint.condition
        return sorted(condition.referenced_base_fields) if isinstance(condition, models.Q) else ()
    if isinstance(constraint, models.UniqueConstraint):
        return constraint.fields or [name for part in constraint.expressions for name in _referenced(part)]
    return ()


def _referenced(expression: Any) -> Iterator[str]:
    """The names of the fields inside an expression such as ``Lower("email").desc()``."""
    if isinstance(expression, models.F):
        yield expression.name  # type: ignore[attr-defined]
    else:
        for part in expression.get_source_expressions():
            if part is not None:
                yield from _referenced(part)


def _columns_named(fields: Iterable[str], model: Model) -> tuple[str, ...]:
    columns = []
    for name in fields:
        try:
            columns.append(str(model._meta.get_field(name).column))  # type: ignore[union-attr]
        except FieldDoesNotExist:
            continue
    return tuple(columns)
