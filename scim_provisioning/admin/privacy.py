"""The page for whoever answers for data protection: what is kept of people, for how long, and what remains of those who
were forgotten."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _

from scim_provisioning.admin.pages import ConnectionPages, PageLink, log_url
from scim_provisioning.administration import permissions, privacy
from scim_provisioning.models import Action, SCIMConnection


class PrivacyPage(ConnectionPages):
    """``privacy/`` under a connection."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        return [*super().connection_urls(), self.connection_path("privacy/", self.privacy_view, "privacy")]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """After what stands there already."""
        link = PageLink(
            self.page_url("privacy", connection),
            _("Personal data"),
            _("What is kept of people, for how long, who may read it, and how somebody is forgotten."),
        )
        return [*super().connection_links(request, connection), link]

    def privacy_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Names nobody. Where people are found and forgotten it says for those who may."""
        may_read = permissions.may_read_log(request.user)
        log = log_url(self.admin_site.name, connection) if may_read else ""
        context = {
            "title": _("Personal data"),
            "standing": privacy.standing(connection),
            "kept": privacy.kept(),
            "permission": permissions.named(permissions.FORGET),
            "may_forget": may_read and permissions.has_permission(request.user, permissions.FORGET),
            "forgotten_url": log and f"{log}&action={Action.FORGOTTEN}",
        }
        return self.render_page(request, "connection/privacy.html", connection, context)
