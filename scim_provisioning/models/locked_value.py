"""A value of a learner that an administrator keeps, whatever the identity provider sends."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.provisioned_user import ProvisionedUser

PATH_LENGTH = 255
REASON_LENGTH = 300


class LockedValue(models.Model):
    """Provisioning leaves alone what the line ``path`` of the mapping writes of ``link``'s learner.

    Who, when and why. What every request has to know of it is kept on the link (see ``Person.locked``), so that nobody
    pays for a query; both are written by ``provisioning.local_values`` and nothing else.
    """

    connection = models.ForeignKey(
        SCIMConnection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="locked_values"
    )
    link = models.ForeignKey(
        ProvisionedUser,
        verbose_name=_("learner"),
        on_delete=models.CASCADE,
        related_name="locked_values",
        db_index=False,
    )
    path = ExactCharField(_("attribute"), max_length=PATH_LENGTH)
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH)
    locked_at = models.DateTimeField(_("locked at"), default=timezone.now, editable=False)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("locked by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("locked value")
        verbose_name_plural = _("locked values")
        constraints = (models.UniqueConstraint(fields=("link", "path"), name="scim_locked_value_unique"),)

    def __str__(self) -> str:
        return f"{self.link}: {self.path}"
