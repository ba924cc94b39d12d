"""Connections, and their self-test."""

from __future__ import annotations

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import health, permissions, selftest
from scim_provisioning.api import connection_serializers as serializers
from scim_provisioning.api.base import AdministratorViewSet
from scim_provisioning.api.schema import described
from scim_provisioning.models import SCIMConnection


class ConnectionViewSet(AdministratorViewSet):
    """The connections that this person sees."""

    serializer_class = serializers.ConnectionSerializer
    queryset = SCIMConnection.objects.none()

    def list(self, request: Request) -> Response:
        """All of them, the newest first, with their health."""
        if not permissions.may_view(request.user):
            raise exceptions.PermissionDenied
        page = self.paginate_queryset(permissions.visible_connections(request.user)) or []
        context = {**self.get_serializer_context(), "health": health.of_connections(page)}
        return self.get_paginated_response(self.serializer_class(page, many=True, context=context).data)

    def retrieve(self, request: Request, connection_id: int) -> Response:
        """One, with what the identity provider has done so far."""
        return Response(self.get_serializer(self.connection()).data)


class SelfTestViewSet(AdministratorViewSet):
    """Entra's typical requests, played and rolled back."""

    serializer_class = serializers.SelfTestSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=serializers.SelfTestSerializer)
    def create(self, request: Request, connection_id: int) -> Response:
        """Run it. Nothing is changed."""
        lines = selftest.run(self.connection(permissions.CHANGE))
        return Response(self.get_serializer({"passed": not selftest.failed(lines), "lines": lines}).data)
