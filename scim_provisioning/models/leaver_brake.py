"""The leaver brake of a connection: how many went within the hour, and who is held."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.provisioned_user import ProvisionedUser
from scim_provisioning.models.token import SCIMToken

#: Over how long deactivations and deletions are added up.
WINDOW: Final = timedelta(hours=1)
#: For how long somebody is held of whom the identity provider says no more. Entra in quarantine asks once a day.
FORGOTTEN: Final = timedelta(days=7)
#: For how long an administrator's word lets people go.
ALLOWED: Final = timedelta(hours=24)


class LeaverBrake(models.Model):
    """One row a connection, locked by whoever lets somebody go, so that workers cannot pass together.

    ``recent`` are the departures of the hour, ``[minute, number]`` each, minutes since 1970: at most 61 entries,
    so that nothing has to be counted. ``tripped_at``: since when people are held; None: nobody is.
    """

    connection = models.OneToOneField(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="leaver_brake",
    )
    recent = models.JSONField(default=list, editable=False)
    # How many were active when the first of the hour went; counted when it comes to matter.
    people = models.PositiveIntegerField(_("active learners"), null=True, editable=False)
    people_at = models.DateTimeField(null=True, editable=False)
    tripped_at = models.DateTimeField(_("on hold since"), null=True, editable=False)
    # An administrator has looked, and lets nobody go: no further mail.
    kept_at = models.DateTimeField(_("hold confirmed at"), null=True, editable=False)
    open_until = models.DateTimeField(_("everybody may go until"), null=True, editable=False)

    class Meta:
        verbose_name = _("leaver brake")
        verbose_name_plural = _("leaver brakes")

    def __str__(self) -> str:
        return str(self.connection)

    @property
    def is_open(self) -> bool:
        """Whether an administrator lets everybody go for now."""
        return self.open_until is not None and self.open_until > timezone.now()

    def departed(self, now: datetime) -> int:
        """How many went within the hour before ``now``."""
        since = _minute(now - WINDOW)
        return sum(number for minute, number in self.recent if minute > since)

    def count(self, now: datetime) -> None:
        """One more goes; unsaved."""
        since, this = _minute(now - WINDOW), _minute(now)
        recent = {minute: number for minute, number in self.recent if minute > since}
        recent[this] = recent.get(this, 0) + 1
        self.recent = sorted(map(list, recent.items()))

    def take_back(self, number: int) -> None:
        """So many have come back, the last that went first; unsaved."""
        recent = []
        for minute, went in reversed(self.recent):
            returned = min(went, number)
            number -= returned
            if went > returned:
                recent.append([minute, went - returned])
        self.recent = recent[::-1]


class HeldLeaverQuerySet(models.QuerySet["HeldLeaver"]):
    """Who is held."""

    def asked(self) -> HeldLeaverQuerySet:
        """They have not gone by another way, and the identity provider still asks.

        Who is held though the identity provider wants them off already is to be erased, or on again by the LMS's doing.
        """
        is_here = models.Q(link__active=True) | models.Q(last_asked_at__gt=models.F("link__modified_at"))
        return self.filter(is_here, last_asked_at__gte=timezone.now() - FORGOTTEN, link__deleted_at=None)

    def waiting(self) -> HeldLeaverQuerySet:
        """The same, and nobody has let them go."""
        has_no_word = models.Q(allowed_until__isnull=True) | models.Q(allowed_until__lte=timezone.now())
        return self.asked().filter(has_no_word)

    def by_connection(self) -> dict[int, int]:
        """How many they are, by the key of their connection (one query)."""
        return dict(self.order_by().values_list("connection").annotate(models.Count("pk")))

    def allowed(self) -> HeldLeaverQuerySet:
        """An administrator has let them go."""
        return self.filter(allowed_until__gt=timezone.now())


class HeldLeaver(models.Model):
    """Somebody whom the identity provider wants to go, and the brake keeps: until they have gone, or are back."""

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="held_leavers",
        db_index=False,
    )
    link = models.OneToOneField(
        ProvisionedUser, verbose_name=_("learner"), on_delete=models.CASCADE, related_name="held_leaver"
    )
    operation = models.CharField(_("operation"), max_length=20)
    token = models.ForeignKey(
        SCIMToken, verbose_name=_("token"), on_delete=models.SET_NULL, null=True, related_name="+"
    )
    first_asked_at = models.DateTimeField(_("first asked"), default=timezone.now)
    last_asked_at = models.DateTimeField(_("last asked"), default=timezone.now)
    times = models.PositiveIntegerField(_("times"), default=1)
    allowed_until = models.DateTimeField(_("allowed until"), null=True)
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("allowed by"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )

    objects = HeldLeaverQuerySet.as_manager()

    class Meta:
        verbose_name = _("held leaver")
        verbose_name_plural = _("held leavers")
        ordering = ("first_asked_at", "pk")
        indexes = (models.Index(fields=("connection", "last_asked_at"), name="scim_held_connection"),)

    def __str__(self) -> str:
        return str(self.link)

    @property
    def is_allowed(self) -> bool:
        """Whether an administrator has let this person go."""
        return self.allowed_until is not None and self.allowed_until > timezone.now()


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
