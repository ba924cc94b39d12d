"""People whom the LMS has moved to another customer: their first connection keeps nothing on, and its log says so."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning.links import make_tombstone
from scim_provisioning.rules import forget_hold
from scim_provisioning.rules.customers import customer, is_lost
from scim_provisioning.rules.ownership import lock_links


def is_wanted_beside(link: ProvisionedUser) -> bool:
    """Whether one of the links of other connections that want this account on, of which there is one at least, is that
    of a customer whose person it still is (none to three queries)."""
    if not customer(link.connection).lookups:
        return True
    granting = ProvisionedUser.objects.granting().exclude(connection=link.connection_id)
    return bool(still_here(granting.filter(user=link.user_id).select_related("connection")))


def still_here(links: Iterable[ProvisionedUser]) -> list[ProvisionedUser]:
    """Those of the links, which are locked, whose people the LMS has not moved to another customer. The others become
    tombstones, and their connection's log says why: what somebody else is about to do with the account shall stand,
    whomever the LMS moves where. Should it move them back, they return by a POST, under the same id."""
    here = []
    for link in links:
        if note_if_lost(link):
            make_tombstone(link)
        else:
            here.append(link)
    return here


def leave_to(adapter: LearnerAdapter) -> None:
    """Before somebody comes back to an account, whose links are locked: from whom the LMS has moved it since, leaves it
    (one query, and some for each who does). Should it have been switched off meanwhile, nothing else would find them.
    """
    beside = ProvisionedUser.objects.beside(adapter.connection).filter(user=adapter.obj)
    still_here(beside.select_related("connection").order_by("pk"))


def leave(connection: SCIMConnection) -> None:
    """Before a connection comes back, which finds out who owns its accounts by now: those who had them, and from whom
    the LMS has moved them since, leave them (two queries, and some for each who does)."""
    accounts = connection.links.living().filter(user__isnull=False).values("user")
    beside = ProvisionedUser.objects.beside(connection).filter(user__in=accounts)
    lock_links(ProvisionedUser.objects.filter(user__in=beside.values("user")))
    still_here(beside.select_related("connection").order_by("user_id", "pk"))


def note_if_lost(link: ProvisionedUser) -> bool:
    """Whether the LMS has moved somebody to another customer; then the log of the link's connection says so, once for
    each time."""
    if link.user_id is None or not is_lost(link):
        return False
    forget_hold(link)
    of_link = ProvisioningEvent.objects.filter(connection=link.connection_id, link=link)
    if not of_link.filter(action=Action.MOVED, created_at__gte=link.modified_at).exists():
        events.admin(link.connection, action=Action.MOVED, actor=None, link=link, detail=sentence())
    return True


def sentence() -> str:
    """What is said of somebody whom the LMS has moved."""
    return _(
        "The application moved this learner to another customer. For this connection they do not exist any more; "
        "their account and their access stay as they are."
    )
