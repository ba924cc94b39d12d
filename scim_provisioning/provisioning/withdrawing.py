"""A guest's link ends by an administrator's word: what a DELETE of its identity provider would do to the account."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy

from scim_provisioning import databases, events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.provisioning import host_calls, last_word
from scim_provisioning.provisioning.links import has_owner_beside, make_tombstone
from scim_provisioning.provisioning.loading import load_again
from scim_provisioning.provisioning.writing import end_access, explained, switch_off
from scim_provisioning.rules.customers import is_lost

_OWNERLESS: Final = gettext_lazy(
    "Nobody owns the account any more. For this connection’s identity provider the person is deleted."
)


def end_owner(link: ProvisionedUser) -> None:
    """Make the link of an account that ends for good a tombstone. Where nobody owns the account now, the words that let
    others use it end with it, and by a word that is gone nobody could switch the person off: so their living links end
    too, and whom the owner had let go, and a guest's wish alone kept on, goes off. So does whom another connection that
    owns the account from now on had switched off. All links of the account are locked.

    Raises as ``end_shared``.
    """
    was_wanted, account = link.active, link.user_id
    if not link.is_deleted:
        make_tombstone(link)
    # Who only looks at what would be done calls nothing of the host's.
    if databases.is_rehearsal() or not link.owns_profile or account is None:
        return
    if has_owner_beside(link):
        if was_wanted:
            last_word.follow(link.connection, account)
        return
    words = SharedAccount.objects.filter(user=account).exclude(connection=link.connection_id)
    guests = ProvisionedUser.objects.living().filter(user=account, connection__in=words.values("connection"))
    for guest in guests.select_related("connection").order_by("pk"):
        # Whose membership is a row of their own customer's keeps it.
        if _switches_account(guest.connection):
            caller = Caller(guest.connection, None)
            end_shared(caller, guest, detail=str(_OWNERLESS), leaves_as_is=was_wanted)


def _switches_account(connection: SCIMConnection) -> bool:
    switch = get_adapter_class().compiled(connection).active
    return switch is not None and switch.source.belongs_to_account


def end_shared(
    caller: Caller, link: ProvisionedUser, *, detail: str, leaves_as_is: bool = False
) -> ProvisioningEvent:
    """Make a living link, which is locked with the others of its account, a tombstone, and end what access there was by
    it alone. Sessions end in any case: nothing tells by which identity provider somebody came in. A protected account,
    and one that is not this connection's any more, is left as it is; so is any that its owner ``leaves_as_is``.

    Raises ``Forbidden`` for a customer's last administrator, and what the host's hooks raise.
    """
    rules.forget_hold(link)
    if link.connection.archived_at is not None or is_lost(link):
        make_tombstone(link)
        return _note(caller, link, detail, was_active=False)
    adapter = load_again(caller, link.pk)
    if leaves_as_is:
        sessions.end(adapter.obj)
    if leaves_as_is or adapter.is_protected(adapter.obj):
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
