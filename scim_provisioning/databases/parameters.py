"""What the values of a row are as parameters of a statement, as the fields make them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    DateTimeField,
    Field,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    TextField,
)

from scim_provisioning.protocol import json_text

#: What a field may do to a value before it is one, and does not where its class leaves it to Django's.
_ON_THE_WAY: Final = ("pre_save", "get_db_prep_save", "get_db_prep_value")
_AS_THEY_ARE: Final[tuple[tuple[Any, frozenset[Any]], ...]] = (
    (CharField.get_prep_value, frozenset({str, type(None)})),
    (TextField.get_prep_value, frozenset({str, type(None)})),
    (BooleanField.get_prep_value, frozenset({bool})),
)
_NUMBERS: Final = frozenset(
    {AutoField, BigAutoField, BigIntegerField, IntegerField, PositiveIntegerField, PositiveSmallIntegerField}
)
_NOTHING: Final = frozenset({type(None)})
_OURS: Final = "scim_provisioning"
#: Django gives these two a JSON column's text, and a moment without its zone.
_AS_TEXT: Final = frozenset({"mysql", "sqlite"})

#: Makes a parameter of a value of the one type that it is for; ``_UNMADE`` where that is left to the field.
_Way = Callable[[Any, BaseDatabaseWrapper], Any]
_UNMADE: Final = object()


class Column(NamedTuple):
    """A field, where a row holds its value, the types of those values that are parameters as they are, and what is made
    of those of one type more."""

    field: Field[Any, Any]
    attribute: str
    as_they_are: frozenset[Any]
    type: Any
    way: _Way | None


def column(field: Field[Any, Any], vendor: str) -> Column:
    """What ``values`` has to know of a field."""
    kind, way = _way(field, vendor)
    return Column(field, field.attname, _as_they_are(field, vendor), kind, way)


def values(
    row: Model, columns: Sequence[Column], connection: BaseDatabaseWrapper, *, adds: bool
) -> list[Any]:
    """The parameters for these columns, as the fields make them."""
    held = row.__dict__
    return [
        held[one.attribute]
        if held.get(one.attribute, row).__class__ in one.as_they_are
        else _made(one, row, connection, adds)
        for one in columns
    ]


def _made(column: Column, row: Model, connection: BaseDatabaseWrapper, adds: bool) -> Any:
    if column.way is not None and (value := row.__dict__.get(column.attribute)).__class__ is column.type:
        made = column.way(value, connection)
        if made is not _UNMADE:
            return made
    field = column.field
    return field.get_db_prep_save(field.pre_save(row, adds), connection)


def _as_they_are(field: Any, vendor: str) -> frozenset[Any]:
    """The types of values of which a field makes nothing else. Drivers of servers are told the size of a number."""
    own: Any = type(field)
    if own is ForeignKey:
        return _NOTHING | (_as_they_are(field.target_field, vendor) & {int})
    if own in _NUMBERS:
        return _NOTHING | {int} if vendor == "sqlite" else _NOTHING
    if own is JSONField or _is_moment(field):
        return _NOTHING
    is_ordinary = all(getattr(own, name) is getattr(Field, name) for name in _ON_THE_WAY)
    known = (types for one, types in _AS_THEY_ARE if is_ordinary and own.get_prep_value is one)
    return next(known, frozenset())


def _is_moment(field: Any) -> bool:
    return type(field) is DateTimeField and not field.auto_now and not field.auto_now_add


def _way(field: Any, vendor: str) -> tuple[Any, _Way | None]:
    """How the values of a column that nearly every row has are made sooner than Django makes them, to what means the
    same, and of which type they are."""
    if _is_moment(field):
        return datetime, _zoneless if vendor in _AS_TEXT else _with_zone
    is_plain_json = type(field) is JSONField and field.encoder is None
    if is_plain_json and vendor in _AS_TEXT and field.model._meta.app_label == _OURS:
        return (list if field.default is list else dict), _json
    return None, None


def _zoneless(value: datetime, connection: BaseDatabaseWrapper) -> Any:
    is_utc = value.tzinfo is UTC and connection.timezone is UTC
    return str(value.replace(tzinfo=None)) if is_utc else _UNMADE


def _with_zone(value: datetime, connection: BaseDatabaseWrapper) -> Any:
    return value if value.tzinfo is not None else _UNMADE


def _json(value: Any, connection: BaseDatabaseWrapper) -> Any:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    text = json_text.quickly(value)
    return _UNMADE if text is None else text
