"""What there is to say of those who were refused: who they are as far as can be told, why, and what to do; and what an
administrator has decided on them since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scim_provisioning.administration import log_words, times
from scim_provisioning.administration.people import shielded
from scim_provisioning.administration.people.answer import DECIDED, REFUSED, Answer, name_in
from scim_provisioning.events import sent_names
from scim_provisioning.models import AdoptionAnswer, Outcome, ProvisioningEvent, ProvisioningPayload
from scim_provisioning.models.provisioned_user import user_name_key

_Decisions = Mapping[tuple[Any, str], AdoptionAnswer]


def answers(keys: Sequence[int], *, in_clear: bool) -> list[Answer]:
    """An answer for each of these operations, the latest first (two queries, and one where accounts were met)."""
    if not keys:
        return []
    related = ("connection", "token", "payload") if in_clear else ("connection", "token")
    rows = list(ProvisioningEvent.objects.filter(pk__in=keys).select_related(*related).order_by("-pk"))
    decided, protected = _decisions(rows), shielded.of(rows)
    return [
        _of_refusal(event, decided, in_clear=in_clear, is_protected=event.pk in protected) for event in rows
    ]


def sent_as(events: Iterable[ProvisioningEvent]) -> dict[int, str]:
    """The names or addresses that were sent for those who were refused and have no userName, externalId or link, by the
    operation's key, for readers who may see values (one query, none where there is nobody)."""
    nameless = [event.pk for event in events if _is_nameless(event)]
    kept = ProvisioningPayload.objects.filter(event__in=nameless) if nameless else ()
    return {one.event_id: name for one in kept if (name := _called_in(one.request))}


def _is_nameless(event: ProvisioningEvent) -> bool:
    known = event.link_id or event.user_name or event.external_id
    return event.outcome == Outcome.REFUSED and not known and event.operation in sent_names.ABOUT_PEOPLE


def _decisions(events: Sequence[ProvisioningEvent]) -> _Decisions:
    """What was decided on these people, by connection and userName."""
    whom = Q(pk__in=())
    for event in events:
        if event.user_name:
            whom |= Q(connection=event.connection_id, user_name_key=user_name_key(event.user_name))
    found = AdoptionAnswer.objects.filter(whom).select_related("answered_by")
    return {(one.connection_id, one.user_name_key): one for one in found}


def decision_on(event: ProvisioningEvent) -> str:
    """What an administrator has said of the person since they were refused, in words; empty where nobody has (one
    query)."""
    decision = _of(event, _decisions([event]))
    return "" if decision is None else _decided(decision)


def _of(event: ProvisioningEvent, decided: _Decisions) -> AdoptionAnswer | None:
    """The decision, while the identity provider has not been refused again that goes by it."""
    found = decided.get((event.connection_id, user_name_key(event.user_name)))
    if found is None or found.verdict == AdoptionAnswer.Verdict.IGNORED:
        return found
    return found if found.answered_at >= event.created_at else None


def _of_refusal(
    event: ProvisioningEvent, decided: _Decisions, *, in_clear: bool, is_protected: bool
) -> Answer:
    connection = event.connection
    assert connection is not None  # noqa: S101 - found among the connections
    why = log_words.explanation(event, in_clear=in_clear)
    called = event.user_name or event.external_id or _("Somebody without a userName")
    state, notes = REFUSED, []
    sentence = _("Last asked for on %(when)s, and refused: %(reason)s") % {
        "when": times.written(event.created_at),
        "reason": why.title,
    }
    cause, todo = str(_PROTECTED) if is_protected else why.cause, why.todo
    decision = _of(event, decided)
    if decision is not None and decision.verdict == AdoptionAnswer.Verdict.IGNORED:
        notes = [_decided(decision)]
    elif decision is not None:
        state, notes, cause = DECIDED, [sentence], ""
        sentence, todo = _decided(decision), str(_TRY_NOW)
    return Answer(
        state,
        (_sent_name(event) if in_clear else "") or called,
        event.user_name,
        connection,
        sentence,
        cause,
        todo,
        tuple(notes),
        event=event,
    )


def _decided(decision: AdoptionAnswer) -> str:
    by = decision.answered_by
    name = str(by.get_username()) if by is not None else _("an administrator")
    words = _WORDS[AdoptionAnswer.Verdict(decision.verdict)]
    return str(words) % {"when": times.written(decision.answered_at), "name": name}


_WORDS: Final = {
    AdoptionAnswer.Verdict.SEPARATE: gettext_lazy(
        "Decided on %(when)s by %(name)s: it is somebody new, who gets an account of their own."
    ),
    AdoptionAnswer.Verdict.IGNORED: gettext_lazy(
        "Ignored on %(when)s by %(name)s: nobody is asked who it is, and the identity provider is refused as before."
    ),
}
_PROTECTED: Final = gettext_lazy("The account is staff or protected otherwise: it is never linked by itself.")
_TRY_NOW: Final = gettext_lazy(
    "The identity provider’s next try succeeds, usually within 40 minutes. To have it try now in Entra: Provisioning, "
    "Provision on demand, and choose the person."
)


def _sent_name(event: ProvisioningEvent) -> str:
    try:
        return _called_in(event.payload.request)
    except ObjectDoesNotExist:
        # It is no longer kept.
        return ""


def _called_in(request: str) -> str:
    """What somebody is called in what was sent, or their address."""
    try:
        body = json.loads(request)
    except ValueError:
        # It was cut.
        return ""
    return name_in(body) or next(iter(sent_names.called(body)), "")
