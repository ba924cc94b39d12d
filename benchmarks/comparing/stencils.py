"""Many rows that differ in nothing but a number, written at once: some 50 microseconds a row, where a model takes 500.

A stencil is cut from one row, made as ever through its model, of the person whose number is ``SAMPLE`` and whose key is
``key(SAMPLE)``. Wherever these stand in it, another person's are put.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models

from benchmarks.comparing import people

#: Of each kind of people one is cut: ``SAMPLE`` and the numbers after it, above those of all who are made.
SAMPLE = 9_000_000
_BATCH = 2000

Row = tuple[Any, ...]


def key(number: int) -> int:
    """Primary key of a person's row in every table."""
    return number + 1


class Stencil:
    """One row of a model, for any number of its kind."""

    def __init__(self, row: models.Model, sample: int) -> None:
        self._values = [_for_database(field, row) for field in row._meta.concrete_fields]
        self._number = f"{sample:07d}"
        places = range(len(self._values))
        self._keys = [place for place in places if self._values[place] == key(sample)]
        self._ids = [place for place in places if self._values[place] == people.scim_id(sample)]
        self._texts = [place for place in places if self._number in str(self._values[place])]
        self._texts = [place for place in self._texts if place not in (*self._keys, *self._ids)]

    def row(self, number: int) -> Row:
        values = list(self._values)
        text = f"{number:07d}"
        for place in self._texts:
            values[place] = values[place].replace(self._number, text)
        for place in self._keys:
            values[place] = key(number)
        for place in self._ids:
            values[place] = people.scim_id(number)
        return tuple(values)


def _for_database(field: Any, row: models.Model) -> Any:
    value = field.pre_save(row, True)
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    return field.get_db_prep_save(value, connection)


def insert(model: type[models.Model], stencils: Sequence[Stencil], numbers: Iterable[int]) -> None:
    """Write the rows of ``numbers``; ``stencils`` are one for each kind. The caller has begun a transaction."""
    rows = (stencils[number % people.KINDS].row(number) for number in numbers)
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(field.column) for field in model._meta.concrete_fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(model._meta.concrete_fields))
            while batch := [row for _, row in zip(range(_BATCH), rows, strict=False)]:
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", batch)  # noqa: S608
        # What is inserted by others goes on after these keys.
        for statement in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(statement)
