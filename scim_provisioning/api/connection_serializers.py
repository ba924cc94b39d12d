"""What the API says of connections and their self-test."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers

from scim_provisioning.administration import health, policy_choices, selftest
from scim_provisioning.api.base import IdentitySerializer, MomentField, RowSerializer
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
    at = MomentField(allow_null=True)


class ConnectionSerializer(RowSerializer[SCIMConnection]):
    """A connection with its health; ``context["health"]`` holds that of many, judged at once."""

    tenant_url = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    first_contact = serializers.SerializerMethodField()
    is_paused = serializers.BooleanField(read_only=True)
    is_archived = serializers.BooleanField(read_only=True)

    class Meta:
        model = SCIMConnection
        fields = (
            "id", "name", "sso_key", "tenant_url", "health", "first_contact", "is_paused", "is_archived", "created_at",
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


class NewConnectionSerializer(serializers.Serializer[Any]):
    """Where a connection begins: SSO settings of the host's, or a name where it has none."""

    sso_key = serializers.CharField(required=False, max_length=255)
    name = serializers.CharField(required=False, max_length=150)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` unless it is one of the two."""
        if len(attrs) != 1:
            raise serializers.ValidationError("Send sso_key, or name where there are no SSO settings.")
        return attrs


class PauseSerializer(serializers.Serializer[Any]):
    """Why provisioning stops for a while. Shown to other administrators, never sent to the identity provider."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class OptionSerializer(serializers.Serializer[Any]):
    """One option of a choice."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ChoiceSerializer(serializers.Serializer[Any]):
    """A policy that is a choice, and the options that this host can keep."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help_text = serializers.CharField()  # type: ignore[assignment]
    options = OptionSerializer(many=True)


class PoliciesSerializer(serializers.Serializer[Any]):
    """Every policy as it stands, by its name, and what may be chosen."""

    contacts = serializers.ListField(child=serializers.CharField())
    networks = serializers.ListField(child=serializers.CharField())
    choices = ChoiceSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Those above, and a field for each choice and number that is declared on ``SCIMConnection``."""
        declared: dict[str, serializers.Field[Any, Any, Any, Any]] = {
            **{choice.name: serializers.CharField() for choice in SCIMConnection.policy_choices},
            **{number.name: serializers.IntegerField() for number in SCIMConnection.policy_numbers},
        }
        return {**declared, **super().get_fields()}

    def to_representation(self, connection: SCIMConnection) -> dict[str, Any]:
        """What ``connection`` has chosen."""
        choices = [
            {
                "name": choice.name,
                "label": choice.label,
                "help_text": choice.help_text,
                "options": policy_choices.options(choice),
            }
            for choice in SCIMConnection.policy_choices
        ]
        return {**connection.chosen_policies(), "choices": ChoiceSerializer(choices, many=True).data}


class ChosenPoliciesSerializer(IdentitySerializer):
    """Policies to choose; one that is not sent stays as it is."""

    contacts = serializers.ListField(child=serializers.CharField(max_length=254), required=False)
    networks = serializers.ListField(child=serializers.CharField(max_length=60), required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Those above, and a field for each choice and number that is declared on ``SCIMConnection``."""
        fields = super().get_fields()
        for choice in SCIMConnection.policy_choices:
            fields[choice.name] = serializers.CharField(required=False, help_text=str(choice.label))
        for number in SCIMConnection.policy_numbers:
            fields[number.name] = serializers.IntegerField(
                required=False,
                min_value=number.least,
                max_value=number.most,
                help_text=str(number.label),
            )
        return fields

    @sensitive_variables("attrs")
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` for what is no policy or is not offered; then asks who is there."""
        unknown = {name: value for name, value in self.initial_data.items() if name not in self.fields}
        chosen = {name: value for name, value in attrs.items() if name != "password"}
        try:
            policy_choices.checked({**chosen, **unknown})
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        return {**super().validate(attrs), **policy_choices.checked(chosen)}


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
