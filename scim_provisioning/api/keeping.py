"""Whose a learner's values are: lock one, unlock it, detach the learner."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning.administration import keeping, ownership, permissions
from scim_provisioning.api.base import AdministratorViewSet, MomentField
from scim_provisioning.api.connections import refusals
from scim_provisioning.api.ownership import LearnerSerializer, OwnershipSerializer
from scim_provisioning.api.schema import described
from scim_provisioning.models import LockedValue
from scim_provisioning.models.locked_value import PATH_LENGTH, REASON_LENGTH


class UnlockSerializer(serializers.Serializer[Any]):
    """Which value of whom."""

    user_name = serializers.CharField(max_length=320)
    attribute = serializers.CharField(
        max_length=PATH_LENGTH, help_text="A path of the mapping, or without the urn of its schema."
    )


class LockSerializer(UnlockSerializer):
    """The same, and why."""

    reason = serializers.CharField(max_length=REASON_LENGTH)


class LockedSerializer(serializers.Serializer[Any]):
    """A value that provisioning leaves alone."""

    user_name = serializers.CharField(source="link.user_name")
    scim_id = serializers.CharField(source="link.scim_id")
    attribute = serializers.CharField(source="path")
    reason = serializers.CharField()
    locked_at = MomentField()
    locked_by = serializers.CharField(allow_null=True, help_text="None: a command on the server.")


class KeepingViewSet(AdministratorViewSet):
    """Values that an administrator keeps, and learners whom provisioning is to leave alone."""

    serializer_class = LockedSerializer

    def list(self, request: Request, connection_id: int) -> Response:
        """Every locked value of the connection's learners, the newest first."""
        connection = self.connection(permissions.MANAGE_POLICY)
        locks = LockedValue.objects.filter(connection=connection).select_related("link", "locked_by")
        page = self.paginate_queryset(locks)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @described(request=LockSerializer, responses=OwnershipSerializer)
    def lock(self, request: Request, connection_id: int) -> Response:
        """Keep a value as it is here, whatever the identity provider sends."""
        connection = self.connection(permissions.MANAGE_POLICY)
        body = self.valid(LockSerializer, request)
        with refusals():
            link = ownership.living_link(connection, body["user_name"])
            path = keeping.attribute(link, body["attribute"])
            changed = keeping.lock(link, path, reason=body["reason"], **self.who())
        return Response({"changed": changed})

    @described(request=UnlockSerializer, responses=OwnershipSerializer)
    def unlock(self, request: Request, connection_id: int) -> Response:
        """Give a value back: the learner gets what the identity provider sent last."""
        connection = self.connection(permissions.MANAGE_POLICY)
        body = self.valid(UnlockSerializer, request)
        with refusals():
            link = ownership.living_link(connection, body["user_name"])
            changed = keeping.unlock(link, keeping.attribute(link, body["attribute"]), **self.who())
        return Response({"changed": changed})

    @described(request=LearnerSerializer, responses=OwnershipSerializer)
    def detach(self, request: Request, connection_id: int) -> Response:
        """Make a learner the application's own: the account stays, the identity provider is answered 404."""
        connection = self.connection(permissions.MANAGE_POLICY)
        name = self.valid(LearnerSerializer, request)["user_name"]
        with refusals():
            keeping.detach(ownership.living_link(connection, name), **self.who())
        return Response({"changed": True})
