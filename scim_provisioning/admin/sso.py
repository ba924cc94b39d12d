"""``SCIMPanelMixin``: provisioning on the host's own SSO settings page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from scim_provisioning.admin import denied
from scim_provisioning.admin.pages import (
    TEMPLATES,
    WithMedia,
    as_written,
    is_told_of_trouble,
    log_url,
    page_url_name,
)
from scim_provisioning.admin.sso_end import SSODeletion, TakeOverPages, loaded
from scim_provisioning.administration import health, permissions, setting_up
from scim_provisioning.conf import app_settings, tenant_url_or_empty
from scim_provisioning.http.address import client_address
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django.db.models import Model

PANEL_TEMPLATE: Final = f"{TEMPLATES}/sso/change_form.html"


class SCIMPanelMixin(TakeOverPages, SSODeletion, WithMedia):
    """Adds a panel to the change page of the host's SSO settings; nothing else has to change.

    It goes before the base class: ``class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin)``. The host's own
    ``change_form_template``, permissions and ``get_queryset`` stay in force: the panel extends whatever
    template the page has, and only who may change a row of SSO settings can set up SCIM for it.
    """

    def get_urls(self) -> list[URLPattern | URLResolver]:  # type: ignore[override]
        """The host's routes, and the one that sets up SCIM. Never inside a host's ATOMIC_REQUESTS, as all verbs."""
        view = as_written(self.admin_site, require_POST(self.scim_set_up_view))
        set_up = transaction.non_atomic_requests(view)
        own = path("<path:object_id>/scim/set-up/", set_up, name=self.scim_url_name("scim_set_up"))
        return [own, *self.take_over_urls(), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The host's page, with the panel below its fields."""
        response = super().render_change_form(request, context, *args, **kwargs)
        row = kwargs.get("obj") or context.get("original")
        if row is None or not isinstance(response, TemplateResponse):
            return response
        response.context_data = {
            **(response.context_data or {}),
            "scim_base_template": loaded(response.template_name),
            "scim_panel": self.scim_panel(request, row),
        }
        response.template_name = PANEL_TEMPLATE
        return response

    def scim_panel(self, request: HttpRequest, row: Model) -> dict[str, Any]:
        """What the panel says of this row, to this person; at most eight queries."""
        connection = setting_up.find(row)
        is_hidden = connection is not None and not permissions.sees(request.user, connection)
        if is_hidden and connection is not None and setting_up.is_taken(connection):
            return {"is_hidden": True}
        archived = connection is not None and connection.is_archived
        panel: dict[str, Any] = {
            "tenant_url": tenant_url_or_empty(),
            "sso_is_on": (connection or _unsaved(row)).sso_is_on,
            "require_sso": app_settings.require_sso,
            "connection": None if archived else connection,
            "health": None,
            "set_up_url": None,
        }
        panel["is_blocked"] = panel["require_sso"] and not panel["sso_is_on"]
        panel["take_over_url"] = self.take_over_url(request, row, connection)
        if connection is None or (archived and connection.restorable_until is None):
            if self.may_set_up(request, row):
                panel["set_up_url"] = reverse(
                    f"{self.admin_site.name}:{self.scim_url_name('scim_set_up')}", args=(quote(row.pk),)
                )
            return panel
        panel["health"] = health.of(connection)
        if permissions.may_view(request.user):
            panel.update(self._links(request, connection))
        if archived:
            panel["restore_until"] = connection.restorable_until
        return panel

    def _links(self, request: HttpRequest, connection: SCIMConnection) -> dict[str, Any]:
        def url(name: str) -> str:
            route = f"{self.admin_site.name}:{page_url_name(name)}"
            return reverse(route, kwargs={"object_id": connection.pk})

        user, links = request.user, {"connection_url": url("change")}
        if connection.is_archived:
            if permissions.has_permission(user, permissions.CHANGE):
                links["restore_url"] = url("restore")
            return links
        if permissions.has_permission(user, permissions.GENERATE):
            links["generate_url"] = url("generate")
        if permissions.may_read_log(user):
            links["log_url"] = log_url(self.admin_site.name, connection)
        return links

    def scim_set_up_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make the connection of this row and go to its page. POST only."""
        return denied.in_words(self, request, self._set_up, request, object_id)

    def _set_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404("There are no such SSO settings.")
        if not self.may_set_up(request, row):
            raise permissions.missing_of_sso(request.user, self.model, permissions.ADD)
        user: Any = request.user
        try:
            connection, _made = setting_up.set_up_for(user, row, address=client_address(request))
        except setting_up.ConnectionRefused as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(self.scim_row_url(row))
        except Exception as error:
            if not is_told_of_trouble(request, error):
                raise
            return HttpResponseRedirect(self.scim_row_url(row))
        if not permissions.may_view(request.user):
            messages.success(request, _("SCIM is set up. Ask an administrator to generate the token."))
            return HttpResponseRedirect(self.scim_row_url(row))
        return HttpResponseRedirect(
            reverse(f"{self.admin_site.name}:{page_url_name('change')}", kwargs={"object_id": connection.pk})
        )


def _unsaved(row: Model) -> SCIMConnection:
    """A connection that does not exist, to ask it whether SSO is on."""
    connection = SCIMConnection(sso_key=setting_up.key_of(row))
    connection._sso = row
    return connection
