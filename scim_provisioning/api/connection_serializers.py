"""What the API says of connections and their self-test."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from scim_provisioning.administration import health, selftest
from scim_provisioning.conf import tenant_url_or_empty
from scim_provisioning.models import SCIMConnection


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
