"""How the database would answer a statement: which table is read by which index, and what is sorted.

For SQLite, PostgreSQL and MariaDB or MySQL, with many rows and their statistics gathered: of a few rows a database
rightly reads them all. Statements come as querysets, or as ``CaptureQueriesContext`` has captured them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.test.utils import CaptureQueriesContext

#: A table of so few rows may be read from end to end.
FEW = 1_000

_FRAMES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ", "PRAGMA", "SHOW ")


@dataclass(frozen=True)
class Step:
    """One table that the plan reads; ``seeks`` says that it is entered by a value and not read from end to end."""

    table: str
    index: str
    seeks: bool


@dataclass(frozen=True)
class Plan:
    """What a database says of one statement; ``text`` is all of it, for whoever reads a failed test."""

    steps: tuple[Step, ...]
    sorts: bool
    text: str

    def indexes(self, table: str) -> set[str]:
        """The indexes by which a table is entered."""
        return {step.index for step in self.steps if step.table == table and step.seeks}


def assert_uses_index(
    statement: models.QuerySet[Any] | str,
    *indexes: str,
    tables: Collection[str] | None = None,
    may_sort: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> Plan:
    """``statement`` reads no table from end to end: none of ``tables``, by default none of 1,000 rows or more. Each of
    ``indexes``, by name, leads it. With ``may_sort=False`` nothing is sorted either."""
    plan = explain(statement, using=using)
    watched = tables if tables is not None else _large({step.table for step in plan.steps}, using)
    scanned = [step.table for step in plan.steps if step.table in watched and not step.seeks]
    assert not scanned, f"{scanned} read from end to end by\n{_sql(statement, using)}\n{plan.text}"
    led = {step.index for step in plan.steps if step.seeks}
    missing = set(indexes) - led
    assert not missing, f"{missing} not used, but {led}, by\n{_sql(statement, using)}\n{plan.text}"
    assert may_sort or not plan.sorts, f"sorted:\n{_sql(statement, using)}\n{plan.text}"
    return plan


def explain(statement: models.QuerySet[Any] | str, *, using: str = DEFAULT_DB_ALIAS) -> Plan:
    """The plan of a queryset or a captured statement. The statement is not run."""
    sql = _sql(statement, using)
    vendor = connections[using].vendor
    with connections[using].cursor() as cursor:
        cursor.execute(f"{_EXPLAIN[vendor]} {sql}")
        rows = cursor.fetchall()
    return _READERS[vendor](rows, sql)


@contextmanager
def statements(using: str = DEFAULT_DB_ALIAS) -> Iterator[list[str]]:
    """The statements that are sent inside, without those that only frame a transaction."""
    sent: list[str] = []
    with CaptureQueriesContext(connections[using]) as captured:
        yield sent
    sent += [query["sql"] for query in captured if not query["sql"].upper().startswith(_FRAMES)]


def gather_statistics(using: str = DEFAULT_DB_ALIAS) -> None:
    """Let the database look at how many rows there are. On MariaDB and MySQL this commits."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            there = connection.introspection.table_names(cursor)
            tables = {model._meta.db_table for model in apps.get_models()} & set(there)
            cursor.execute(f"ANALYZE TABLE {', '.join(f'`{table}`' for table in sorted(tables))}")
            cursor.fetchall()
        else:
            cursor.execute("ANALYZE")


def _sql(statement: models.QuerySet[Any] | str, using: str) -> str:
    if isinstance(statement, str):
        return statement
    sql, params = statement.using(using).query.get_compiler(using).as_sql()
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            return str(connection.ops.compose_sql(sql, params)) if params else str(cursor.mogrify(sql))
    quoted = tuple(_quoted(param) for param in params)
    return sql % quoted if quoted else sql


