"""What an account was when it was linked: what can be taken back, for a while, and what is not to be linked again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.provisioned_user import ProvisionedUser

#: For so long an adoption can be undone; scim_prune forgets it afterwards.
UNDONE_WITHIN: Final = timedelta(days=30)


class Adoption(models.Model):
    """An account that was here before ``link`` was made for it. ``kept`` has the values that provisioning may
    overwrite, by row and column of the mapping; it is empty once an administrator has taken the account from the link.
    Then the row says whose ``user`` was: nobody is linked to the account by evidence alone any more. A link that was
    moved to another account has a row for each that was taken from it."""

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="adoptions",
        db_index=False,
    )
    link = models.ForeignKey(
        ProvisionedUser,
        verbose_name=_("learner"),
        on_delete=models.CASCADE,
        related_name="adoptions",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    kept = models.JSONField(default=dict, editable=False, encoder=DjangoJSONEncoder)
    made_at = models.DateTimeField(_("adopted at"), default=timezone.now, editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True, editable=False)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("undone by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("adoption")
        verbose_name_plural = _("adoptions")
        indexes = (
            models.Index(fields=("connection", "user"), name="scim_adoption_user"),
            models.Index(fields=("link",), name="scim_adoption_link"),
        )

    def __str__(self) -> str:
        return f"{self.link} ({self.user})"
