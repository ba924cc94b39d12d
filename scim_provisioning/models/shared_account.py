"""An administrator's word that a second connection may use an account that another one owns."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.fields import ExactCharField

CUSTOMER_LENGTH = 200


class SharedAccount(models.Model):
    """``connection`` may link ``user`` although another connection's link owns the account.

    Such a link writes nothing but its own ``active`` and its own rows, never the account's name, address or user
    name. Nothing but an administrator who may see both connections makes one.

    It is about an account of one customer, ``customer`` (see ``adapters.customers``; empty where nothing tells): once
    the LMS has moved the person to another one, nobody has said anything about theirs.
    """

    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="shared_accounts",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("user"), on_delete=models.CASCADE, related_name="+"
    )
    customer = ExactCharField(
        _("customer"), max_length=CUSTOMER_LENGTH, blank=True, default="", db_default="", editable=False
    )
    allowed_at = models.DateTimeField(_("allowed at"), default=timezone.now, editable=False)
    allowed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("allowed by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("shared account")
        verbose_name_plural = _("shared accounts")
        constraints = (
            models.UniqueConstraint(fields=("connection", "user"), name="scim_shared_account_unique"),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.connection})"
