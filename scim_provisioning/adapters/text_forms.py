"""The text of a column in the form in which it is compared, the same on every database.

Left to themselves they disagree: SQLite folds ASCII only, PostgreSQL folds and sorts by locale, MariaDB takes ``ana``,
``Aná`` and ``ana `` for one word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Col, Func
from django.db.models.sql.compiler import SQLCompiler

from scim_provisioning.adapters import letters
from scim_provisioning.protocol.spelling import compositions

Sql = tuple[str, list[Any]]

#: The names of the functions that SQLite lacks; registered on every new connection by the AppConfig.
SQLITE_LOWER = "scim_lower"
SQLITE_FOLD = "scim_fold"


def register_sqlite_functions(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Receiver of ``connection_created``: gives SQLite a LOWER that knows more than ASCII, and a folding."""
    if connection.vendor == "sqlite":
        for name, change in ((SQLITE_LOWER, str.lower), (SQLITE_FOLD, letters.folded)):
            connection.connection.create_function(name, 1, _of_text(change), deterministic=True)


def _of_text(change: Callable[[str], str]) -> Callable[[Any], str | None]:
    return lambda value: None if value is None else change(str(value))


#: PostgreSQL's word for the collation of the database, which knows the case of all letters.
DATABASE_COLLATION = ' COLLATE "default"'


def exact_collation(connection: BaseDatabaseWrapper) -> str:
    """The COLLATE clause under which only identical text is equal and order is by code point."""
    if connection.vendor == "postgresql":
        return ' COLLATE "C"'
    if connection.vendor == "mysql":
        # utf8mb4_bin would pad: 'ana ' = 'ana'.
        nopad = "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"  # type: ignore[attr-defined]
        return f" COLLATE {nopad}"
    return ""


class Exactly(Func):
    """The text of a column, compared byte by byte."""

    output_field: ClassVar[models.Field[Any, Any]] = models.TextField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        return f"{self.wrap(sql, connection)}{exact_collation(connection)}", list(params)

    def wrap(self, sql: str, connection: BaseDatabaseWrapper) -> str:
        if connection.vendor == "mysql":
            return f"CONVERT({sql} USING utf8mb4)"
        return f"({sql})::text" if connection.vendor == "postgresql" else sql

    @staticmethod
    def forms(text: str) -> tuple[str, ...]:
        """The texts that are looked for where ``text`` is meant."""
        return (text,)

    @staticmethod
    def length(text: str) -> int:
        """How long ``text`` is in this form."""
        return len(text)


class Lowered(Exactly):
    """The text of a column in small letters, as an index on LOWER has it."""

    def wrap(self, sql: str, connection: BaseDatabaseWrapper) -> str:
        text = super().wrap(sql, connection)
        if connection.vendor == "sqlite":
            return f"{SQLITE_LOWER}({text})"
        if connection.vendor == "postgresql" and _has_own_collation(self.source_expressions[0]):
            text += DATABASE_COLLATION
        return f"LOWER({text})"


class Folded(Exactly):
    """The text of a column without its case, for attributes whose ``caseExact`` is false; see ``letters``."""

    def wrap(self, sql: str, connection: BaseDatabaseWrapper) -> str:
        text = super().wrap(sql, connection)
        if connection.vendor == "sqlite":
            return f"{SQLITE_FOLD}({text})"
        # By bytes, PostgreSQL's LOWER knows ASCII only, and MariaDB's REPLACE would take one letter for another.
        text += DATABASE_COLLATION if connection.vendor == "postgresql" else exact_collation(connection)
        return _replaced(f"LOWER({_replaced(text, letters.BEFORE)})", letters.AFTER)

    @staticmethod
    def forms(text: str) -> tuple[str, ...]:
        return compositions(text)

    @staticmethod
    def length(text: str) -> int:
        return len(letters.folded(text))


class SingleSpaced(Exactly):
    """A name of a row without spaces around, and with one where there are several: as names are compared, and shown
    (``one_space`` is the same in Python)."""

    #: No text of anybody's holds it.
    _MARK: ClassVar = "\x01"
    _ONE: ClassVar[Mapping[str, str]] = {" ": f" {_MARK}", f"{_MARK} ": "", _MARK: ""}

    def wrap(self, sql: str, connection: BaseDatabaseWrapper) -> str:
        # By bytes: to MariaDB's collations the mark is no letter at all.
        text = super().wrap(sql, connection) + exact_collation(connection)
        return f"TRIM({_replaced(text, self._ONE)})"


def one_space(text: str) -> str:
    """Words with one space between them."""
    return " ".join(text.split())


def _replaced(sql: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        sql = f"REPLACE({sql}, '{old}', '{new}')"
    return sql


def _has_own_collation(expression: Any) -> bool:
    """Whether a column of it has a collation of the host's choice."""
    if isinstance(expression, Col):
        return bool(getattr(expression.target, "db_collation", None))
    return any(map(_has_own_collation, expression.get_source_expressions()))
