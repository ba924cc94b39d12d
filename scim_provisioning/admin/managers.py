"""The page of the people who wait for a manager. It changes nothing."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scim_provisioning.admin.pages import ConnectionPages, PageLink
from scim_provisioning.administration import permissions, waiting_managers
from scim_provisioning.administration.waiting_managers import Waiting
from scim_provisioning.models import SCIMConnection
from scim_provisioning.templatetags.scim_admin import people_url, scim_number

_PER_PAGE: Final = 100


class ManagersPage(ConnectionPages):
    """``managers/`` under a connection, for those who may read its log."""

    def connection_urls(self) -> list[URLPattern]:
        """One route."""
        page = self.connection_path(
            "managers/", self.managers_view, "managers", permission=permissions.VIEW_LOG
        )
        return [*super().connection_urls(), page]

    def connection_links(self, request: HttpRequest, connection: SCIMConnection) -> list[PageLink]:
        """The link to the list, where somebody waits."""
        links = super().connection_links(request, connection)
        if not permissions.has_permission(request.user, permissions.VIEW_LOG):
            return links
        # Counted with all else that the page of a connection says of its learners.
        known = getattr(connection, "scim_health", None)
        n = waiting_managers.of(connection).count() if known is None else known.facts.without_manager
        if not n:
            return links
        said = ngettext("%(n)s learner waits for a manager.", "%(n)s learners wait for their manager.", n) % {
            "n": scim_number(n)
        }
        return [*links, PageLink(self.page_url("managers", connection), _("Managers who are missing"), said)]

    def managers_view(self, request: HttpRequest, connection: SCIMConnection) -> HttpResponse:
        """Who waits for whom, since when, and why."""
        page = Paginator(waiting_managers.of(connection), _PER_PAGE).get_page(request.GET.get("p"))
        in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
        waiting = waiting_managers.described(connection, list(page.object_list), in_clear=in_clear)
        context = {
            "title": _("Managers who are missing"),
            "page": page,
            "rows": [
                {
                    "waiting": row,
                    "url": self.history_url(request, row.link.pk),
                    "manager_url": self._manager_url(request, row, in_clear=in_clear),
                }
                for row in waiting
            ],
        }
        return self.render_page(request, "connection/managers.html", connection, context)

    def _manager_url(self, request: HttpRequest, row: Waiting, *, in_clear: bool) -> str:
        """What is known of a manager: their history, or the answer to who they are."""
        if row.manager_link is not None:
            return self.history_url(request, row.manager_link.pk)
        page = people_url(request, self.admin_site.name)
        return f"{page}?{urlencode({'q': row.manager})}" if page and in_clear else ""
