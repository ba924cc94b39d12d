"""Mixins of the app's own ``ModelAdmin``: rows of visible connections only, and pages that only show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from scim_provisioning.administration.permissions import has_permission, visible_connections, within

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = object


class ConnectionScopedAdmin(_Base):
    """Mixin for the ``ModelAdmin`` of anything that belongs to a connection: only visible ones are listed.

    It goes before the base class: ``class EventAdmin(ConnectionScopedAdmin, admin.ModelAdmin)``. Django asks
    ``get_queryset`` in lists, object pages, actions and autocompletes, so this one method scopes them all.
    """

    #: Path from this model to its connection; ``"pk"`` on the connection itself.
    connection_lookup: ClassVar[str] = "connection"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows of connections that this person may see."""
        rows = super().get_queryset(request)
        return within(rows, self.connection_lookup, visible_connections(request.user))

    def may(self, request: HttpRequest, codename: str) -> bool:
        """Whether this person has a permission of the app (any connection)."""
        return has_permission(request.user, codename)


class ReadOnlyAdmin(_Base):
    """Mixin for pages that only show: nothing can be added, changed or deleted, by superusers neither."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
