"""INSERT and UPDATE of this package's own rows, without what Django builds and compiles for each of them.

They do what ``Model.save`` does, and leave it to ``save`` where somebody could tell the difference: where a receiver
waits for ``pre_save`` or ``post_save``, where ``save`` is another one, on a database that is not known here, and where
an UPDATE meets no row. Rows of the host's: ``host_rows``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from django.db import connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.db.models.constants import OnConflict

from scim_provisioning.databases import row_statements
from scim_provisioning.databases.parameters import Column, column, values
from scim_provisioning.databases.row_statements import VENDORS


def insert(row: Model) -> None:
    """As ``row.save(force_insert=True)``."""
    connection = row_statements.connection_of(row)
    if not _is_unheard(type(row), connection) or row.pk is not None:
        row.save(force_insert=True)
        return
    row_statements.insert(row, connection)


def insert_missing(rows: Sequence[Model]) -> None:
    """As ``bulk_create(rows, ignore_conflicts=True)``, which tells nobody either; rows of one model (one statement)."""
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    if connection.vendor not in VENDORS:
        model._default_manager.bulk_create(rows, ignore_conflicts=True)
        return
    sql, columns = _missing(model, connection.vendor, connection.alias, len(rows))
    params = [value for row in rows for value in values(row, columns, connection, adds=True)]
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, params)


def update(row: Model, *, within: str, but: tuple[str, ...] = ()) -> None:
    """As ``row.save()``, of a row that is there; ``within`` is the column that names its tenant beside its key. The
    attributes ``but`` are in the database already."""
    connection = row_statements.connection_of(row)
    is_usual = _is_unheard(type(row), connection) and not row._state.adding and not row.get_deferred_fields()
    changed = _changed(type(row), within, but) if is_usual else ()
    if not is_usual or not row_statements.update(row, connection, changed, (within,)):
        row.save()


def _is_unheard(model: type[Model], connection: BaseDatabaseWrapper) -> bool:
    return model.save is Model.save and row_statements.is_unheard(model, connection)


@lru_cache(maxsize=64)
def _changed(model: type[Model], within: str, but: tuple[str, ...]) -> tuple[str, ...]:
    options = cast(Any, model._meta)
    left_out = {*but, options.get_field(within).attname, options.pk.attname}
    return tuple(field.attname for field in options.local_concrete_fields if field.attname not in left_out)


@lru_cache(maxsize=64)
def _missing(model: type[Model], vendor: str, alias: str, count: int) -> tuple[str, list[Column]]:
    ops, options = connections[alias].ops, cast(Any, model._meta)
    fields = [field for field in options.local_concrete_fields if not field.primary_key]
    names = ", ".join(ops.quote_name(field.column) for field in fields)
    places = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    begins = ops.insert_statement(on_conflict=OnConflict.IGNORE)
    ends = ops.on_conflict_suffix_sql(fields, OnConflict.IGNORE, [], [])
    sql = f"{begins} {ops.quote_name(options.db_table)} ({names}) VALUES {places} {ends}"
    return sql, [column(field, vendor) for field in fields]
