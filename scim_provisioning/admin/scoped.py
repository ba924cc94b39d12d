"""Mixins of the app's own ``ModelAdmin``: rows of visible connections only, and pages that only show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib.admin import ModelAdmin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from scim_provisioning.admin import denied
from scim_provisioning.administration.permissions import VIEW, has_permission, visible_connections, within
from scim_provisioning.protocol.text import is_storable

#: What Django's own filters of a column ask.
_CONDITIONS: Final = ("exact", "gt", "gte", "id__exact", "in", "isempty", "isnull", "lt", "lte", "pk__exact")

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
    #: Permissions of the app that its list and its pages take, in the order in which they are asked.
    needed: ClassVar[tuple[str, ...]] = (VIEW,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows of connections that this person may see."""
        return self.visible(request, super().get_queryset(request))

    def visible(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``rows`` whose connection this person may see."""
        return within(rows, self.connection_lookup, visible_connections(request.user))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list. Raises as ``refuse_unstorable``."""
        self.refuse_unstorable(request)
        return denied.in_words(self, request, super().changelist_view, request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one row."""
        return denied.in_words(
            self, request, super().change_view, request, object_id, form_url, extra_context
        )

    @staticmethod
    def refuse_unstorable(request: HttpRequest) -> None:
        """Raises ``DisallowedModelAdminLookup`` (400) for U+0000 and the like in the address, which PostgreSQL would
        call an error."""
        if not all(is_storable(value) for values in request.GET.lists() for value in values[1]):
            raise DisallowedModelAdminLookup("The address holds what no database can store.")

    #: Conditions that links of ours put into the address of a list, beside those of its filters.
    linked_lookups: ClassVar[frozenset[str]] = frozenset()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list's own filters and links ask. Django allows any condition on any column: by
        ``?changes__title__1__startswith=A`` a value that is masked could be guessed letter by letter."""
        return lookup in self.linked_lookups or any(
            _asks(asked, lookup)
            for asked in (self.list_filter if request is None else self.get_list_filter(request))
        )

    def may(self, request: HttpRequest, codename: str) -> bool:
        """Whether this person has a permission of the app (any connection)."""
        return has_permission(request.user, codename)


def _asks(asked: Any, lookup: str) -> bool:
    """Whether an entry of ``list_filter`` may put this condition into the address."""
    parameters = getattr(asked, "parameter_names", None) or [getattr(asked, "parameter_name", None)]
    if parameters[0] is not None:
        return lookup in parameters
    field = asked if isinstance(asked, str) else asked[0]
    return lookup in {field, *(f"{field}__{condition}" for condition in _CONDITIONS)}


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
