"""INSERT and UPDATE of this package's own rows, without what Django builds and compiles for each of them.

They do what ``Model.save`` does, and leave it to ``save`` where somebody could tell the difference: where a receiver
waits for ``pre_save`` or ``post_save``, where ``save`` is another one, on a database that is not known here, and where
an UPDATE meets no row. Rows of the host's are always saved by Django.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import AutoField, BigAutoField, BooleanField, CharField, Field, Model, TextField
from django.db.models.constants import OnConflict
from django.db.models.signals import post_save, pre_save

#: What a field may do to a value before it is one, and does not where its class leaves it to Django's.
_ON_THE_WAY: Final = ("pre_save", "get_db_prep_save", "get_db_prep_value")
_AS_THEY_ARE: Final[tuple[tuple[Any, frozenset[Any]], ...]] = (
    (CharField.get_prep_value, frozenset({str, type(None)})),
    (TextField.get_prep_value, frozenset({str, type(None)})),
    (BooleanField.get_prep_value, frozenset({bool})),
)
_VENDORS: Final = frozenset({"mysql", "postgresql", "sqlite"})


class _Column(NamedTuple):
    """A field, where a row holds its value, and the types of those values that are parameters as they are."""

    field: Field[Any, Any]
    attribute: str
    as_they_are: frozenset[Any]


def insert(row: Model) -> None:
    """As ``row.save(force_insert=True)``."""
    model, connection = type(row), _connection_of(row)
    if not _is_unheard(model, connection) or row.pk is not None:
        row.save(force_insert=True)
        return
    returns = connection.features.can_return_columns_from_insert
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        sql, columns = _insertion(model, connection.vendor, connection.alias, returns)
        cursor.execute(sql, _values(row, columns, connection, adds=True))
        if returns:
            row.pk = cursor.fetchone()[0]
        else:
            options: Any = model._meta
            row.pk = connection.ops.last_insert_id(cursor, options.db_table, options.pk.column)
    row._state.adding, row._state.db = False, connection.alias


def insert_missing(rows: Sequence[Model]) -> None:
    """As ``bulk_create(rows, ignore_conflicts=True)``, which tells nobody either; rows of one model (one statement)."""
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    if connection.vendor not in _VENDORS:
        model._default_manager.bulk_create(rows, ignore_conflicts=True)
        return
    sql, columns = _missing(model, connection.vendor, connection.alias, len(rows))
    values = [value for row in rows for value in _values(row, columns, connection, adds=True)]
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, values)


def update(row: Model, *, within: str, but: tuple[str, ...] = ()) -> None:
    """As ``row.save()``, of a row that is there; ``within`` is the column that names its tenant beside its key. The
    attributes ``but`` are in the database already."""
    model, connection = type(row), _connection_of(row)
    if not _is_unheard(model, connection) or row._state.adding or row.get_deferred_fields():
        row.save()
        return
    sql, columns = _change(model, connection.vendor, connection.alias, within, but)
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, _values(row, columns, connection, adds=False))
        is_there = cursor.rowcount
    if is_there:
        row._state.db = connection.alias
    else:
        row.save()


def _connection_of(row: Model) -> BaseDatabaseWrapper:
    return connections[router.db_for_write(type(row), instance=row)]


def _is_unheard(model: type[Model], connection: BaseDatabaseWrapper) -> bool:
    is_simple = isinstance(model._meta.pk, AutoField | BigAutoField) and not model._meta.parents
    is_heard = pre_save.has_listeners(model) or post_save.has_listeners(model)
    return is_simple and model.save is Model.save and not is_heard and connection.vendor in _VENDORS


def _values(
    row: Model, columns: Sequence[_Column], connection: BaseDatabaseWrapper, *, adds: bool
) -> list[Any]:
    held = row.__dict__
    return [
        held[attribute]
        if held.get(attribute, row).__class__ in as_they_are
        else field.get_db_prep_save(field.pre_save(row, adds), connection)
        for field, attribute, as_they_are in columns
    ]


def _column(field: Field[Any, Any]) -> _Column:
    own: Any = type(field)
    is_ordinary = all(getattr(own, name) is getattr(Field, name) for name in _ON_THE_WAY)
    known = (types for one, types in _AS_THEY_ARE if is_ordinary and own.get_prep_value is one)
    return _Column(field, field.attname, next(known, frozenset()))


@lru_cache(maxsize=64)
def _insertion(model: type[Model], vendor: str, alias: str, returns: bool) -> tuple[str, list[_Column]]:
    name, options = connections[alias].ops.quote_name, cast(Any, model._meta)
    fields = [field for field in options.local_concrete_fields if not field.primary_key]
    columns, places = ", ".join(name(field.column) for field in fields), ", ".join(["%s"] * len(fields))
    returning = f" RETURNING {name(options.db_table)}.{name(options.pk.column)}" if returns else ""
    sql = f"INSERT INTO {name(options.db_table)} ({columns}) VALUES ({places}){returning}"  # noqa: S608
    return sql, [*map(_column, fields)]


@lru_cache(maxsize=64)
def _missing(model: type[Model], vendor: str, alias: str, count: int) -> tuple[str, list[_Column]]:
    ops, options = connections[alias].ops, cast(Any, model._meta)
    fields = [field for field in options.local_concrete_fields if not field.primary_key]
    names = ", ".join(ops.quote_name(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    begins = ops.insert_statement(on_conflict=OnConflict.IGNORE)
    ends = ops.on_conflict_suffix_sql(fields, OnConflict.IGNORE, [], [])
    sql = f"{begins} {ops.quote_name(options.db_table)} ({names}) VALUES {places} {ends}"
    return sql, [*map(_column, fields)]


@lru_cache(maxsize=64)
def _change(
    model: type[Model], vendor: str, alias: str, within: str, but: tuple[str, ...]
) -> tuple[str, list[_Column]]:
    name, options = connections[alias].ops.quote_name, cast(Any, model._meta)
    table, found = name(options.db_table), [options.get_field(within), options.pk]
    left_out = {*but, *(field.attname for field in found)}
    fields = [field for field in options.local_concrete_fields if field.attname not in left_out]
    changes = ", ".join(f"{name(field.column)} = %s" for field in fields)
    where = " AND ".join(f"{table}.{name(field.column)} = %s" for field in found)
    return f"UPDATE {table} SET {changes} WHERE ({where})", [*map(_column, [*fields, *found])]  # noqa: S608
