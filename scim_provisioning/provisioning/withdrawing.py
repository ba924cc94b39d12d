"""A guest's link ends by an administrator's word: what a DELETE of its identity provider would do to the account."""

from __future__ import annotations

from scim_provisioning import events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.links import make_tombstone
from scim_provisioning.provisioning.loading import load_again
from scim_provisioning.provisioning.writing import end_access, explained, switch_off
from scim_provisioning.rules.customers import is_lost


def end_shared(caller: Caller, link: ProvisionedUser, *, detail: str) -> ProvisioningEvent:
    """Make a living link, which is locked with the others of its account, a tombstone, and end what access there was by
    it alone. Sessions end in any case: nothing tells by which identity provider somebody came in. A protected account,
    and one that is not this connection's any more, is left as it is.

    Raises ``Forbidden`` for a customer's last administrator, and what the host's hooks raise.
    """
    rules.forget_hold(link)
    if link.connection.archived_at is not None or is_lost(link):
        make_tombstone(link)
        return _note(caller, link, detail, was_active=False)
    adapter = load_again(caller, link.pk)
    if adapter.is_protected(adapter.obj):
        make_tombstone(adapter.link)
        return _note(caller, adapter.link, detail, was_active=False)
    return _end(caller, adapter, detail)


def _end(caller: Caller, adapter: LearnerAdapter, detail: str) -> ProvisioningEvent:
    was_active = adapter.is_active
    if was_active:
        rules.keep_an_administrator(adapter)
    adapter.remember_rows()
    with explained(adapter):
        switch_off(adapter)
    make_tombstone(adapter.link)
    event = _note(caller, adapter.link, detail, was_active=was_active)
    end_access(adapter, event)
    sessions.end(adapter.obj)
    if was_active:
        host_calls.tell(adapter, "on_deactivated", event)
    return event


def _note(caller: Caller, link: ProvisionedUser, detail: str, *, was_active: bool) -> ProvisioningEvent:
    return events.admin(
        caller.tenant,
        action=Action.SHARE_WITHDRAWN,
        actor=caller.actor,
        link=link,
        detail=detail,
        address=caller.address,
        changes={"active": (True, False)} if was_active else {},
    )
