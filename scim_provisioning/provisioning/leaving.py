"""What a disconnection does to people: they are switched off, or lose their passwords. Their links are locked.

Where the host has written nothing that must be called for each person, many go together, in a few statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F, Model
from django.utils import timezone

from scim_provisioning import events, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.together import may_be_saved_together, save_together
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.provisioning.writing import end_access, save_learner

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: What a host may have written that has to be called for each person who is switched off.
_CALLED: Final = ("set_active", "save", "revoke_access", "on_deactivated")
_OFF: Final = {"active": (True, False)}


def may_go_together(adapter_class: type[LearnerAdapter], written: Sequence[type[Model]]) -> bool:
    """Whether nobody would miss it that one statement writes the rows of many people, of these models and ours."""
    is_ours = all(getattr(adapter_class, name) is getattr(LearnerAdapter, name) for name in _CALLED)
    models: list[type[Model]] = [ProvisionedUser, ProvisioningEvent, *written]
    return is_ours and all(map(may_be_saved_together, models))


def switch_off(adapter: LearnerAdapter, *, actor: AbstractBaseUser | None, detail: str) -> bool:
    """Switch somebody off as a deactivation by SCIM does; False when they are off, or may not be switched.

    Who is on by another connection's wish stays on, and is off for this one.
    """
    if not _is_to_go(adapter):
        return False
    _switch(adapter)
    save_learner(adapter)
    link = adapter.link
    link.active, link.modified_at, link.version = False, timezone.now(), link.version + 1
    link.save(update_fields=["active", "modified_at", "version"])
    event = events.admin(
        adapter.connection, action=Action.DEACTIVATED, actor=actor, link=link, detail=detail, changes=_OFF
    )
    end_access(adapter)
    adapter.on_deactivated(learner=adapter.learner, event=event)
    return True


def switch_off_together(
    adapters: Sequence[LearnerAdapter], *, actor: AbstractBaseUser | None, detail: str
) -> int:
    """The same for many people of one connection, where ``may_go_together``; returns how many were switched off."""
    going = [adapter for adapter in adapters if _is_to_go(adapter)]
    if not going:
        return 0
    for adapter in going:
        _switch(adapter)
    save_together(change for adapter in going for change in adapter.person.rows.changes())
    connection, links = going[0].connection, [adapter.link for adapter in going]
    own = ProvisionedUser.objects.filter(connection=connection, pk__in=[link.pk for link in links])
    own.update(active=False, modified_at=timezone.now(), version=F("version") + 1)
    events.admin_for_each(
        connection, links, action=Action.DEACTIVATED, actor=actor, detail=detail, changes=_OFF
    )
    sessions.end(*[a.obj for a in going if not a.has_access and not a.is_wanted_elsewhere])
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


def _switch(adapter: LearnerAdapter) -> None:
    adapter.remember_rows()
    adapter.set_active(False)
