"""Disconnect, see how far that is with the learners, and go on."""

from __future__ import annotations

from typing import Any, Final

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import connections, disconnection, disconnection_words, permissions
from scim_provisioning.api.base import AdministratorViewSet, IdentitySerializer, RowSerializer
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import Disconnection, OnDisconnect

#: For how long one request works on the learners.
SECONDS: Final = 2.0


class DisconnectSerializer(IdentitySerializer):
    """What becomes of the learners, and the connection's name as the last word, as on the page."""

    learners = serializers.ChoiceField(choices=OnDisconnect.choices)
    name = serializers.CharField(help_text="The name of the connection, exactly as it is written.")

    def validate_name(self, typed: str) -> str:
        """Raises ``ValidationError`` unless it is the connection's."""
        expected = self.context["expected"].strip()
        if typed.strip() != expected:
            raise serializers.ValidationError(disconnection_words.TYPE_THE_NAME % {"name": expected})
        return typed


class DisconnectionSerializer(RowSerializer[Disconnection]):
    """What was chosen for the learners, and how far it is. ``failed`` are tried again by whoever goes on."""

    finished = serializers.BooleanField(source="is_finished", read_only=True)
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = Disconnection
        fields = (
            "learners", "managed", "handled", "changed", "protected", "failed", "finished", "sentence", "begun_at",
            "finished_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, found: Disconnection) -> str:
        """What has been done, in numbers."""
        return disconnection_words.sentence(found)


class DisconnectionViewSet(AdministratorViewSet):
    """The end of a connection. The first request shuts the door; each one after it handles learners for a moment."""

    serializer_class = DisconnectionSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=DisconnectSerializer, responses=DisconnectionSerializer)
    def disconnect(self, request: Request, connection_id: int) -> Response:
        """Revoke every token, archive the connection, and begin with the learners."""
        connection = self.connection(permissions.CHANGE)
        body: dict[str, Any] = self.valid(DisconnectSerializer, request, expected=connection.name)
        with refusals():
            found = connections.disconnect(
                connection, learners=body["learners"], seconds=SECONDS, **self.who()
            )
        return Response(self.get_serializer(found).data)

    def retrieve(self, request: Request, connection_id: int) -> Response:
        """How far it is; 404 for a connection that was not disconnected."""
        return Response(self.get_serializer(self._of(permissions.VIEW)).data)

    @described(request=None, responses=DisconnectionSerializer)
    def go_on(self, request: Request, connection_id: int) -> Response:
        """Handle learners for a moment, until ``finished``; those for whom it failed are tried again."""
        connection = self._of(permissions.CHANGE).connection
        with refusals():
            found = disconnection.go_on(connection, seconds=SECONDS)
        return Response(self.get_serializer(found).data)

    def _of(self, codename: str) -> Disconnection:
        connection = self.connection(codename)
        found = disconnection.of(connection)
        if found is None:
            raise Http404
        return found
