"""A bearer token of a connection, as the database knows it: a fingerprint, never the secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField

TOKEN_PREFIX: Final = "lmsscim_"  # noqa: S105 - the public marker that secret scanners look for
PUBLIC_LENGTH: Final = 8

# For secret scanners: a whole token and nothing else. 8 public + 43 secret + 6 checksum characters of base62.
TOKEN_PATTERN: Final = re.compile(r"\blmsscim_[0-9A-Za-z]{57}\b")

EXPIRING_DAYS: Final = 30

TokenState = str  # "live" | "expiring" | "expired" | "revoked"


class TokenStillRevoked(ValueError):
    """Somebody tried to take back a revocation. Generate a new token instead."""

    def __init__(self) -> None:
        super().__init__("A revoked token stays revoked. Generate a new one.")


def display(prefix: str) -> str:
    """How a token is named to people and in logs: marker and half of its public part."""
    return f"{TOKEN_PREFIX}{prefix[: PUBLIC_LENGTH // 2]}…"


class TokenQuerySet(models.QuerySet["SCIMToken"]):
    """Which tokens count. The only place that knows."""

    def live(self) -> TokenQuerySet:
        """Tokens neither revoked nor expired, of connections that are not archived."""
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=timezone.now()),
            revoked_at__isnull=True,
            connection__archived_at__isnull=True,
        )

    def update(self, **kwargs: Any) -> int:
        """As Django's; raises ``TokenStillRevoked`` for anything but a moment in ``revoked_at``."""
        if "revoked_at" in kwargs and not _is_moment(kwargs["revoked_at"]):
            raise TokenStillRevoked
        return super().update(**kwargs)


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime | Now)


class SCIMToken(models.Model):
    """One token. ``tokens.issue`` makes it; its plaintext is shown once and never stored.

    The token belongs to the connection, not to a person: ``created_by`` only informs, so that provisioning
    goes on when the administrator who made it leaves. Revocation is one-way (``save`` and ``update``).
    """

    connection = models.ForeignKey(
        SCIMConnection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="tokens"
    )
    label = models.CharField(_("label"), max_length=100)
    prefix = ExactCharField(_("public part"), max_length=PUBLIC_LENGTH, unique=True, editable=False)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    # Names the pepper in the digest without giving it away; empty: none. By it a token made under an older
    # pepper, or under none, is still understood after a newer one was put first.
    pepper_fingerprint = models.CharField(max_length=12, blank=True, default="", editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("revoked by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    allowed_networks = models.JSONField(_("allowed networks"), default=list, blank=True)
    replaces = models.ForeignKey(
        "self",
        verbose_name=_("replaces"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="replaced_by",
    )
    # Digest of the form that made it: a form that is sent twice makes one token (see ``rotation``).
    nonce_digest = models.CharField(max_length=64, unique=True, null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True, editable=False)
    last_used_ip = models.GenericIPAddressField(_("last used from"), null=True, blank=True, editable=False)
    last_used_agent = models.CharField(_("last used by"), max_length=200, blank=True, editable=False)
    first_used_at = models.DateTimeField(_("first used"), null=True, blank=True, editable=False)
    first_query_at = models.DateTimeField(_("first query"), null=True, blank=True, editable=False)
    first_create_at = models.DateTimeField(_("first create"), null=True, blank=True, editable=False)
    first_update_at = models.DateTimeField(_("first update"), null=True, blank=True, editable=False)
    first_deactivate_at = models.DateTimeField(_("first deactivation"), null=True, blank=True, editable=False)
    first_group_at = models.DateTimeField(_("first group request"), null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    # The revocation as the database has it, as far as this instance knows.
    _was_revoked_at: datetime | None = None

    class Meta:
        verbose_name = _("SCIM token")
        verbose_name_plural = _("SCIM tokens")
        ordering = ("-created_at", "-id")
        permissions = (
            ("generate_token", _("Can generate SCIM tokens")),
            ("revoke_token", _("Can revoke SCIM tokens")),
        )

    def __str__(self) -> str:
        return f"{self.label} ({self.display_prefix})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; raises ``TokenStillRevoked`` when a revocation would be taken back or moved.

        An instance that does not know itself revoked never writes the revocation's columns: somebody may
        have revoked the row since it was read, and a late save must not undo that.
        """
        if "revoked_at" in self.__dict__ and self._was_revoked_at not in (None, self.revoked_at):
            raise TokenStillRevoked
        if self._state.adding:
            if self.pk is not None:
                kwargs["force_insert"] = True
        elif self.__dict__.get("revoked_at") is None:
            kwargs["update_fields"] = self._columns_without_revocation(kwargs.get("update_fields"))
        super().save(*args, **kwargs)
        self._was_revoked_at = self.__dict__.get("revoked_at")

    @property
    def display_prefix(self) -> str:
        """``lmsscim_r8fe…``: enough to tell tokens apart, nothing that opens a door."""
        return display(self.prefix)

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_revoked(self) -> bool:
        """Whether somebody revoked it."""
        return self.revoked_at is not None

    @property
    def is_live(self) -> bool:
        """Whether it opens the door. A connection that is archived has none: archiving revokes them all."""
        return not (self.is_revoked or self.is_expired)

    @property
    def state(self) -> TokenState:
        """One of "live", "expiring" (within 30 days), "expired" and "revoked"."""
        if self.is_revoked:
            return "revoked"
        if self.is_expired:
            return "expired"
        soon = timezone.now() + timedelta(days=EXPIRING_DAYS)
        return "expiring" if self.expires_at is not None and self.expires_at <= soon else "live"

    def _columns_without_revocation(self, wanted: Iterable[str] | None) -> list[str]:
        if wanted is None:
            deferred = self.get_deferred_fields()
            wanted = [
                field.name
                for field in self._meta.concrete_fields
                if not field.primary_key and field.attname not in deferred
            ]
        return [name for name in wanted if name not in {"revoked_at", "revoked_by", "revoked_by_id"}]

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Self:
        """As Django's; remembers whether the row was revoked, so that ``save`` can refuse to forget it."""
        token = super().from_db(*args, **kwargs)
        token.was_read()
        return token

    def was_read(self) -> None:
        """Remember whether the row that this was made of was revoked."""
        self._was_revoked_at = self.__dict__.get("revoked_at")

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; a revocation learnt by it counts."""
        super().refresh_from_db(*args, **kwargs)
        self.was_read()
