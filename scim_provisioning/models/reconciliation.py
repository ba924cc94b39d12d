"""What a connection and its directory were last found to differ in: figures for pages, and nobody's names."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection


class Reconciliation(models.Model):
    """The last ``scim_reconcile`` of a connection. ``counts`` are people by what was found of them; ``drifted`` of
    ``compared`` learners are otherwise here than their identity provider last left them."""

    connection = models.OneToOneField(
        SCIMConnection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="reconciliation"
    )
    made_at = models.DateTimeField(_("compared at"), default=timezone.now, editable=False)
    # Whether a whole directory was at hand, or only what this application knows by itself.
    with_directory = models.BooleanField(_("with an export of the directory"), default=False)
    counts = models.JSONField(default=dict, editable=False)
    compared = models.PositiveIntegerField(_("compared learners"), default=0)
    drifted = models.PositiveIntegerField(_("learners who differ"), default=0)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")

    def __str__(self) -> str:
        return f"{self.connection} {self.made_at:%Y-%m-%d}"
