"""Sample values for any line of a mapping, from its published type and its column; a host may name its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from scim_provisioning.testing.mapped import Mapped

Samples = Mapping[str, Sequence[Any] | Callable[[int], Any]]
"""By SCIM path: at least two different values that the column takes, or a function of a person's number."""


def sample(line: Mapped, number: int, own: Samples) -> Any:
    """The value of person ``number``; two neighbours get different ones. ``own`` are the host's.

    Raises AssertionError with what to write, where no value can be known from here.
    """
    given = own.get(line.path) or own.get(line.entry.declaration.path)
    if given is not None:
        return _given(line.path, given, number)
    if not line.makes_rows:
        raise AssertionError(
            f"{line.path} takes only names that exist. Make two rows in make_connection, and name them: "
            f"samples = {{'{line.path}': ['…', '…']}}."
        )
    return [_made(line, number)] if line.is_list else _made(line, number)


def _given(path: str, given: Sequence[Any] | Callable[[int], Any], number: int) -> Any:
    if callable(given):
        return given(number)
    if isinstance(given, str) or len(given) < 2 or given[0] == given[1]:
        raise AssertionError(f"samples['{path}'] needs at least two different values, in a list.")
    return given[number % len(given)]


def _made(line: Mapped, number: int) -> Any:
    if line.canonical_values:
        return line.canonical_values[number % len(line.canonical_values)]
    match line.type:
        case "boolean":
            # First the one that is not the model's default, so that it has to be written.
            return (number % 2 == 0) is not (line.field.get_default() is True)
        case "integer":
            return _whole_number(line, number)
        case "decimal":
            return _whole_number(line, number) + 0.5
        case "dateTime":
            moment = "00:00:00" if _is_date(line.field) else f"06:{number // 60 % 60:02}:{number % 60:02}"
            return f"2031-03-{number % 28 + 1:02}T{moment}Z"
        case "reference":
            return f"https://scim.invalid/{line.name}/{number}"
    return _text(line, number)


def _is_date(field: models.Field[Any, Any]) -> bool:
    return isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)


def _whole_number(line: Mapped, number: int) -> int:
    """Between the limits that the column's validators name."""
    validators = line.field.validators
    low = max((v.limit_value for v in validators if isinstance(v, MinValueValidator)), default=0)
    high = min((v.limit_value for v in validators if isinstance(v, MaxValueValidator)), default=30000)
    low, high = int(max(low, 0)), int(min(high, 30000))
    return low + 1 + number % max(1, high - low - 1)


def _text(line: Mapped, number: int) -> str:
    field = line.column
    if field.choices:
        stored = [str(value) for value, _label in field.flatchoices if value not in (None, "")]
        return stored[number % len(stored)]
    if isinstance(field, models.DateTimeField):
        return f"2031-03-{number % 28 + 1:02}T06:00:00Z"
    if isinstance(field, models.DateField):
        return f"2031-03-{number % 28 + 1:02}"
    if isinstance(field, models.IntegerField | models.DecimalField | models.FloatField):
        return str(_whole_number(line, number))
    return _checked(line, _words(line, number))


def _words(line: Mapped, number: int) -> str:
    if line.is_address:
        return f"{line.name}{number}@scim.invalid"
    # In alphabetical order, whatever the number: it is sorted by, too.
    return f"{line.entry.path.sub.name if line.entry.path.sub else line.name}-{number:03}"[
        -(line.longest or 200) :
    ]


def _checked(line: Mapped, text: str) -> str:
    """The text, if the column's own validators take it."""
    try:
        line.column.run_validators(text)
    except ValidationError as error:
        raise AssertionError(
            f"The column of {line.path} does not take “{text}” ({' '.join(error.messages)}). "
            f"Name two values that it takes: samples = {{'{line.path}': ['…', '…']}}."
        ) from error
    return text
