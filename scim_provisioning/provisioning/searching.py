"""Finding people: filter, sort, page. Everything is done by the database; one page is read, never a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypeGuard

from django.db import router
from django.db.models import F, Q
from django.db.models.lookups import Exact, GreaterThan, IsNull, LessThan

from scim_provisioning import rules
from scim_provisioning.adapters import LearnerAdapter, links
from scim_provisioning.adapters.sql.bounds import deadline, is_search, refuse_scans, scans
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.adapters.sql.lookups import Lookups, link_column
from scim_provisioning.adapters.sql.narrowing import few_who_may
from scim_provisioning.adapters.sql.sorting import SortKey, sort_key
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.models.provisioned_user import ProvisionedUserQuerySet
from scim_provisioning.protocol import filters
from scim_provisioning.protocol.errors import InvalidCursor, InvalidValue
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.protocol.messages import SearchRequest
from scim_provisioning.protocol.paths import parse as parse_path
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning import addresses, cursors, listing, showing, totals


@dataclass(frozen=True, slots=True)
class Page:
    """A page of resources, the number of all hits, and where the next page begins (RFC 9865): None without cursor
    paging and on the last page."""

    resources: Collection[Document]
    total: int
    next_cursor: str | None = None


def find(
    connection: SCIMConnection,
    adapter_class: type[LearnerAdapter],
    request: SearchRequest,
    limits: Limits,
    among_everybody: Callable[[], AbstractContextManager[None]],
    unindexed: Callable[[], AbstractContextManager[None]],
) -> Page:
    """The page that ``request`` asks for: one statement, one more to count unless the page is the whole. A search that
    compares or sorts everybody runs inside what ``among_everybody`` makes, and a look-up by what no index serves inside
    what ``unindexed`` makes.

    Raises ``InvalidFilter``, ``TooMany``, ``InvalidValue`` (sorting), ``InvalidCursor`` and ``ExpiredCursor``.
    """
    columns = Columns(adapter_class.compiled(connection), connection, rules.locked_fields(connection))
    looks_at_everybody = bool(request.sort_by)
    tree = filters.parse(request.filter, columns.mapping.schema, limits) if request.filter else None
    if tree is not None:
        looks_at_everybody |= refuse_scans(tree, limits.filter_scans) > 0
    if _is_look_up(tree, request):
        return _looked_up(connection, adapter_class, tree, request)
    if tree is None and not request.sort_by and links.are_joined(adapter_class):
        return _everybody(connection, adapter_class, request)
    few: list[int] | None = None
    if tree is not None:
        few = few_who_may(router.db_for_read(ProvisionedUser), tree, columns)
        if few is not None and (page := _by_address(adapter_class, columns, tree, few, request)) is not None:
            return page
        looks_at_everybody &= few is None
    order = _sort_key(request, columns)
    around = unindexed() if looks_at_everybody else nullcontext()
    if is_search(tree, is_sorted=order is not None):
        around = among_everybody()
    # The look-ups of identity providers cannot take long, and need no statement to say so.
    with around, deadline(limits.search_seconds) if looks_at_everybody else nullcontext():
        people = adapter_class.links(connection).living()
        if tree is not None:
            # The tenant stands outside the filter, so that no filter can reach past it. What its names mean is read.
            people = (people if few is None else people.filter(pk__in=few)).filter(
                Lookups(columns).condition(tree)
            )
        return _page(connection, people, order, request)


def _by_address(
    adapter_class: type[LearnerAdapter],
    columns: Columns,
    tree: filters.Filter,
    few: Sequence[int],
    request: SearchRequest,
) -> Page | None:
    """Whom a look-up by an e-mail address finds among the few whom an index leads to; None for any other request."""
    connection = columns.connection
    found = addresses.found(adapter_class, columns, tree, few, request.count) if _is_short(request) else None
    if found is None:
        return None

    def meant(keys: Sequence[int]) -> ProvisionedUserQuerySet:
        people = adapter_class.links(connection).living().filter(pk__in=keys)
        return people.filter(Lookups(columns).condition(tree))

    resources = showing.resources(found, connection, meant)
    return Page(resources, len(resources))


def _is_look_up(tree: filters.Filter | None, request: SearchRequest) -> TypeGuard[filters.Comparison]:
    """Whether this is how identity providers ask for one person: by a column of the link, with nothing beside it."""
    return (
        isinstance(tree, filters.Comparison)
        and scans(tree) == 0
        and isinstance(tree.value, str)
        and _is_short(request)
    )


def _is_short(request: SearchRequest) -> bool:
    """Whether nothing but the first people is asked for, in the order of their keys."""
    unsorted = not request.sort_by and request.cursor is None
    return unsorted and request.start_index == 1 and request.count > 0


def _looked_up(
    connection: SCIMConnection,
    adapter_class: type[LearnerAdapter],
    tree: filters.Comparison,
    request: SearchRequest,
) -> Page:
    given, ways = (tree.ref, request.count), (fold,)
    found = links.glimpsed(adapter_class, connection, _who_are, tree.value, given=given, ways=ways)

    def meant(keys: Sequence[int]) -> ProvisionedUserQuerySet:
        people = adapter_class.links(connection).filter(pk__in=keys)
        return _who_are(people, tree.ref, request.count, str(tree.value))

    resources = showing.resources(found, connection, meant)
    total = len(resources)
    if len(found) == request.count or total < len(found):
        everybody = adapter_class.links(connection).living()
        total = everybody.filter(link_column(tree.ref, "eq", tree.value)).count()
    return Page(resources, total)


def _who_are(
    people: ProvisionedUserQuerySet, ref: filters.AttributeRef, count: int, value: str
) -> ProvisionedUserQuerySet:
    return people.living().filter(link_column(ref, "eq", value)).order_by("pk")[:count]


def _everybody(
    connection: SCIMConnection, adapter_class: type[LearnerAdapter], request: SearchRequest
) -> Page:
    """A page of the directory as it is. How many there are is told by a page that is the whole, or by a query."""
    query = (request.filter, request.sort_by, request.descending)
    offset, count, total = request.start_index - 1, request.count, None
    # One more than asked tells whether there is a next page.
    wanted = count if request.cursor is None else count + 1
    found: listing.Found = []
    if count and request.cursor:
        last = cursors.unseal(connection, query, count, request.cursor)
        found = listing.page_after(connection, adapter_class, last, wanted)
    elif count and offset and request.cursor is None:
        found, total = listing.page_at(connection, adapter_class, offset, count)
    elif count:
        found = listing.first_page(connection, adapter_class, wanted)
        total = len(found) if len(found) < wanted else None
    cursor = None
    if request.cursor is not None and len(found) > count:
        found = found[:count]
        cursor = cursors.seal(connection, query, count, found[-1].scim_id)
    resources = showing.resources(
        found, connection, lambda keys: adapter_class.links(connection).living().filter(pk__in=keys)
    )
    if total is None or len(resources) < len(found):
        total = totals.how_many(connection, adapter_class)
    return Page(resources, total, cursor)


def _page(
    connection: SCIMConnection,
    people: ProvisionedUserQuerySet,
    order: SortKey | None,
    request: SearchRequest,
) -> Page:
    if request.cursor is not None:
        return _cursor_page(connection, people, order, request)
    links = list(_ordered(people, order, request)[_window(request)]) if request.count else []
    found = showing.resources(links, connection, lambda keys: people.filter(pk__in=keys))
    # Somebody who was among the hits a moment ago is left out: no page tells how many there are now.
    total = _total(people, len(links), request) if len(found) == len(links) else people.count()
    return Page(found, total)


def _window(request: SearchRequest) -> slice:
    offset = request.start_index - 1
    return slice(offset, offset + request.count)


def _total(people: ProvisionedUserQuerySet, found: int, request: SearchRequest) -> int:
    """The number of hits; a page that is not full tells it without a second statement."""
    if 0 < found < request.count or (request.start_index == 1 and 0 == found < request.count):
        return request.start_index - 1 + found
    return people.count()


def _sort_key(request: SearchRequest, columns: Columns) -> SortKey | None:
    if not request.sort_by:
        return None
    schema = columns.mapping.schema
    path = parse_path(request.sort_by, schema)
    if path.attribute is None or path.filter is not None:
        raise InvalidValue(f"Sorting by {request.sort_by} is not supported.", code="sort.unsupported")
    sub = path.sub or (path.attribute.sub("value") if path.attribute.type == "complex" else None)
    return sort_key(filters.AttributeRef(path.attribute, sub), columns)


def _ordered(
    people: ProvisionedUserQuerySet, order: SortKey | None, request: SearchRequest
) -> ProvisionedUserQuerySet:
    """Sorted, with a unique key last so that pages never overlap; people without a value come last when
    ascending and first when descending (RFC 7644 section 3.4.2.3)."""
    if order is None:
        return people.order_by("pk")
    if request.descending:
        return people.order_by(order.desc(nulls_first=True), "pk")
    return people.order_by(order.asc(nulls_last=True), "pk")


def _cursor_page(
    connection: SCIMConnection,
    people: ProvisionedUserQuerySet,
    order: SortKey | None,
    request: SearchRequest,
) -> Page:
    query = (request.filter, request.sort_by, request.descending)
    remaining = people
    if request.cursor:
        last = cursors.unseal(connection, query, request.count, request.cursor)
        remaining = people.filter(_after(connection, last, order, request))
    # One more than asked tells whether there is a next page.
    links = list(_ordered(remaining, order, request)[: request.count + 1]) if request.count else []
    has_more = len(links) > request.count
    links = links[: request.count]
    next_cursor = cursors.seal(connection, query, request.count, links[-1].scim_id) if has_more else None
    found = showing.resources(links, connection, lambda keys: remaining.filter(pk__in=keys))
    is_whole = not request.cursor and not has_more and len(found) == len(links)
    total = len(links) if links and is_whole else people.count()
    return Page(found, total, next_cursor)


def _after(connection: SCIMConnection, scim_id: str, order: SortKey | None, request: SearchRequest) -> Q:
    """The people who come after one of them. Their sort key is read where it stands, deleted or not.

    Raises ``InvalidCursor`` when nothing at all is left of that person.
    """
    key = F("pk") if order is None else order
    link = ProvisionedUser.objects.filter(connection=connection, scim_id=scim_id)
    last = link.annotate(_key=key).values_list("pk", "_key").first()
    if last is None:
        raise InvalidCursor("The person at whom the cursor stood is gone; start again without one.")
    pk, value = last
    later = Q(pk__gt=pk)
    if order is None:
        return later
    absent = Q(IsNull(order, True))
    if value is None:
        return Q(absent & later) if not request.descending else Q(absent & later) | ~absent
    same = Q(Exact(order, value)) & later
    if request.descending:
        return Q(LessThan(order, value)) | same
    return Q(GreaterThan(order, value)) | same | absent
