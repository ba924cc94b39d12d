"""Two accounts of one person become one: an administrator's word, and the host's ``merge``."""

from __future__ import annotations

from scim_provisioning import events, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.links import strip_tombstone
from scim_provisioning.provisioning.loading import load_locked
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.rules.ownership import lock_links


def merge(caller: Caller, newcomer: ProvisionedUser, earlier: ProvisionedUser, *, detail: str) -> None:
    """Have the host join the account of ``earlier``, a tombstone, to that of ``newcomer``, who goes on under their SCIM
    id. The tombstone forgets its account: it can bring nobody back.

    Raises ``NotFound`` where one of them is gone, ``Uniqueness`` where they are not what they were, somebody uses the
    earlier account, or one of the two is not this connection's alone to give away or to write, ``Forbidden`` for a
    protected account; what ``durable`` and the host's ``merge`` raise.
    """
    durable(lambda: _merge(caller, newcomer, earlier, detail))


def _merge(caller: Caller, newcomer: ProvisionedUser, earlier: ProvisionedUser, detail: str) -> None:
    lock_links(ProvisionedUser.objects.filter(user__in=[newcomer.user_id, earlier.user_id]))
    stays, goes = load_locked(caller, newcomer.pk), load_locked(caller, earlier.pk)
    if (
        stays.link.is_deleted
        or not goes.link.is_deleted
        or stays.obj.pk == goes.obj.pk
        or _is_in_use(goes)
        or not stays.link.owns_profile
        or not rules.owned_alone([goes.link])
    ):
        raise Uniqueness(
            "One of the two accounts is not what it was when this was asked.", code="user.identity_conflict"
        )
    for adapter in (stays, goes):
        rules.protect(adapter)
    events.admin(
        caller.tenant,
        action=Action.MERGED,
        actor=caller.actor,
        link=stays.link,
        address=caller.address,
        detail=detail,
        cause={"earlier": [goes.link.scim_id]},
    )
    host_calls.merge(stays, goes.learner)
    strip_tombstone(goes.link)


def _is_in_use(adapter: LearnerAdapter) -> bool:
    return ProvisionedUser.objects.living().filter(user=adapter.obj).exists()
