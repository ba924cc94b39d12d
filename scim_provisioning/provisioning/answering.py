"""The end of a change: the host is told of it, and the answer is made of what stands then."""

from __future__ import annotations

from scim_provisioning import events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.row_set import saving_runs_code
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.loading import load_again


def told(
    adapter: LearnerAdapter, caller: Caller, exchange: Exchange, event: ProvisioningEvent, hook: str
) -> Document:
    """Tell the host; then render the answer, once, and keep it in the log as it is given.

    What code of the host's changes in its tables, a hook, a receiver or what runs when rows are saved, is read again.
    """
    host_calls.tell_of_change(adapter, hook, event)
    # Where access is off, write() has asked the host to revoke what outlives it.
    called = {hook, *(move.hook for move in adapter.person.moves)}
    if not adapter.is_active:
        called.add("revoke_access")
    if adapter.link.adopted_at is not None:
        called.add("on_identity_changed")
    heard = any(host_calls.listens(type(adapter), each) for each in called)
    if heard or saving_runs_code(adapter.compiled_mapping.sources):
        adapter = load_again(caller, adapter.link.pk)
    resource = adapter.to_dict()
    events.exchanged(event, exchange, resource)
    return resource
