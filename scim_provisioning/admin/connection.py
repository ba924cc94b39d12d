"""Connections: the list, and the page of one."""

from __future__ import annotations

from typing import Any

from django.forms import Media
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

from scim_provisioning.admin.pages import MEDIA, ConnectionPages
from scim_provisioning.admin.permissions import ConnectionScopedAdmin


class ConnectionAdminMixin(ConnectionScopedAdmin, ConnectionPages):
    """The admin of ``SCIMConnection``; goes before a ``ModelAdmin``."""

    connection_lookup = "pk"
    list_display: Any = ("name",)
    fields: Any = ("name",)

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The pages under a connection come first: the admin's own last route takes everything."""
        return [*self.connection_urls(), *super().get_urls()]

    @property
    def media(self) -> Media:
        """The admin's own, and the app's stylesheet and script."""
        return super().media + MEDIA

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never here: a connection is set up from its SSO settings."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a connection is disconnected, and its log stays."""
        return False
