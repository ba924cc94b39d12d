"""The tokens of a connection: made, rotated, revoked by the rules of the admin's own pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning import tokens
from scim_provisioning.administration import permissions, rotation, token_rules
from scim_provisioning.api import token_serializers as serializers
from scim_provisioning.api.base import AdministratorViewSet, Conflict
from scim_provisioning.api.schema import described
from scim_provisioning.conf import tenant_url_or_empty
from scim_provisioning.models import SCIMConnection, SCIMToken


class TokenViewSet(AdministratorViewSet):
    """The tokens of a connection."""

    serializer_class = serializers.TokenSerializer
    queryset = SCIMToken.objects.none()

    def get_serializer_class(self) -> Any:
        """What the body of each verb looks like, for the OpenAPI document too."""
        bodies = {
            "create": serializers.NewTokenSerializer,
            "rotate": serializers.RotationSerializer,
            "revoke": serializers.RevocationSerializer,
            "rotation": serializers.ProgressSerializer,
        }
        return bodies.get(self.action, self.serializer_class)

    def list(self, request: Request, connection_id: int) -> Response:
        """All of them, the newest first: their rows, never their secrets."""
        rows = self._tokens(self.connection())
        page = self.paginate_queryset(rows.select_related("created_by", "revoked_by")) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, connection_id: int, token_id: int) -> Response:
        """One."""
        return Response(self.get_serializer(self._token(self.connection())).data)

    @described(request=serializers.NewTokenSerializer, responses={201: serializers.ShownTokenSerializer})
    @method_decorator(sensitive_variables("body"))
    def create(self, request: Request, connection_id: int) -> Response:
        """Make a token. The answer has its ``secret``, once and for all."""
        connection = self.connection(permissions.GENERATE)
        body = self.valid(serializers.NewTokenSerializer, request)
        body.setdefault("allowed_networks", connection.default_networks)
        return self._made(connection, body, None)

    @described(request=serializers.RotationSerializer, responses={201: serializers.ShownTokenSerializer})
    @method_decorator(sensitive_variables("body"))
    def rotate(self, request: Request, connection_id: int, token_id: int) -> Response:
        """Make a token that is going to replace this one, which goes on for ``overlap_hours``."""
        connection = self.connection(permissions.GENERATE)
        old = self._token(connection)
        if not old.is_live:
            raise Conflict("Only a live token can be rotated. Generate a new one instead.", "token.dead")
        body = self.valid(serializers.RotationSerializer, request)
        label = token_rules.free_label(old.connection, old.label)
        body = {"label": label, "allowed_networks": old.allowed_networks, **body}
        return self._made(connection, body, old)

    def rotation(self, request: Request, connection_id: int, token_id: int) -> Response:
        """How far the rotation is that this token, the new one, began."""
        return Response(self.get_serializer(rotation.progress(self._token(self.connection()))).data)

    @described(request=serializers.RevocationSerializer, responses=serializers.TokenSerializer)
    def revoke(self, request: Request, connection_id: int, token_id: int) -> Response:
        """Revoke for good. The only live token wants its ``label`` as confirmation."""
        connection = self.connection(permissions.REVOKE)
        token = self._token(connection)
        self.valid(serializers.RevocationSerializer, request, token=token)
        rotation.revoke(token, **self.who())
        return Response(serializers.TokenSerializer(self._token(connection)).data)

    def _tokens(self, connection: SCIMConnection) -> QuerySet[SCIMToken]:
        return SCIMToken.objects.filter(connection=connection)

    def _token(self, connection: SCIMConnection) -> SCIMToken:
        token: SCIMToken = get_object_or_404(self._tokens(connection), pk=self.kwargs["token_id"])
        token.connection = connection
        return token

    @sensitive_variables("secret", "answer", "body")
    def _made(self, connection: SCIMConnection, body: dict[str, Any], old: SCIMToken | None) -> Response:
        try:
            token, secret = rotation.generate(
                connection,
                nonce=body.get("nonce"),
                label=body["label"],
                expires_in_days=body.get("expires_in_days", tokens.DEFAULT),
                allowed_networks=body["allowed_networks"],
                replaces=old,
                overlap=token_rules.overlap(body.get("overlap_hours")),
                **self.who(),
            )
        except tokens.TokenRefused as refusal:
            raise Conflict(refusal.message, refusal.code) from None
        except rotation.AlreadyShown:
            raise Conflict(
                "This token was already created and shown once. It cannot be shown again.", "token.shown"
            ) from None
        answer = dict(serializers.TokenSerializer(token).data)
        answer |= {"secret": secret.reveal(), "tenant_url": tenant_url_or_empty()}
        return Response(answer, status=201)
