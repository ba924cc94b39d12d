"""The provisioning log of a connection."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import log_search, permissions
from scim_provisioning.api import event_serializers as serializers
from scim_provisioning.api.base import AdministratorViewSet
from scim_provisioning.events import log_order
from scim_provisioning.models import Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.text import is_storable

#: Parameters that are one value of a column.
_EQUAL: Final = {"action": "action", "error": "error_code", "request_id": "request_id"}


class _ByIndex(QuerySet[ProvisioningEvent]):
    """Orders by what the index begins with too: a page by cursor asks for the newest first, or from its other end."""

    columns: tuple[str, ...] = ()

    def _clone(self) -> _ByIndex:
        clone: _ByIndex = super()._clone()  # type: ignore[misc]
        clone.columns = self.columns
        return clone

    def order_by(self, *names: Any) -> _ByIndex:
        if names != ("-id",):
            return super().order_by(*(f"-{column}" for column in self.columns), *names)
        return super().order_by(*self.columns, *names)


class EventViewSet(AdministratorViewSet):
    """The provisioning log of a connection.

    Query parameters: ``q`` (as the admin's search), ``problems=only``, ``lookups=show``, ``action``, ``error``,
    ``scim_id``, ``token`` (its id), ``request_id``.
    """

    serializer_class = serializers.EventSerializer
    queryset = ProvisioningEvent.objects.none()

    def get_serializer_class(self) -> Any:
        """Both messages stand in the answer about one operation only."""
        return serializers.EventDetailSerializer if self.action == "retrieve" else self.serializer_class

    def get_serializer_context(self) -> dict[str, Any]:
        """Whether values are shown."""
        in_clear = permissions.has_permission(self.request.user, permissions.VIEW_PAYLOAD)
        return {**super().get_serializer_context(), "in_clear": in_clear}

    def list(self, request: Request, connection_id: int) -> Response:
        """The newest first; refused look-ups only with ``lookups=show``."""
        connection = self.connection(permissions.VIEW_LOG)
        page = self.paginate_queryset(self._filtered(connection, request).select_related("actor")) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, connection_id: int, event_id: int) -> Response:
        """One operation, with its messages for those who may see them."""
        rows = ProvisioningEvent.objects.filter(connection=self.connection(permissions.VIEW_LOG))
        return Response(
            self.get_serializer(get_object_or_404(rows.select_related("actor", "payload"), pk=event_id)).data
        )

    def _filtered(self, connection: SCIMConnection, request: Request) -> QuerySet[ProvisioningEvent]:
        query = request.query_params
        if unstorable := [name for name, value in query.items() if not is_storable(str(value))]:
            raise ValidationError({name: ["U+0000 cannot be searched for."] for name in unstorable})
        pinned = {field for name, field in _EQUAL.items() if query.get(name)} | {"connection_id"}
        pinned |= {"outcome"} if query.get("problems") == "only" else set()
        indexed = _ByIndex(ProvisioningEvent)
        # A search has indexes of its own.
        indexed.columns = () if query.get("q") else log_order.newest_first(pinned)[:-1]
        events: QuerySet[ProvisioningEvent] = indexed.filter(log_order.exactly(connection_id=connection.pk))
        if query.get("lookups") != "show":
            events = events.exclude(log_search.lookups())
        if query.get("problems") == "only":
            events = events.filter(log_order.exactly(outcome=Outcome.REFUSED.value))
        if term := query.get("q"):
            own = SCIMConnection.objects.filter(pk=connection.pk)
            in_clear = permissions.has_permission(request.user, permissions.VIEW_PAYLOAD)
            events = events.filter(log_search.matching(term, own, in_clear=in_clear))
        for name, field in _EQUAL.items():
            if value := query.get(name):
                events = events.filter(log_order.exactly(**{field: value}))
        if scim_id := query.get("scim_id"):
            events = events.filter(link__scim_id=scim_id)
        if token := query.get("token"):
            events = (
                events.filter(token_id=int(token)) if token.isdecimal() and len(token) < 19 else events.none()
            )
        return events
