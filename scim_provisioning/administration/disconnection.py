"""What was chosen for the learners of a connection that was disconnected is carried out here, in batches.

The door is shut already, and that is committed: nobody comes in any more. Each batch is one transaction and moves
``Disconnection.position``: whoever comes next, after a killed worker, a restart or a second click, goes on where the
last one ended. Nobody is left out: whoever changed somebody before the door was shut holds that person's link until
they are done, and whoever added somebody holds the connection.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import databases, events
from scim_provisioning.administration import (
    audit,
    disconnection_words,
    host,
    permissions,
    suspension,
    troubles,
)
from scim_provisioning.administration.disconnection_batch import Batch
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import reports
from scim_provisioning.models import Action, Disconnection, OnDisconnect, SCIMConnection
from scim_provisioning.provisioning import host_code
from scim_provisioning.provisioning.transactions import durable

logger = logging.getLogger("scim_provisioning.administration")

#: A disconnection that is not done by then has been left. Fifty thousand learners take a minute or two, ten times as
#: long where the host's code saves each row.
PATIENCE: Final = timedelta(minutes=30)


def of(connection: SCIMConnection) -> Disconnection | None:
    """How far the disconnection of this connection is; None for one that was not disconnected (one query)."""
    return Disconnection.objects.filter(connection=connection).first()


def unfinished() -> QuerySet[Disconnection]:
    """Those with learners for whom nothing has been done yet, or in vain."""
    return Disconnection.objects.filter(Q(finished_at__isnull=True) | Q(failed__gt=0))


def left() -> QuerySet[Disconnection]:
    """Those of them on which nobody seems to work: it was in vain for somebody, or it has taken longer than any
    does."""
    return unfinished().filter(Q(finished_at__isnull=False) | Q(begun_at__lt=timezone.now() - PATIENCE))


def unfinished_seen_by(user: Any) -> list[Disconnection]:
    """Those of them that a member of staff sees and may go on with (one query; two where there are any)."""
    if not (permissions.may_view(user) and permissions.has_permission(user, permissions.CHANGE)):
        return []
    seen = permissions.within(unfinished(), "connection", permissions.visible_connections(user))
    return list(seen.select_related("connection").order_by("begun_at"))


def begin(connection: SCIMConnection, choice: OnDisconnect) -> Disconnection:
    """Remember the choice, in the transaction that ends the connection."""
    managed = suspension.present(connection).count()
    return Disconnection.objects.create(connection=connection, learners=choice, managed=managed)


def go_on(connection: SCIMConnection, *, seconds: float | None = None) -> Disconnection:
    """Handle learners until ``seconds`` have passed, after one batch at least, or (None) until all are handled; return
    how far it is. Learners for whom it failed are tried again from the beginning.

    Raises ``ConnectionRefused`` when the connection is back (``connection.restored``), the host's code fails for
    everybody (``connection.host``) or the database does not let it be done now (``connection.database``);
    ``AdapterBroken`` while the adapter does not load and would have to be asked. What was done stays done.
    """
    until = None if seconds is None else monotonic() + seconds
    with troubles.in_parts():
        connection = SCIMConnection.objects.select_related("disconnected_by").get(pk=connection.pk)
        databases.retried(lambda: _wait_for_those_who_add(connection))
    is_first = True
    while True:
        found = _committed_batch(connection, may_start_over=is_first)
        if found.is_finished or (until is not None and monotonic() >= until):
            return found
        is_first = False


def _wait_for_those_who_add(connection: SCIMConnection) -> None:
    """Wait for the requests that were let in before the door was shut and make somebody new: they are not to be seen
    before they commit. Nobody who comes later gets so far (see ``provisioning.loading.hold_connection``)."""
    with databases.atomic():
        SCIMConnection.objects.select_for_update().get(pk=connection.pk)


def _committed_batch(connection: SCIMConnection, *, may_start_over: bool) -> Disconnection:
    try:
        return durable(lambda: _next_batch(connection, may_start_over=may_start_over))
    except (ConnectionRefused, host.AdapterBroken):
        raise
    except Exception as error:
        kind = f"{type(error).__name__}, {host_code.place(error)}".rstrip(", ")
        reports.failure(logger, "A disconnection was interrupted", exception=error)
        with troubles.in_parts():
            if troubles.words(error):
                raise
        # Code of the host's that is asked about everybody, as what reads them.
        raise troubles.failed(kind) from error


def _next_batch(connection: SCIMConnection, *, may_start_over: bool) -> Disconnection:
    """Handle the next learners, in the caller's transaction."""
    found = Disconnection.objects.select_for_update().filter(connection=connection).first()
    if found is None:
        raise ConnectionRefused(
            _("The connection was restored: nothing more is done to its learners."), "connection.restored"
        )
    if found.is_finished and found.failed and may_start_over:
        found.finished_at, found.position = None, 0
        found.handled = found.protected = found.failed = 0
    if found.is_finished:
        return found
    batch = Batch(found, connection)
    links = suspension.present(connection).filter(pk__gt=found.position).order_by("pk")
    keys = list(links.values_list("pk", flat=True)[: batch.size])
    if keys:
        batch.handle(keys)
        found.position, found.handled = keys[-1], found.handled + len(keys)
        # Requests that were under way when they were counted may have brought more.
        found.managed = max(found.managed, found.handled)
    if len(keys) < batch.size:
        _finish(found, connection)
    found.save()
    return found


def _finish(found: Disconnection, connection: SCIMConnection) -> None:
    found.finished_at = timezone.now()
    if found.choice is not OnDisconnect.KEEP:
        message, actor = disconnection_words.sentence(found), connection.disconnected_by
        events.admin(connection, action=Action.DISCONNECT_DONE, actor=actor, detail=message)
        audit.log_entry(actor, connection, message)
