"""Accounts of a customer that may be one person's: of one account, of some learners, and of everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import host
from scim_provisioning.administration.adoption.joining import Side
from scim_provisioning.administration.adoption.traits import (
    BY_CHANCE,
    REASONS,
    Columns,
    Trait,
    Traits,
    columns_of,
    in_common,
)
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning import merging
from scim_provisioning.rules.customers import customer
from scim_provisioning.rules.joining import counted

#: So many accounts are offered for one.
OFFERED: Final = 10
#: So many of one name are looked at.
_ALIKE: Final = 6
#: So many pairs are reported.
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Double:
    """Two accounts that may be one person's; ``one`` is the managed one, where one is."""

    one: Side
    other: Side
    traits: tuple[Trait, ...] = field(default=())

    @property
    def reasons(self) -> list[str]:
        """What they have in common, in words."""
        return [str(REASONS[trait]) for trait in self.traits]

    @property
    def keys(self) -> set[Any]:
        """Of the two accounts."""
        return {self.one.account.pk, self.other.account.pk}

    @property
    def is_sure(self) -> bool:
        """Whether something is the same that is not so by chance."""
        return bool(set(self.traits) - BY_CHANCE)


def of(connection: SCIMConnection, side: Side) -> list[Double]:
    """Whom an account may be, the surest first (some six queries). Nobody whom the identity provider sends as well,
    where it sends this one."""
    accounts = _Accounts(connection)
    evidence = accounts.evident(side)
    (own,) = accounts.read([side.account.pk]).values() or ({},)
    alike = accounts.others(side).filter(accounts.columns.alike(own) | Q(pk__in=evidence))
    found = []
    for other, values in accounts.sides(alike[: OFFERED * 3]):
        shared = {*in_common(accounts.columns.of(own), accounts.columns.of(values))}
        shared |= {Trait.EVIDENCE} if other.account.pk in evidence else set()
        if shared and not (side.link and other.link):
            found.append(Double(side, other, tuple(trait for trait in Trait if trait in shared)))
    return sorted(found, key=_order)[:OFFERED]


def in_use(connection: SCIMConnection, found: Sequence[Double]) -> list[Double]:
    """Those whose other account is managed, or one that somebody signs in by: nobody is asked again about one that was
    joined (two queries at most)."""
    around = _Accounts(connection).out_of_use([double.other for double in found if double.other.link is None])
    return [double for double in found if double.other.account.pk not in around]


def compared(connection: SCIMConnection, one: Side, other: Side) -> Double:
    """What two accounts have in common (some queries)."""
    accounts = _Accounts(connection)
    keys = [one.account.pk, other.account.pk]
    values = accounts.read(keys)
    shared = {*in_common(*(accounts.columns.of(values.get(key, {})) for key in keys))}
    if other.account.pk in accounts.evident(one) or one.account.pk in accounts.evident(other):
        shared.add(Trait.EVIDENCE)
    return Double(one, other, tuple(trait for trait in Trait if trait in shared))


def called(connection: SCIMConnection, side: Side, text: str, *, in_clear: bool) -> list[Double]:
    """Other accounts that are called so: by user name or address, and for who may see values by the beginnings of their
    names (some four queries)."""
    if not _is_name(text):
        return []
    accounts = _Accounts(connection)
    condition = accounts.columns.called(text) if in_clear else accounts.columns.named(text)
    found = accounts.others(side).filter(condition)[:OFFERED]
    return [Double(side, other) for other, _values in accounts.sides(found)]


def is_brought_up(connection: SCIMConnection, side: Side) -> bool:
    """Whether what the connection has leads to an account, for who may not see values and could ask for any by its key:
    it is or was managed here, or may be the person of one that is, or of another that is in use (some ten queries)."""
    if side.link is not None or _was_managed(connection, side):
        return True
    others = [double.other for double in of(connection, side)]
    if any(other.link is not None or _was_managed(connection, other) for other in others):
        return True
    around = _Accounts(connection).out_of_use([side, *others]) if others else set()
    return side.account.pk not in around and any(other.account.pk not in around for other in others)


def are_brought_up(connection: SCIMConnection, one: Side, other: Side, called: str = "") -> bool:
    """The same of two accounts: each by itself, as the other's double where one of them is or was managed here, or by
    the whole of what it signs in by, or of its address, as ``called`` (some twenty queries)."""
    if any(side.link is not None or _was_managed(connection, side) for side in (one, other)) and (
        compared(connection, one, other).traits
    ):
        return True
    accounts = _Accounts(connection)
    said = (
        accounts.all().filter(accounts.columns.named(called)) if _is_name(called) else accounts.all().none()
    )
    named = set(said.filter(pk__in=[one.account.pk, other.account.pk]).values_list("pk", flat=True))
    return all(side.account.pk in named or is_brought_up(connection, side) for side in (one, other))


def between(connection: SCIMConnection, sides: Sequence[Side]) -> list[Double]:
    """Of these accounts those that may be one person's, but for two whom the identity provider sends (one query)."""
    accounts = _Accounts(connection)
    values = accounts.read([side.account.pk for side in sides]) if len(sides) > 1 else {}
    traits = {key: accounts.columns.of(row) for key, row in values.items()}
    found = []
    for one, other in combinations(sides, 2):
        keys = (one.account.pk, other.account.pk)
        if keys[0] != keys[1] and set(keys) <= traits.keys() and not (one.link and other.link):
            shared = in_common(*(traits[key] for key in keys))
            found += [Double(one, other, shared)] if shared else []
    return found


