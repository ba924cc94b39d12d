"""What the log keeps, and for how long (``SCIM_PROVISIONING["RETENTION"]``).

Messages hold personal data and go first, after 30 days or beyond 50,000 a connection, and with them the names by which
people are found who were refused; operations after 13 months, and with them what was mailed to the contacts.
Tokens hold no secret and stay, and so do tombstones: by them a person who returns is known. Counts of wrong passwords
go when they count no longer, after a day; whether two were the same person, 90 days after somebody has said so.
Which sessions there are is kept twice as long as a session lasts (``SESSION_COOKIE_AGE``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from scim_provisioning.administration import confirmations
from scim_provisioning.conf import app_settings
from scim_provisioning.models import (
    Adoption,
    AdoptionAnswer,
    HeldLeaver,
    IdentityQuestion,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
    SentNotice,
    SignIn,
    Stranger,
)
from scim_provisioning.models.adoption import UNDONE_WITHIN
from scim_provisioning.models.leaver_brake import FORGOTTEN

#: Rows a statement, so that no request waits long for a lock.
BATCH: Final = 1000
#: Addresses of callers whom nobody knows.
STRANGERS_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, or would go."""

    payloads: int
    events: int
    confirmations: int = 0
    sign_ins: int = 0
    strangers: int = 0
    held: int = 0
    questions: int = 0
    notices: int = 0


def prune(*, dry_run: bool = False) -> Pruned:
    """Delete what is past its time, in batches; with ``dry_run`` only count it."""
    keep, now = app_settings.retention, timezone.now()
    old_payloads = ProvisioningPayload.objects.filter(created_at__lt=now - timedelta(days=keep.payload_days))
    old_events = ProvisioningEvent.objects.filter(created_at__lt=now - timedelta(days=keep.event_days))
    over = now - timedelta(seconds=2 * settings.SESSION_COOKIE_AGE)
    old_sign_ins = SignIn.objects.filter(began_at__lt=over)
    old_strangers = Stranger.objects.filter(last_at__lt=now - STRANGERS_KEPT)
    # An open question stays, however old: somebody has to answer it.
    # What says that an account is not to be linked again stays; it holds no values any more.
    old_adoptions = Adoption.objects.filter(undone_at__isnull=True, made_at__lt=now - UNDONE_WITHIN)
    decided = now - timedelta(days=keep.decided_days)
    answered = IdentityQuestion.objects.filter(answered_at__lt=decided)
    remove = _count if dry_run else _delete
    payloads = remove(old_payloads)
    for rows in _beyond_the_cap(keep.payloads_per_connection, since=now - timedelta(days=keep.payload_days)):
        payloads += remove(rows)
    return Pruned(
        payloads,
        # Their payloads, if any are left, go with them.
        remove(old_events),
        remove(confirmations.outdated()),
        remove(old_sign_ins),
        remove(old_strangers),
        remove(HeldLeaver.objects.filter(last_asked_at__lt=now - FORGOTTEN)),
        remove(old_adoptions)
        + remove(answered)
        + remove(AdoptionAnswer.objects.filter(answered_at__lt=decided)),
        remove(SentNotice.objects.filter(sent_at__lt=now - timedelta(days=keep.event_days))),
    )


def _beyond_the_cap(cap: int, *, since: datetime) -> list[QuerySet[ProvisioningPayload]]:
    """Of each connection with more than ``cap`` messages ``since`` then, the older ones."""
    beyond = []
    for connection in SCIMConnection.objects.all():
        messages = ProvisioningPayload.objects.filter(event__connection=connection, created_at__gte=since)
        oldest_kept = messages.order_by("-pk").values_list("pk", flat=True)[max(cap - 1, 0) : cap].first()
        if oldest_kept is not None:
            beyond.append(messages.filter(pk__lt=oldest_kept))
    return beyond


def _count(rows: QuerySet[Any]) -> int:
    return rows.count()


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        # What goes with them is found by their keys: messages are large, and nobody reads them again.
        rows.model._default_manager.filter(pk__in=keys).only("pk").delete()
        gone += len(keys)
    return gone
