"""How to connect identity providers other than Entra ID, whose steps stand on the connection page itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning.admin.pages import ConnectionPages
from scim_provisioning.conf import tenant_url_or_empty
from scim_provisioning.models import SCIMConnection


class StepsPage(ConnectionPages):
    """A page of instructions; it changes nothing."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        return [*super().connection_urls(), self.connection_path("steps/", self.steps_view, "steps")]

    def steps_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Okta first, then whoever speaks SCIM 2.0."""
        context = {"title": _("Steps for Okta and others"), "tenant_url": tenant_url_or_empty()}
        return self.render_page(request, "connection/steps.html", connection, context)
