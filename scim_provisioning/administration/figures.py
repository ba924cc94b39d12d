"""The numbers that only the database knows, for metrics: six statements, however many connections there are.

Every process reads the same, so whoever is asked may answer, and nothing has to be added up over processes or kept
between them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from django.db import Error
from django.db.models import Count, Max, Q
from django.utils import timezone

from scim_provisioning import databases
from scim_provisioning.administration.facts import DAY
from scim_provisioning.events import reports
from scim_provisioning.models import (
    Action,
    CommandRun,
    HeldLeaver,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.telemetry import Figure

logger = logging.getLogger("scim_provisioning.telemetry")

_Labels = dict[int, dict[str, str]]


def read() -> list[Figure]:
    """The figures of every connection that is not archived; none where the database does not answer.

    Who asks may be a thread of its own (an exporter's): a connection that was opened for this is closed again.
    """
    database = databases.connection()
    was_open = database.connection is not None
    try:
        return list(_figures())
    except Error as error:
        reports.failure(logger, "The figures could not be read", exception=error)
        return []
    finally:
        if not was_open:
            database.close()


def _figures() -> Iterator[Figure]:
    known: _Labels = {}
    for connection in SCIMConnection.objects.current():
        known[connection.pk] = {"connection": str(connection.pk)}
        state = "paused" if connection.is_paused else "active"
        yield Figure(
            "scim_connection_info", 1, {**known[connection.pk], "name": connection.name, "state": state}
        )
    yield from _people(known)
    yield from _tokens(known)
    yield from _held(known)
    yield from _brakes(known)
    for run in CommandRun.objects.all():
        yield Figure("scim_command_last_run_timestamp", run.last_at.timestamp(), {"command": run.name})


def _people(known: _Labels) -> Iterator[Figure]:
    living = ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True).order_by()
    inactive, waiting = (
        Count("pk", filter=Q(active=False)),
        Count("pk", filter=Q(awaited_manager__isnull=False, user__isnull=False)),
    )
    rows = living.values("connection").annotate(total=Count("pk"), inactive=inactive, waiting=waiting)
    counts = {row["connection"]: (row["total"], row["inactive"], row["waiting"]) for row in rows}
    for key, labels in known.items():
        total, off, without_manager = counts.get(key, (0, 0, 0))
        yield Figure("scim_managed_users", total - off, {**labels, "state": "active"})
        yield Figure("scim_managed_users", off, {**labels, "state": "inactive"})
        yield Figure("scim_deferred_refs", without_manager, labels)


def _tokens(known: _Labels) -> Iterator[Figure]:
    """Tokens that were revoked have no end to warn of, and were of use all the same."""
    counts = Q(revoked_at__isnull=True)
    rows = SCIMToken.objects.filter(connection__archived_at__isnull=True).order_by()
    for row in rows.values("connection").annotate(
        used=Max("last_used_at"),
        end=Max("expires_at", filter=counts),
        endless=Count("pk", filter=counts & Q(expires_at__isnull=True)),
    ):
        labels = known.get(row["connection"])
        if labels is None:
            # It was made since.
            continue
        end: datetime | None = row["end"]
        if end is not None and not row["endless"]:
            yield Figure("scim_token_expiry_seconds", (end - timezone.now()).total_seconds(), labels)
        if row["used"] is not None:
            yield Figure("scim_last_success_timestamp", row["used"].timestamp(), labels)


def _held(known: _Labels) -> Iterator[Figure]:
    held = ProvisioningEvent.objects.filter(created_at__gte=timezone.now() - DAY, action=Action.HELD)
    counts = dict(held.order_by().values_list("connection").annotate(Count("pk")))
    for key, labels in known.items():
        yield Figure("scim_held_changes", counts.get(key, 0), labels)


def _brakes(known: _Labels) -> Iterator[Figure]:
    """What ``rules.brake`` asks: a brake that has tripped is off again once nobody waits any more."""
    held = HeldLeaver.objects.waiting().filter(connection__leaver_brake__tripped_at__isnull=False)
    held = held.exclude(connection__leaver_brake__open_until__gt=timezone.now())
    holding = set(held.order_by().values_list("connection", flat=True).distinct())
    for key, labels in known.items():
        yield Figure("scim_breaker_state", int(key in holding), labels)
