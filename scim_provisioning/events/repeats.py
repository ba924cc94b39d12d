"""A token that is not let in and keeps on calling: one row a minute in the log, with a count."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from scim_provisioning.models import Outcome, ProvisioningEvent, SCIMToken
from scim_provisioning.protocol.errors import SCIMError

#: For so long the same refusals of one token are one row.
COUNTED_TOGETHER: Final = timedelta(minutes=1)
_LOOKED_AT: Final = 20


def counted_again(token: SCIMToken, error: SCIMError) -> bool:
    """Whether the same refusal of this token stands in the log since less than a minute; then it is counted there.

    Call it in a transaction: the token's row is locked, so that two requests at once do not both find nothing.
    """
    hold(token)
    refusals = ProvisioningEvent.objects.filter(connection=token.connection_id, outcome=Outcome.REFUSED)
    now = timezone.now()
    # The few latest of the connection, as the index has them; there is none on the token.
    for event in refusals.only("token", "error_code", "created_at").order_by("-id")[:_LOOKED_AT]:
        is_same = event.token_id == token.pk and event.error_code == error.code
        if is_same and abs(now - event.created_at) <= COUNTED_TOGETHER:
            ProvisioningEvent.objects.filter(pk=event.pk).update(times=F("times") + 1)
            return True
    return False


def hold(token: SCIMToken) -> None:
    """Wait for whoever is writing down a refusal of this token, until the end of the transaction."""
    SCIMToken.objects.select_for_update().filter(pk=token.pk).first()
