"""Which index of the host's finds a name however it is written: in any case, and with spaces around it.

Found by looking at the database, once a process and column; an index that comes later is noticed within ten minutes,
or by the next process. Nobody depends on it: without one the same rows are found by reading them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from time import monotonic
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper

#: Seconds after which it is asked again for an index that was not there.
_AGAIN_AFTER: Final = 600


class Form(Enum):
    """What an index holds of a text."""

    LOWER = "LOWER"
    UPPER = "UPPER"
    #: The text; to the column's type or collation case makes no difference.
    ANY_CASE = "any case"
    #: The very condition that is asked without an index: what was advised on PostgreSQL before ``scim_index``.
    AS_ASKED = "COALESCE"
    #: SQLite's NOCASE, which knows the case of ASCII letters only, as its LOWER and UPPER do.
    NOCASE = "NOCASE"


@dataclass(frozen=True, slots=True)
class NamedColumn:
    """A column by whose text rows are looked up in any case, ``trimmed``: with spaces around it too. The same query
    compares the columns of ``within`` with one value each, so that an index may begin with them."""

    field: Any
    within: frozenset[str] = frozenset()
    trimmed: bool = False

    @property
    def table(self) -> str:
        """Where it stands; that of a parent, for an inherited field."""
        return str(self.field.model._meta.db_table)


@dataclass(frozen=True, slots=True)
class NameIndex:
    """An index by which a name is found in any case, ``trims``: with spaces around it too. ``collation`` has to be said
    where it is not the column's, ``folds_by`` where the small letters are not those of the column's. ``apart``: letters
    that LOWER makes others and the column's collation does not."""

    name: str
    form: Form
    trims: bool = False
    collation: str = ""
    apart: str = ""
    folds_by: str = ""


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of an index: its text as the database writes it (a column, or an expression)."""

    text: str
    collation: str = ""
    ignores_case: bool = False
    apart: str = ""


@dataclass(frozen=True, slots=True)
class _Index:
    name: str
    keys: tuple[_Key, ...]


_found: dict[tuple[str, str, NamedColumn], tuple[NameIndex | None, float]] = {}


def for_any_case(column: NamedColumn, database: BaseDatabaseWrapper) -> NameIndex | None:
    """The index that answers a look-up, or None. Remembered; a query or two when it is asked for the first time."""
    key = (database.alias, database.settings_dict["NAME"], column)
    known = _found.get(key)
    if known is None or (known[0] is None and monotonic() - known[1] > _AGAIN_AFTER):
        known = _found[key] = (look_for(column, database), monotonic())
    return known[0]


def look_for(column: NamedColumn, database: BaseDatabaseWrapper) -> NameIndex | None:
    """The same, looked up now."""
    read = _READERS.get(database.vendor)
    is_own = has_own_collation(column, database)
    before = {name.lower() for name in column.within}
    for index in read(database, column.table) if read else ():
        for key in index.keys:
            if found := _answers(index.name, key, column, database.vendor, is_own):
                return found
            if _plain(key.text) not in before:
                break
    return None


#: PostgreSQL's COLLATE "default", bare.
_BY_DATABASE: Final = "collatedefault"


def forget(**kwargs: Any) -> None:
    """Look again. Receiver of ``post_migrate`` too."""
    _found.clear()


def has_own_collation(column: NamedColumn, database: BaseDatabaseWrapper) -> bool:
    """Whether a column has another collation than the database, on PostgreSQL: by bytes, LOWER knows ASCII only, and by
    another language it makes other letters. An index has to say by which collation it folds."""
    if database.vendor != "postgresql":
        return False
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT attcollation NOT IN (0, 100) FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attname = %s",
            [database.ops.quote_name(column.table), column.field.column],
        )
        found = cursor.fetchone()
    return bool(found and found[0])


def _answers(name: str, key: _Key, column: NamedColumn, vendor: str, is_own: bool) -> NameIndex | None:
    """What the index finds by this key, if that is the column's text in any case."""
    held, wanted = _plain(key.text), column.field.column.lower()
    folds_by = "default" if _BY_DATABASE in held else ""
    said = re.fullmatch(r"(lower|upper)\((b?trim\()?(.*?)\)*", _plain(held.replace(_BY_DATABASE, "")))
    if said and said[3] == wanted and bool(said[2]) == column.trimmed and is_own == bool(folds_by):
        return NameIndex(name, Form[said[1].upper()], column.trimmed, key.collation, folds_by=folds_by)
    if held == f"coalesce(lower({wanted})collatec,'')" and not column.trimmed and not is_own:
        return NameIndex(name, Form.AS_ASKED)
    if held != wanted or not key.ignores_case or key.collation:
        return None
    if vendor == "sqlite":
        return None if column.trimmed else NameIndex(name, Form.NOCASE)
    # Between spaces and the first visible sign is little enough to be read; only MySQL's kin have one order for both.
    return (
        None
        if column.trimmed and vendor != "mysql"
        else NameIndex(name, Form.ANY_CASE, column.trimmed, apart=key.apart)
    )


def _plain(text: str) -> str:
    """``LOWER((("name")::text))`` as ``lower(name)``."""
    bare = re.sub(r"::(?:text|character varying)|[\"`\[\]\s]|\b_utf8mb[34]\b", "", text.lower())
    bare = re.sub(r"trim\(bothfrom", "trim(", bare)
    while (less := re.sub(r"(?<!\w)\((\w+)\)", r"\1", bare)) != bare:
        bare = less
    return re.sub(r"^\((.*)\)$", r"\1", bare)


