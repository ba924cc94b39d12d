"""``SCIMUnitAdminMixin``: what identity providers call a unit, on the host's own pages about companies and teams."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from scim_provisioning.admin.learner_pages import address_of
from scim_provisioning.admin.pages import TEMPLATES, WithMedia, page_url_name
from scim_provisioning.administration import host, permissions, unit_names
from scim_provisioning.administration.unit_names import Called
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = object


class SCIMUnitAdminMixin(WithMedia):
    """Says on the host's own pages about companies, business units or teams which names of identity providers mean
    them, leads to where that is decided, and warns before one is deleted that would come again.

    ``class TeamAdmin(SCIMUnitAdminMixin, admin.ModelAdmin)``, for each model that a ``Reference`` of the mapping names.
    A host with a ``change_form_template`` of its own includes ``scim_provisioning/admin/unit_names.html`` in it.
    """

    change_form_template = f"{TEMPLATES}/unit_change_form.html"
    delete_confirmation_template = f"{TEMPLATES}/unit_delete.html"
    delete_selected_confirmation_template = f"{TEMPLATES}/unit_delete_selected.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Django's page, with the names that mean this unit."""
        own = self._scim_names(request, object_id)
        return super().change_view(request, object_id, form_url, {**own, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's question, with a warning where the next person who is sent makes the unit again."""
        own = self._scim_names(request, object_id)
        return super().delete_view(request, object_id, {**own, **(extra_context or {})})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's own; its question before many are deleted says how many of them would come again."""
        actions = super().get_actions(request)
        if found := actions.get("delete_selected"):
            actions["delete_selected"] = (_warned(found[0]), *found[1:])
        return actions

    def _scim_names(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_view_or_change_permission(request, row):
            return {}
        seen = permissions.visible_connections(request.user).filter(archived_at__isnull=True)
        own = _names([row], seen) if permissions.may_view(request.user) else []
        return {
            "scim_unit_names": [(one, self._address(request, one)) for one in own if not one.is_merged],
            "scim_unit_is_merged": any(one.is_merged for one in own),
            # For whoever may delete it to know, whichever connection it is.
            "scim_unit_comes_again": bool(_coming_again([row])),
        }

    def _address(self, request: HttpRequest, one: Called) -> str:
        """Where it is decided what a name means; empty for whoever may not."""
        if not permissions.has_permission(request.user, permissions.MANAGE_POLICY):
            return ""
        keys = {"object_id": one.connection.pk, "digest": one.digest}
        return address_of(self.admin_site, page_url_name("unit"), keys)


def _warned(action: Callable[..., Any]) -> Callable[..., Any]:
    """The action, whose question is told how many of the chosen units come again."""

    @wraps(action)
    def asked(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        answer = action(model_admin, request, queryset)
        if isinstance(answer, TemplateResponse) and not answer.is_rendered:
            coming = {"scim_units_count": len(_coming_again(list(queryset)))}
            answer.context_data = {**(answer.context_data or {}), **coming}
        return answer

    return asked


def _coming_again(rows: list[Any]) -> set[str]:
    """The keys of those of these units that an identity provider's name means."""
    found = _names(rows, SCIMConnection.objects.filter(archived_at__isnull=True))
    return {one.unit for one in found if not one.is_merged}


def _names(rows: list[Any], connections: QuerySet[SCIMConnection]) -> list[Called]:
    try:
        return unit_names.of(rows, connections)
    except host.AdapterBroken:
        # The host's own page must not die of it.
        return []
