"""Whether somebody is this customer's still, as the host's own row says it: the profile that is ``within`` one.

The LMS may move a learner to another customer by itself. For the first customer's connection they are then like
somebody whose account was deleted. Judged is what is joined when people are read, so that it costs no statement of its
own; not the accounts that an administrator lets the connection share, as long as they are the same customer's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import DatabaseError, models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.models.shared_account import CUSTOMER_LENGTH

#: Where a connection's instance keeps what was asked of the host, as long as it has the same SSO row.
_KEPT: Final = "_scim_customers"


@dataclass(frozen=True, slots=True)
class Customer:
    """The columns that name a connection's customer, as look-ups from a link, and their values. None of them where the
    host's mapping names none, or it is not known whose the connection is: then nobody is judged."""

    lookups: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()

    @property
    def has(self) -> Q:
        """True of links whose people are the customer's."""
        return has(self.lookups, self.values)

    @property
    def lost(self) -> Q:
        """True of links whose people the host counts among another customer's."""
        return lost(self.lookups, self.values)


def lookups_of(sources: Mapping[str, RowSource]) -> tuple[str, ...]:
    """The columns that name an account's customer, as look-ups from a link or a share."""
    return tuple(lookup for lookup, _value in _naming(sources))


def _naming(sources: Mapping[str, RowSource]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (source.lookup(name), value)
        for source in sources.values()
        if source.belongs_to_account
        for name, value in source.within.items()
        if callable(value)
    )


def customer_of(sources: Mapping[str, RowSource], connection: SCIMConnection) -> Customer:
    """What names the customer in rows of which an account has one. The host's callables are asked once for an instance
    of the connection; constants tell no customers apart."""
    named = _naming(sources)
    if not named:
        return _NOBODYS
    kept: dict[object, tuple[object, Customer]] = connection.__dict__.setdefault(_KEPT, {})
    if named not in kept or kept[named][0] is not connection.__dict__.get("_sso"):
        found = _asked(named, connection)
        kept[named] = (connection.__dict__.get("_sso"), found)
    return kept[named][1]


def _asked(named: Sequence[tuple[str, Any]], connection: SCIMConnection) -> Customer:
    values = []
    for _lookup, value in named:
        try:
            values.append(value(connection))
        except DatabaseError:
            raise
        except Exception:
            # Without its SSO row nobody knows whose the connection is; such a one is let in nowhere.
            return _NOBODYS
    if any(value is None for value in values):
        return _NOBODYS
    return Customer(tuple(lookup for lookup, _value in named), tuple(values))


_NOBODYS: Final = Customer()


def has(lookups: Sequence[str], values: Sequence[Any]) -> Q:
    """``Customer.has``, for statements that are built once for all values. Never NULL."""
    if not lookups:
        return Q()
    same = Q()
    for lookup, value in zip(lookups, values, strict=True):
        # A row that names no customer, or none, is nobody else's either.
        same &= Q(**{lookup: value}) | Q(**{f"{lookup}__isnull": True})
    return same | Q(Exists(_shared(lookups)))


def lost(lookups: Sequence[str], values: Sequence[Any]) -> Q:
    """``Customer.lost``, likewise; ``has`` of nobody."""
    others = Q(pk__in=())
    for lookup, value in zip(lookups, values, strict=True):
        others |= Q(**{f"{lookup}__isnull": False}) & ~Q(**{lookup: value})
    return others & ~Q(Exists(_shared(lookups))) if lookups else others


def is_anothers(whose: Customer, account: int) -> bool:
    """Whether an account's own rows name another customer (one query; none where nothing tells)."""
    if not whose.lookups:
        return False
    others = Q(pk__in=())
    for lookup, value in zip(whose.lookups, whose.values, strict=True):
        own = lookup.removeprefix("user__")
        others |= Q(**{f"{own}__isnull": False}) & ~Q(**{own: value})
    return get_user_model()._base_manager.filter(others, pk=account).exists()


def moved_here(lookups: Sequence[str], values: Sequence[Any]) -> Q:
    """True of links that were guests of another customer's account, which the LMS has moved to their own customer: who
    had it before has lost it, as ``lost`` says of each of them by itself. Seen from here, where nobody knows their
    customers, by the word that an administrator gave before the account was moved. Never NULL."""
    if not lookups:
        return Q(pk__in=())
    ours = Q()
    for lookup, value in zip(lookups, values, strict=True):
        ours &= Q(**{f"{lookup}__isnull": False}) & Q(**{lookup: value})
    given = SharedAccount.objects.filter(connection=OuterRef("connection"), user=OuterRef("user"))
    return ours & Q(Exists(given.exclude(in_force(lookups))))


def with_a_word(links: QuerySet[ProvisionedUser], lookups: Sequence[str]) -> QuerySet[ProvisionedUser]:
    """Those of these links that an administrator's word, in force, lets use their accounts."""
    return links.filter(Exists(_shared(lookups)))


def _shared(lookups: Sequence[str]) -> Any:
    """An administrator's word that the connection may use the account."""
    shares = SharedAccount.objects.filter(connection=OuterRef("connection"), user=OuterRef("user"))
    return shares.filter(in_force(lookups))


# --- whose account it was when an administrator said so


def in_force(lookups: Sequence[str]) -> Q:
    """True of shares whose account is the same customer's still, or of whom nothing tells whose it was."""
    if not lookups:
        return Q()
    return Q(customer="") | Q(customer=_named(lookups))


def named_by(lookups: Sequence[str], account: int) -> str:
    """The customer of an account, as ``SharedAccount.customer`` keeps it (one query; none where nothing tells)."""
    if not lookups:
        return ""
    own = [lookup.removeprefix("user__") for lookup in lookups]
    found = get_user_model()._base_manager.filter(pk=account).values_list(_named(own), flat=True).first()
    return found or ""


def _named(lookups: Sequence[str]) -> Any:
    """The columns that name a customer, as one text; empty where none does."""
    text = models.CharField(max_length=CUSTOMER_LENGTH)
    parts: list[Any] = []
    for lookup in lookups:
        parts += [*([Value("/")] if parts else []), Coalesce(Cast(F(lookup), text), Value(""))]
    return parts[0] if len(parts) == 1 else Concat(*parts, output_field=text)
