"""Checks of the SSO settings model, its key and its switch."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst

from scim_provisioning.administration import setting_up
from scim_provisioning.checks import faults
from scim_provisioning.conf import app_settings


def sso_model() -> type[models.Model] | None:
    """The model that ``SSO_MODEL`` names; None when it is not set, or names none."""
    name = app_settings.raw.get("SSO_MODEL")
    try:
        return apps.get_model(name) if name and isinstance(name, str) else None
    except (LookupError, ValueError):
        return None


def check_sso(**kwargs: Any) -> list[CheckMessage]:
    """The SSO settings model, its key and its switch are there."""
    name = app_settings.raw.get("SSO_MODEL")
    if not name or not isinstance(name, str):
        return []
    model = sso_model()
    if model is None:
        return [faults.SSO_MODEL_MISSING.at(model=name)]
    return [*_key(model), *_switch(model), *_name(model)]


def _name(model: type[models.Model]) -> Iterator[CheckMessage]:
    if not setting_up.names_its_rows(model):
        name = f"{capfirst(model._meta.verbose_name)} 1"
        yield faults.SSO_WITHOUT_NAMES.at(model=model._meta.label, name=name)


def _key(model: type[models.Model]) -> Iterator[CheckMessage]:
    name, label = app_settings.sso_key_field, model._meta.label
    if name == "pk":
        return
    field = _field(model, name)
    if field is None:
        yield faults.SSO_KEY_FIELD_MISSING.at(field=name, model=label)
        return
    alone = {fields for fields, condition in _unique_together(model) if condition is None}
    if not field.unique and (field.name,) not in alone:
        yield faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field=name, model=label)
    elif field.is_relation and name != field.attname:
        yield faults.SSO_KEY_FIELD_IS_RELATION.at(field=name, model=label, attname=field.attname)
    elif field.null:
        yield faults.SSO_KEY_FIELD_NULLABLE.at(field=name, model=label)


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any] | None:
    """The model's own field of that name; None for what is none, such as a property or a reverse relation."""
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return field if isinstance(field, models.Field) else None


def _unique_together(model: type[models.Model]) -> Iterator[tuple[tuple[str, ...], object]]:
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            yield tuple(constraint.fields), constraint.condition


def _switch(model: type[models.Model]) -> Iterator[CheckMessage]:
    switch = app_settings.raw.get("SSO_ENABLED", {})
    if not isinstance(switch, dict):
        return
    for name in switch:
        if not hasattr(model, name):
            yield faults.SSO_ENABLED_UNKNOWN.at(field=name, model=model._meta.label)
        elif advice := _never(model, name, switch[name]):
            facts = {"field": name, "value": repr(switch[name]), "model": model._meta.label}
            yield faults.SSO_NEVER_ON.at(**facts, advice=advice)
    if not switch and app_settings.require_sso:
        yield faults.SSO_ALWAYS_ON.at(model=model._meta.label)


def _never(model: type[models.Model], name: str, value: object) -> str:
    """What to do about a field that never equals ``value``; empty when it may."""
    field = _field(model, name)
    if field is None:
        method = inspect.isfunction(inspect.getattr_static(model, name))
        return f"Make {name} a property: a method is not called." if method else ""
    if field.is_relation and name != field.attname:
        return f"Name '{field.attname}' instead, which holds the key of the row."
    if value is None:
        return "" if field.null else f"Name a value: {name} cannot be None."
    if isinstance(value, list | tuple | set | frozenset) and _of_another_kind(field, value):
        return _one_of(name, value)
    if field.choices:
        choices = [choice for choice, _ in field.flatchoices]
        return "" if value in choices else f"Write one of its choices: {', '.join(map(repr, choices))}."
    return _of_another_kind(field, value)


def _one_of(name: str, values: Iterable[object]) -> str:
    """How to say that any of several values means on: there is one value for each name."""
    among = ", ".join(map(repr, values))
    return (
        "A name is compared with one value. Make it a property of the model, @property def sso_on(self): "
        f"return self.{name} in [{among}], and write SSO_ENABLED = {{'sso_on': True}}."
    )


def _of_another_kind(field: models.Field[Any, Any], value: object) -> str:
    """What to write instead of a value that the field gives back as something else, or not at all."""
    try:
        kept = field.to_python(value)
    except Exception:  # a ValidationError, or whatever a field of the host's own does
        if isinstance(field, models.BooleanField):
            return "Write True or False."
        return f"Write a value that a {type(field).__name__} holds."
    return "" if kept == value else f"Write {kept!r}."
