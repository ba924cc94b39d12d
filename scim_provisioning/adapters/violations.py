"""What a database says when it refuses a row, read on PostgreSQL, MariaDB, MySQL and SQLite.

PostgreSQL answers in fields (``diag``), MariaDB and MySQL with a number and a sentence, SQLite with a sentence.
Values are never read out of it; they stay in ``sentence``, which is for administrators who may see values.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import DatabaseError, DataError, IntegrityError

from scim_provisioning.databases.words import without_values


class Rule(enum.Enum):
    """Which kind of rule a row broke."""

    UNIQUE = "unique"
    NOT_NULL = "not null"
    LENGTH = "length"
    #: A check, a foreign key, the range of a number: whatever else a table may ask for.
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Violation:
    """What was broken, as far as the database named it. ``expression`` is SQL in which column names may stand."""

    rule: Rule
    sentence: str
    table: str = ""
    columns: tuple[str, ...] = ()
    constraint: str = ""
    expression: str = ""


_LONGEST_SENTENCE: Final = 500
#: Columns whose value is not even for administrators.
_SECRET: Final = re.compile("passw|secret|token|hash", re.I)


def read(error: DatabaseError) -> Violation | None:
    """What ``error`` says about the row that was refused; None when the row is not to blame (a lost connection, a
    deadlock, a missing table)."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None:
        violation = _postgresql(error, diagnosis)
    elif error.args and isinstance(error.args[0], int):
        violation = _mysql(error)
    else:
        violation = _sqlite(error)
    if violation is None and isinstance(error, IntegrityError | DataError):
        violation = Violation(Rule.OTHER, _one_line(error))
    return violation


def sentence(error: DatabaseError) -> str:
    """The database's own words on one line, without values of rows."""
    violation = read(error)
    if violation is not None:
        return violation.sentence
    words = error.args[1] if len(error.args) > 1 and isinstance(error.args[0], int) else error
    return _one_line(words)


# --- PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html (classes 22 and 23)

_SQLSTATES: Final = {
    "23505": Rule.UNIQUE,
    "23P01": Rule.UNIQUE,  # an exclusion constraint: another row stands in the way, too
    "23502": Rule.NOT_NULL,
    "22001": Rule.LENGTH,
}
_FOREIGN_KEY_STATE: Final = "23503"
# "Key (organization_id, name)=(7, Sales) already exists.", in whatever language.
_KEY: Final = re.compile(r"\((.*?)\)=\(")


def _postgresql(error: DatabaseError, diagnosis: Any) -> Violation | None:
    state: str = getattr(error.__cause__, "sqlstate", None) or getattr(error.__cause__, "pgcode", None) or ""
    rule = _SQLSTATES.get(state) or (Rule.OTHER if state[:2] in ("22", "23") else None)
    if rule is None:
        return None
    primary, detail = diagnosis.message_primary or "", diagnosis.message_detail or ""
    # Only these name a key. Other details are the whole row ("Failing row contains ..."), the account's password
    # hash and texts of the client's included, which may look like a key.
    key = _KEY.search(detail) if rule is Rule.UNIQUE or state == _FOREIGN_KEY_STATE else None
    violation = Violation(
        rule,
        _one_line(primary),
        table=diagnosis.table_name or "",
        columns=(diagnosis.column_name,) if diagnosis.column_name else (),
        constraint=diagnosis.constraint_name or "",
        expression=key[1] if key else "",
    )
    if state == _FOREIGN_KEY_STATE and not violation.constraint.startswith(
        f"{violation.table}_{violation.expression}"
    ):
        # The row that others point at is gone: the key is that row's, the table that of the others.
        violation = replace(violation, expression="")
    if key and not _is_secret(violation):
        violation = replace(violation, sentence=_one_line(f"{primary} {detail}"))
    return violation


# --- MariaDB and MySQL: https://mariadb.com/kb/en/mariadb-error-code-reference/
# Values come first in these sentences, so what is read stands at the end.

_DUPLICATE: Final = re.compile(r".*for key '([^']+)'\s*$", re.S)
_NO_VALUE: Final = re.compile(r"(?:Column|Field) '([^']+)' ")
_COLUMN: Final = re.compile(r".*for column (\S+) at row \d+\s*$", re.S)
_CHECK: Final = re.compile(r"CONSTRAINT `([^`]+)` failed for (\S+)\s*$")
_CHECK_OF_MYSQL: Final = re.compile(r"Check constraint '([^']+)' is violated")
_FOREIGN_KEY: Final = re.compile(r"\((?:`[^`]+`\.)?`([^`]+)`, CONSTRAINT `([^`]+)` FOREIGN KEY \(([^)]+)\)")

