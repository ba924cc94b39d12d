"""The filter "managed by" of the host's own lists of learners and accounts."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration import permissions
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet

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
        links = permissions.within(ProvisionedUser.objects.all(), "connection", visible)
        mine = links.filter(user=OuterRef(self._account))
        living = mine.living().filter(connection__archived_at__isnull=True)
        if wanted == NOBODY:
            return queryset.filter(~Exists(living))
        if wanted == LEFT:
            return queryset.filter(Exists(mine.tombstones()), ~Exists(living))
        return queryset.filter(Exists(self._chosen(living, wanted)))

    def _chosen(self, living: ProvisionedUserQuerySet, wanted: str) -> ProvisionedUserQuerySet:
        if wanted == LOCKED:
            return living.filter(locked_values__isnull=False)
        return living.filter(connection=wanted) if wanted in dict(self.lookup_choices) else living.none()
