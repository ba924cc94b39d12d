"""Whom the identity provider switched off while they were in a state that provisioning moves nobody out of, as of
somebody invited: they are off already, and come in by ending that state themselves. So the wish is kept, with the
moment at which it was said, and holds from then on.

What an administrator of the LMS has done to the switch by hand since then counts more, as always.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from scim_provisioning import moments
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.person import WISHED_OFF
from scim_provisioning.rules.by_hand import moved_by_hand
from scim_provisioning.rules.protection import is_last_administrator


def note_wish(adapter: LearnerAdapter, active: bool) -> bool:
    """Keep that the identity provider has somebody off whose state stays, or forget that it had. Returns whether it is
    kept from now on. At most one statement, none of a link that is not saved yet."""
    person, link = adapter.person, adapter.link
    waits = not active and not adapter.may_be_switched
    if waits == bool(person.wished_off):
        return False
    person.wished_off = moments.utc(timezone.now()).isoformat() if waits else ""
    link.search = {name: value for name, value in link.search.items() if name != WISHED_OFF}
    if waits:
        link.search[WISHED_OFF] = person.wished_off
    if not link._state.adding:
        link.save(update_fields=["search"])
    return waits


def is_to_go(adapter: LearnerAdapter) -> bool:
    """Whether somebody is on whom the identity provider had switched off before they ended such a state (a few queries
    where they are on, else none). Nobody who has to stay."""
    person = adapter.person
    if not person.wished_off or adapter.link.active or not (adapter.has_access and adapter.is_active):
        return False
    if has_to_stay(adapter):
        return False
    return moved_by_hand(adapter, since=datetime.fromisoformat(person.wished_off)) is None


def has_to_stay(adapter: LearnerAdapter) -> bool:
    """Whether no identity provider may switch this person off."""
    return adapter.is_protected(adapter.obj) or is_last_administrator(adapter)
