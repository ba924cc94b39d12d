"""Everybody of a connection, page by page: neither filtered nor sorted, as directories are read from end to end.

A page is found by the key of its first person and read from there, so that nothing is joined for those who are skipped.
How many there are is asked of an index alone: all living links, less those behind whom there is nobody any more. After
a page it is only asked who comes behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import BigIntegerField, Case, Exists, Func, QuerySet, Subquery, Value, When

from scim_provisioning.adapters import LearnerAdapter, customers, links
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.databases import prepared
from scim_provisioning.models import (
    Action,
    ProvisionedUser,
    ProvisionedUserQuerySet,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.protocol.errors import InvalidCursor

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
    if vacant:
        people = adapter_class.links(connection).living().order_by("pk")
        return list(people[offset : offset + count]), how_many(connection, adapter_class)
    found: Found = []
    if key is not None:
        found = links.glimpsed(adapter_class, connection, _from, key, given=(count,))
    if not found:
        return found, how_many(connection, adapter_class)
    behind = prepared.first(_behind, connection, found[-1].pk)[0] if len(found) == count else 0
    return found, offset + len(found) + behind


def page_after(
    connection: SCIMConnection, adapter_class: type[LearnerAdapter], scim_id: str, count: int
) -> Found:
    """The people after one of them, deleted or not (two queries). Raises ``InvalidCursor`` when nothing at all is left
    of that person."""
    last = prepared.first(_key_of, connection, scim_id)
    if last is None:
        raise InvalidCursor("The person at whom the cursor stood is gone; start again without one.")
    return links.glimpsed(adapter_class, connection, _from, last[0] + 1, given=(count,))


def how_many(connection: SCIMConnection, adapter_class: type[LearnerAdapter]) -> int:
    """How many people the connection has (one query)."""
    customer = customers.customer_of(adapter_class.compiled(connection).sources, connection)
    living, vacant = prepared.first(_facts, connection, *customer.values, given=(customer.lookups,))
    return int(living - vacant)


def _from(people: ProvisionedUserQuerySet, count: int, key: int) -> ProvisionedUserQuerySet:
    return people.living().filter(pk__gte=key).order_by("pk")[:count]


def _key_of(connection: SCIMConnection, scim_id: str) -> QuerySet[Any, Any]:
    return ProvisionedUser.objects.filter(connection=connection, scim_id=scim_id).values_list("pk")


def _place(
    lookups: tuple[str, ...], connection: SCIMConnection, *customer: Any, offset: int
) -> QuerySet[Any, Any]:
    """How many living links are nobody's, and which comes after so many others."""
    place = _living(connection).order_by("pk").values("pk")[offset : offset + 1]
    return _said(connection, _vacant(lookups, connection, customer), Subquery(place))


def _behind(connection: SCIMConnection, key: int) -> QuerySet[Any, Any]:
    return _said(connection, _counted(_living(connection).filter(pk__gt=key)))


def _facts(lookups: tuple[str, ...], connection: SCIMConnection, *customer: Any) -> QuerySet[Any, Any]:
    """How many living links there are, and how many of them are nobody's."""
    return _said(connection, _counted(_living(connection)), _vacant(lookups, connection, customer))


def _vacant(lookups: tuple[str, ...], connection: SCIMConnection, customer: Sequence[Any]) -> Any:
    """How many living links have no account, or one that the LMS has moved to another customer. Everybody's row would
    be read for the second, so they are counted only once the log says that somebody was moved: a total may be too high
    by those whom nobody has asked for since."""
    living = _living(connection)
    without = _counted(living.filter(user__isnull=True))
    if not lookups:
        return without
    noted = ProvisioningEvent.objects.filter(connection=connection, action=Action.MOVED)
    lost = _counted(living.filter(customers.lost(lookups, customer)))
    return without + Case(When(Exists(noted), then=lost), default=Value(0), output_field=BigIntegerField())


def _living(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    return ProvisionedUser.objects.living().filter(connection=connection)


def _said(connection: SCIMConnection, *columns: Any) -> QuerySet[Any, Any]:
    return SCIMConnection.objects.filter(pk=connection.pk).order_by().values_list(*columns)


def _counted(people: ProvisionedUserQuerySet) -> Subquery:
    # As a function, and no aggregate: nothing is grouped. Of rows, not of keys, each of which SQLite would read.
    number = Func(function="COUNT", template="%(function)s(*)", output_field=BigIntegerField())
    return Subquery(people.order_by().annotate(number=number).values("number"))
