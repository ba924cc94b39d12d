"""Rows for any model as it was at any migration: a value for each column, by the kind of its field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models

#: Rows of each model; the n-th of one refers to the n-th of another.
EACH: Final = 3
_BEGAN: Final = datetime.fromisoformat("2026-03-29T00:59:59.123456+00:00")

Rows = dict[str, list[dict[str, Any]]]


def fill(apps: Any, label: str, alias: str, time: int = 0) -> None:
    """Write ``EACH`` rows of every model of the app ``label``, and of what they refer to, with all columns filled.

    ``time`` counts how often the tables have been filled before: no row is like one of those.
    """
    made: dict[Any, list[Any]] = {}
    for model in apps.get_app_config(label).get_models():
        _made(model, alias, made, range(time * EACH, (time + 1) * EACH))


def _made(model: Any, alias: str, made: dict[Any, list[Any]], numbers: range) -> list[Any]:
    if model not in made:
        made[model] = []  # a row that refers to its own kind refers to the one before it
        targets = {
            field: _made(field.remote_field.model, alias, made, numbers)
            for field in model._meta.concrete_fields
            if field.is_relation and field.remote_field.model is not model
        }
        for place, number in enumerate(numbers):
            referred = {field: rows[place] for field, rows in targets.items()}
            made[model].append(_row(model, number, referred, alias, made[model]))
    return made[model]


def _row(model: Any, number: int, targets: dict[Any, Any], alias: str, before: list[Any]) -> Any:
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field in targets:
            values[field.name] = targets[field]
        elif field.is_relation:
            values[field.name] = before[-1] if before else None
        elif not isinstance(field, models.AutoField):
            values[field.name] = _value(field, number)
    return model._base_manager.using(alias).create(**values)


def _value(field: Any, number: int) -> Any:
    """A value of that column which no other row has, where there are so many. Raises ``NotImplementedError`` for a kind
    of field that nothing has had so far: add a line."""
    match field:
        case models.BooleanField():
            return number % 2 == 0
        case models.CharField(choices=[*_, _]):
            return field.choices[number % len(field.choices)][0]
        case models.CharField() | models.TextField():
            return f"{number}É-{field.name}"[: field.max_length]
        case models.IntegerField():
            return number + 1
        case models.DateTimeField():
            return _BEGAN + timedelta(hours=number)
        case models.DateField():
            return _BEGAN.date() + timedelta(days=number)
        case models.JSONField():
            return {"number": number, "text": ["é", None, True]}
        case models.GenericIPAddressField():
            return f"203.0.113.{number}"
    raise NotImplementedError(f"{field.model.__name__}.{field.name} is a {type(field).__name__}")


def held(apps: Any, label: str, alias: str) -> Rows:
    """All rows of the app's models, by the name of the model; a row is its columns."""
    return {
        model.__name__: list(model._base_manager.using(alias).order_by("pk").values())
        for model in apps.get_app_config(label).get_models()
    }


def of_those(before: Rows, after: Rows) -> Rows:
    """The rows of a later state that are in the earlier one too, whole."""
    return {name: after[name][: len(rows)] for name, rows in before.items()}


def common(before: Rows, after: Rows) -> tuple[Rows, Rows]:
    """What two states both know, of each: the models and the columns that are in both."""
    both = [name for name in before if name in after]
    assert both, "the two states have nothing in common"

    def cut(rows: Rows) -> Rows:
        return {
            name: [
                {key: row[key] for key in row if key in before[name][0] and key in after[name][0]}
                for row in rows[name]
            ]
            for name in both
        }

    return cut(before), cut(after)
