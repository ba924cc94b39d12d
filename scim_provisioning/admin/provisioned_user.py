"""``SCIMManagedAdminMixin``: who is managed by SCIM, on the host's own pages about learners."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from scim_provisioning.admin.managed_by import ManagedBy, detached, managed_by
from scim_provisioning.admin.managed_forms import ManagedForms
from scim_provisioning.admin.pages import TEMPLATES, WithMedia
from scim_provisioning.administration import permissions
from scim_provisioning.models import ProvisionedUser


class SCIMManagedAdminMixin(ManagedForms, WithMedia):
    """Says on the host's own pages about learners or accounts what SCIM does to them: a banner, where each field comes
    from, a warning before somebody is deleted, and the filter "managed by".

    ``class LearnerAdmin(SCIMManagedAdminMixin, admin.ModelAdmin)``. The account is the row itself, or what
    ``scim_user_field`` names. A host with a ``change_form_template`` of its own includes
    ``scim_provisioning/admin/managed_by.html`` in it. What provisioning writes is read-only unless
    ``scim_read_only`` is False, for a form that cannot do without these fields.
    """

    change_form_template = f"{TEMPLATES}/managed_change_form.html"
    delete_confirmation_template = f"{TEMPLATES}/managed_delete.html"
    delete_selected_confirmation_template = f"{TEMPLATES}/managed_delete_selected.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Django's page, with who manages this person."""
        own = {"scim_managed_by": self._managed_by(request, object_id)}
        return super().change_view(request, object_id, form_url, {**own, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Django's question, with a warning that the identity provider will make this person anew."""
        own = {"scim_managed_by": self._managed_by(request, object_id)}
        return super().delete_view(request, object_id, {**own, **(extra_context or {})})

    def _managed_by(self, request: HttpRequest, object_id: str) -> list[ManagedBy]:
        row = self.get_object(request, unquote(object_id))
        user = None if row is None else self.scim_user(row)
        if user is None or not self.has_view_or_change_permission(request, row):
            return []
        links = permissions.within(
            ProvisionedUser.objects.filter(connection__archived_at__isnull=True),
            "connection",
            permissions.visible_connections(request.user),
        )
        known = list(links.filter(Q(user=user) | detached(user)).select_related("connection").order_by("pk"))
        # Whoever has come back in a connection has not left it, whatever else is known of them there.
        living = {link.connection_id for link in known if not link.is_deleted}
        shown = {link.connection_id: link for link in known if link.connection_id not in living}
        told = [link for link in known if not link.is_deleted or shown.get(link.connection_id) is link]
        managed = [managed_by(self.admin_site, request, link) for link in told]
        # A shared link is withdrawn in one place: beside the account's owner, where that is shown.
        owners = {share for one in managed if one.link.owns_profile for share in one.withdrawals}
        return [
            one if one.link.owns_profile else replace(one, withdrawals=tuple({*one.withdrawals} - owners))
            for one in managed
        ]
