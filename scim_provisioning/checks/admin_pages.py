"""Checks of the host's admin pages: whether the mixins do there what they are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage
from django.db import models

from scim_provisioning.checks import faults
from scim_provisioning.checks.sso import sso_model


def check_admin_pages(**kwargs: Any) -> list[CheckMessage]:
    """A host that shows its SSO settings in Django admin surely wants the panel there."""
    return [message for model, page in _pages() for message in _panel(model, page)]


def _pages() -> Iterator[tuple[type[models.Model], type[Any]]]:
    """Every model that is shown in Django admin, with the class of its page."""
    if not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.sites import all_sites  # only where it is installed

    for site in all_sites:
        for model, page in site._registry.items():
            yield model, type(page)


def _panel(model: type[models.Model], page: type[Any]) -> Iterator[CheckMessage]:
    if model is sso_model() and not hasattr(page, "scim_panel"):
        label, dotted = model._meta.label, f"{page.__module__}.{page.__qualname__}"
        yield faults.NO_PANEL.at(model=label, admin=dotted, name=page.__name__)
