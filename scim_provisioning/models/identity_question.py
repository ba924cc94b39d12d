"""Two who may be the same person: for an administrator to answer, never decided by a name alone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.provisioned_user import ProvisionedUser


class IdentityQuestion(models.Model):
    """``newcomer`` has a name or an identifier that the deleted ``earlier`` had, and did not agree with it in all.

    The newcomer is somebody new (RFC 7644 section 3.6); nobody inherits certificates by a name.
    """

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="identity_questions",
    )
    newcomer = models.ForeignKey(
        ProvisionedUser,
        verbose_name=_("newcomer"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    earlier = models.ForeignKey(
        ProvisionedUser, verbose_name=_("earlier learner"), on_delete=models.CASCADE, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now, editable=False)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("question of identity")
        verbose_name_plural = _("questions of identity")
        constraints = (
            models.UniqueConstraint(fields=("newcomer", "earlier"), name="scim_identity_question_unique"),
        )

    def __str__(self) -> str:
        return f"{self.newcomer} / {self.earlier}"
