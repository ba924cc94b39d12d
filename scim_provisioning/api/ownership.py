"""Which connection owns an account, and which may share it."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import ownership, permissions, shares
from scim_provisioning.api.base import AdministratorViewSet, IdentitySerializer
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.schema import described
from scim_provisioning.models import ProvisionedUser


class LearnerSerializer(IdentitySerializer):
    """Whom it is about, by the name that this connection's identity provider has for them."""

    user_name = serializers.CharField(max_length=320)


class OwnershipSerializer(serializers.Serializer[Any]):
    """What came of it."""

    changed = serializers.BooleanField(help_text="False when it was so before.")


class OwnershipViewSet(AdministratorViewSet):
    """Accounts that two connections send. Whoever acts must see both connections; else it is a 404."""

    serializer_class = OwnershipSerializer
    pagination_class = None  # type: ignore[assignment]

    @described(request=LearnerSerializer, responses=OwnershipSerializer)
    def share(self, request: Request, connection_id: int) -> Response:
        """Let this connection link an account that another one owns, when its identity provider tries again."""
        connection = self.connection(permissions.MANAGE_POLICY)
        name = self.valid(LearnerSerializer, request)["user_name"]
        with refusals():
            account, _owner = ownership.owned_account(connection, name, seen_by=self.request.user)
            changed = ownership.allow_share(connection, account, name=name, **self.who())
        return Response(self.get_serializer({"changed": changed}).data)

    @described(request=LearnerSerializer, responses=OwnershipSerializer)
    def withdraw(self, request: Request, connection_id: int) -> Response:
        """Take back that this connection shares an account: its link, if there is one, ends as by a DELETE."""
        connection = self.connection(permissions.MANAGE_POLICY)
        name = self.valid(LearnerSerializer, request)["user_name"]
        with refusals():
            share = shares.named(connection, name, seen_by=self.request.user)
            changed = shares.withdraw(share, **self.who())
        return Response(self.get_serializer({"changed": changed}).data)

    @described(request=LearnerSerializer, responses=OwnershipSerializer)
    def own(self, request: Request, connection_id: int) -> Response:
        """Let this connection own the account of one of its learners; whoever owned it goes on sharing it."""
        connection = self.connection(permissions.MANAGE_POLICY)
        name = self.valid(LearnerSerializer, request)["user_name"]
        with refusals():
            link = ownership.living_link(connection, name)
            for other in ownership.others(link):
                self._sees(other)
            if not ownership.may_move(self.request.user, link):
                raise Http404
            changed = ownership.move_ownership(link, **self.who())
        return Response(self.get_serializer({"changed": changed}).data)

    def _sees(self, other: ProvisionedUser) -> None:
        if not ownership.may_see(self.request.user, other.connection):
            raise Http404