def _quoted(value: Any) -> str:
    if value is None or isinstance(value, (bool, int, float)):
        return "NULL" if value is None else str(int(value) if isinstance(value, bool) else value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _large(tables: set[str], using: str) -> set[str]:
    connection = connections[using]
    found = set()
    with connection.cursor() as cursor:
        for table in tables & set(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - a table's name
            found |= {table} if cursor.fetchone()[0] >= FEW else set()
    return found


# --- what each database says

_EXPLAIN = {
    "sqlite": "EXPLAIN QUERY PLAN",
    "postgresql": "EXPLAIN (FORMAT JSON)",
    "mysql": "EXPLAIN FORMAT=JSON",
}


def _aliases(sql: str) -> dict[str, str]:
    """The tables by the names that a statement gives them."""
    quote = '["`]'
    named = re.findall(rf"(?:FROM|JOIN)\s+{quote}(\w+){quote}(?:\s+(?:AS\s+)?{quote}?(\w+){quote}?)?", sql)
    keywords = {"WHERE", "INNER", "LEFT", "ON", "ORDER", "GROUP", "LIMIT", "INDEXED", "UNION", "FOR"}
    return {alias: table for table, alias in named if alias and alias.upper() not in keywords}


def _sqlite(rows: list[tuple[Any, ...]], sql: str) -> Plan:
    aliases = _aliases(sql)
    details = [str(row[3]) for row in rows]
    steps = []
    for detail in details:
        found = re.match(r"(SCAN|SEARCH) (\S+)(?: USING (.*))?", detail)
        if found is None or found[2] in {"CONSTANT", "(subquery)"}:
            continue
        how = found[3] or ""
        index = re.search(r"INDEX (\S+)", how)
        name = index[1] if index else "primary key" if "PRIMARY KEY" in how else ""
        steps.append(Step(aliases.get(found[2], found[2]), name, found[1] == "SEARCH"))
    return Plan(tuple(steps), any("TEMP B-TREE" in detail for detail in details), "\n".join(details))


def _postgresql(rows: list[tuple[Any, ...]], sql: str) -> Plan:
    plan = rows[0][0] if not isinstance(rows[0][0], str) else json.loads(rows[0][0])
    nodes = list(_nodes(plan[0]["Plan"], ""))
    steps = [
        Step(
            table,
            node.get("Index Name", ""),
            bool(node.get("Index Cond")) or node["Node Type"] == "Tid Scan",
        )
        for table, node in nodes
        if table and "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan"
    ]
    sorts = any("Sort" in node["Node Type"] for _, node in nodes)
    return Plan(tuple(steps), sorts, json.dumps(plan, indent=1))


def _nodes(node: dict[str, Any], table: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node with its table; the parts of a bitmap have that of the whole."""
    own = node.get("Relation Name", table if node["Node Type"].startswith("Bitmap") else "")
    yield own, node
    inherited = own or (table if node["Node Type"].startswith("Bitmap") else "")
    for child in node.get("Plans", ()):
        yield from _nodes(child, inherited)


def _mysql(rows: list[tuple[Any, ...]], sql: str) -> Plan:
    text = str(rows[0][0])
    aliases, steps = _aliases(sql), []
    tables = list(_values(json.loads(_JSON_TEXT.sub(_as_json, text)), "table"))
    for table in tables:
        if not isinstance(table, dict) or "table_name" not in table:
            continue
        name = table["table_name"]
        seeks = table.get("access_type") not in {"ALL", "index"}
        index = table.get("key", "")
        steps.append(Step(aliases.get(name, name), "primary key" if index == "PRIMARY" else index, seeks))
    return Plan(tuple(steps), "filesort" in text, text)


#: A line with a text. MariaDB leaves quotes in it as they are, and quotes apostrophes.
_JSON_TEXT = re.compile(r'^(\s*"\w+": )"(.*)"(,?)$', re.MULTILINE)


def _as_json(line: re.Match[str]) -> str:
    return f"{line[1]}{json.dumps(line[2])}{line[3]}"


def _values(tree: Any, wanted: str) -> Iterator[Any]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == wanted:
                yield value
            yield from _values(value, wanted)
    elif isinstance(tree, list):
        for item in tree:
            yield from _values(item, wanted)


_READERS = {"sqlite": _sqlite, "postgresql": _postgresql, "mysql": _mysql}
