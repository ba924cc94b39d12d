"""SQL that compares text the same way on SQLite, PostgreSQL, MariaDB and MySQL.

Left to themselves the four disagree: SQLite folds ASCII only, PostgreSQL sorts by locale, MariaDB takes
``ana``, ``Aná`` and ``ana `` for one word. Every comparison of a SCIM filter therefore goes through here:
byte-exact after an explicit folding, with NULL and empty text meaning "absent" (RFC 7643 section 2.5).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression, Func, Value
from django.db.models.functions import NullIf
from django.db.models.sql.compiler import SQLCompiler

from scim_provisioning.adapters.text_forms import Exactly, Sql, exact_collation

TEXT_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"})
#: What is true of a text for the signs that it is written with.
_BY_SIGNS = frozenset({"eq", "co", "sw", "ew"})
_HOLD_NOTHING = frozenset({"co", "sw", "ew", "gt", "ge", "ne"})
_ORDER = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


class Always(Expression):
    """A condition that is known before the database is asked."""

    conditional = True

    def __init__(self, truth: bool) -> None:
        super().__init__(output_field=models.BooleanField())
        self.truth = truth

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        return ("1 = 1" if self.truth else "1 = 0"), []


class TextMatch(Expression):
    """One SCIM comparison of text. Never NULL: an absent value is a plain "no", so that NOT is exact.

    ``left`` is :class:`Exactly`, :class:`Folded` or :class:`DocumentText`. The value goes through the same
    function as the column unless ``prepared`` says that it is already in the form that is stored.
    """

    conditional = True

    def __init__(self, left: Expression, op: str, value: str | None, *, prepared: bool = False) -> None:
        super().__init__(output_field=models.BooleanField())
        self.left, self.op = left, op
        form = None if prepared or not isinstance(left, Exactly) else type(left)
        texts = (value or "",) if form is None else form.forms(value or "")
        # In an order one of them has a place.
        self.texts = texts if op in _BY_SIGNS else texts[:1]
        self.lengths = [len(text) if form is None else form.length(text) for text in self.texts]
        values = map(Value, self.texts)
        self.rights: list[Expression] = [value if form is None else form(value) for value in values]

    def get_source_expressions(self) -> list[Any]:
        return [self.left, *self.rights]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self.left, *self.rights = exprs

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        found: list[Sql] = []
        for right, length in zip(self.rights, self.lengths, strict=True):
            (left, left_params), (sql, params) = compiler.compile(self.left), compiler.compile(right)
            sides: tuple[Sql, Sql] = (left, list(left_params)), (sql, list(params))
            found.append(text_condition(sides[0], self.op, sides[1], length, connection))
        if len(found) == 1:
            return found[0]
        joined = " OR ".join(sql for sql, _params in found)
        return f"({joined})", [param for _sql, params in found for param in params]


def text_condition(left: Sql, op: str, right: Sql, length: int, connection: BaseDatabaseWrapper) -> Sql:
    """``left op right`` as a condition that is false, never NULL, when ``left`` is absent.

    ``right`` is so many signs long. ``left`` stands in it once: it may be a function or a subquery that the database
    would ask twice.
    """
    sql, params = left
    if op == "pr":
        return f"COALESCE({sql}, '') <> ''", [*params]
    if not length:
        # Every text holds the empty one and comes after it; nothing that is there is equal to it or before it.
        if op in _HOLD_NOTHING:
            return text_condition(left, "pr", right, length, connection)
        return "1 = 0", []
    if op in ("lt", "le", "ne"):
        # These three are true of an empty text, so it must not stand for an absent one.
        comparison, params = _comparison((f"NULLIF({sql}, '')", params), op, right, length, connection)
        return f"COALESCE({comparison}, FALSE)", params
    return _comparison((f"COALESCE({sql}, '')", params), op, right, length, connection)


def _comparison(left: Sql, op: str, right: Sql, length: int, connection: BaseDatabaseWrapper) -> Sql:
    sql, params = left
    value, value_params = right
    if op in _ORDER:
        return f"{sql} {_ORDER[op]} {value}", [*params, *value_params]
    # No LIKE: it would need escaping, and ignores case on SQLite.
    if op == "co":
        function = "STRPOS" if connection.vendor == "postgresql" else "INSTR"
        return f"{function}({sql}, {value}) > 0", [*params, *value_params]
    if op == "sw":
        return f"SUBSTR({sql}, 1, {length:d}) = {value}", [*params, *value_params]
    if connection.vendor == "sqlite":
        return f"SUBSTR({sql}, {-length:d}) = {value}", [*params, *value_params]
    return f"RIGHT({sql}, {length:d}) = {value}", [*params, *value_params]


def json_path(*keys: str) -> str:
    """A JSON path of quoted keys: URNs hold dots and colons, and no key is ever the client's text."""
    return "$" + "".join("." + json.dumps(key) for key in keys)


