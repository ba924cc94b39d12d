"""INSERT and UPDATE of one row by statements that are built once a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, cast

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import AutoField, BigAutoField, Model
from django.db.models.signals import post_save, pre_save

from scim_provisioning.databases.listening import is_heard
from scim_provisioning.databases.parameters import Column, column, values
from scim_provisioning.databases.sqlite_marks import Marked

#: The databases whose statements are known here.
VENDORS: Final = frozenset({"mysql", "postgresql", "sqlite"})


class Statement:
    """SQL that is sent many times."""

    def __init__(self, sql: str, vendor: str) -> None:
        self._sql, self._marked = sql, Marked(sql) if vendor == "sqlite" else None

    def send(self, cursor: CursorWrapper, values: Sequence[Any]) -> None:
        """Have the database do it with these values."""
        if self._marked is not None:
            self._marked.tell(cursor)
        cursor.execute(self._sql, values)


def connection_of(row: Model) -> BaseDatabaseWrapper:
    """The connection by which Django would save the row."""
    return connections[router.db_for_write(type(row), instance=row)]


def is_unheard(model: type[Model], connection: BaseDatabaseWrapper) -> bool:
    """Whether nobody waits for ``pre_save`` or ``post_save`` of a model, whose statements can be built here."""
    is_simple = isinstance(model._meta.pk, AutoField | BigAutoField) and not model._meta.parents
    return is_simple and not is_heard(model, pre_save, post_save) and connection.vendor in VENDORS


def insert(row: Model, connection: BaseDatabaseWrapper) -> None:
    """Add a row without a key, and give it the key that it has got."""
    returns = connection.features.can_return_columns_from_insert
    statement, columns = _insertion(type(row), connection.vendor, connection.alias, returns)
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        statement.send(cursor, values(row, columns, connection, adds=True))
        if returns:
            row.pk = cursor.fetchone()[0]
        else:
            options: Any = row._meta
            row.pk = connection.ops.last_insert_id(cursor, options.db_table, options.pk.column)
    row._state.adding, row._state.db = False, connection.alias


def update(
    row: Model, connection: BaseDatabaseWrapper, changed: tuple[str, ...], found_by: tuple[str, ...]
) -> bool:
    """Write the columns of these attributes where those of ``found_by`` and the key are the row's; False where there is
    no such row."""
    statement, columns = _change(type(row), connection.vendor, connection.alias, changed, found_by)
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        statement.send(cursor, values(row, columns, connection, adds=False))
        is_there: bool = cursor.rowcount > 0
    if is_there:
        row._state.db = connection.alias
    return is_there


@lru_cache(maxsize=64)
def _insertion(model: type[Model], vendor: str, alias: str, returns: bool) -> tuple[Statement, list[Column]]:
    name, options = connections[alias].ops.quote_name, cast(Any, model._meta)
    fields = [field for field in options.local_concrete_fields if not field.primary_key]
    columns, places = ", ".join(name(field.column) for field in fields), ", ".join(["%s"] * len(fields))
    returning = f" RETURNING {name(options.db_table)}.{name(options.pk.column)}" if returns else ""
    sql = f"INSERT INTO {name(options.db_table)} ({columns}) VALUES ({places}){returning}"  # noqa: S608
    return Statement(sql, vendor), [column(field, vendor) for field in fields]


@lru_cache(maxsize=256)
def _change(
    model: type[Model], vendor: str, alias: str, changed: tuple[str, ...], found_by: tuple[str, ...]
) -> tuple[Statement, list[Column]]:
    name, options = connections[alias].ops.quote_name, cast(Any, model._meta)
    table, found = name(options.db_table), [*map(options.get_field, found_by), options.pk]
    fields = [field for field in options.local_concrete_fields if field.attname in changed]
    changes = ", ".join(f"{name(field.column)} = %s" for field in fields)
    where = " AND ".join(f"{table}.{name(field.column)} = %s" for field in found)
    where = f"({where})" if found_by else where
    sql = f"UPDATE {table} SET {changes} WHERE {where}"  # noqa: S608
    return Statement(sql, vendor), [column(field, vendor) for field in (*fields, *found)]
