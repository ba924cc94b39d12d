"""The two sides of an exchange, redacted and cut, beside the operation that they belong to."""

from __future__ import annotations

from scim_provisioning.databases import making_models, own_rows
from scim_provisioning.events import redaction
from scim_provisioning.models import ProvisioningEvent, ProvisioningPayload


def save(event: ProvisioningEvent, request: object, response: object) -> ProvisioningPayload | None:
    """Keep what was asked and answered: one insert, none and None when neither side has a body."""
    sent, sent_cut = redaction.payload(request)
    answered, answered_cut = redaction.payload(response)
    if not sent and not answered:
        return None
    payload: ProvisioningPayload = making_models.new(
        ProvisioningPayload,
        event=event,
        request=sent,
        response=answered,
        request_truncated=sent_cut,
        response_truncated=answered_cut,
        created_at=event.created_at,
    )
    own_rows.insert(payload)
    return payload
