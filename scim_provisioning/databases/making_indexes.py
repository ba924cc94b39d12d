"""An index that finds a name in any case, for a column of the host's: its statement, and what goes without one."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name

from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import NamedColumn


def ignores_case(column: NamedColumn, database: BaseDatabaseWrapper) -> bool:
    """Whether the collation of a column takes "ANA" for "ana", on MariaDB and MySQL: it needs no index on LOWER."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT COLLATION_NAME FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = %s",
            [column.table, column.field.column],
        )
        found = cursor.fetchone()
    return bool(found and str(found[0]).endswith("_ci"))


def sql_of(column: NamedColumn, database: BaseDatabaseWrapper) -> str:
    """The statement that makes such an index; empty where the database has none of the kind: MariaDB, for a column
    whose collation tells "ANA" from "ana". On PostgreSQL it goes beside those who write, in no transaction."""
    quoted = database.ops.quote_name
    key = quoted(column.field.column)
    if database.vendor != "mysql" or not ignores_case(column, database):
        if database.vendor == "mysql" and database.mysql_is_mariadb:  # type: ignore[attr-defined]
            return ""
        if indexes.has_own_collation(column, database):
            key = f'({key})::text COLLATE "default"'
        key = f"LOWER(TRIM({key}))" if column.trimmed else f"LOWER({key})"
        key = f"({key})" if database.vendor == "mysql" else key
    keys = ", ".join([*map(quoted, sorted(column.within)), key])
    beside = "" if database.vendor != "postgresql" or database.in_atomic_block else "CONCURRENTLY "
    return f"CREATE INDEX {beside}{quoted(name_of(column, database))} ON {quoted(column.table)} ({keys})"


def name_of(column: NamedColumn, database: BaseDatabaseWrapper) -> str:
    """What that index is called."""
    columns = "_".join([*sorted(column.within), column.field.column])
    length = database.ops.max_name_length() or 63
    return truncate_name(f"{column.table}_{columns}_any_case", length)


def create(column: NamedColumn, database: BaseDatabaseWrapper) -> None:
    """Make it, beside those who write where the database can, and let the planner know. On PostgreSQL one of that name
    that an earlier attempt has left unfinished goes first."""
    statement = sql_of(column, database)
    quoted = database.ops.quote_name
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            beside = "" if database.in_atomic_block else "CONCURRENTLY "
            cursor.execute(f"DROP INDEX {beside}IF EXISTS {quoted(name_of(column, database))}")
        cursor.execute(statement)
        if database.vendor == "postgresql":
            cursor.execute(f"ANALYZE {quoted(column.table)}")
    indexes.forget()


def rows_of(model: type[models.Model], database: BaseDatabaseWrapper) -> int:
    """How many rows a table has, by the planner's statistics where it has some, or counted."""
    statistics = {
        "postgresql": "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(%s)",
        "mysql": "SELECT TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
    }
    table = model._meta.db_table
    if said := statistics.get(database.vendor):
        with database.cursor() as cursor:
            cursor.execute(
                said, [database.ops.quote_name(table) if database.vendor == "postgresql" else table]
            )
            found = cursor.fetchone()
        if found and found[0] and found[0] > 0:
            return int(found[0])
    return model._base_manager.using(database.alias).count()
