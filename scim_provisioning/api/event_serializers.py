"""What the API says of operations."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from rest_framework import serializers

from scim_provisioning.administration import catalogue, log_words
from scim_provisioning.api.base import RowSerializer
from scim_provisioning.models import Outcome, ProvisioningEvent
from scim_provisioning.models.token import display


class EventSerializer(RowSerializer[ProvisioningEvent]):
    """An operation. Values are masked unless ``context["in_clear"]``, wherever they may stand."""

    sentence = serializers.SerializerMethodField()
    detail = serializers.SerializerMethodField()
    ignored = serializers.SerializerMethodField()
    path = serializers.SerializerMethodField()
    cause = serializers.SerializerMethodField()
    database = serializers.SerializerMethodField()
    what_to_do = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    token_prefix = serializers.SerializerMethodField()
    actor = serializers.StringRelatedField[Any]()

    class Meta:
        model = ProvisioningEvent
        fields = (
            "id", "created_at", "operation", "action", "outcome", "status", "error_code", "times", "sentence", "cause",
            "database", "what_to_do", "detail", "user_name", "external_id", "scim_id", "changes", "ignored", "token",
            "token_prefix", "actor", "request_id", "method", "path", "address", "client", "duration_ms",
        )  # fmt: skip
        read_only_fields = fields

    @property
    def _in_clear(self) -> bool:
        return bool(self.context.get("in_clear"))

    def get_sentence(self, event: ProvisioningEvent) -> str:
        """What happened, in words."""
        return log_words.sentence(event)

    def get_cause(self, event: ProvisioningEvent) -> str:
        """Why it was refused; empty when it was not."""
        if event.outcome != Outcome.REFUSED:
            return ""
        return log_words.explanation(event, in_clear=self._in_clear).cause

    def get_detail(self, event: ProvisioningEvent) -> str:
        """What was answered, or noted."""
        return log_words.detail(event, in_clear=self._in_clear)

    def get_ignored(self, event: ProvisioningEvent) -> list[str]:
        """Names that were sent and are not known here."""
        return log_words.ignored(event.ignored, in_clear=self._in_clear)

    def get_path(self, event: ProvisioningEvent) -> str:
        """Where the request went."""
        return log_words.path(event, in_clear=self._in_clear)

    def get_database(self, event: ProvisioningEvent) -> str:
        """The database's own sentence, where it was the database that refused; it may hold a value."""
        return log_words.explanation(event, in_clear=self._in_clear).database

    def get_what_to_do(self, event: ProvisioningEvent) -> str:
        """How to mend it; empty when there is nothing to mend."""
        return catalogue.explain(event.error_code).todo if event.outcome == Outcome.REFUSED else ""

    def get_changes(self, event: ProvisioningEvent) -> dict[str, list[str]]:
        """Attribute path to before and after."""
        return {c.attribute: [c.before, c.after] for c in log_words.changes(event, in_clear=self._in_clear)}

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
        if not self._in_clear:
            return None
        try:
            text: str = getattr(event.payload, name)
        except ObjectDoesNotExist:
            return None
        return text
