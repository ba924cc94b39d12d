"""How many operations a connection had on a day that is over: what pages of numbers read instead of the log."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection


class DailyFigure(models.Model):
    """Operations of one kind on one day of the site's calendar (``TIME_ZONE``). Names nobody, and outlives the log's
    own lines. ``action`` and ``error_code`` are those of ``ProvisioningEvent``."""

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="daily_figures",
        db_index=False,
    )
    day = models.DateField(_("day"))
    action = models.CharField(_("action"), max_length=20)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("daily figure")
        verbose_name_plural = _("daily figures")
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "day", "action", "error_code"), name="scim_daily_figure_unique"
            ),
        )
        indexes = (models.Index(fields=("day",), name="scim_daily_figure_day"),)

    def __str__(self) -> str:
        return f"{self.day} {self.action} {self.times}"
