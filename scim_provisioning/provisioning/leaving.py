"""What a disconnection does to people: they are switched off, or lose their passwords. Their links are locked.

Where nothing of the host's has to save each row, many go together, in a few statements; its hooks are called for each
person in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import DateTimeField, F, Model, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from scim_provisioning import databases, events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.together import may_be_saved_together, save_together
from scim_provisioning.events import Exchange
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.writing import end_access, save_learner

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: What a host may have written itself that has to save each person's rows.
_SAVES: Final = ("set_active", "save")
#: What is called for each person, and may take its time.
_HOOKS: Final = ("revoke_access", "on_deactivated")
_OFF: Final = {"active": (True, False)}


def may_go_together(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> bool:
    """Whether nobody would miss it that one statement switches off the people of this connection."""
    switch = adapter_class.compiled(connection).active
    written: list[type[Model]] = [
        ProvisionedUser,
        ProvisioningEvent,
        *([switch.source.model] if switch else []),
    ]
    return (
        all(getattr(adapter_class, name) is getattr(LearnerAdapter, name) for name in _SAVES)
        and all(map(may_be_saved_together, written))
        # Hooks are given their event, with its key.
        and databases.connection().features.can_return_rows_from_bulk_insert
    )


def calls_the_host(adapter_class: type[LearnerAdapter]) -> bool:
    """Whether the host does something of its own for each person who is switched off."""
    return any(host_calls.listens(adapter_class, hook) for hook in _HOOKS)


def switch_off(
    adapter: LearnerAdapter, *, actor: AbstractBaseUser | None, detail: str, exchange: Exchange | None = None
) -> bool:
    """Switch somebody off as a deactivation by SCIM does; False when they are off, or may not be switched. With
    ``exchange`` the log says that the identity provider has, else that an administrator has.

    Who is on by another connection's wish stays on, and is off for this one. Of whom the LMS has switched off before,
    nobody is to find a wish to be on, once it or somebody else switches them on again.
    """
    is_to_go = _is_to_go(adapter)
    _wish_off([adapter])
    if not is_to_go:
        return False
    _switch(adapter)
    save_learner(adapter)
    link = adapter.link
    link.changed()
    link.active, link.version = False, link.version + 1
    link.save(update_fields=["active", "modified_at", "version"])
    event = _noted(adapter, actor, detail, exchange)
    end_access(adapter, event)
    host_calls.tell(adapter, "on_deactivated", event)
    return True


def switch_off_together(
    adapters: Sequence[LearnerAdapter], *, actor: AbstractBaseUser | None, detail: str
) -> int:
    """The same for many people of one connection, where ``may_go_together``; returns how many were switched off."""
    going = [adapter for adapter in adapters if _is_to_go(adapter)]
    _wish_off(adapters)
    if not going:
        return 0
    for adapter in going:
        _switch(adapter)
    save_together(change for adapter in going for change in adapter.person.rows.changes())
    connection, links = going[0].connection, [adapter.link for adapter in going]
    own = ProvisionedUser.objects.filter(connection=connection, pk__in=[link.pk for link in links])
    # A clock that went back makes nothing older than it is.
    own.update(
        active=False,
        modified_at=Greatest(F("modified_at"), Value(timezone.now(), output_field=DateTimeField())),
        version=F("version") + 1,
    )
    for link in links:
        link.changed()
        link.active, link.version = False, link.version + 1
    noted = events.admin_for_each(
        connection, links, action=Action.DEACTIVATED, actor=actor, detail=detail, changes=_OFF
    )
    sessions.end(*[a.obj for a in going if not a.has_access and not a.is_wanted_elsewhere])
    for adapter, event in zip(going, noted, strict=True):
        if not adapter.is_kept_on:
            host_calls.revoke_access(adapter, event)
        host_calls.tell(adapter, "on_deactivated", event)
    return len(going)


def take_passwords(accounts: Sequence[Any]) -> int:
    """Make passwords unusable; returns how many accounts had one that was."""
    holders = [account for account in accounts if account.has_usable_password()]
    for account in holders:
        account.set_unusable_password()
    if len(holders) > 1 and may_be_saved_together(type(holders[0])):
        save_together((account, ["password"]) for account in holders)
    else:
        for account in holders:
            account.save(update_fields=["password"])
    return len(holders)


def _is_to_go(adapter: LearnerAdapter) -> bool:
    return adapter.is_active and adapter.may_be_switched


def _wish_off(adapters: Sequence[LearnerAdapter]) -> None:
    """Keep of those who are off already that they are to be (one query, where any were wanted on; one for each whose
    state the LMS alone ends)."""
    for adapter in adapters:
        rules.note_wish(adapter, active=False)
    off = [adapter.link for adapter in adapters if adapter.link.active and not adapter.is_active]
    if not off:
        return
    for link in off:
        link.active = False
    own = ProvisionedUser.objects.filter(connection=off[0].connection_id)
    own.filter(pk__in=[link.pk for link in off]).update(active=False)


def _noted(
    adapter: LearnerAdapter, actor: AbstractBaseUser | None, detail: str, exchange: Exchange | None
) -> ProvisioningEvent:
    said: dict[str, Any] = {
        "action": Action.DEACTIVATED,
        "link": adapter.link,
        "detail": detail,
        "changes": _OFF,
    }
    if exchange is None:
        return events.admin(adapter.connection, actor=actor, **said)
    return events.applied(events.Caller(adapter.connection, None), exchange, status=200, **said)


def _switch(adapter: LearnerAdapter) -> None:
    adapter.remember_rows()
    adapter.set_active(False)
