"""Checks of the host's admin pages: whether the mixins do there what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage
from django.db import models

from scim_provisioning.checks import faults
from scim_provisioning.checks.sso import sso_model
from scim_provisioning.conf import app_settings

_OWN = "scim_provisioning.admin"


def check_admin_pages(**kwargs: Any) -> list[CheckMessage]:
    """The panel stands on the page of the SSO settings, and the mixins before the class that they extend."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    from django.contrib.admin import ModelAdmin  # only where it is installed
    from django.contrib.admin.sites import all_sites

    pages = [(model, type(page)) for site in all_sites for model, page in site._registry.items()]
    return [message for model, page in pages for message in (*_order(page, ModelAdmin), *_panel(model, page))]


def _order(page: type[Any], base: type[Any]) -> Iterator[CheckMessage]:
    """A mixin of ours behind ``ModelAdmin`` is never asked: Django's methods do not call on."""
    behind = page.__mro__[page.__mro__.index(base) + 1 :] if base in page.__mro__ else ()
    mixin = next((one for one in behind if one.__module__.startswith(_OWN)), None)
    if mixin is None:
        return
    # The line to correct may be one that the page inherits: the most basic class that has both.
    wrong = next(one for one in reversed(page.__mro__) if issubclass(one, base) and issubclass(one, mixin))
    first = next(one for one in wrong.__bases__ if issubclass(one, base))
    bases = sorted(wrong.__bases__, key=lambda one: issubclass(one, base))
    yield faults.MIXIN_BEHIND_MODEL_ADMIN.at(
        obj=page,
        admin=_dotted(page),
        mixin=mixin.__name__,
        base=first.__name__,
        name=wrong.__name__,
        bases=", ".join(one.__name__ for one in bases),
    )


def _panel(model: type[models.Model], page: type[Any]) -> Iterator[CheckMessage]:
    """A host that shows its SSO settings in Django admin surely wants the panel there, and nowhere else."""
    settings, label, has_panel = sso_model(), model._meta.label, hasattr(page, "scim_panel")
    if model is settings and not has_panel:
        yield faults.NO_PANEL.at(model=label, admin=_dotted(page), name=page.__name__)
    unnamed = not app_settings.raw.get("SSO_MODEL")
    if not has_panel or not app_settings.raw or (settings is None and not unnamed):
        return  # that the setting is missing, or names no model, is said by other checks
    if settings is None:
        advice = f'Set SSO_MODEL to "{label}" in SCIM_PROVISIONING, or take SCIMPanelMixin off this page.'
        yield faults.PANEL_ON_ANOTHER_MODEL.at(
            admin=_dotted(page), model=label, named="not set", advice=advice
        )
    elif not issubclass(model, settings):
        named = settings._meta.label
        advice = f'Move SCIMPanelMixin to the page of {named}, or set SSO_MODEL to "{label}".'
        yield faults.PANEL_ON_ANOTHER_MODEL.at(admin=_dotted(page), model=label, named=named, advice=advice)


def _dotted(page: type[Any]) -> str:
    return f"{page.__module__}.{page.__qualname__}"
