"""Connections, and their self-test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import connections, health, permissions, selftest, setting_up, troubles
from scim_provisioning.api import connection_serializers as serializers
from scim_provisioning.api.base import AdministratorViewSet, Conflict, Unavailable
from scim_provisioning.api.schema import described
from scim_provisioning.models import SCIMConnection

#: Refusals that are about a field of the body.
_WRONG_FIELDS: Final = {
    "connection.unknown": "sso_key",
    "connection.name": "name",
    "connection.sso": "detail",
}


@contextmanager
def refusals() -> Iterator[None]:
    """A verb's refusal becomes a 409 with its sentence, a 400 where a value of the body is wrong, or a 503 where the
    database was in the way of a part of it."""
    try:
        yield
    except setting_up.ConnectionRefused as refusal:
        if refusal.code in _WRONG_FIELDS:
            raise exceptions.ValidationError({_WRONG_FIELDS[refusal.code]: [refusal.message]}) from None
        if refusal.code == troubles.PARTLY:
            raise Unavailable(refusal.message) from None
        raise Conflict(refusal.message, refusal.code) from None


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
        return self._answer(self.connection())

    @described(
        request=serializers.NewConnectionSerializer,
        responses={200: serializers.ConnectionSerializer, 201: serializers.ConnectionSerializer},
    )
    def create(self, request: Request) -> Response:
        """Set up SCIM: 201, or 200 where it is set up already."""
        if not (
            permissions.may_view(request.user) and permissions.has_permission(request.user, permissions.ADD)
        ):
            raise exceptions.PermissionDenied
        body = self.valid(serializers.NewConnectionSerializer, request)
        if "sso_key" in body and not permissions.may_change_sso(request.user, body["sso_key"]):
            raise exceptions.PermissionDenied
        with refusals():
            connection, made = self._begun(**body)
        return self._answer(connection, status=201 if made else 200)

    @described(request=serializers.PauseSerializer, responses=serializers.ConnectionSerializer)
    def pause(self, request: Request, connection_id: int) -> Response:
        """Answer every request of the identity provider with 503 until ``resume``."""
        connection = self.connection(permissions.CHANGE)
        body = self.valid(serializers.PauseSerializer, request)
        with refusals():
            connections.pause(connection, reason=body["reason"], **self.who())
        # A verb that found nothing to do leaves this instance as it was.
        connection.refresh_from_db()
        return self._answer(connection)

    @described(request=None, responses=serializers.ConnectionSerializer)
    def resume(self, request: Request, connection_id: int) -> Response:
        """Serve requests again."""
        connection = self.connection(permissions.CHANGE)
        with refusals():
            connections.resume(connection, **self.who())
        # A verb that found nothing to do leaves this instance as it was.
        connection.refresh_from_db()
        return self._answer(connection)

    def _begun(self, sso_key: str | None = None, name: str = "") -> tuple[SCIMConnection, bool]:
        """The connection of these settings or of this name, and whether it was made; another customer's is answered as
        if there were nothing."""
        who = self.who()
        if sso_key is None:
            return setting_up.stand_alone_for(who["actor"], name, address=who["address"])
        return setting_up.set_up_for(who["actor"], setting_up.sso_row(sso_key), address=who["address"])

    def _answer(self, connection: SCIMConnection, status: int = 200) -> Response:
        return Response(self.get_serializer(connection).data, status=status)


class PoliciesViewSet(AdministratorViewSet):
    """What is chosen for a connection's customer."""

    serializer_class = serializers.PoliciesSerializer
    pagination_class = None  # type: ignore[assignment]

    def retrieve(self, request: Request, connection_id: int) -> Response:
        """Every policy as it stands, and what may be chosen."""
        return Response(self.get_serializer(self.connection(permissions.MANAGE_POLICY)).data)

    @described(request=serializers.ChosenPoliciesSerializer, responses=serializers.PoliciesSerializer)
    @method_decorator(sensitive_variables("chosen"))
    def partial_update(self, request: Request, connection_id: int) -> Response:
        """Choose some of them; the others stay."""
        connection = self.connection(permissions.MANAGE_POLICY)
        chosen = self.valid(serializers.ChosenPoliciesSerializer, request)
        with refusals():
            connections.choose_policies(connection, chosen=chosen, **self.who())
        connection.refresh_from_db()
        return Response(self.get_serializer(connection).data)


class SelfTestViewSet(AdministratorViewSet):
    """Entra's typical requests, played and rolled back."""

    serializer_class = serializers.SelfTestSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=serializers.SelfTestSerializer)
    def create(self, request: Request, connection_id: int) -> Response:
        """Run it. Nothing is changed."""
        lines = selftest.run(self.connection(permissions.CHANGE))
        return Response(self.get_serializer({"passed": not selftest.failed(lines), "lines": lines}).data)
