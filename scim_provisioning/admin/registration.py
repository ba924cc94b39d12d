"""Which pages the app registers, on which ``AdminSite`` and with which base class."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.db.models import Model
from django.utils.module_loading import import_string

from scim_provisioning.admin.connection import ConnectionAdminMixin
from scim_provisioning.admin.event import EventAdminMixin
from scim_provisioning.conf import app_settings
from scim_provisioning.models import ProvisioningEvent, SCIMConnection

#: Model and mixin of every page; a host that registers by itself combines them with its own base class.
PAGES: Final[list[tuple[type[Model], type[Any]]]] = [
    (SCIMConnection, ConnectionAdminMixin),
    (ProvisioningEvent, EventAdminMixin),
]

INDEX_TEMPLATE: Final = "scim_provisioning/admin/index.html"


def register(site: admin.AdminSite | None = None) -> None:
    """Register every page on ``site`` (the default one unless given), on the base class ``ADMIN_BASE``.

    The site's index gets the banner about tokens that end soon, unless the host has a template of its own.
    Raises ``ImportError`` when ``ADMIN_BASE`` cannot be imported.
    """
    site = admin.site if site is None else site
    base = import_string(app_settings.admin_base)
    for model, mixin in PAGES:
        if not site.is_registered(model):
            site.register(model, type(mixin.__name__.removesuffix("Mixin"), (mixin, base), {}))
    if site.index_template is None:
        site.index_template = INDEX_TEMPLATE
