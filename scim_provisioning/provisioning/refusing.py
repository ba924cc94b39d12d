"""What is kept of a refusal, once the transaction of what was asked is rolled back."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from scim_provisioning import databases, events
from scim_provisioning.events import Caller, Exchange, reports
from scim_provisioning.events.refusals import named_by
from scim_provisioning.models import HeldLeaver, ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.errors import NotFound, SCIMError
from scim_provisioning.provisioning import moved
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules import brake
from scim_provisioning.signals import leavers_held

logger = logging.getLogger("scim_provisioning")


def note(caller: Caller, exchange: Exchange, error: SCIMError) -> None:
    """Write a refusal down: in the log, and where the leaver brake holds somebody, for the administrator who decides.

    Never raises for the database's sake, as ``events.refused``.
    """
    if isinstance(error, brake.LeaverHeld):
        try:
            durable(lambda: _hold(caller, exchange, error))
        except Exception as failure:
            # Of which the client need not hear: it asks again in any case, and is held again.
            reports.failure(logger, "A held leaver could not be noted", exception=failure)
    events.refused(caller, exchange, error=error, link=_told_of(caller, exchange, error))


def _told_of(caller: Caller, exchange: Exchange, error: SCIMError) -> ProvisionedUser | None:
    """Whom a 404 is about. Of somebody whom the LMS has moved to another customer the log says so, once."""
    if error.code != NotFound.code or caller.connection is None:
        return None
    try:
        return durable(lambda: _noted(caller.tenant, exchange.path))
    except Exception as failure:
        reports.failure(logger, "That a learner was moved could not be noted", exception=failure)
        return None


def _noted(connection: SCIMConnection, path: str) -> ProvisionedUser | None:
    link = named_by(path, connection)
    if link is not None and not link.is_deleted and link.user_id is not None:
        link.connection = connection
        moved.note_if_lost(link)
    return link


def _hold(caller: Caller, exchange: Exchange, held: brake.LeaverHeld) -> None:
    """Note who is held, and since when anybody is; whoever listens is told of the first."""
    connection, now = caller.tenant, timezone.now()
    # The order of locks is everybody's: on PostgreSQL the row that names the link waits for it when it is committed.
    if held.link is not None and not _is_here_still(held.link):
        return
    found = brake.locked(connection)
    if held.people is not None:
        found.people, found.people_at = held.people, held.people_at
    if found.tripped_at is None and held.link is not None:
        found.tripped_at = now
        transaction.on_commit(lambda: _tell(connection, held), using=databases.alias())
    found.save(update_fields=["people", "people_at", "tripped_at"])
    if held.link is None:
        # Of somebody who is not linked yet there is nothing to decide: they are asked for again, and may go once there
        # is room.
        return
    said = {"operation": exchange.operation, "token": caller.token, "last_asked_at": now}
    if not HeldLeaver.objects.filter(link=held.link).update(times=F("times") + 1, **said):
        HeldLeaver.objects.create(connection=connection, link=held.link, first_asked_at=now, **said)


def _is_here_still(link: ProvisionedUser) -> bool:
    """Lock the link; whether they have neither gone nor come back since they were held."""
    own = ProvisionedUser.objects.filter(connection=link.connection_id, pk=link.pk).locked()
    return [(one.active, one.deleted_at) for one in own] == [(link.active, link.deleted_at)]


def _tell(connection: SCIMConnection, held: brake.LeaverHeld) -> None:
    leavers_held.send_robust(
        sender=SCIMConnection,
        connection=connection,
        count=held.params["count"],
        limit=held.params["limit"],
    )
