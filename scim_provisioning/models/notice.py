"""Which notices were mailed already, so that a cron job can run as often as it likes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField


class SentNotice(models.Model):
    """One notice of a connection. ``key`` tells occasions of one kind apart, e.g. a token and its threshold."""

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="sent_notices",
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=20)
    key = ExactCharField(_("occasion"), max_length=100)
    sent_at = models.DateTimeField(_("sent at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sent notice")
        verbose_name_plural = _("sent notices")
        constraints = (
            models.UniqueConstraint(fields=("connection", "kind", "key"), name="scim_sent_notice_unique"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
