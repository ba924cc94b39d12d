"""Wrong answers to "who is sitting there?", counted where they outlive a cache."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ConfirmationAttempts(models.Model):
    """How often one session, or one account, was not confirmed. ``subject`` is a digest of which one it is.

    Rows are made by wrong answers of people who are signed in as staff, one for each session and account that gave
    one; ``scim_prune`` deletes them when they count no longer.
    """

    subject = models.CharField(_("subject"), max_length=64, unique=True, editable=False)
    wrong = models.PositiveIntegerField(_("wrong answers"), default=0, editable=False)
    began_at = models.DateTimeField(_("began at"), default=timezone.now, editable=False)
    #: The last answer that was wrong and counted.
    last_at = models.DateTimeField(_("last at"), null=True, editable=False)

    class Meta:
        verbose_name = _("unconfirmed identity")
        verbose_name_plural = _("unconfirmed identities")
        indexes = (models.Index(fields=("began_at",), name="scim_confirmation_began"),)

    def __str__(self) -> str:
        return self.subject
