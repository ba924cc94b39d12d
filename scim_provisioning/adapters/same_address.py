"""Whose work e-mail address a newcomer has, among the accounts that nobody manages.

Weak evidence: addresses are shared, mistyped and given again. It costs a POST no statement of its own where the table
of accounts holds names and addresses: both are asked for at once, and usually nobody has either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q

from scim_provisioning import databases
from scim_provisioning.adapters.accounts import HostAccounts, is_ordinary
from scim_provisioning.adapters.any_case import AnyCase, spellings
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.databases import indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn, NameIndex
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.spelling import compositions
from scim_provisioning.protocol.text import is_storable

#: So many accounts of one address are looked at.
_MOST: Final = 5


class HostAddresses(HostAccounts):
    """The part of the adapter that knows accounts by their address."""

    _known_addresses: Mapping[str, list[models.Model]] | None = None
    #: An address that nobody has, as was found beside a name.
    _unheld: str | None = None

    def same_address(self, scim_user: Mapping[str, Any]) -> Iterable[models.Model]:
        """The accounts of this customer that nobody manages and that have the work e-mail address of ``scim_user`` (a
        canonical document), in any case; five at most. None where the mapping has no column for it.

        Asked of somebody whom ``find_learner`` does not know, unless the connection's policy is to make a new account.
        """
        group, address = self.compiled_mapping.address, self.work_address(scim_user)
        if group is None or address is None or address == self._unheld:
            return []
        if self._known_addresses is not None:
            return self._known_addresses.get(address, [])[:_MOST]
        found: dict[Any, models.Model] = {}
        mine = unmanaged(self.tenant_users(self.connection))
        for spelled in compositions(address):
            found |= {one.pk: one for one in mine.filter(_has_address(group.first, spelled))[:_MOST]}
        return list(found.values())[:_MOST]

    # --- asked by the verbs

    def work_address(self, scim_user: Mapping[str, Any]) -> str | None:
        """The work e-mail address that the mapping would write for ``scim_user``; None where it writes none."""
        group = self.compiled_mapping.address
        if group is None:
            return None
        sent = group.sent(scim_user)
        address = sent[1] if sent else group.fallback(scim_user)
        return address if isinstance(address, str) and address and is_storable(address) else None

    def look_for(self, scim_user: Mapping[str, Any]) -> None:
        """Have ``holders_of`` and ``same_address`` answer for somebody new from one statement, where one can ask both.

        Who is found by it has the name or the address, and beyond ASCII the database alone knows which: it is an
        answer only where nobody is found, or all plainly have the name.
        """
        name, address = self._sign_in_name(scim_user), self.work_address(scim_user)
        if name is None or address is None or not self._asks_at_once(name, address):
            return
        found = self._named_or_addressed(name, address)
        if found is None:
            return
        if not found:
            self._unheld = address
        elif not all(one.isascii() and one.lower() == name.lower() for one in map(self._named, found)):
            return
        self.know_holders(name, found)

    def know_addresses(self, accounts: Mapping[str, list[models.Model]]) -> None:
        """Have ``same_address`` answer from what was read for many people at once, by the address as it was sent."""
        self._known_addresses = accounts

    def _named(self, account: Any) -> str:
        entry = self.compiled_mapping.account_name
        return "" if entry is None else str(getattr(account, entry.field.attname) or "")

    def _asks_at_once(self, name: str, address: str) -> bool:
        group, own = self.compiled_mapping.address, type(self)
        if group is None or self.compiled_mapping.account_name is None:
            return False
        if not group.first.source.is_account or self._known_addresses is not None:
            return False
        if (name, False) in self._known_holders or own.accounts_named is not HostAccounts.accounts_named:
            return False
        # What is spelled in several ways is asked for one by one: SQLite would use no index.
        return name.isascii() and address.isascii()

    def _named_or_addressed(self, name: str, address: str) -> list[Any] | None:
        """The accounts of either; None where no index would lead to both together, but to each by itself."""
        mapping: Any = self.compiled_mapping
        columns = (mapping.account_name.field, mapping.address.first.field)
        database = databases.connection()
        led_by = tuple(indexes.for_any_case(NamedColumn(field), database) for field in columns)
        given: tuple[Any, ...] = (type(self), *(field.name for field in columns), led_by)
        spelled = [
            spellings(index, text, database.vendor)
            for index, text in zip(led_by, (name, address), strict=True)
        ]
        if database.vendor == "sqlite" and any(map(_is_led_by_beginnings, led_by, spelled)):
            return None
        values = (name, spelled[0], address, spelled[1])
        build: prepared.Build = _with_either
        if is_ordinary(type(self)):
            return prepared.rows(build, *values, given=given)
        return list(build(*given, *values))


def unmanaged(accounts: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Those of these accounts that no connection in use manages, and that nobody has left. Who was deleted comes back
    by name and externalId; by an address alone nobody inherits anything."""
    links = ProvisionedUser.objects.filter(user=OuterRef("pk"))
    given_back = Q(deleted_at__isnull=True, connection__archived_at__isnull=False)
    return accounts.filter(~Exists(links.exclude(given_back)))


def _has_address(entry: Entry, address: str) -> Any:
    """True of accounts whose column, or whose profile's, is the address in any case."""
    same = AnyCase(entry.field.name, address, exactly=True)
    if entry.source.is_account:
        return same
    rows = entry.source.model._base_manager.filter(same)
    return Q(**{f"{entry.source.query_name}__in": rows.values("pk")})


def _is_led_by_beginnings(index: NameIndex | None, spelled: tuple[str, ...] | None) -> bool:
    return index is not None and spelled is None


def _with_either(
    adapter_class: type[HostAddresses],
    named: str,
    addressed: str,
    _led_by: object,
    name: str,
    name_spelled: tuple[str, ...] | None,
    address: str,
    address_spelled: tuple[str, ...] | None,
) -> models.QuerySet[Any]:
    """The accounts, hidden ones too, of that name or that address."""
    has_name = AnyCase(named, name, spelled=name_spelled)
    has_address = AnyCase(addressed, address, exactly=True, spelled=address_spelled)
    return adapter_class.all_accounts().filter(Q(has_name) | Q(has_address))[:_MOST]
