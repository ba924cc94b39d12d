"""An administrator's word on somebody whom the identity provider sent and who was refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.provisioned_user import USER_NAME_KEY_LENGTH, USER_NAME_LENGTH


class AdoptionAnswer(models.Model):
    """Whoever is sent under ``user_name`` is somebody new, or is to be left alone. Who was linked needs no answer: they
    have a link."""

    class Verdict(models.TextChoices):
        """What was answered."""

        SEPARATE = "separate", _("Somebody new")
        IGNORED = "ignored", _("Ignored")

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="adoption_answers",
        db_index=False,
    )
    user_name = models.CharField(_("userName"), max_length=USER_NAME_LENGTH)
    user_name_key = ExactCharField(max_length=USER_NAME_KEY_LENGTH, editable=False)
    verdict = models.CharField(_("answer"), max_length=10, choices=Verdict)
    answered_at = models.DateTimeField(_("answered at"), default=timezone.now, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("answered by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("answer on a refused person")
        verbose_name_plural = _("answers on refused people")
        constraints = (
            models.UniqueConstraint(
                fields=("connection", "user_name_key"), name="scim_adoption_answer_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_name}: {self.get_verdict_display()}"