# --- what each database says


#: Every key of every index that is whole, in order. An expression has no name, and stands in the index's text only.
_SQLITE: Final = """
SELECT i.name, x.name, x.coll, COALESCE(m.sql, '')
FROM pragma_index_list(%s) AS i, pragma_index_xinfo(i.name) AS x
LEFT JOIN sqlite_master AS m ON m.type = 'index' AND m.name = i.name
WHERE i.partial = 0 AND x.key = 1
ORDER BY i.seq, x.seqno
"""


def _of_sqlite(database: BaseDatabaseWrapper, table: str) -> Iterator[_Index]:
    indexes: dict[str, list[_Key]] = {}
    with database.cursor() as cursor:
        cursor.execute(_SQLITE, [table])
        for name, column, collation, sql in cursor.fetchall():
            keys = indexes.setdefault(name, [])
            written = _split(sql)[len(keys) : len(keys) + 1]
            keys.append(_Key(column or "".join(written), ignores_case=collation.upper() == "NOCASE"))
    return (_Index(name, tuple(keys)) for name, keys in indexes.items())


def _split(sql: str) -> list[str]:
    """The keys in ``CREATE INDEX ... ON table (key, key)``."""
    inside = re.search(r"\bON\b[^(]*\((.*)\)", sql, re.IGNORECASE | re.DOTALL)
    keys, depth = [""], 0
    for character in inside[1] if inside else "":
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            keys.append("")
        else:
            keys[-1] += character
    return [re.sub(r"\s+(ASC|DESC)\s*$", "", key, flags=re.IGNORECASE) for key in keys]


#: Every key of every index that is whole, in order. A key that is a column has the column's collation or another.
_POSTGRESQL: Final = """
SELECT i.relname, pg_get_indexdef(i.oid, n.key + 1, true), t.typname,
       COALESCE(c.collisdeterministic, true),
       CASE WHEN c.oid <> COALESCE(a.attcollation, 100)
            THEN quote_ident(s.nspname) || '.' || quote_ident(c.collname) ELSE '' END,
       quote_ident(s.nspname) || '.' || quote_ident(c.collname)
FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_am m ON m.oid = i.relam AND m.amname IN ('btree', 'hash')
CROSS JOIN LATERAL generate_series(0, x.indnkeyatts - 1) AS n(key)
LEFT JOIN pg_collation c ON c.oid = x.indcollation[n.key]
LEFT JOIN pg_namespace s ON s.oid = c.collnamespace
LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[n.key] AND a.attnum > 0
LEFT JOIN pg_type t ON t.oid = a.atttypid
WHERE x.indrelid = to_regclass(%s) AND x.indisvalid AND x.indpred IS NULL
ORDER BY i.relname, n.key
"""


def _of_postgresql(database: BaseDatabaseWrapper, table: str) -> Iterator[_Index]:
    indexes: dict[str, list[_Key]] = {}
    with database.cursor() as cursor:
        cursor.execute(_POSTGRESQL, [database.ops.quote_name(table)])
        for name, text, kind, is_exact, said, collation in cursor.fetchall():
            ignores_case = kind == "citext"
            if not is_exact:
                # Accents alone may be what it ignores.
                cursor.execute(f"SELECT 'a' = 'A' COLLATE {collation}")
                ignores_case = cursor.fetchone()[0]
            indexes.setdefault(name, []).append(_Key(text, said, ignores_case))
    return (_Index(name, tuple(keys)) for name, keys in indexes.items())


#: Of all letters, tried on MariaDB 10.11: the signs of ohm, kelvin and ångström, and the I with a dot.
_APART: Final = {"_general_": "\u2126\u212a\u212b", "_as_ci": "\u0130"}


def _of_mysql(database: BaseDatabaseWrapper, table: str) -> Iterator[_Index]:
    # MariaDB has no index on an expression.
    expression = "NULL" if database.mysql_is_mariadb else "s.EXPRESSION"  # type: ignore[attr-defined]
    indexes: dict[str, list[_Key]] = {}
    with database.cursor() as cursor:
        cursor.execute(
            f"SELECT s.INDEX_NAME, s.COLUMN_NAME, {expression}, c.COLLATION_NAME "  # noqa: S608 - one of two words
            "FROM information_schema.STATISTICS s LEFT JOIN information_schema.COLUMNS c "
            "ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME "
            "WHERE s.TABLE_SCHEMA = DATABASE() AND s.TABLE_NAME = %s AND s.INDEX_TYPE = 'BTREE' "
            "ORDER BY s.INDEX_NAME, s.SEQ_IN_INDEX",
            [table],
        )
        for name, column, text, collation in cursor.fetchall():
            collation = collation or ""
            apart = next((letters for part, letters in _APART.items() if part in collation), "")
            key = _Key(column or text, ignores_case=collation.endswith("_ci"), apart=apart)
            indexes.setdefault(name, []).append(key)
    return (_Index(name, tuple(keys)) for name, keys in indexes.items())


_READERS: Final[dict[str, Callable[[BaseDatabaseWrapper, str], Iterator[_Index]]]] = {
    "sqlite": _of_sqlite,
    "postgresql": _of_postgresql,
    "mysql": _of_mysql,
}
