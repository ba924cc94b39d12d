"""Everybody of a connection, page by page: neither filtered nor sorted, as directories are read from end to end.

A page is found by the key of its first person and read from there, so that nothing is joined for those who are skipped.
How many there are is asked of an index alone: all living links, less those behind whom there is nobody any more. After
a page it is only asked who comes behind it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BigIntegerField, Func, QuerySet, Subquery

from scim_provisioning.adapters import LearnerAdapter, links
from scim_provisioning.adapters.glimpses import Glimpse
from scim_provisioning.databases import prepared
from scim_provisioning.models import ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
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
    vacant, key = next(iter(_place(connection, offset)))
    if vacant:
        people = adapter_class.links(connection).living().order_by("pk")
        return list(people[offset : offset + count]), how_many(connection)
    found: Found = []
    if key is not None:
        found = links.glimpsed(adapter_class, connection, _from, key, given=(count,))
    if not found:
        return found, how_many(connection)
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


def how_many(connection: SCIMConnection) -> int:
    """How many people the connection has (one query)."""
    living, vacant = prepared.first(_facts, connection)
    return int(living - vacant)


def _from(people: ProvisionedUserQuerySet, count: int, key: int) -> ProvisionedUserQuerySet:
    return people.living().filter(pk__gte=key).order_by("pk")[:count]


def _key_of(connection: SCIMConnection, scim_id: str) -> QuerySet[Any, Any]:
    return ProvisionedUser.objects.filter(connection=connection, scim_id=scim_id).values_list("pk")


def _place(connection: SCIMConnection, offset: int) -> QuerySet[Any, Any]:
    """How many living links have no account, and which comes after so many others."""
    living = _living(connection)
    place = living.order_by("pk").values("pk")[offset : offset + 1]
    return _said(connection, _counted(living.filter(user__isnull=True)), Subquery(place))


def _behind(connection: SCIMConnection, key: int) -> QuerySet[Any, Any]:
    return _said(connection, _counted(_living(connection).filter(pk__gt=key)))


def _facts(connection: SCIMConnection) -> QuerySet[Any, Any]:
    """How many living links there are, and how many of them without an account."""
    living = _living(connection)
    return _said(connection, _counted(living), _counted(living.filter(user__isnull=True)))


def _living(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    return ProvisionedUser.objects.living().filter(connection=connection)


def _said(connection: SCIMConnection, *columns: Subquery) -> QuerySet[Any, Any]:
    return SCIMConnection.objects.filter(pk=connection.pk).order_by().values_list(*columns)


def _counted(people: ProvisionedUserQuerySet) -> Subquery:
    # As a function, and no aggregate: nothing is grouped. Of rows, not of keys, each of which SQLite would read.
    number = Func(function="COUNT", template="%(function)s(*)", output_field=BigIntegerField())
    return Subquery(people.order_by().annotate(number=number).values("number"))
