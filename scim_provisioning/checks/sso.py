"""Checks of the SSO settings model, its key and its switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage
from django.core.exceptions import FieldDoesNotExist
from django.db import models

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
    return [*_key(model), *_switch(model)]


def _key(model: type[models.Model]) -> Iterator[CheckMessage]:
    name, label = app_settings.sso_key_field, model._meta.label
    if name == "pk":
        return
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        yield faults.SSO_KEY_FIELD_MISSING.at(field=name, model=label)
        return
    alone = {fields for fields, condition in _unique_together(model) if condition is None}
    if not getattr(field, "unique", False) and (name,) not in alone:
        yield faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field=name, model=label)


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
    if not switch and app_settings.require_sso:
        yield faults.SSO_ALWAYS_ON.at(model=model._meta.label)
