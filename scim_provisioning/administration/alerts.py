"""What is urgent enough for a banner: tokens that end soon, connections without a live token after one ended, and those
that fail, have fallen silent or refuse much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from scim_provisioning.administration import health, permissions
from scim_provisioning.models import SCIMConnection, SCIMToken

URGENT: Final = timedelta(days=14)
#: So many are named; "and 3 more" says the rest.
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """One connection whose provisioning ends, or has just ended, because of a token."""

    connection: SCIMConnection
    token: SCIMToken
    ends_at: datetime
    is_over: bool


def for_user(user: Any) -> list[Alert]:
    """The alerts of the connections that ``user`` sees, the most urgent first (at most three queries).

    A token that has a live successor with a longer life is no reason to worry. One that ended and was not
    replaced stays on the banner for as long as it was on it before.
    """
    if not (user.is_authenticated and permissions.may_view(user)):
        return []
    now = timezone.now()
    rows: QuerySet[SCIMToken] = SCIMToken.objects.filter(
        revoked_at__isnull=True, connection__archived_at__isnull=True, connection__paused_at__isnull=True
    )
    rows = permissions.within(rows, "connection", permissions.visible_connections(user)).order_by()
    ends = rows.values("connection").annotate(
        last=Max("expires_at"), endless=Count("pk", filter=Q(expires_at__isnull=True))
    )
    ending = ends.filter(endless=0, last__range=(now - URGENT, now + URGENT)).order_by("last")
    last = {row["connection"]: row["last"] for row in ending[: SHOWN + 1]}
    tokens = rows.filter(connection__in=last).select_related("connection").order_by("expires_at", "pk")
    return [
        Alert(token.connection, token, token.expires_at, token.expires_at <= now)
        for token in (tokens if last else ())
        if token.expires_at is not None and token.expires_at == last[token.connection_id]
    ]


def troubled(request: HttpRequest) -> list[tuple[SCIMConnection, health.Health]]:
    """Of the connections that this person sees, those whose badge is *Failing*, *Quiet* or *Degraded*; in this order.

    Eight queries at most, and one more for each 200 connections whose last writes were refused. Whose last token ran
    out is ``for_user``'s to say.
    """
    user: Any = request.user
    if not (user.is_authenticated and permissions.may_view(user)):
        return []
    rows = permissions.visible_connections(user).filter(archived_at__isnull=True, paused_at__isnull=True)
    judged = health.urgent_of(list(rows), known=health.known_so_far(request))
    found = [(connection, state) for connection, state in judged if state.facts.live]
    return sorted(found, key=lambda pair: health.URGENT.index(pair[1].badge))
