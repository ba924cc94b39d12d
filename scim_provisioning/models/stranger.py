"""Who called and was nobody: counted, so that an administrator sees a first set-up that goes wrong."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.fields import ExactCharField


class Stranger(models.Model):
    """What was wrong with the calls from one address, and how often. ``events.strangers`` keeps the table small.

    Nobody has proved to be anybody here, so no row belongs to a connection, and superusers alone see them.
    """

    class Mistake(models.TextChoices):
        TOKEN = "token", _("unknown token")
        NO_TOKEN = "no_token", _("no token")
        PATH = "path", _("wrong URL")

    mistake = models.CharField(_("mistake"), max_length=10, choices=Mistake)
    # Empty: all the addresses that no row of their own is kept for.
    address = ExactCharField(_("address"), max_length=45, blank=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    path = models.CharField(_("path"), max_length=200, blank=True)
    first_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)
    last_at = models.DateTimeField(_("last seen"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("unknown caller")
        verbose_name_plural = _("unknown callers")
        constraints = (models.UniqueConstraint(fields=("mistake", "address"), name="scim_stranger_unique"),)

    def __str__(self) -> str:
        return f"{self.get_mistake_display()}, {self.address}"
