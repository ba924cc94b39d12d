"""What people were called who were refused: they have no row of their own, and somebody asks after them by name."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from scim_provisioning.models.connection import SCIMConnection
from scim_provisioning.models.event import ProvisioningPayload
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.former_identifier import PrefixCharField
from scim_provisioning.models.provisioned_user import USER_NAME_KEY_LENGTH

PERSON_LENGTH = 32


class RefusedName(models.Model):
    """One word of a name, an address or a number in what was sent and refused. ``key`` is the word, folded; one with
    accents is kept without them as well.

    ``person`` is the same text for all refusals of one person. Written beside the payload in which it stands, by
    ``events``; gone when that is.
    """

    # Once more: a search begins with the connections that the administrator sees.
    connection = models.ForeignKey(
        SCIMConnection,
        verbose_name=_("connection"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    payload = models.ForeignKey(
        ProvisioningPayload,
        verbose_name=_("provisioning payload"),
        on_delete=models.CASCADE,
        related_name="refused_names",
    )
    person = ExactCharField(max_length=PERSON_LENGTH, editable=False)
    key = PrefixCharField(max_length=USER_NAME_KEY_LENGTH, editable=False)

    class Meta:
        verbose_name = _("refused name")
        verbose_name_plural = _("refused names")
        # Answers by itself who was meant and which refusal was the last.
        indexes = (
            models.Index(fields=("connection", "key", "person", "payload"), name="scim_refused_name_key"),
        )

    def __str__(self) -> str:
        return str(self.key)
