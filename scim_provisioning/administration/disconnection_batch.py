"""One transaction of a disconnection: what is done to some learners, whose links it locks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from scim_provisioning import databases, events, rules
from scim_provisioning.adapters.together import may_be_saved_together
from scim_provisioning.administration import host
from scim_provisioning.events import reports
from scim_provisioning.models import Disconnection, OnDisconnect, ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning import host_code, last_word, leaving
from scim_provisioning.provisioning.loading import lock_many, read_locked

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from scim_provisioning.adapters import LearnerAdapter

logger = logging.getLogger("scim_provisioning.administration")

#: Learners of one transaction. Their links are locked while it lasts, so there are fewer of those for each of whom
#: something of the host's is called.
MANY, FEW = 500, 50


class Batch:
    """Does what was chosen to some learners, and counts how many it concerned.

    All of them together where the host allows it, else one after the other: then one for whom the host's code fails
    keeps nobody else from being handled. Raises ``AdapterBroken``.
    """

    def __init__(self, found: Disconnection, connection: SCIMConnection) -> None:
        self.found, self.connection = found, connection
        self.together, self.size = True, MANY
        if found.choice is OnDisconnect.SSO_ONLY:
            host.adapter_class()
            self.size = MANY if may_be_saved_together(get_user_model()) else FEW
        elif found.choice is OnDisconnect.SUSPEND:
            adapter_class = host.adapter_class()
            self.together = leaving.may_go_together(adapter_class, connection)
            self.size = MANY if self.together and not leaving.calls_the_host(adapter_class) else FEW

    def handle(self, keys: Sequence[int]) -> None:
        """Lock these links, do what was chosen, and let go of the accounts."""
        locked = lock_many(self.connection, keys)
        guests = [] if self.found.choice is OnDisconnect.SUSPEND else self._guests(locked)
        if self.found.choice is not OnDisconnect.KEEP:
            self._change([key for key in locked if key not in guests])
        for adapter in self._read(guests) if guests else ():
            self._alone(adapter)
        self._leave_to_others(locked)
        rules.hand_on(ProvisionedUser.objects.living().filter(connection=self.connection, pk__in=locked))

    def _guests(self, keys: Sequence[int]) -> list[int]:
        """Those of these links that only share an account. It is not this connection's to hand back: whoever is on by
        its wish alone is switched off whatever was chosen (one query)."""
        shared = ProvisionedUser.objects.living().filter(owns_profile=False, keeps_profile=False, pk__in=keys)
        return list(shared.filter(connection=self.connection).order_by("pk").values_list("pk", flat=True))

    def leave_guests(self) -> None:
        """The same for all of them, and what other connections have said of the others. Raises ``AdapterBroken``."""
        links = ProvisionedUser.objects.living().filter(connection=self.connection, user__isnull=False)
        guests = self._guests(list(links.filter(owns_profile=False).values_list("pk", flat=True)))
        shared = ProvisionedUser.objects.beside(self.connection).filter(user=OuterRef("user"))
        owned = list(links.filter(Exists(shared), owns_profile=True).values_list("pk", flat=True))
        if not guests and not owned:
            return
        host.adapter_class()
        locked = lock_many(self.connection, [*guests, *owned])
        for adapter in self._read([key for key in locked if key in guests]):
            self._alone(adapter)
        self._leave_to_others([key for key in locked if key not in guests])

    def _leave_to_others(self, keys: Sequence[int]) -> None:
        """Switch off whom another connection has switched off, and who was on by this one's wish (one query where there
        is none)."""
        mine = ProvisionedUser.objects.living().filter(connection=self.connection, active=True, pk__in=keys)
        shared = ProvisionedUser.objects.beside(self.connection).filter(user=OuterRef("user"))
        accounts = list(mine.filter(Exists(shared)).values_list("user", flat=True))
        for adapter in last_word.unwanted(self.connection, accounts) if accounts else ():
            try:
                with databases.atomic():
                    leaving.switch_off(adapter, actor=None, detail=str(last_word.DETAIL))
            except Exception as error:
                self._failed(adapter, error)

    def _change(self, keys: Sequence[int]) -> None:
        if self.together:
            try:
                with databases.atomic():
                    changed, protected = self._together(self._read(keys))
            except Exception as error:
                if databases.fault_of(error) is not None:
                    raise
                # Of whom it is said below: each is tried alone, from how they were.
                logger.info("Learners of connection %s could not be handled together.", self.connection.pk)
            else:
                self._count(changed, protected)
                return
        for adapter in self._read(keys):
            self._alone(adapter)

    def _read(self, keys: Sequence[int]) -> list[LearnerAdapter]:
        return [found for found in read_locked(self.connection, keys) if not found.link.is_deleted]

    def _together(self, adapters: Sequence[LearnerAdapter]) -> tuple[int, int]:
        """How many were changed, and how many are protected."""
        free = [adapter for adapter in adapters if not adapter.is_protected(adapter.obj)]
        if self.found.choice is OnDisconnect.SUSPEND:
            changed = leaving.switch_off_together(free, actor=self._actor, detail=_suspended())
        else:
            # How somebody signs in is their owner's to say.
            changed = leaving.take_passwords([adapter.obj for adapter in free if adapter.link.owns_profile])
        return changed, len(adapters) - len(free)

    def _alone(self, adapter: LearnerAdapter) -> None:
        link, changed = adapter.link, 0
        try:
            with databases.atomic():
                protected = adapter.is_protected(adapter.obj)
                if not protected and self._is_to_leave(adapter):
                    changed = leaving.switch_off(adapter, actor=self._actor, detail=_suspended())
                elif not protected and link.owns_profile:
                    changed = leaving.take_passwords([adapter.obj])
        except Exception as error:
            self._failed(adapter, error)
        else:
            # Of a guest nothing was chosen that could be counted.
            is_chosen = self.found.choice is OnDisconnect.SUSPEND or link.owns_profile
            self._count(changed if is_chosen else 0, protected)

    def _failed(self, adapter: LearnerAdapter, error: Exception) -> None:
        """Write down for whom the host's code failed. Raises what is not about this learner: the batch is rolled back
        as a whole, and can be repeated."""
        if databases.fault_of(error) is not None:
            raise error
        self.found.failed += 1
        link, cause = adapter.link, {"exception": type(error).__name__, "place": host_code.place(error)}
        reports.failure(logger, "A learner could not be handled: link %s", link.pk, exception=error)
        # What the other connection is told names nobody of this one's.
        actor = self._actor if link.connection_id == self.connection.pk else None
        events.not_done(link.connection, actor=actor, link=link, error_code="host.hook", cause=cause)

    def _is_to_leave(self, adapter: LearnerAdapter) -> bool:
        if self.found.choice is OnDisconnect.SUSPEND:
            return True
        switch = adapter.compiled_mapping.active
        is_guest = switch is not None and not (
            adapter.person.owns(switch.source) or adapter.link.keeps_profile
        )
        return is_guest and bool(adapter.has_access) and not adapter.is_kept_on

    def _count(self, changed: int, protected: int) -> None:
        self.found.changed += changed
        self.found.protected += protected

    @property
    def _actor(self) -> AbstractBaseUser | None:
        """Who chose it, whoever carries it out."""
        return self.connection.disconnected_by


def _suspended() -> str:
    return _("Suspended when the connection was disconnected.")


def leave_guests(connection: SCIMConnection, **_signal: object) -> None:
    """Receiver of ``rules.serving.ends``: whoever is on by the wish of this connection alone, which only shares the
    account, is switched off, though nobody has chosen anything."""
    batch = Batch(Disconnection(connection=connection, learners=OnDisconnect.KEEP), connection)
    try:
        batch.leave_guests()
    except Exception as broken:
        if databases.fault_of(broken) is not None:
            raise
        # The host's own code, asked of a connection without its settings: they are gone whatever becomes of people, and
        # nobody is let in by this connection any more.
        reports.failure(logger, "Guests of a connection that has ended stay as they are", exception=broken)
