"""What there is to say of those who were refused: why, and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from scim_provisioning.administration import log_words, times
from scim_provisioning.administration.people.answer import REFUSED, Answer, name_in
from scim_provisioning.models import ProvisioningEvent


def answers(keys: Sequence[int], *, in_clear: bool) -> list[Answer]:
    """An answer for each of these operations, the latest first (one query)."""
    related = ("connection", "token", "payload") if in_clear else ("connection", "token")
    rows = ProvisioningEvent.objects.filter(pk__in=keys).select_related(*related).order_by("-pk")
    return [_of_refusal(event, in_clear=in_clear) for event in (rows if keys else ())]


def _of_refusal(event: ProvisioningEvent, *, in_clear: bool) -> Answer:
    connection = event.connection
    assert connection is not None  # noqa: S101 - found among the connections
    why = log_words.explanation(event, in_clear=in_clear)
    facts = {"when": times.written(event.created_at), "reason": why.title}
    called = event.user_name or event.external_id or _("Somebody without a userName")
    return Answer(
        REFUSED,
        (_sent_name(event) if in_clear else "") or called,
        event.user_name,
        connection,
        _("Last asked for on %(when)s, and refused: %(reason)s") % facts,
        why.cause,
        why.todo,
        event=event,
    )


def _sent_name(event: ProvisioningEvent) -> str:
    try:
        return name_in(json.loads(event.payload.request))
    except (ValueError, ObjectDoesNotExist):
        # It was cut, or is no longer kept.
        return ""
