"""The leaver brake: too many deactivations and deletions within an hour wait for an administrator.

Whoever lets somebody go locks the connection's ``LeaverBrake`` after the person's links: two workers cannot pass
together, nobody who holds it waits for a link, and nothing else ever takes it. It is a row of its own and not the
connection's, which every log entry names: an exclusive lock on that one would meet those entries on MariaDB.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.databases import prepared
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    LeaverBrake,
    Operation,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.models.leaver_brake import WINDOW
from scim_provisioning.protocol.errors import Unavailable

#: Seconds after which the identity provider may ask again; Entra's cycle is 20-40 minutes.
HELD_RETRY_AFTER: Final = 1800
#: Per cent of the active learners.
_NOBODY_IS_HELD: Final = 100
_WENT: Final = (Action.DEACTIVATED, Action.DELETED)
_MOVES: Final = (*_WENT, Action.REACTIVATED, Action.REVIVED)


class LeaverHeld(Unavailable):
    """Somebody stays until an administrator says otherwise. ``link`` is theirs; None of an adopted newcomer."""

    code = "conn.held"
    default_detail = "Deactivations are held for approval in the application."

    def __init__(self, link: ProvisionedUser | None, brake: LeaverBrake, *, count: int, limit: int) -> None:
        super().__init__(
            params={"count": count, "limit": limit},
            headers={"Retry-After": str(HELD_RETRY_AFTER)},
        )
        self.link = link
        # Counted in the transaction that is rolled back now.
        self.people, self.people_at = brake.people, brake.people_at


def let_go(adapter: LearnerAdapter, *, is_new: bool = False) -> None:
    """Count somebody whose access ends now, in the transaction that ends it (two queries; one more an hour once the
    connection's least is reached, two where people are held; none for who came within the hour). ``is_new``: their
    link is not committed yet.

    Raises ``LeaverHeld`` when more have gone within the hour than the connection's policies allow, or people are held
    already, unless an administrator lets this person or everybody go.
    """
    connection, now = adapter.connection, timezone.now()
    if connection.leavers_percent >= _NOBODY_IS_HELD or (not is_new and _is_of_this_hour(adapter.link, now)):
        return
    brake = locked(connection)
    link = None if is_new else adapter.link
    if brake.is_open or _has_word(brake, link):
        return
    is_counted = link is not None and _went_this_hour(link, now)
    count, limit = brake.departed(now) + (not is_counted), _limit(brake, connection, now)
    if count > limit or _holds(brake):
        raise LeaverHeld(link, brake, count=count, limit=limit)
    if not is_counted:
        brake.count(now)
    brake.save(update_fields=["recent", "people", "people_at", "tripped_at", "kept_at"])


def _is_of_this_hour(link: ProvisionedUser, now: datetime) -> bool:
    """Whether somebody who goes was made by provisioning within the hour: a client that tries itself out, or takes a
    mistake back at once. Nobody whom the LMS knew before."""
    return link.adopted_at is None and link.created_at > now - WINDOW


def _went_this_hour(link: ProvisionedUser, now: datetime) -> bool:
    """Whether somebody who goes went within the hour before, and was brought back by the identity provider: people are
    counted, not departures (one query, none for who was not changed within the hour). Whom an administrator brought
    back was taken off the count."""
    since = now - WINDOW
    if link.modified_at <= since:
        return False
    moves = ProvisioningEvent.objects.filter(
        connection=link.connection_id, link=link, created_at__gt=since, action__in=_MOVES
    )
    found = list(moves.order_by("-pk").values_list("action", "operation")[:2])
    # The last one brought them back; the one before let them go.
    return [(action in _WENT, operation == Operation.ADMIN) for action, operation in found] == [
        (False, False),
        (True, False),
    ]


def forget_hold(link: ProvisionedUser) -> None:
    """Somebody is back, or has gone without us: what the identity provider asked of them before is over (one query,
    and one more where they were held)."""
    # Whoever notes a hold has locked the link before; but not every transaction sees what was noted since it began.
    if databases.reads_the_past() or prepared.rows(_hold_of, link.pk):
        HeldLeaver.objects.filter(link=link).delete()


def _hold_of(key: int) -> QuerySet[HeldLeaver, Any]:
    return HeldLeaver.objects.filter(link=key).values_list("pk")


def locked(connection: SCIMConnection) -> LeaverBrake:
    """The connection's brake, locked (one query; the first time three)."""
    brakes = LeaverBrake.objects.select_for_update()
    brake = brakes.filter(pk=connection.pk).first()
    if brake is None:
        # Of two who make it at once, one waits here for the other.
        LeaverBrake.objects.get_or_create(connection=connection)
        brake = brakes.get(pk=connection.pk)
    return brake


def _has_word(brake: LeaverBrake, link: ProvisionedUser | None) -> bool:
    """Whether an administrator has let this person go, which is done with now."""
    if brake.tripped_at is None or link is None:
        return False
    return bool(HeldLeaver.objects.filter(link=link).allowed().delete()[0])


def _holds(brake: LeaverBrake) -> bool:
    """Whether people are held, so that nobody else goes either; where nobody is any more, and nobody may go by an
    administrator's word, the brake is let off."""
    if brake.tripped_at is None:
        return False
    of_connection = HeldLeaver.objects.filter(connection=brake.connection_id)
    if of_connection.waiting().exists():
        return True
    if not of_connection.allowed().exists():
        brake.tripped_at = brake.kept_at = None
    return False


def _limit(brake: LeaverBrake, connection: SCIMConnection, now: datetime) -> int:
    """How many may go within an hour. Who is active is counted only once the answer depends on it, and without those
    who came within the hour: made-up people would make room for real leavers."""
    least, departed = connection.leavers_at_least, brake.departed(now)
    if departed < least:
        return least
    if brake.people is None or brake.people_at is None or now - brake.people_at >= WINDOW:
        known = ProvisionedUser.objects.living().filter(connection=connection, created_at__lt=now - WINDOW)
        active = known.filter(active=True)
        brake.people, brake.people_at = active.count() + departed, now
    return max(least, brake.people * connection.leavers_percent // 100)
