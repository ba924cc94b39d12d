"""Connections, tokens, operations, self-test."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework import exceptions
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from scim_provisioning import tokens
from scim_provisioning.admin import log_search, permissions
from scim_provisioning.admin.log_filters import lookups
from scim_provisioning.admin.pages import tenant_url_or_empty
from scim_provisioning.admin.token_forms import NEVER, GenerateForm, RevokeForm, RotateForm
from scim_provisioning.administration import health, rotation, selftest
from scim_provisioning.api import serializers
from scim_provisioning.api.base import AdministratorViewSet
from scim_provisioning.api.schema import described
from scim_provisioning.conf import app_settings
from scim_provisioning.http.address import client_address
from scim_provisioning.models import Outcome, ProvisioningEvent, SCIMConnection, SCIMToken


class Conflict(exceptions.APIException):
    """Nothing was done; ``code`` says why to a program."""

    status_code = 409
    default_detail = "Nothing was done."


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
    @method_decorator(sensitive_variables("data"))
    def create(self, request: Request, connection_id: int) -> Response:
        """Make a token. The answer has its ``secret``, once and for all."""
        connection = self.connection(permissions.GENERATE)
        data = self._form_data(request, connection)
        form = GenerateForm(data, request=request._request, connection=connection)
        return self._made(connection, form, None)

    @described(request=serializers.RotationSerializer, responses={201: serializers.ShownTokenSerializer})
    @method_decorator(sensitive_variables("data"))
    def rotate(self, request: Request, connection_id: int, token_id: int) -> Response:
        """Make a token that is going to replace this one, which goes on for ``overlap_hours``."""
        connection = self.connection(permissions.GENERATE)
        old = self._token(connection)
        if old.state not in ("live", "expiring"):
            raise Conflict("Only a live token can be rotated. Generate a new one instead.", "token.dead")
        data = self._form_data(request, connection)
        form = RotateForm(data, request=request._request, connection=connection, replaces=old)
        return self._made(connection, form, old)

    def rotation(self, request: Request, connection_id: int, token_id: int) -> Response:
        """How far the rotation is that this token, the new one, began."""
        return Response(self.get_serializer(rotation.progress(self._token(self.connection()))).data)

    @described(request=serializers.RevocationSerializer, responses=serializers.TokenSerializer)
    def revoke(self, request: Request, connection_id: int, token_id: int) -> Response:
        """Revoke for good. The only live token wants its ``label`` as confirmation."""
        connection = self.connection(permissions.REVOKE)
        token = self._token(connection)
        live = SCIMToken.objects.live().filter(connection=connection)
        is_only = list(live.values_list("pk", flat=True)[:2]) == [token.pk]
        body = serializers.RevocationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        form = RevokeForm(body.validated_data, token=token, is_only=is_only)
        if not form.is_valid():
            raise exceptions.ValidationError(_named(form.errors))
        user: Any = request.user
        rotation.revoke(token, actor=user, address=client_address(request._request))
        return Response(serializers.TokenSerializer(self._token(connection)).data)

    def _tokens(self, connection: SCIMConnection) -> QuerySet[SCIMToken]:
        return SCIMToken.objects.filter(connection=connection)

    def _token(self, connection: SCIMConnection) -> SCIMToken:
        token: SCIMToken = get_object_or_404(self._tokens(connection), pk=self.kwargs["token_id"])
        return token

    @method_decorator(sensitive_variables("sent", "body"))
    def _form_data(self, request: Request, connection: SCIMConnection) -> dict[str, Any]:
        """The admin's own form judges the request, so that both have the same rules."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        usual = min(app_settings.token_default_days, app_settings.token_max_days)
        days = sent.get("expires_in_days", usual)
        return {
            "nonce": sent.get("nonce") or secrets.token_urlsafe(24),
            "label": sent["label"],
            "expires": NEVER if days is None else str(days),
            "networks": "\n".join(sent.get("allowed_networks", connection.default_networks)),
            "password": sent.get("password", ""),
            "overlap": str(sent.get("overlap_hours") or ""),
        }

    @sensitive_variables("secret", "answer")
    def _made(self, connection: SCIMConnection, form: GenerateForm, old: SCIMToken | None) -> Response:
        if not form.is_valid():
            raise exceptions.ValidationError(_named(form.errors))
        user: Any = self.request.user
        overlap: timedelta | None = form.overlap_span if isinstance(form, RotateForm) else None
        try:
            token, secret = rotation.generate(
                connection,
                actor=user,
                nonce=form.cleaned_data["nonce"],
                label=form.cleaned_data["label"],
                expires_in_days=form.expires_in_days,
                allowed_networks=form.cleaned_data["networks"],
                replaces=old,
                overlap=overlap,
                address=client_address(self.request._request),
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


def _named(errors: Any) -> dict[str, Any]:
    """The form's errors under the API's names."""
    names = {"expires": "expires_in_days", "networks": "allowed_networks", "overlap": "overlap_hours"}
    return {names.get(name, "detail" if name == "__all__" else name): list(e) for name, e in errors.items()}


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
        events = ProvisioningEvent.objects.filter(connection=connection)
        if query.get("lookups") != "show":
            events = events.exclude(lookups())
        if query.get("problems") == "only":
            events = events.filter(outcome=Outcome.REFUSED)
        if term := query.get("q"):
            own = SCIMConnection.objects.filter(pk=connection.pk)
            events = events.filter(log_search.matching(term, own))
        for name, field in (("action", "action"), ("error", "error_code"), ("request_id", "request_id")):
            if value := query.get(name):
                events = events.filter(**{field: value})
        if scim_id := query.get("scim_id"):
            events = events.filter(link__scim_id=scim_id)
        if token := query.get("token"):
            events = (
                events.filter(token_id=int(token)) if token.isdecimal() and len(token) < 19 else events.none()
            )
        return events
