"""People whom the LMS has moved to another customer: their first connection keeps nothing on, and its log says so."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from scim_provisioning import events
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.rules.customers import customer, is_lost


def is_wanted_beside(link: ProvisionedUser) -> bool:
    """Whether one of the links of other connections that want this account on, of which there is one at least, is that
    of a customer whose person it still is (none to three queries)."""
    if not customer(link.connection).lookups:
        return True
    granting = ProvisionedUser.objects.granting().exclude(connection=link.connection_id)
    return bool(still_here(granting.filter(user=link.user_id).select_related("connection")))


def still_here(links: Iterable[ProvisionedUser]) -> list[ProvisionedUser]:
    """Those of the links, which are locked, whose people the LMS has not moved to another customer; of the others their
    connection's log says so."""
    return [link for link in links if not note_if_lost(link)]


def note_if_lost(link: ProvisionedUser) -> bool:
    """Whether the LMS has moved somebody to another customer; then the log of the link's connection says so, once for
    each time."""
    if link.user_id is None or not is_lost(link):
        return False
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