def among(connection: SCIMConnection) -> list[Double]:
    """The pairs of accounts of this customer that may be one person's, the surest first: one that is managed here and
    one that nobody manages, or two of these. Of those that nobody manages whoever is switched off, hidden or protected
    is left out (three queries, and two for all that are found)."""
    accounts = _Accounts(connection)
    managed = dict(_managed(connection).values_list("user", "pk"))
    rows = accounts.all().values("pk", *accounts.columns.every).iterator(chunk_size=2000)
    traits = {row["pk"]: accounts.columns.of(row) for row in rows}
    pairs = [
        (one, other, shared)
        for one, other in _pairs(traits, managed)
        if (shared := in_common(traits[one], traits[other]))
    ]
    pairs.sort(key=lambda pair: _rank(pair[2]))
    met = {key for one, other, _shared in pairs[:MOST] for key in (one, other)}
    sides = {side.account.pk: side for side, _values in accounts.sides(accounts.all().filter(pk__in=met))}
    around = accounts.out_of_use([side for side in sides.values() if side.link is None])
    return [
        Double(sides[one], sides[other], shared)
        for one, other, shared in pairs[:MOST]
        if {one, other} <= sides.keys() - around
    ]


class _Accounts:
    """The accounts that are one connection's to look at: its own, and those of its customer that nobody manages."""

    def __init__(self, connection: SCIMConnection) -> None:
        self.connection = connection
        self.adapter_class: type[LearnerAdapter] = host.adapter_class()
        self.columns: Columns = columns_of(self.adapter_class, connection)

    def all(self) -> QuerySet[Any]:
        living = ProvisionedUser.objects.living().filter(user=OuterRef("pk"))
        free = counted(self.adapter_class, self.connection).filter(~Exists(living))
        own = _managed(self.connection).values("user")
        return get_user_model()._base_manager.filter(Q(pk__in=own) | Q(pk__in=free.values("pk")))

    def others(self, side: Side) -> QuerySet[Any]:
        return self.all().exclude(pk=side.account.pk).order_by("pk")

    def read(self, keys: Collection[Any]) -> dict[Any, dict[str, Any]]:
        """What accounts have in the columns of their traits, by key (one query)."""
        rows = get_user_model()._base_manager.filter(pk__in=keys).values("pk", *self.columns.every)
        return {row["pk"]: row for row in rows}

    def sides(self, accounts: QuerySet[Any]) -> list[tuple[Side, dict[str, Any]]]:
        """Each with its link and these values (three queries)."""
        found = list(accounts)
        keys = [account.pk for account in found]
        links = (
            {link.user_id: link for link in _managed(self.connection).filter(user__in=keys)} if keys else {}
        )
        values = self.read(keys) if keys else {}
        return [(Side(account, links.get(account.pk)), values[account.pk]) for account in found]

    def evident(self, side: Side) -> set[Any]:
        """Keys of the accounts that the host would take for the person whom the identity provider sends."""
        if side.link is None:
            return set()
        adapter = self._adapter(side)
        return {candidate.user.pk for candidate in adapter.find_learner(adapter.read())} - {side.account.pk}

    def out_of_use(self, sides: Collection[Side]) -> set[Any]:
        """Keys of the accounts that nobody signs in by, or that are protected (two queries at most)."""
        if not sides:
            return set()
        accounts = [side.account for side in sides]
        visible = type(accounts[0])._default_manager.filter(pk__in=[account.pk for account in accounts])
        seen = set(visible.values_list("pk", flat=True))
        entry = self.adapter_class.compiled(self.connection).active
        if entry is not None and entry.source.accessor:
            prefetch_related_objects(accounts, entry.source.accessor)
        adapters = [self._adapter(side) for side in sides]
        return {
            adapter.obj.pk
            for adapter in adapters
            if adapter.obj.pk not in seen or adapter.has_access is False or adapter.is_protected(adapter.obj)
        }

    def _adapter(self, side: Side) -> LearnerAdapter:
        return merging.side(Caller(self.connection, None), side.account, side.link)


def _is_name(text: str) -> bool:
    return bool(text.strip()) and is_storable(text)


def _was_managed(connection: SCIMConnection, side: Side) -> bool:
    """Whether the connection has let go of it (one query): it is found by what it was called."""
    gone = ProvisionedUser.objects.tombstones().filter(connection=connection, user=side.account.pk)
    return gone.exists()


def _managed(connection: SCIMConnection) -> QuerySet[ProvisionedUser]:
    living = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    return living.filter(customer(connection).has, owns_profile=True).select_related("connection")


def _pairs(traits: Mapping[Any, Traits], managed: Mapping[Any, int]) -> Iterator[tuple[Any, Any]]:
    """Keys of accounts that have something in common, the managed one first, each pair once."""
    alike: dict[tuple[Trait, str], list[Any]] = defaultdict(list)
    for key, own in traits.items():
        for trait in own:
            alike[trait].append(key)
    seen: set[tuple[Any, Any]] = set()
    for keys in alike.values():
        if not 1 < len(keys) <= _ALIKE:
            continue
        for pair in combinations(sorted(keys, key=lambda key: (key not in managed, str(key))), 2):
            # Whom the identity provider sends as two people, are two.
            if pair[1] not in managed and pair not in seen:
                seen.add(pair)
                yield pair


def _order(double: Double) -> tuple[tuple[bool, int], str]:
    return _rank(double.traits), double.other.name


def _rank(traits: Collection[Trait]) -> tuple[bool, int]:
    return set(traits) <= BY_CHANCE, -len(traits)
