"""Whom the identity provider switched off while they were in a state that provisioning moves nobody out of, as of
somebody invited: they are off already, and come in by ending that state themselves. So the wish is kept, with the
moment at which it was said, and holds from then on.

What an administrator of the LMS has done to the switch by hand since then counts more, as always. A connection that
ends takes nothing back: neither what its identity provider said before, nor that an administrator has suspended its
people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils import timezone

from scim_provisioning import moments
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.person import WISHED_OFF
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.rules.by_hand import moved_by_hand
from scim_provisioning.rules.departed import has_one_switch
from scim_provisioning.rules.protection import is_last_administrator

#: Ends the mark where not the identity provider has said it, but whoever disconnected the connection.
_BY_ADMINISTRATOR: Final = "~"


def note_wish(adapter: LearnerAdapter, active: bool) -> bool:
    """Keep that the identity provider, or whoever ends its connection, has somebody off whose state stays, or forget
    that it had. Returns whether it is kept from now on. At most one statement, none of a link that is not saved yet.
    """
    person, link = adapter.person, adapter.link
    waits = not active and not adapter.may_be_switched
    if waits == bool(person.wished_off):
        return False
    said_by = _BY_ADMINISTRATOR if adapter.connection.is_archived else ""
    person.wished_off = moments.utc(timezone.now()).isoformat() + said_by if waits else ""
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
    said_at = datetime.fromisoformat(person.wished_off.removesuffix(_BY_ADMINISTRATOR))
    if has_to_stay(adapter) or (adapter.connection.is_archived and _is_overruled(adapter, said_at)):
        return False
    return moved_by_hand(adapter, since=said_at) is None


def is_of_administrator(adapter: LearnerAdapter) -> bool:
    """Whether an administrator had this person off who disconnected the connection, not its identity provider."""
    return adapter.person.wished_off.endswith(_BY_ADMINISTRATOR)


def _is_overruled(adapter: LearnerAdapter, said_at: datetime) -> bool:
    """Whether another connection, which may have ended as well by now, has wanted this person on since (one query, and
    some for each such link)."""
    since = ProvisionedUser.objects.filter(
        user=adapter.obj, modified_at__gt=moments.bound(said_at), active=True
    )
    others = since.exclude(connection=adapter.connection).select_related("connection")
    return any(has_one_switch(adapter.connection, link.connection) for link in others)


def has_to_stay(adapter: LearnerAdapter) -> bool:
    """Whether nobody may switch this person off who has asked for it: as ever, an administrator may the last one."""
    if adapter.is_protected(adapter.obj):
        return True
    return not is_of_administrator(adapter) and is_last_administrator(adapter)
