"""A row of one customer, such as a membership, that several connections of that customer have together.

Of an account one connection owns what there is once: itself, a profile. A row that is ``within`` a customer is each
customer's own; but two connections of one customer have the same one. Whose it is, is decided as for the account: the
owner's if it is one of them, else that of the oldest link. The others read what they sent, and what they switch off
stays on while one of them wants it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q

from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.rows import RowSource, resolve_scope
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount


def is_one_row(source: RowSource, connection: SCIMConnection, other: SCIMConnection) -> bool:
    """Whether two connections have the same row of an account: there is one only, or ``within`` means the same of both.
    False while nobody knows whose one of them is."""
    if source.belongs_to_account or connection.pk == other.pk:
        return True
    own = _scope(source, connection)
    return None not in own.values() and own == _scope(source, other)


def _scope(source: RowSource, connection: SCIMConnection) -> dict[str, Any]:
    try:
        return resolve_scope(source.within, connection)
    except DatabaseError:
        raise
    except Exception:
        # Without its SSO row nobody knows whose the connection is.
        return {"": None}


# --- of people who are read


def learn(people: Iterable[Person], compiled: CompiledMapping, connection: SCIMConnection) -> None:
    """Note on each of these people which rows another connection of their customer writes, and whether one keeps on
    what ``active`` switches in such a row.

    One query, and those by which the host tells whose the connections beside are; none where an account has one of each
    row.
    """
    if all(source.belongs_to_account for source in compiled.sources.values()):
        return
    asked = list(people)
    if not asked:
        return
    accounts = {person.link.user_id for person in asked}
    beside = ProvisionedUser.objects.beside(connection).filter(user__in=accounts)
    by_account: dict[int | None, list[ProvisionedUser]] = {}
    known: dict[int, SCIMConnection] = {}
    for link in beside.select_related("connection").order_by("pk"):
        # One instance of each connection keeps what is read of its customer.
        link.connection = known.setdefault(link.connection_id, link.connection)
        by_account.setdefault(link.user_id, []).append(link)
    for person in asked:
        note(person, compiled, by_account.get(person.link.user_id, ()))


def note(person: Person, compiled: CompiledMapping, beside: Iterable[ProvisionedUser]) -> None:
    """The same of one person, of whom these are the living links of other connections in use."""
    held, switch = set[str](), compiled.active
    for source, same in _together(compiled, person.connection, list(beside)):
        if any(_comes_before(link, person.link) for link in same):
            held.add(source.name)
        if switch is not None and switch.source == source:
            person.row_active_elsewhere = any(link.active for link in same)
    person.rows_elsewhere = frozenset(held)


def elsewhere(link: ProvisionedUser, compiled: CompiledMapping) -> frozenset[str]:
    """The names of the rows of a living link that another connection of its customer writes (one query)."""
    beside = ProvisionedUser.objects.beside(link.connection).filter(user=link.user_id)
    together = _together(compiled, link.connection, list(beside.select_related("connection")))
    return frozenset(s.name for s, same in together if any(_comes_before(one, link) for one in same))


def _together(
    compiled: CompiledMapping, connection: SCIMConnection, beside: Sequence[ProvisionedUser]
) -> Iterator[tuple[RowSource, list[ProvisionedUser]]]:
    """Each kind of row that is a customer's, with those of these links whose connections have the same."""
    for source in compiled.sources.values() if beside else ():
        if not source.belongs_to_account:
            yield source, [link for link in beside if is_one_row(source, connection, link.connection)]


def _comes_before(other: ProvisionedUser, link: ProvisionedUser) -> bool:
    """Whether a living link has a row rather than ``link``, which may be a newcomer's or a tombstone: these have no row
    before they are somebody's. Glimpses are of living people only."""
    if isinstance(link, ProvisionedUser) and (link._state.adding or link.is_deleted):
        return True
    return _rank(other) < _rank(link)


def _rank(link: ProvisionedUser) -> tuple[bool, datetime, int]:
    return not link.owns_profile, link.created_at, link.pk


# --- in statements


def fellows(source: RowSource, connection: SCIMConnection) -> tuple[int, ...]:
    """The keys of the other connections in use that have the same row as this one of some account.

    No query where an account has one such row; else one, and those by which the host tells whose they are: of the
    connections that an administrator lets share an account, as no other has a second link to one.
    """
    if source.belongs_to_account:
        return ()
    own = ProvisionedUser.objects.living().filter(connection=connection)
    mine = SharedAccount.objects.filter(connection=connection)
    hosts = ProvisionedUser.objects.living().filter(user__in=mine.values("user"))
    guests = SharedAccount.objects.filter(Exists(own.filter(user=OuterRef("user"))))
    sharing = Q(pk__in=hosts.values("connection")) | Q(pk__in=guests.values("connection"))
    others = SCIMConnection.objects.filter(sharing, archived_at__isnull=True).exclude(pk=connection.pk)
    return tuple(other.pk for other in others.order_by("pk") if is_one_row(source, connection, other))


def kept_on_by(connections: Sequence[int]) -> Q:
    """True of links whose account one of these connections wants on. Never NULL."""
    granting = ProvisionedUser.objects.granting().filter(connection__in=connections)
    return Q(Exists(granting.filter(user=OuterRef("user"))))


def written_by(connections: Sequence[int]) -> Q:
    """True of links whose row one of these connections has rather than theirs: see ``_comes_before``. Never NULL."""
    before = Q(owns_profile=True) | Q(created_at__lt=OuterRef("created_at"))
    before |= Q(created_at=OuterRef("created_at"), pk__lt=OuterRef("pk"))
    living = ProvisionedUser.objects.living().filter(before, connection__in=connections)
    return ~Q(owns_profile=True) & Q(Exists(living.filter(user=OuterRef("user"))))
