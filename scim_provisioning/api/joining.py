"""Two accounts of one person: whom somebody may be, and joining the two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import permissions
from scim_provisioning.administration.adoption import doubles, joining
from scim_provisioning.administration.adoption.doubles import Double
from scim_provisioning.administration.adoption.joining import Side
from scim_provisioning.api.base import AdministratorViewSet, IdentitySerializer
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import SCIMConnection


class SideSerializer(serializers.Serializer[Side]):
    """An account. ``account`` is what it is named by; ``scim_id`` is empty where nobody manages it."""

    account = serializers.CharField(source="account.pk")
    name = serializers.CharField()
    scim_id = serializers.CharField(source="link.scim_id", default="")


class DoubleSerializer(serializers.Serializer[Double]):
    """Two accounts that may be one person's, and what they have in common."""

    one = SideSerializer()
    other = SideSerializer()
    reasons = serializers.ListField(child=serializers.CharField())


class DoublesSerializer(serializers.Serializer[Any]):
    """The surest first."""

    can_merge = serializers.BooleanField(
        help_text="Whether the application says how two accounts become one."
    )
    doubles = DoubleSerializer(many=True)


class JoinSerializer(IdentitySerializer):
    """Which account goes on, and which is joined to it."""

    into = serializers.CharField(max_length=255)
    other = serializers.CharField(max_length=255)
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=320,
        help_text="By which words the other was found, where nothing else leads to it.",
    )


class JoinedSerializer(serializers.Serializer[Any]):
    """What came of it, in a sentence."""

    sentence = serializers.CharField()


class JoiningViewSet(AdministratorViewSet):
    """The doubles of one connection's customer."""

    serializer_class = DoublesSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=None, responses=DoublesSerializer)
    def list(self, request: Request, connection_id: int) -> Response:
        """All that are found; with ``?account=`` those of that account, or with ``?search=`` too the others that are
        called so."""
        connection = self.connection(permissions.MANAGE_POLICY)
        key, text = (request.query_params.get(name, "").strip() for name in ("account", "search"))
        with refusals():
            found = self._found(connection, key, text) if key else doubles.among(connection)
            answer = {"can_merge": joining.can_merge(), "doubles": found}
        return Response(self.get_serializer(answer).data)

    @described(request=JoinSerializer, responses=JoinedSerializer)
    def join(self, request: Request, connection_id: int) -> Response:
        """Join two accounts of this customer."""
        connection = self.connection(permissions.MANAGE_POLICY)
        body = self.valid(JoinSerializer, request)
        with refusals():
            into, other = (self._side(connection, body[name]) for name in ("into", "other"))
            called = body.get("search", "")
            if not self._in_clear and not doubles.are_brought_up(connection, into, other, called):
                raise Http404
            joining.join(connection, into, other, **self.who())
        sentence = joining.joined(into, in_clear=self._in_clear)
        return Response(JoinedSerializer({"sentence": sentence}).data)

    def _found(self, connection: SCIMConnection, key: str, text: str) -> Sequence[Double]:
        side = self._side(connection, key)
        if not self._in_clear and not doubles.is_brought_up(connection, side):
            raise Http404
        if text:
            return doubles.called(connection, side, text, in_clear=self._in_clear)
        return doubles.of(connection, side)

    @property
    def _in_clear(self) -> bool:
        return permissions.has_permission(self.request.user, permissions.VIEW_PAYLOAD)

    def _side(self, connection: SCIMConnection, key: str) -> Side:
        side = joining.found(connection, key)
        if side is None:
            raise Http404
        return side
