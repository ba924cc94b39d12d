"""Addresses of admin pages for mails: empty where the host has no such page, or does not say its ``SITE_URL``."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection


def change(connection: SCIMConnection) -> str:
    """The connection's own page."""
    return _page("change", connection)


def held(connection: SCIMConnection) -> str:
    """The page of those whom the leaver brake holds."""
    return _page("held", connection)


def _page(name: str, connection: SCIMConnection) -> str:
    try:
        path = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=(connection.pk,))
        return app_settings.site_url + path
    except (NoReverseMatch, ImproperlyConfigured):
        return ""
