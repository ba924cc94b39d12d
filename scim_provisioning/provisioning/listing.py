"""Everybody of a connection, page by page: neither filtered nor sorted, as directories are read from end to end.

A page is found by the key of its first person and read from there, so that nothing is joined for those who are skipped.
How many there are is for ``totals`` to say.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Subquery

from scim_provisioning.adapters import LearnerAdapter, customers, links
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.protocol.errors import InvalidCursor
from scim_provisioning.provisioning import totals

#: People who are to be shown.
Found = list[ProvisionedUser] | list[Glimpse]


def first_page(connection: SCIMConnection, adapter_class: type[LearnerAdapter], count: int) -> Found:
    """The first people, in the order of their keys."""
    return links.glimpsed(adapter_class, connection, _from, 0, given=(count,))


def page_at(
    connection: SCIMConnection, adapter_class: type[LearnerAdapter], offset: int, count: int
) -> tuple[Found, int]:
    """The people after so many others, and how many there are (two queries, three where others follow)."""
    # The number of those who are skipped stands in the statement itself, so that it is another one each time.
    customer = customers.customer_of(adapter_class.compiled(connection).sources, connection)
    vacant, key = next(iter(_place(customer.lookups, connection, *customer.values, offset=offset)))
    if vacant or totals.has_moved(connection, adapter_class):
        people = adapter_class.links(connection).living().order_by("pk")
        return list(people[offset : offset + count]), totals.how_many(connection, adapter_class)
    found: Found = []
    if key is not None:
        found = links.glimpsed(adapter_class, connection, _from, key, given=(count,))
    if 0 < len(found) < count:
        return found, offset + len(found)
    return found, totals.how_many(connection, adapter_class)


def page_after(
    connection: SCIMConnection, adapter_class: type[LearnerAdapter], scim_id: str, count: int
) -> Found:
    """The people after one of them, deleted or not (two queries). Raises ``InvalidCursor`` when nothing at all is left
    of that person."""
    last = prepared.first(_key_of, connection, scim_id)
    if last is None:
        raise InvalidCursor("The person at whom the cursor stood is gone; start again without one.")
    return links.glimpsed(adapter_class, connection, _from, last[0] + 1, given=(count,))


def _from(people: ProvisionedUserQuerySet, count: int, key: int) -> ProvisionedUserQuerySet:
    return people.living().filter(pk__gte=key).order_by("pk")[:count]


def _key_of(connection: SCIMConnection, scim_id: str) -> QuerySet[Any, Any]:
    return ProvisionedUser.objects.filter(connection=connection, scim_id=scim_id).values_list("pk")


def _place(
    lookups: tuple[str, ...], connection: SCIMConnection, *customer: Any, offset: int
) -> QuerySet[Any, Any]:
    """How many living links are nobody's, and which comes after so many others."""
    place = totals.living_links(connection).order_by("pk").values("pk")[offset : offset + 1]
    is_exact = not totals.may_be_believed()
    vacant = totals.vacant_links(lookups, connection, customer, is_exact=is_exact)
    return totals.said(connection, vacant, Subquery(place))
