"""Whom the identity provider switched off while the LMS alone could end the state in which they were, and who is on by
now, having answered an invitation say, goes off: that was answered as done, and is sent by nobody again. So does whom
an administrator suspended in such a state with their connection.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from scim_provisioning import databases, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import WISHED_OFF
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.events import Caller, Exchange, reports
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    Operation,
    ProvisionedUser,
    ProvisionedUserQuerySet,
    SCIMConnection,
)
from scim_provisioning.provisioning import refusing, verbs
from scim_provisioning.provisioning.leaving import switch_off
from scim_provisioning.provisioning.loading import load_many_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules import brake
from scim_provisioning.rules.late_wishes import has_to_stay

logger = logging.getLogger("scim_provisioning.provisioning")

DETAIL: Final = gettext_lazy(
    "Switched off by the identity provider before, while the application did not let provisioning switch them."
)
#: Whom this command has asked to go and the brake holds: they are off for their identity provider.
_OF_NO_REQUEST: Final = Q(operation=Operation.PATCH, token__isnull=True, link__active=False)
_SUSPENDED: Final = gettext_lazy("Suspended when the connection was disconnected.")


def ended() -> QuerySet[SCIMConnection]:
    """The connections that have ended, and have people of whom such a wish waits."""
    waiting = _waiting(ProvisionedUser.objects.filter(connection=OuterRef("pk"), user__isnull=False))
    return SCIMConnection.objects.filter(Exists(waiting), archived_at__isnull=False)


def carry_out(connection: SCIMConnection) -> int:
    """Switch such people of a connection off, each in a transaction of their own; return how many (three queries
    where there is nobody, none where no state holds anybody, nor of a connection that has ended without its settings).
    Whomever the host's own code fails for is tried again the next time; whom the leaver brake holds, once an
    administrator has let them go, or the hold is over."""
    if connection.is_archived and connection.lacks_settings:
        return 0
    adapter_class = get_adapter_class()
    columns = Columns(adapter_class.compiled(connection), connection)
    if not _has_such_states(columns.mapping):
        return 0
    waiting = _waiting(adapter_class.links(connection)).filter(columns.is_active())
    due = list(waiting.order_by("pk").values_list("pk", flat=True))
    held = HeldLeaver.objects.filter(connection=connection).waiting()
    for key in {*held.filter(_OF_NO_REQUEST).values_list("link", flat=True)} - {*due}:
        durable(partial(_hold_no_more, connection, key))
    held_keys = set(held.values_list("link", flat=True))
    gone = 0
    for key in due:
        try:
            gone += _carry_out(connection, key, is_held=key in held_keys)
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            reports.failure(logger, "Somebody could not be switched off: link %s", key, exception=error)
    return gone


def settle(connection: SCIMConnection, link: ProvisionedUser) -> None:
    """Switch somebody off, if it is due, by whose link nobody is to be found any more: an administrator has said so,
    and no brake holds them."""
    if WISHED_OFF not in link.search or connection.lacks_settings:
        return
    if adapter := _due(connection, link.pk):
        switch_off(adapter, actor=None, detail=str(DETAIL))


def _waiting(links: ProvisionedUserQuerySet) -> ProvisionedUserQuerySet:
    return links.filter(active=False, search__has_key=WISHED_OFF)


def _has_such_states(mapping: CompiledMapping) -> bool:
    kind = mapping.active.declaration if mapping.active else None
    moves_all = kind is None or type(kind).may_turn is MappedAttribute.may_turn
    return not moves_all and bool(getattr(kind, "never_from", True))


def _hold_no_more(connection: SCIMConnection, key: int) -> None:
    """Nobody asks again about somebody whom the LMS has switched off meanwhile."""
    for adapter in load_many_for_update(connection, [key]):
        rules.forget_hold(adapter.link)


def _carry_out(connection: SCIMConnection, key: int, *, is_held: bool) -> bool:
    """Whether the person goes; else nothing is left to be carried out, or it waits."""
    adapter = durable(partial(_due, connection, key))
    if adapter is None:
        return False
    if connection.is_archived or adapter.link.is_deleted or rules.is_of_administrator(adapter):
        return durable(partial(_let_go, connection, key))
    if is_held:
        return False
    scim_id = adapter.link.scim_id
    caller, exchange = Caller(connection, None), Exchange("", "", Operation.PATCH)
    try:
        written = verbs.follow(caller, exchange, scim_id)
    except brake.LeaverHeld as held:
        # The path says in the log whom it is about.
        refusing.note(caller, replace(exchange, path=f"/Users/{scim_id}"), held)
        return False
    return written.event is not None and written.event.action == Action.DEACTIVATED


def _due(connection: SCIMConnection, key: int) -> LearnerAdapter | None:
    """The person, whose links are locked, where they are to go now."""
    for adapter in load_many_for_update(connection, [key]):
        if adapter.link.active or not adapter.is_active or has_to_stay(adapter):
            continue
        if rules.is_to_go(adapter) and not _is_here_anew(adapter.link):
            return adapter
        # An administrator of the LMS has had a word since: it counts from now on.
        rules.note_wish(adapter, active=False)
        rules.forget_hold(adapter.link)
    return None


def _let_go(connection: SCIMConnection, key: int) -> bool:
    try:
        with databases.atomic():
            return _switch_off(connection, key)
    except brake.LeaverHeld:
        # Nothing can be asked about somebody who was deleted: they go once there is room.
        return False


def _switch_off(connection: SCIMConnection, key: int) -> bool:
    """Switch off somebody about whom the identity provider has no resource any more, or an administrator had the last
    word. Raises ``LeaverHeld``."""
    adapter = _due(connection, key)
    if adapter is None:
        return False
    if rules.is_of_administrator(adapter):
        return switch_off(adapter, actor=connection.disconnected_by, detail=str(_SUSPENDED))
    if connection.is_archived:
        return switch_off(adapter, actor=None, detail=str(DETAIL))
    rules.let_go(adapter)
    return switch_off(adapter, actor=None, detail=str(DETAIL), exchange=Exchange("", "", Operation.DELETE))


def _is_here_anew(link: ProvisionedUser) -> bool:
    """Whether the account of somebody who was deleted is linked again (one query, none for the living)."""
    again = ProvisionedUser.objects.living().filter(connection=link.connection_id, user=link.user_id)
    return link.is_deleted and again.exists()
