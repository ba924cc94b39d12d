"""What happened: one row a write or a refusal, and beside it the redacted messages for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.former_identifier import PrefixCharField
from scim_provisioning.models.provisioned_user import (
    EXTERNAL_ID_LENGTH,
    USER_NAME_KEY_LENGTH,
    USER_NAME_LENGTH,
    ProvisionedUser,
)
from scim_provisioning.models.token import PUBLIC_LENGTH, SCIMToken

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Operation(models.TextChoices):
    """What was asked for."""

    # Translators: kinds of requests of an identity provider; shown before the reason of a refusal.
    CREATE = "create", _("Create")
    READ = "read", _("Read")
    SEARCH = "search", _("Search")
    REPLACE = "replace", _("Replace")
    PATCH = "patch", _("Patch")
    DELETE = "delete", _("Delete")
    BULK = "bulk", _("Bulk")
    GROUP = "group", _("Group")
    AUTHENTICATE = "authenticate", _("Authenticate")
    ADMIN = "admin", _("Administration")


class Action(models.TextChoices):
    """What became of it."""

    # Translators: what became of a learner, as a badge.
    CREATED = "created", pgettext_lazy("what became of a learner", "Created")
    UPDATED = "updated", _("Updated")
    DEACTIVATED = "deactivated", _("Deactivated")
    REACTIVATED = "reactivated", _("Reactivated")
    ADOPTED = "adopted", _("Adopted")
    REVIVED = "revived", _("Revived")
    DELETED = "deleted", _("Deleted")
    SKIPPED = "skipped", _("Skipped")
    HELD = "held", _("Held")
    REFUSED = "refused", _("Refused")
    TOKEN_GENERATED = "token_generated", _("Token generated")
    TOKEN_REVOKED = "token_revoked", _("Token revoked")
    CONNECTED = "connected", _("Connection set up")
    DISCONNECTED = "disconnected", _("Connection ended")
    DISCONNECT_DONE = "disconnect_done", _("Learners handled")
    RESTORED = "restored", _("Connection restored")
    ARCHIVED = "archived", _("Connection archived")
    PAUSED = "paused", _("Paused")
    RESUMED = "resumed", _("Resumed")
    POLICY_CHANGED = "policy_changed", _("Policy changed")
    SHARED = "shared", _("Shared link allowed")
    SHARE_WITHDRAWN = "share_withdrawn", _("Shared link withdrawn")
    OWNER_MOVED = "owner_moved", _("Ownership moved")
    MOVED = "moved", pgettext_lazy("what became of a learner", "Moved")
    LEAVERS_ALLOWED = "leavers_allowed", _("Leavers allowed")
    LEAVERS_HELD = "leavers_held", _("Hold of leavers")
    CHURN = "churn", _("Unusual changes")
    UNIT_DECIDED = "unit_decided", _("Unit decided on")
    MERGED = "merged", _("Joined")
    ADOPTION_UNDONE = "adoption_undone", _("Link taken back")
    ANSWERED = "answered", _("Answered")
    VALUE_LOCKED = "value_locked", _("Value locked")
    VALUE_UNLOCKED = "value_unlocked", _("Value unlocked")
    DETACHED = "detached", _("Detached")
    FORGOTTEN = "forgotten", pgettext_lazy("what became of a learner", "Forgotten")


class Outcome(models.TextChoices):
    """Whether it was done."""

    APPLIED = "applied", _("Applied")
    REFUSED = "refused", _("Refused")


# As functions, so that a new operation or action is no migration.
def operation_choices() -> list[tuple[str, StrOrPromise]]:
    """Values and labels of ``ProvisioningEvent.operation``."""
    return list(Operation.choices)


def action_choices() -> list[tuple[str, StrOrPromise]]:
    """Values and labels of ``ProvisioningEvent.action``."""
    return list(Action.choices)


class ProvisioningEvent(models.Model):
    """One write or one refusal. Written by ``scim_provisioning.events`` only; never changed afterwards, except for
    ``times`` while a token that is not let in keeps on calling.

    ``user_name``, ``external_id`` and ``scim_id`` are texts as they were at the time, so that the row still
    says whom it was about when the link or the learner is gone. ``changes`` maps a SCIM attribute path to
    ``[before, after]``; ``cause`` holds the facts behind a refusal, for administrators only.
    """

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        null=True,
        related_name="events",
        db_index=False,
    )
    link = models.ForeignKey(
        ProvisionedUser,
        verbose_name=_("learner"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
    )
    token = models.ForeignKey(
        SCIMToken,
        verbose_name=_("token"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
    )
    token_prefix = models.CharField(_("token prefix"), max_length=PUBLIC_LENGTH, blank=True)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    operation = models.CharField(_("operation"), max_length=20, choices=operation_choices)
    action = models.CharField(_("action"), max_length=20, choices=action_choices)
    outcome = models.CharField(_("result"), max_length=10, choices=Outcome)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True)
    cause = models.JSONField(_("cause"), default=dict, blank=True)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    ignored = models.JSONField(_("ignored attributes"), default=list, blank=True)
    user_name = models.CharField(_("userName"), max_length=USER_NAME_LENGTH, blank=True)
    # Folded, so that a refused newcomer, who has no link, is found by the beginning of the name.
    user_name_key = PrefixCharField(max_length=USER_NAME_KEY_LENGTH, blank=True, editable=False)
    external_id = models.CharField(_("externalId"), max_length=EXTERNAL_ID_LENGTH, blank=True)
    scim_id = models.CharField(_("SCIM id"), max_length=36, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("administrator"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    method = models.CharField(_("HTTP method"), max_length=10, blank=True)
    path = models.CharField(_("path"), max_length=500, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    client = models.CharField(_("client"), max_length=200, blank=True)
    # How often the same refusal came within a minute of ``created_at``; ``created_at`` is the first.
    times = models.PositiveIntegerField(_("times"), default=1)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("provisioning event")
        verbose_name_plural = _("provisioning log")
        ordering = ("-id",)
        permissions = (("export_log", _("Can export the provisioning log")),)
        indexes = (
            models.Index(fields=("connection", "-id"), name="scim_event_connection"),
            models.Index(fields=("link", "-id"), name="scim_event_link_id"),
            models.Index(fields=("connection", "outcome", "-id"), name="scim_event_outcome"),
            # What an administrator asks for is rare: without these the whole log would be read for it.
            models.Index(fields=("connection", "action", "-id"), name="scim_event_action"),
            models.Index(fields=("connection", "error_code", "-id"), name="scim_event_error_code"),
            models.Index(fields=("request_id",), name="scim_event_request_id"),
            models.Index(fields=("connection", "user_name_key"), name="scim_event_user_name_key"),
            models.Index(fields=("external_id",), name="scim_event_external_id"),
            models.Index(fields=("created_at",), name="scim_event_created_at"),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.user_name}".strip()


class ProvisioningPayload(models.Model):
    """Request and response of an event, redacted and cut at 32 KB a side; kept 30 days by default."""

    event = models.OneToOneField(
        ProvisioningEvent, verbose_name=_("event"), on_delete=models.CASCADE, related_name="payload"
    )
    request = models.TextField(_("request"), blank=True)
    response = models.TextField(_("response"), blank=True)
    request_truncated = models.BooleanField(default=False)
    response_truncated = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("provisioning payload")
        verbose_name_plural = _("provisioning payloads")
        permissions = (("view_payload", _("Can view values and messages in the provisioning log")),)
        indexes = (models.Index(fields=("created_at",), name="scim_payload_created_at"),)

    def __str__(self) -> str:
        return f"#{self.event_id}"
