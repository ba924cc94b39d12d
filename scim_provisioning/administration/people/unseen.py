"""What there is to say of a connection on which nobody like somebody was asked for: when it was last heard of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.administration import health, times
from scim_provisioning.conf import app_settings
from scim_provisioning.models import Action, ProvisioningEvent, SCIMConnection

#: Of so many connections it is said when they last asked.
AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Unseen:
    """A connection on which nobody like this was asked for, and how it is doing."""

    connection: SCIMConnection
    health: health.Health
    sentence: str
    #: The same, as short as it can be said where several connections stand below each other.
    line: str


def first_of(connections: QuerySet[SCIMConnection]) -> tuple[list[Unseen], int]:
    """The same of those that have not ended, and of how many more there are nothing is said (six queries)."""
    current = connections.filter(archived_at__isnull=True)
    found = of(current.order_by("name", "pk")[:AT_MOST])
    # Whoever is not asked for is not asked for because of that.
    found.sort(
        key=lambda one: (one.health.facts.last_request_at is not None, one.health.badge not in health.URGENT)
    )
    more = current.count() - AT_MOST if len(found) == AT_MOST else 0
    return found, more


def of(connections: Sequence[SCIMConnection] | QuerySet[SCIMConnection]) -> list[Unseen]:
    """The same of these (some six queries)."""
    asked = list(connections)
    judged = health.of_connections(asked)
    since = timezone.now() - timedelta(days=app_settings.retention.payload_days)
    events = ProvisioningEvent.objects.filter(action=Action.FORGOTTEN, created_at__gte=since)
    have_forgotten = set(events.filter(connection__in=asked).values_list("connection", flat=True))
    return [_unseen(one, judged[one.pk], has_forgotten=one.pk in have_forgotten) for one in asked]


def _unseen(connection: SCIMConnection, found: health.Health, *, has_forgotten: bool) -> Unseen:
    more = [_("Somebody was forgotten there since: of them nothing is known.")] if has_forgotten else []
    line = [_line(found)] if found.badge not in health.URGENT else [_line(found), found.sentence]
    return Unseen(connection, found, " ".join([_sentence(found), *more]), " ".join([*line, *more]))


def _line(found: health.Health) -> str:
    asked_at = found.facts.last_request_at
    if asked_at is None:
        return _("has never asked for anybody.")
    return _("last asked %(ago)s.") % {"ago": times.ago(asked_at)}


def provider(found: health.Health) -> str:
    """Who asks, as a sentence begins with it."""
    return found.facts.identity_provider or _("The identity provider")


def _sentence(found: health.Health) -> str:
    asked_at = found.facts.last_request_at
    if asked_at is None:
        return _("Nobody has asked for anybody on this connection yet.")
    return _(
        "%(provider)s has not asked for anybody like this in %(days)d days; it last asked %(ago)s. Check there that "
        "the person is assigned to this application."
    ) % {
        "provider": provider(found),
        "days": app_settings.retention.payload_days,
        "ago": times.ago(asked_at),
    }
