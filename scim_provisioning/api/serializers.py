"""What the API says of connections, tokens and operations."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from rest_framework import serializers

from scim_provisioning.admin import log_words
from scim_provisioning.admin.pages import tenant_url_or_empty
from scim_provisioning.administration import catalogue, health, selftest
from scim_provisioning.models import Outcome, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.models.token import display


class HealthSerializer(serializers.Serializer[Any]):
    """The badge, in words, and one sentence."""

    badge = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    sentence = serializers.CharField()


class TickSerializer(serializers.Serializer[Any]):
    """Something that the identity provider does for the first time."""

    label = serializers.CharField()  # type: ignore[assignment]
    at = serializers.DateTimeField(allow_null=True)


class ConnectionSerializer(serializers.ModelSerializer[SCIMConnection]):
    """A connection with its health; ``context["health"]`` holds that of many, judged at once."""

    tenant_url = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    first_contact = serializers.SerializerMethodField()
    is_paused = serializers.BooleanField(read_only=True)
    is_archived = serializers.BooleanField(read_only=True)

    class Meta:
        model = SCIMConnection
        fields = (
            "id", "name", "tenant_url", "health", "first_contact", "is_paused", "is_archived", "created_at",
            "paused_at", "pause_reason",
        )  # fmt: skip
        read_only_fields = fields

    def get_tenant_url(self, connection: SCIMConnection) -> str:
        """Where the identity provider calls; the same for every connection."""
        return tenant_url_or_empty()

    def get_health(self, connection: SCIMConnection) -> dict[str, str]:
        """Badge, label and sentence."""
        known = self.context.get("health") or {}
        judged = known.get(connection.pk) or health.of(connection)
        return dict(HealthSerializer(judged).data)

    def get_first_contact(self, connection: SCIMConnection) -> list[dict[str, Any]]:
        """What the identity provider has done so far; only of one connection, not in lists."""
        if self.context.get("health") is not None:
            return []
        return [dict(item) for item in TickSerializer(selftest.first_contact(connection), many=True).data]


class TokenSerializer(serializers.ModelSerializer[SCIMToken]):
    """A token as its row knows it: never the secret."""

    prefix = serializers.CharField(source="display_prefix", read_only=True)
    state = serializers.CharField(read_only=True)
    created_by = serializers.StringRelatedField[Any]()
    revoked_by = serializers.StringRelatedField[Any]()

    class Meta:
        model = SCIMToken
        fields = (
            "id", "label", "prefix", "state", "created_at", "created_by", "expires_at", "revoked_at",
            "revoked_by", "allowed_networks", "first_used_at", "last_used_at", "last_used_ip",
            "last_used_agent", "replaces",
        )  # fmt: skip
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer[Any]):
    """What a new token is to be like. ``password`` is the administrator's own, unless the host has a step-up."""

    label = serializers.CharField(max_length=100, default="Entra ID")  # type: ignore[assignment]
    expires_in_days = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, help_text="One of those the admin offers; null: never."
    )
    allowed_networks = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    password = serializers.CharField(required=False, allow_blank=True, write_only=True, trim_whitespace=False)
    nonce = serializers.CharField(
        required=False, min_length=20, max_length=200, help_text="The same nonce makes one token only."
    )


class RotationSerializer(NewTokenSerializer):
    """As a new token, and for how many hours the old one goes on (null: until it is revoked)."""

    overlap_hours = serializers.ChoiceField(choices=(1, 24, 168), required=False, allow_null=True)


class ShownTokenSerializer(TokenSerializer):
    """The answer to a creation, the only one that has the secret. It is not stored and not shown again."""

    secret = serializers.CharField(read_only=True)
    tenant_url = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "secret", "tenant_url")  # type: ignore[assignment]


class RevocationSerializer(serializers.Serializer[Any]):
    """``label`` confirms that the only live token may go."""

    label = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a rotation is: waiting, both, safe, finished."""

    state = serializers.CharField()
    new_first_used_at = serializers.DateTimeField(allow_null=True)
    old_last_used_at = serializers.DateTimeField(allow_null=True)


class LineSerializer(serializers.Serializer[Any]):
    """One check of the self-test."""

    what = serializers.CharField()
    result = serializers.CharField()
    found = serializers.CharField()
    mend = serializers.CharField()


class SelfTestSerializer(serializers.Serializer[Any]):
    """The self-test's report. Nothing was changed by it."""

    passed = serializers.BooleanField()
    lines = LineSerializer(many=True)


class EventSerializer(serializers.ModelSerializer[ProvisioningEvent]):
    """An operation. Values before and after are masked unless ``context["in_clear"]``."""

    sentence = serializers.SerializerMethodField()
    cause = serializers.SerializerMethodField()
    database = serializers.SerializerMethodField()
    what_to_do = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    token_prefix = serializers.SerializerMethodField()
    actor = serializers.StringRelatedField[Any]()

    class Meta:
        model = ProvisioningEvent
        fields = (
            "id", "created_at", "operation", "action", "outcome", "status", "error_code", "sentence", "cause",
            "database", "what_to_do", "detail", "user_name", "external_id", "scim_id", "changes", "ignored", "token",
            "token_prefix", "actor", "request_id", "method", "path", "address", "client", "duration_ms",
        )  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, event: ProvisioningEvent) -> str:
        """What happened, in words."""
        return log_words.sentence(event)

    def get_cause(self, event: ProvisioningEvent) -> str:
        """Why it was refused; empty when it was not."""
        if event.outcome != Outcome.REFUSED:
            return ""
        return catalogue.explain(event.error_code, event.cause).cause

    def get_database(self, event: ProvisioningEvent) -> str:
        """The database's own sentence, where it was the database that refused; it may hold a value."""
        return log_words.explanation(event, in_clear=bool(self.context.get("in_clear"))).database

    def get_what_to_do(self, event: ProvisioningEvent) -> str:
        """How to mend it; empty when there is nothing to mend."""
        return catalogue.explain(event.error_code).todo if event.outcome == Outcome.REFUSED else ""

    def get_changes(self, event: ProvisioningEvent) -> dict[str, list[str]]:
        """Attribute path to before and after."""
        in_clear = bool(self.context.get("in_clear"))
        return {c.attribute: [c.before, c.after] for c in log_words.changes(event, in_clear=in_clear)}

    def get_token_prefix(self, event: ProvisioningEvent) -> str:
        """``lmsscim_r8fe…``."""
        return display(event.token_prefix) if event.token_prefix else ""


class EventDetailSerializer(EventSerializer):
    """With both messages, redacted, for those who may see them and as long as they are kept."""

    request = serializers.SerializerMethodField()
    response = serializers.SerializerMethodField()

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "request", "response")  # type: ignore[assignment]

    def get_request(self, event: ProvisioningEvent) -> str | None:
        """What was sent."""
        return self._side(event, "request")

    def get_response(self, event: ProvisioningEvent) -> str | None:
        """What was answered."""
        return self._side(event, "response")

    def _side(self, event: ProvisioningEvent, name: str) -> str | None:
        if not self.context.get("in_clear"):
            return None
        try:
            text: str = getattr(event.payload, name)
        except ObjectDoesNotExist:
            return None
        return text
