"""What the API says of tokens, and what it takes."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from scim_provisioning.administration import identity, token_rules
from scim_provisioning.api.base import IdentitySerializer, MomentField, RowSerializer
from scim_provisioning.models import SCIMToken


class TokenSerializer(RowSerializer[SCIMToken]):
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


class NewTokenSerializer(IdentitySerializer):
    """What a new token is to be like."""

    wrong_password = identity.WRONG_PASSWORD_NO_TOKEN

    label = serializers.CharField(max_length=100, default="Entra ID")  # type: ignore[assignment]
    expires_in_days = serializers.IntegerField(
        required=False, allow_null=True, help_text="One of those the admin offers; null: never."
    )
    allowed_networks = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    nonce = serializers.CharField(
        required=False, min_length=20, max_length=200, help_text="The same nonce makes one token only."
    )

    def validate_expires_in_days(self, days: int | None) -> int | None:
        """Raises ``ValidationError`` for a life that the admin does not offer."""
        return token_rules.checked_life(days)

    def validate_allowed_networks(self, networks: list[str]) -> list[str]:
        """Raises ``ValidationError`` naming what is no network."""
        return token_rules.checked_networks(networks)


class RotationSerializer(NewTokenSerializer):
    """As a new token, and for how many hours the old one goes on (null: until it is revoked).

    Label and networks are those of the old one unless they are sent.
    """

    label = serializers.CharField(max_length=100, required=False)
    overlap_hours = serializers.ChoiceField(
        choices=[hours for hours in token_rules.OVERLAPS if hours], required=False, allow_null=True
    )


class ShownTokenSerializer(TokenSerializer):
    """The answer to a creation, the only one that has the secret. It is not stored and not shown again."""

    secret = serializers.CharField(read_only=True)
    tenant_url = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "secret", "tenant_url")  # type: ignore[assignment]


class RevocationSerializer(serializers.Serializer[Any]):
    """``label`` confirms that the only live token may go; ``context["token"]`` is the one that is meant."""

    label = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Raises ``ValidationError`` unless what has to be confirmed is."""
        token: SCIMToken = self.context["token"]
        if token_rules.is_only_live(token):
            try:
                token_rules.check_confirmation(token, attrs.get("label", ""))
            except ValidationError as error:
                raise serializers.ValidationError({"label": error.messages}) from None
        return attrs


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a rotation is: waiting, both, safe, finished."""

    state = serializers.CharField()
    new_first_used_at = MomentField(allow_null=True)
    old_last_used_at = MomentField(allow_null=True)
