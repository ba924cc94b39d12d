"""When the commands that cron should run were last done: what is not in crontab is noticed by its absence."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CommandRun(models.Model):
    """The last run of a command that came to its end, in whatever process and on whatever machine."""

    name = models.CharField(_("command"), max_length=50, unique=True)
    last_at = models.DateTimeField(_("last run"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("command run")
        verbose_name_plural = _("command runs")

    def __str__(self) -> str:
        return self.name