_DUPLICATE_NUMBERS: Final = {1062, 1586}
_NO_VALUE_NUMBERS: Final = {1048, 1364}
_COLUMN_NUMBERS: Final = {1264: Rule.OTHER, 1265: Rule.OTHER, 1366: Rule.OTHER, 1406: Rule.LENGTH}
_CHECK_NUMBERS: Final = {3819, 4025}
_FOREIGN_KEY_NUMBERS: Final = {1216, 1217, 1451, 1452}


def _mysql(error: DatabaseError) -> Violation | None:
    number, words = error.args[0], _one_line(error.args[1] if len(error.args) > 1 else "")
    if number in _DUPLICATE_NUMBERS:
        return _duplicate(words)
    if number in _NO_VALUE_NUMBERS:
        found = _NO_VALUE.search(words)
        return Violation(Rule.NOT_NULL, words, columns=(found[1],) if found else ())
    if number in _COLUMN_NUMBERS:
        table, columns = _qualified(found[1]) if (found := _COLUMN.match(words)) else ("", ())
        return Violation(_COLUMN_NUMBERS[number], words, table=table, columns=columns)
    if number in _CHECK_NUMBERS:
        return _check(words)
    if number in _FOREIGN_KEY_NUMBERS:
        if (found := _FOREIGN_KEY.search(words)) is None:
            return Violation(Rule.OTHER, words)
        columns = tuple(re.findall(r"`([^`]+)`", found[3]))
        return Violation(Rule.OTHER, words, table=found[1], columns=columns, constraint=found[2])
    return None


def _duplicate(words: str) -> Violation:
    found = _DUPLICATE.match(words)
    # MySQL 8 writes 'table.key', MariaDB 'key'.
    table, _, key = found[1].rpartition(".") if found else ("", "", "")
    violation = Violation(Rule.UNIQUE, words, table=table, constraint=key)
    return (
        replace(violation, sentence=f"Duplicate entry for key '{key}'")
        if _is_secret(violation)
        else violation
    )


def _check(words: str) -> Violation:
    if found := _CHECK.search(words):
        _, (table,) = _qualified(found[2])
        # MariaDB calls the check that stands at a column `table.column`.
        _, at_a_column, column = found[1].rpartition(".")
        columns = (column,) if at_a_column else ()
        return Violation(Rule.OTHER, words, table=table, columns=columns, constraint=found[1])
    found = _CHECK_OF_MYSQL.search(words)
    return Violation(Rule.OTHER, words, constraint=found[1] if found else "")


def _qualified(name: str) -> tuple[str, tuple[str, ...]]:
    """Table ("" when it is not named) and column of ```db`.`table`.`column```, or of ``'column'``."""
    *before, column = [part.strip("`'") for part in name.split(".")]
    return (before[-1] if before else ""), (column,)


# --- SQLite: https://www.sqlite.org/rescode.html#constraint

_OF_SQLITE: Final = {
    "UNIQUE constraint failed: ": Rule.UNIQUE,
    "NOT NULL constraint failed: ": Rule.NOT_NULL,
    "CHECK constraint failed: ": Rule.OTHER,
    "FOREIGN KEY constraint failed": Rule.OTHER,
}
_INDEX: Final = re.compile(r"index '([^']+)'")
_TABLE_AND_COLUMN: Final = re.compile(r"(\w+)\.(\w+)")


def _sqlite(error: DatabaseError) -> Violation | None:
    words = _one_line(error)
    for beginning, rule in _OF_SQLITE.items():
        if not words.startswith(beginning):
            continue
        rest = words[len(beginning) :]
        if found := _INDEX.match(rest):
            return Violation(rule, words, constraint=found[1])
        if beginning.startswith("CHECK"):
            # The name of the constraint, or its SQL when it has none.
            named = re.fullmatch(r"\w+", rest) is not None
            return Violation(rule, words, constraint=rest if named else "", expression=rest)
        named_columns = _TABLE_AND_COLUMN.findall(rest)
        table = named_columns[0][0] if named_columns else ""
        return Violation(rule, words, table=table, columns=tuple(column for _, column in named_columns))
    return None


def _is_secret(violation: Violation) -> bool:
    return any(
        _SECRET.search(text) for text in (violation.constraint, violation.expression, *violation.columns)
    )


def _one_line(words: object) -> str:
    return " ".join(without_values(str(words)).split())[:_LONGEST_SENTENCE]
