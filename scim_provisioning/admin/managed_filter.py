"""The filter "managed by" of the host's own lists of learners and accounts."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import permissions
from scim_provisioning.models import ProvisionedUser, SCIMConnection

Links = QuerySet[ProvisionedUser]

NOBODY: Final = "nobody"
LEFT: Final = "left"
LOCKED: Final = "locked"
#: So many connections are offered by name.
_MOST: Final = 50


class ManagedByFilter(SimpleListFilter):
    """By the connections that this administrator sees. What others do with an account is not told."""

    title = _("managed by")
    parameter_name = "scim_managed_by"

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: Any
    ) -> None:
        # The column of the list's rows that names the account.
        self._account: str = model_admin.scim_account_column()
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Each connection in use, everybody's without one, and who has left or differs."""
        visible = permissions.visible_connections(request.user).filter(archived_at__isnull=True)
        named: list[tuple[str, Any]] = [(str(one.pk), one.name) for one in visible[:_MOST]]
        rest = [
            (NOBODY, _("No connection")),
            (LEFT, _("Deleted by the identity provider")),
            (LOCKED, _("With locked values")),
        ]
        return [*named, *rest]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those whose accounts are managed so."""
        wanted = self.value()
        if not wanted or not permissions.may_view(request.user):
            return queryset
        visible = permissions.visible_connections(request.user)
        mine = ProvisionedUser.objects.filter(user=OuterRef(self._account))
        living = _seen(mine.living().filter(connection__archived_at__isnull=True), visible)
        if wanted == NOBODY:
            return queryset.filter(~Exists(living))
        if wanted == LEFT:
            return queryset.filter(Exists(_seen(mine.tombstones(), visible)), ~Exists(living))
        if wanted == LOCKED:
            return queryset.filter(Exists(living.filter(locked_values__isnull=False)))
        named = wanted in dict(self.lookup_choices)
        return queryset.filter(Exists(living.filter(connection__pk=wanted))) if named else queryset.none()


def _seen(links: Links, visible: QuerySet[SCIMConnection]) -> Links:
    return permissions.within(links, "connection", visible)
