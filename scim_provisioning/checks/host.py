"""Checks of what the host brings along: adapter, SSO settings model, databases, URLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.core.exceptions import FieldDoesNotExist
from django.db import models, router
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils.module_loading import import_string

from scim_provisioning.adapters import LearnerAdapter, MappingProblem
from scim_provisioning.checks import faults
from scim_provisioning.conf import app_settings

APP = "scim_provisioning"

_PROBLEMS = {
    "missing": faults.MAPPED_FIELD_MISSING,
    "unwritable": faults.MAPPED_FIELD_UNWRITABLE,
    "forbidden": faults.FORBIDDEN_TARGET,
    "bad_path": faults.BAD_PATH,
    "scope": faults.SCOPE_UNKNOWN,
    "unsaved": faults.ROW_CANNOT_BE_SAVED,
}

# django-scim2's PATCH handlers, and where a team that knows them goes instead.
_INSTEAD = {
    "handle_add": "add the attribute to `mapping`, or override write()",
    "handle_remove": 'add the attribute to `mapping` (with when_empty="clear"), or override write()',
    "handle_replace": "add the attribute to `mapping`, or override write()",
    "handle_operations": "override write() to store a document, and on_updated() to react to a change",
}


def check_adapter(**kwargs: Any) -> list[CheckMessage]:
    """The adapter can be imported, is one, and its mapping fits the host's models."""
    path = app_settings.raw.get("ADAPTER", "")
    if not path:
        return [faults.ADAPTER_MISSING.at()]
    if not isinstance(path, str):
        return []  # check_settings says so
    try:
        adapter = import_string(path)
    except Exception as error:  # whatever the host's module does at import time
        return [faults.ADAPTER_NOT_IMPORTABLE.at(path=path, error=f"{type(error).__name__}: {error}")]
    if not (isinstance(adapter, type) and issubclass(adapter, LearnerAdapter)):
        return [faults.ADAPTER_IS_NO_ADAPTER.at(path=path)]
    return [*_mapping(adapter), *_handlers(adapter), *_adoption(adapter)]


def _mapping(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    for problem in adapter.mapping_problems():
        fault = _PROBLEMS[problem.kind]
        message = problem.message.rstrip(".")
        facts = {"path": problem.path, "target": problem.target, "message": message}
        yield fault.at(obj=adapter, advice=_filling(problem), **facts)


def _filling(problem: MappingProblem) -> str:
    """How a column that nobody sets gets its value."""
    if problem.target == "":
        return f"Override new_account() and set {problem.column} there, or give the field a default."
    where = f'within={{"{problem.column}": …}}'
    return f"Add {where} with a value or a callable of the connection, or give the field a default."


def _adoption(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    limited = any(row.within for row in adapter.rows.values())
    own = adapter.tenant_users.__func__ is not LearnerAdapter.tenant_users.__func__  # type: ignore[attr-defined]
    if app_settings.sso_model and adapter.user_name_is_sso_subject and not (limited or own):
        yield faults.EVERYBODY_IS_ADOPTABLE.at(obj=adapter)


def _handlers(adapter: type[LearnerAdapter]) -> Iterator[CheckMessage]:
    for method, instead in _INSTEAD.items():
        if getattr(adapter, method) is not getattr(LearnerAdapter, method):
            yield faults.HANDLER_OVERRIDDEN.at(obj=adapter, method=method, instead=instead)


def check_sso(**kwargs: Any) -> list[CheckMessage]:
    """The SSO settings model, its key and its switch are there."""
    name = app_settings.raw.get("SSO_MODEL")
    if not name or not isinstance(name, str):
        return []
    try:
        model = apps.get_model(name)
    except (LookupError, ValueError):
        return [faults.SSO_MODEL_MISSING.at(model=name)]
    return [*_sso_key(model), *_sso_switch(model), *_panel(model)]


def _sso_key(model: type[models.Model]) -> Iterator[CheckMessage]:
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


def _sso_switch(model: type[models.Model]) -> Iterator[CheckMessage]:
    switch = app_settings.raw.get("SSO_ENABLED", {})
    if not isinstance(switch, dict):
        return
    for name in switch:
        if not hasattr(model, name):
            yield faults.SSO_ENABLED_UNKNOWN.at(field=name, model=model._meta.label)
    if not switch and app_settings.require_sso:
        yield faults.SSO_ALWAYS_ON.at(model=model._meta.label)


def _panel(model: type[models.Model]) -> Iterator[CheckMessage]:
    """A host that shows its SSO settings in Django admin surely wants the panel there."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.sites import all_sites  # only where it is installed

    for site in all_sites:
        page = type(site._registry[model]) if model in site._registry else None
        if page is not None and not hasattr(page, "scim_panel"):
            label, dotted = model._meta.label, f"{page.__module__}.{page.__qualname__}"
            yield faults.NO_PANEL.at(model=label, admin=dotted, name=page.__name__)


def check_databases(**kwargs: Any) -> list[CheckMessage]:
    """Link, log and account change in one transaction, so they live in one database."""
    tables = [*apps.get_app_config(APP).get_models(), get_user_model()]
    homes = {model._meta.label: router.db_for_write(model) for model in tables}
    if len(set(homes.values())) == 1:
        return []
    where = ", ".join(f"{label} in '{alias}'" for label, alias in homes.items())
    return [faults.SEVERAL_DATABASES.at(where=where)]


def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """The URLs are included once, at a place that can be named."""
    urlconf = getattr(settings, "ROOT_URLCONF", None)
    if not urlconf:
        return []
    count = _inclusions(get_resolver().url_patterns)
    if count == 0:
        return [faults.URLS_NOT_INCLUDED.at(urlconf=urlconf)]
    if count > 1:
        return [faults.URLS_INCLUDED_TWICE.at(count=count)]
    try:
        reverse(f"{APP}:root")
    except NoReverseMatch as error:
        return [faults.URLS_NOT_REVERSIBLE.at(error=error)]
    return []


def _inclusions(patterns: Iterable[URLPattern | URLResolver]) -> int:
    resolvers = [pattern for pattern in patterns if isinstance(pattern, URLResolver)]
    return sum(1 if one.app_name == APP else _inclusions(one.url_patterns) for one in resolvers)
