"""A token that is not let in and keeps on calling: one row a minute in the log, with a count."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import F
from django.utils import timezone

from scim_provisioning.models import ProvisioningEvent, SCIMToken
from scim_provisioning.protocol.errors import SCIMError

#: For so long the same refusals of one token are one row.
COUNTED_TOGETHER: Final = timedelta(minutes=1)


def counted_again(token: SCIMToken, error: SCIMError) -> bool:
    """Whether the same refusal of this token stands in the log since less than a minute; then it is counted there.

    Call it in a transaction: the token's row is locked, so that two requests at once do not both find nothing.
    """
    hold(token)
    now = timezone.now()
    same = ProvisioningEvent.objects.filter(
        connection=token.connection_id,
        token=token,
        error_code=error.code,
        created_at__range=(now - COUNTED_TOGETHER, now + COUNTED_TOGETHER),
    )
    # Without an order, for which the index that has it would be read to its end: these are one, or none.
    known = max(same.order_by().values_list("pk", flat=True), default=None)
    return known is not None and bool(same.filter(pk=known).update(times=F("times") + 1))


def hold(token: SCIMToken) -> None:
    """Wait for whoever is writing down a refusal of this token, until the end of the transaction."""
    SCIMToken.objects.select_for_update().filter(pk=token.pk).first()