class DocumentText(Func):
    """The text at ``keys`` in a JSON column (its name, or an expression); NULL when absent.

    In ``ProvisionedUser.search`` it is in the form that is compared already.
    """

    output_field: ClassVar[models.Field[Any, Any]] = models.TextField()

    def __init__(self, column: Any, *keys: str) -> None:
        super().__init__(models.F(column) if isinstance(column, str) else column)
        self.keys = keys

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Sql:  # type: ignore[override]
        sql, params = compiler.compile(self.source_expressions[0])
        return self.extract(sql, list(params), connection)

    def extract(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        """The SQL of what stands at the keys of the JSON value ``sql``."""
        return extract_text(sql, params, self.keys, connection)


class ValueText(DocumentText):
    """The text at ``keys`` in a JSON column of the host's; NULL where anything else stands there. Without a collation,
    for :class:`Exactly` and :class:`Folded`: PostgreSQL's LOWER of a text collated by bytes knows ASCII only."""

    kinds: ClassVar[str] = "'string', 'text', 'STRING'"

    def extract(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        kind, of_kind = self.kind(sql, params, connection)
        then, value = self.then(sql, params, connection)
        return f"CASE WHEN {kind} IN ({self.kinds}) THEN {then} END", [*of_kind, *value]

    def kind(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        """The SQL of what kind of JSON value it is, as each database calls them."""
        if connection.vendor == "postgresql":
            return f"JSONB_TYPEOF({sql} #> %s::text[])", [*params, list(self.keys)]
        kind = (
            f"JSON_TYPE({sql}, %s)"
            if connection.vendor == "sqlite"
            else f"JSON_TYPE(JSON_EXTRACT({sql}, %s))"
        )
        return kind, [*params, json_path(*self.keys)]

    def then(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        """The SQL of the value, where it is of that kind."""
        return _any_text(sql, params, self.keys, connection)


class DocumentFlag(ValueText):
    """``true`` or ``false`` at ``keys``, as text."""

    kinds = "'boolean', 'true', 'false', 'BOOLEAN'"

    def then(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        if connection.vendor == "sqlite":
            # JSON_EXTRACT would answer 1 and 0.
            return self.kind(sql, params, connection)
        return extract_text(sql, params, self.keys, connection)


class DocumentNumber(ValueText):
    """The number at ``keys``; no cast would survive anything else."""

    output_field: ClassVar[models.Field[Any, Any]] = models.FloatField()
    kinds = "'number', 'integer', 'real', 'INTEGER', 'DOUBLE', 'DECIMAL'"

    def then(self, sql: str, params: list[Any], connection: BaseDatabaseWrapper) -> Sql:
        if connection.vendor == "postgresql":
            return f"({sql} #>> %s::text[])::double precision", [*params, list(self.keys)]
        return f"JSON_EXTRACT({sql}, %s) + 0.0", [*params, json_path(*self.keys)]


def sort_text(text: Expression) -> Expression:
    """``text`` as a sort key: whoever has none sorts as NULL."""
    return NullIf(text, Value(""), output_field=models.TextField())


def extract_text(sql: str, params: list[Any], keys: Sequence[str], connection: BaseDatabaseWrapper) -> Sql:
    """The SQL of the text at ``keys`` inside the JSON value ``sql``, to be compared byte by byte."""
    text, given = _any_text(sql, params, keys, connection)
    return f"{text}{exact_collation(connection)}", given


def _any_text(sql: str, params: list[Any], keys: Sequence[str], connection: BaseDatabaseWrapper) -> Sql:
    if connection.vendor == "postgresql":
        return f"({sql} #>> %s::text[])", [*params, list(keys)]
    if connection.vendor == "sqlite":
        return f"JSON_EXTRACT({sql}, %s)", [*params, json_path(*keys)]
    return f"CONVERT(JSON_UNQUOTE(JSON_EXTRACT({sql}, %s)) USING utf8mb4)", [*params, json_path(*keys)]


#: A condition on one element: ("and"|"or", parts...), ("not", part), ("always", bool) or (sub, op, value).
ElementCondition = tuple[Any, ...]


class ElementExists(Expression):
    """Whether any element of the JSON array at ``keys`` fulfils a condition (RFC 7644 value paths)."""

    conditional = True

    def __init__(self, column: str, keys: Sequence[str], condition: ElementCondition) -> None:
        super().__init__(output_field=models.BooleanField())
        self.column: Expression = models.F(column)  # type: ignore[assignment]
        self.keys, self.condition = tuple(keys), condition

    def get_source_expressions(self) -> list[Any]:
        return [self.column]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        (self.column,) = exprs

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        column, params = compiler.compile(self.column)
        if connection.vendor == "postgresql":
            elements = f"JSONB_ARRAY_ELEMENTS({column} #> %s::text[]) AS scim_element(value)"
            source = [*params, list(self.keys)]
        elif connection.vendor == "sqlite":
            elements = f"JSON_EACH({column}, %s) AS scim_element"
            source = [*params, json_path(*self.keys)]
        else:
            path = json_path(*self.keys).replace("'", "''")
            elements = f"JSON_TABLE({column}, '{path}[*]' COLUMNS (value JSON PATH '$')) AS scim_element"
            source = [*params]
        condition, values = element_condition(self.condition, connection)
        # Nothing of the client's is in the text: keys are schema names, values are parameters.
        return f"EXISTS (SELECT 1 FROM {elements} WHERE {condition})", [*source, *values]  # noqa: S608


def element_condition(condition: ElementCondition, connection: BaseDatabaseWrapper) -> Sql:
    """The SQL of a condition on ``scim_element.value``."""
    head, *rest = condition
    if head == "always":
        return ("1 = 1" if rest[0] else "1 = 0"), []
    if head == "not":
        sql, params = element_condition(rest[0], connection)
        return f"NOT ({sql})", params
    if head in ("and", "or"):
        parts = [element_condition(part, connection) for part in rest]
        joined = f" {head.upper()} ".join(f"({sql})" for sql, _ in parts)
        return joined, [param for _, params in parts for param in params]
    op, value = rest
    left = extract_text("scim_element.value", [], (head,), connection)
    return text_condition(
        left, op, (f"%s{exact_collation(connection)}", [value]), len(value or ""), connection
    )
