"""What was chosen for the learners of a connection that was disconnected is carried out here, in batches.

The door is shut already, and that is committed: nobody comes in any more. Each batch is one transaction and moves
``Disconnection.position``: whoever comes next, after a killed worker, a restart or a second click, goes on where the
last one ended. Nobody is left out: whoever changed somebody before the door was shut holds that person's link until
they are done, and whoever added somebody holds the connection.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning import events, rules
from scim_provisioning.administration import audit, disconnection_words, host, permissions, suspension
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.events import reports
from scim_provisioning.http import host_code
from scim_provisioning.models import (
    Action,
    Disconnection,
    OnDisconnect,
    ProvisionedUser,
    SCIMConnection,
)
from scim_provisioning.provisioning import leaving
from scim_provisioning.provisioning.loading import lock_many, read_locked

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from scim_provisioning.adapters import LearnerAdapter

logger = logging.getLogger("scim_provisioning.administration")

#: Learners of one transaction. Their links are locked while it lasts.
BATCH: Final = 500
#: Trouble with the database, not with a learner: the batch is rolled back as a whole and can be repeated.
_DATABASE: Final = (OperationalError, InterfaceError)


def of(connection: SCIMConnection) -> Disconnection | None:
    """How far the disconnection of this connection is; None for one that was not disconnected (one query)."""
    return Disconnection.objects.filter(connection=connection).first()


def unfinished() -> QuerySet[Disconnection]:
    """Those with learners for whom nothing has been done yet, or in vain."""
    return Disconnection.objects.filter(Q(finished_at__isnull=True) | Q(failed__gt=0))


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
    connection = SCIMConnection.objects.select_related("disconnected_by").get(pk=connection.pk)
    is_first = True
    try:
        _wait_for_those_who_add(connection)
        while True:
            found = _next_batch(connection, may_start_over=is_first)
            if found.is_finished or (until is not None and monotonic() >= until):
                return found
            is_first = False
    except _DATABASE as error:
        reports.failure(logger, "A disconnection was interrupted", exception=error)
        raise ConnectionRefused(
            _("The database did not let this be done now. What was done stays done: go on in a moment."),
            "connection.database",
        ) from error


def _wait_for_those_who_add(connection: SCIMConnection) -> None:
    """Wait for the requests that were let in before the door was shut and make somebody new: they are not to be seen
    before they commit. Nobody who comes later gets so far (see ``provisioning.loading.hold_connection``)."""
    with transaction.atomic():
        SCIMConnection.objects.select_for_update().get(pk=connection.pk)


def _next_batch(connection: SCIMConnection, *, may_start_over: bool) -> Disconnection:
    with transaction.atomic():
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
        links = suspension.present(connection).filter(pk__gt=found.position).order_by("pk")
        keys = list(links.values_list("pk", flat=True)[:BATCH])
        if keys:
            _handle(found, connection, keys)
            found.position, found.handled = keys[-1], found.handled + len(keys)
        if len(keys) < BATCH:
            _finish(found, connection)
        found.save()
        return found


def _handle(found: Disconnection, connection: SCIMConnection, keys: Sequence[int]) -> None:
    if found.choice is not OnDisconnect.KEEP:
        host.adapter_class()
    try:
        _Batch(found, connection).handle(keys)
    except _DATABASE:
        raise
    except Exception as error:
        place = host_code.place(error)
        reports.failure(logger, "Learners could not be read", exception=error)
        raise ConnectionRefused(
            _("The application’s own code failed (%(error)s). Ask its developers, and go on afterwards.")
            % {"error": f"{type(error).__name__}, {place}".rstrip(", ")},
            "connection.host",
        ) from error


def _finish(found: Disconnection, connection: SCIMConnection) -> None:
    found.finished_at = timezone.now()
    if found.choice is not OnDisconnect.KEEP:
        message, actor = disconnection_words.sentence(found), connection.disconnected_by
        events.admin(connection, action=Action.DISCONNECT_DONE, actor=actor, detail=message)
        audit.log_entry(actor, connection, message)


class _Batch:
    """The learners of one transaction: what is done to them, and how many it concerned."""

    def __init__(self, found: Disconnection, connection: SCIMConnection) -> None:
        self.found, self.connection = found, connection

    def handle(self, keys: Sequence[int]) -> None:
        """Lock the links, do what was chosen, and let go of the accounts."""
        locked = lock_many(self.connection, keys)
        if self.found.choice is not OnDisconnect.KEEP:
            self._change(locked)
        rules.hand_on(ProvisionedUser.objects.living().filter(connection=self.connection, pk__in=locked))

    def _change(self, keys: Sequence[int]) -> None:
        """All of them together where the host allows it, else one after the other: then one for whom the host's code
        fails keeps nobody else from being handled."""
        adapters = self._read(keys)
        if adapters and self._may_go_together(adapters[0]):
            try:
                with transaction.atomic():
                    self._count(*self._together(adapters))
            except _DATABASE:
                raise
            except Exception:
                # The host's ``is_protected`` or its database. Each alone says for whom.
                logger.info("Learners could not be handled together.", exc_info=False)
                adapters = self._read(keys)
            else:
                return
        for adapter in adapters:
            self._alone(adapter)

    def _read(self, keys: Sequence[int]) -> list[LearnerAdapter]:
        return [found for found in read_locked(self.connection, keys) if not found.link.is_deleted]

    def _may_go_together(self, adapter: LearnerAdapter) -> bool:
        switch = adapter.compiled_mapping.active
        if self.found.choice is OnDisconnect.SSO_ONLY:
            return True
        return leaving.may_go_together(type(adapter), [switch.source.model] if switch else [])

    def _together(self, adapters: Sequence[LearnerAdapter]) -> tuple[int, int]:
        free = [adapter for adapter in adapters if not adapter.is_protected(adapter.obj)]
        if self.found.choice is OnDisconnect.SUSPEND:
            changed = leaving.switch_off_together(free, actor=self._actor, detail=_suspended())
        else:
            changed = leaving.take_passwords([adapter.obj for adapter in free])
        return changed, len(adapters) - len(free)

    def _alone(self, adapter: LearnerAdapter) -> None:
        link = adapter.link
        try:
            with transaction.atomic():
                if adapter.is_protected(adapter.obj):
                    changed, protected = 0, 1
                elif self.found.choice is OnDisconnect.SUSPEND:
                    changed = int(leaving.switch_off(adapter, actor=self._actor, detail=_suspended()))
                    protected = 0
                else:
                    changed, protected = leaving.take_passwords([adapter.obj]), 0
            self._count(changed, protected)
        except _DATABASE:
            raise
        except Exception as error:
            self.found.failed += 1
            cause = {"exception": type(error).__name__, "place": host_code.place(error)}
            reports.failure(logger, "A learner could not be handled: link %s", link.pk, exception=error)
            events.not_done(
                self.connection, actor=self._actor, link=link, error_code="host.hook", cause=cause
            )

    def _count(self, changed: int, protected: int) -> None:
        self.found.changed += changed
        self.found.protected += protected

    @property
    def _actor(self) -> AbstractBaseUser | None:
        """Who chose it, whoever carries it out."""
        return self.connection.disconnected_by


def _suspended() -> str:
    return _("Suspended when the connection was disconnected.")
