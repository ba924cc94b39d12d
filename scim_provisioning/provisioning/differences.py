"""Where an account is on that the identity provider wants off, or the reverse: somebody in the LMS switched it."""

from __future__ import annotations

from scim_provisioning import rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.rules.by_hand import Difference, moved_by_hand


def between(adapter: LearnerAdapter) -> Difference | None:
    """The difference between a person's link and their account, or None (no query then; a few where there is one).

    What another connection keeps on is no difference: that is agreed.
    """
    has_access, wanted = adapter.has_access, adapter.link.active
    if has_access is None or has_access == wanted or (has_access and adapter.is_kept_on):
        return None
    return moved_by_hand(adapter) or Difference(has_access)


def agree(adapter: LearnerAdapter, said: bool | None) -> bool:
    """Keep what the identity provider wants where the LMS has done it already: nothing changes for anybody, but from
    now on the link wants it too, and another connection's deactivation finds nobody who does not.

    Returns whether it is to be written down: somebody is to be off, and the LMS alone ends the state in which they are.
    """
    link = adapter.link
    if said is not None and link.active != said == adapter.is_active:
        link.active = said
        link.save(update_fields=["active"])
        rules.forget_hold(link)
    return said is not None and rules.note_wish(adapter, said)
