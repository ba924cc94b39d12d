"""Managers who were named before they were here."""

from __future__ import annotations

from collections.abc import Collection

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import Caller
from scim_provisioning.protocol import paths
from scim_provisioning.provisioning import searching
from scim_provisioning.provisioning.links import save_link
from scim_provisioning.provisioning.loading import load_many_for_update
from scim_provisioning.provisioning.writing import save_learner


def give_manager(
    caller: Caller, waited_for: str, scim_id: str | None, *, among: Collection[str] | None = None
) -> list[str]:
    """Give a manager who has appeared (back) to the people whose ``manager`` named them in vain.

    ``waited_for`` is the value those people's documents hold: the id itself, or a ``bulkId:``. With None they
    wait for nobody any longer; ``among`` are the SCIM ids of those who may be meant. Returns the SCIM ids of
    those people; protected ones are left as they are.
    """
    adapter_class = get_adapter_class()
    mapping = adapter_class.compiled(caller.tenant)
    if mapping.manager is None:
        return []
    waiting = searching.waiting_for_manager(caller.tenant, adapter_class, waited_for, among)
    changed = []
    for adapter in load_many_for_update(caller.tenant, [link.pk for link in waiting]):
        if adapter.is_protected(adapter.obj):
            continue
        document = adapter.read()
        paths.write(document, mapping.manager.path, scim_id)
        adapter.remember_rows()
        adapter.from_dict(document)
        save_learner(adapter)
        save_link(adapter, document)
        changed.append(adapter.id)
    return changed
