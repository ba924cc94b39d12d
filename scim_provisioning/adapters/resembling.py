"""Texts that resemble what somebody typed, in SQL: the same on SQLite, PostgreSQL, MariaDB and MySQL.

None of them leaves accents out in a way that the others know: PostgreSQL would need an extension, SQLite a function of
ours for each row, and MariaDB's collations do so letter by letter only. All of them know regular expressions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

from scim_provisioning.adapters.text_forms import Exactly, Sql

_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


class _OfText(Expression):
    """A condition about a text, compared byte by byte."""

    conditional = True

    def __init__(self, text: Expression | models.F) -> None:
        super().__init__(output_field=models.BooleanField())
        self.text: Expression = Exactly(text)

    def get_source_expressions(self) -> list[Any]:
        return [self.text]

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        (self.text,) = exprs


class Resembles(_OfText):
    """Whether a regular expression of ``protocol.accents`` is somewhere in a text. Never NULL: of no text it is a plain
    "no". The patterns tell letters apart by themselves, so that no collation has to. Several have to be there all: of
    everybody but a few the first, if it is the quickest, tells enough."""

    def __init__(self, text: Expression | models.F, *patterns: str) -> None:
        super().__init__(text)
        self.patterns = patterns

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        sql, params = compiler.compile(self.text)
        operator = "~" if connection.vendor == "postgresql" else "REGEXP"
        conditions = " AND ".join([f"{sql} {operator} %s"] * len(self.patterns))
        return f"COALESCE({conditions}, FALSE)", [each for one in self.patterns for each in (*params, one)]


class Mentions(Resembles):
    """Whether JSON has ``protocol.accents.mentioned`` somewhere, asked before what it says is: on SQLite and MariaDB
    that is quicker than reading the JSON. Where it is kept taken apart it is not, and nothing is asked."""

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:
        return "TRUE", []


class HoldsAny(_OfText):
    """On PostgreSQL, whether one of some texts is somewhere in a text, letters of ASCII in any case: each is looked for
    by itself, which takes half the time that a pattern of all of them takes. NULL of no text."""

    def __init__(self, text: Expression | models.F, wanted: Iterable[str]) -> None:
        super().__init__(text)
        self.wanted = [text.translate(_SMALL) for text in wanted]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Sql:  # type: ignore[override]
        sql, params = compiler.compile(self.text)
        inside = [f"%{connection.ops.prep_for_like_query(text)}%" for text in self.wanted]
        return f"LOWER({sql}) LIKE ANY(%s)", [*params, inside]
