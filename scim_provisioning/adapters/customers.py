"""Whether somebody is this customer's still, as the host's own row says it: the profile that is ``within`` one.

The LMS may move a learner to another customer by itself. For the first customer's connection they are then like
somebody whose account was deleted. Judged is what is joined when people are read, so that it costs no statement of its
own; not the accounts that an administrator lets the connection share, nor those whose profile it does not own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q

from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.models import SCIMConnection, SharedAccount

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


def customer_of(sources: Mapping[str, RowSource], connection: SCIMConnection) -> Customer:
    """What names the customer in rows of which an account has one. The host's callables are asked once for an instance
    of the connection; constants tell no customers apart."""
    named = tuple(
        (source.lookup(name), value)
        for source in sources.values()
        if source.belongs_to_account
        for name, value in source.within.items()
        if callable(value)
    )
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
    return Q(owns_profile=False) | same | Q(Exists(_shared()))


def lost(lookups: Sequence[str], values: Sequence[Any]) -> Q:
    """``Customer.lost``, likewise; ``has`` of nobody."""
    others = Q(pk__in=())
    for lookup, value in zip(lookups, values, strict=True):
        others |= Q(**{f"{lookup}__isnull": False}) & ~Q(**{lookup: value})
    return Q(owns_profile=True) & others & ~Q(Exists(_shared()))


def _shared() -> Any:
    """An administrator's word that the connection may use the account."""
    return SharedAccount.objects.filter(connection=OuterRef("connection"), user=OuterRef("user"))
