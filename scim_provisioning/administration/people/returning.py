"""Who of those who are off or gone can be taken back, and who stands in their place: only what works is offered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from scim_provisioning import databases
from scim_provisioning.administration import reactivation
from scim_provisioning.models import ProvisionedUser, SCIMConnection


@dataclass(frozen=True, slots=True)
class Returning:
    """By keys of links: whose departure can be undone, as far as that is known before it is tried; and of the deleted
    the living link of their connection that has their userName, or their account, now."""

    undoable: set[int] = field(default_factory=set)
    successors: dict[int, ProvisionedUser] = field(default_factory=dict)


def of(links: Iterable[ProvisionedUser]) -> Returning:
    """Of these links, which are read with their connection: two queries for each of these."""
    together: dict[SCIMConnection, list[ProvisionedUser]] = defaultdict(list)
    for link in links:
        if link.user_id is not None:
            together[link.connection].append(link)
    found = Returning()
    for connection, theirs in together.items():
        found.successors.update(_successors(connection, theirs))
        try:
            went = reactivation.departures(connection, max(reactivation.HOURS)).filter(link__in=theirs)
            known = set(went.order_by().values_list("link", flat=True))
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            # The host's adapter does not load: nobody comes back before it does.
            continue
        found.undoable.update(key for key in known if key not in found.successors)
    return found


def _successors(connection: SCIMConnection, links: Sequence[ProvisionedUser]) -> dict[int, ProvisionedUser]:
    gone = [link for link in links if link.is_deleted]
    if not gone:
        return {}
    living = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    # The connection stands in each part, as an index begins with it.
    by_name = Q(connection=connection, user_name_key__in=[link.user_name_tombstone_key for link in gone])
    by_account = Q(connection=connection, user__in=[link.user_id for link in gone])
    found = list(living.filter(by_name | by_account).select_related("connection"))
    names, accounts = {one.user_name_key: one for one in found}, {one.user_id: one for one in found}
    pairs = ((one.pk, names.get(one.user_name_tombstone_key) or accounts.get(one.user_id)) for one in gone)
    return {key: one for key, one in pairs if one is not None}
