"""*Add* on the list of connections: a connection begins at SSO settings, so this page leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import quote
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from scim_provisioning.admin import denied
from scim_provisioning.admin.pages import TEMPLATES
from scim_provisioning.administration import permissions, setting_up
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django.db.models import Model

    _Base = ModelAdmin[Any]
else:
    _Base = object

#: So many SSO settings are looked at, and so many of them shown.
_LOOKED_AT: Final = 500
_SHOWN: Final = 50


class AddPage(_Base):
    """The page behind *Add*. Where a host has no SSO settings it is Django's own form."""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The SSO settings without SCIM, each with a link to its page, where SCIM is set up. Changes nothing."""
        if app_settings.sso_model is None:
            return super().add_view(request, form_url, extra_context)
        return denied.in_words(self, request, self._settings_without_scim, request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Django's own. What is posted there as a new row, which Django takes from any page of one, is *Add*."""
        if object_id is not None and "_saveasnew" in request.POST:
            return self.add_view(request, form_url, extra_context)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _settings_without_scim(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise permissions.first_missing(request.user, permissions.VIEW, permissions.ADD)
        model = apps.get_model(app_settings.sso_model or "")
        sso_admin = self.admin_site._registry.get(model)
        rows = [] if sso_admin is None else _without_scim(request, sso_admin)
        route = f"{self.admin_site.name}:{model._meta.app_label}_{model._meta.model_name}"
        listed = [(row, reverse(f"{route}_change", args=(quote(row.pk),))) for row in rows[:_SHOWN]]
        may_add = sso_admin is not None and sso_admin.has_add_permission(request)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Set up SCIM"),
            "opts": SCIMConnection._meta,
            "media": self.media,
            "rows": listed,
            "is_cut": len(rows) > _SHOWN,
            "list_url": reverse(f"{route}_changelist") if listed else "",
            "add_url": reverse(f"{route}_add") if may_add else "",
            "sso_name": model._meta.verbose_name_plural,
        }
        return TemplateResponse(request, f"{TEMPLATES}/connection/add.html", context)


def _without_scim(request: HttpRequest, sso_admin: ModelAdmin[Any]) -> list[Model]:
    """The SSO settings that this person may change, as the host's own page says, and that have no connection."""
    rows = list(sso_admin.get_queryset(request)[:_LOOKED_AT])
    known = SCIMConnection.objects.filter(sso_key__in=[setting_up.key_of(row) for row in rows])
    taken = {connection.sso_key for connection in known if setting_up.is_taken(connection)}
    free = (row for row in rows if setting_up.key_of(row) not in taken)
    return [row for row in free if sso_admin.has_change_permission(request, row)]
