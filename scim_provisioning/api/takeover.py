"""New SSO settings go on with a connection whose own are gone."""

from __future__ import annotations

from typing import Any

from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import permissions, setting_up, takeover
from scim_provisioning.api.base import AdministratorViewSet, IdentitySerializer, MomentField
from scim_provisioning.api.connection_serializers import ConnectionSerializer
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import SCIMConnection


class EndedSerializer(serializers.Serializer[SCIMConnection]):
    """A connection that has ended, with how many learners it has."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    learners = serializers.IntegerField()
    archived_at = MomentField()


class TakeOverSerializer(IdentitySerializer):
    """The SSO settings that go on with the connection."""

    sso_key = serializers.CharField(max_length=255)


class TakeOverViewSet(AdministratorViewSet):
    """The same learners under the same SCIM ids, and new tokens."""

    serializer_class = EndedSerializer
    pagination_class = None  # type: ignore[assignment]

    def list(self, request: Request) -> Response:
        """The connections that the settings ``?sso_key=`` may take over, of those that this person sees."""
        key = request.query_params.get("sso_key", "")
        self._may_take_over(request, key)
        with refusals():
            found = takeover.candidates(request.user, setting_up.sso_row(key))
        for connection, learners in found:
            connection.learners = learners  # type: ignore[attr-defined]
        return Response(self.get_serializer([connection for connection, _n in found], many=True).data)

    @described(request=TakeOverSerializer, responses=ConnectionSerializer)
    def create(self, request: Request, connection_id: int) -> Response:
        """Take it over; a token has to be generated to go on."""
        connection = self.connection(permissions.CHANGE)
        key = self.valid(TakeOverSerializer, request)["sso_key"]
        self._may_take_over(request, key)
        who = self.who()
        with refusals():
            sso = setting_up.sso_row(key)
            taken = takeover.take_over_for(who["actor"], connection, sso, address=who["address"])
        return Response(ConnectionSerializer(taken, context=self.get_serializer_context()).data)

    def _may_take_over(self, request: Request, key: str) -> None:
        """As on the page: it takes what setting up takes, and the right to change connections."""
        user: Any = request.user
        needed = permissions.ADD, permissions.CHANGE
        is_allowed = permissions.may_view(user) and all(
            permissions.has_permission(user, name) for name in needed
        )
        if not (is_allowed and permissions.may_change_sso(user, key)):
            raise exceptions.PermissionDenied
