"""A kind of the host's own, as docs/kinds.md shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.models import Func, Q
from django.db.models.expressions import Expression
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual

import scim_provisioning.adapters as scim

COMPARE = {
    "eq": Exact,
    "gt": GreaterThan,
    "ge": GreaterThanOrEqual,
    "lt": LessThan,
    "le": LessThanOrEqual,
}


class BadgeNumber(Func):
    """The number in a column of badges; NULL where there is none."""

    output_field = models.BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # SQLite has no regular expressions; LTRIM takes the letters off.
        template = "CAST(NULLIF(LTRIM(%(expressions)s, 'B-'), '') AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # A cast of "B-17" itself would be an error, not 0.
        template = "CAST(SUBSTRING(%(expressions)s FROM '[0-9]+') AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # MariaDB and MySQL: no match is '', and integers are called SIGNED.
        template = "CAST(NULLIF(REGEXP_SUBSTR(%(expressions)s, '[0-9]+'), '') AS SIGNED)"
        return self.as_sql(compiler, connection, template=template, **extra)


class Badge(scim.MappedAttribute):
    """``B-17``, sent as ``B-17``, ``b-0017`` or ``17``; compared and sorted by its number."""

    label = "badge"
    field_types = (models.CharField,)
    operators = frozenset({*COMPARE, "ne", "pr"})

    @staticmethod
    def number(value: Any) -> int | None:
        found = re.fullmatch(r"(?:B-)?(\d{1,9})", str(value).strip(), re.IGNORECASE)
        return int(found[1]) if found else None

    # What is shown: what was sent, while the column means the same; else the column.
    def same(self, sent: Any, current: Any) -> bool:
        return self.number(sent) == self.number(current)

    def assign(self, row: models.Model, field: Any, value: Any, person: scim.Person) -> None:
        number = self.number(value)
        if number is None:
            raise self.refusal("expected a badge such as B-17.")
        setattr(row, field.attname, f"B-{number}")

    # What filters and sortBy ask the database.
    def operand(self, value: Any) -> Any:
        number = self.number(value)
        return scim.NO_SUCH_VALUE if number is None else number

    def condition(self, column: scim.Column, op: str, operand: Any) -> Q:
        number = BadgeNumber(column.value())
        has_one = Q(IsNull(number, False))
        return has_one if op == "pr" else has_one & Q(COMPARE[op](number, operand))

    def order(self, column: scim.Column) -> Expression:
        return BadgeNumber(column.value())

    # What manage.py check says.
    def problems(self, source: Any, field: Any) -> Iterator[scim.MappingProblem]:
        if field.max_length < 11:
            message = f"'{self.target}' is too short for a badge of nine digits"
            advice = "Give the column max_length=11."
            yield scim.MappingProblem("unwritable", self.path, self.target, message, advice)
