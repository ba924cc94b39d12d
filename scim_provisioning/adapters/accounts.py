"""Which accounts the host has already: who a newcomer may be, whose name is free, who is hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Final

from django.contrib.auth import get_user_model
from django.db import models

from scim_provisioning import databases
from scim_provisioning.adapters.any_case import AnyCase, spellings
from scim_provisioning.adapters.hiding import HidesRows
from scim_provisioning.adapters.naming import is_address, name_held, suffixed, suffixes
from scim_provisioning.adapters.rows import resolve_scope
from scim_provisioning.databases import indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import spelling
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.protocol.text import fold

#: So many accounts of one name are looked at.
_HOLDERS: Final = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that may already be the person a client wants to create.

    ``strong`` evidence (the SSO subject agrees) links at once; weak evidence (same user name) never does.
    """

    user: models.Model
    strong: bool = False


class HostAccounts(HidesRows):
    """The part of the adapter that knows the host's accounts. What a host may override stands first."""

    #: True when the identity provider's userName is also the subject of the host's SSO: then an existing
    #: account of that name is the same person for certain, and is linked without asking.
    user_name_is_sso_subject: ClassVar[bool] = False

    link: ProvisionedUser
    _known_customers: Mapping[Any, models.Model | None] | None = None

    def _of_customer(self, keys: list[Any]) -> Iterable[models.Model]:
        """The accounts with these keys that ``tenant_users`` has."""
        if self._known_customers is None or not set(keys) <= self._known_customers.keys():
            return self.tenant_users(self.connection).filter(pk__in=keys)
        return [account for key in keys if (account := self._known_customers[key]) is not None]

    @cached_property
    def _known_holders(self) -> dict[tuple[str, bool], list[models.Model]]:
        """Names that were looked for already, and whether exactly: a POST asks twice."""
        return {}

    @classmethod
    def tenant_users(cls, connection: SCIMConnection) -> models.QuerySet[Any]:
        """The accounts that belong to this customer and could be the person a client wants to create.

        By default those with a row inside the customer (see ``RelatedRow.within``), or, when no row says so,
        every account that no connection manages.
        """
        accounts = cls.all_accounts()
        scoped = [s for s in cls.compiled(connection).sources.values() if s.within]
        for source in scoped:
            scope = resolve_scope(source.within, connection)
            path = f"{source.query_name}__" if source.query_name else ""
            accounts = accounts.filter(**{f"{path}{name}": value for name, value in scope.items()})
        if scoped:
            return accounts
        managed = ProvisionedUser.objects.living().filter(user=models.OuterRef("pk"))
        return accounts.filter(~models.Exists(managed))

    @classmethod
    def all_accounts(cls) -> models.QuerySet[Any]:
        """Every account of the host, hidden ones too: where it is looked up whether a name is free.

        By default all rows of the account's table, whatever its default manager leaves out (soft deletion).
        """
        return get_user_model()._base_manager.all()

    def find_learner(self, scim_user: Mapping[str, Any]) -> Iterable[Candidate]:
        """Existing accounts of this customer that may be ``scim_user`` (a canonical document).

        By default the account of that user name, or of that address where accounts are named by addresses: strong
        evidence when ``user_name_is_sso_subject``.
        """
        entry, name = self.compiled_mapping.account_name, self._sign_in_name(scim_user)
        if entry is None or name is None:
            return []
        same_name = self.holders_of(name)
        same = [a.pk for a in same_name if fold(getattr(a, entry.field.attname) or "") == fold(name)]
        mine = self._of_customer(same) if same else []
        # Names that only normalisation makes one are weak evidence: `K` may be the Kelvin sign.
        return [
            Candidate(
                account,
                strong=self.user_name_is_sso_subject
                and spelling.spelled_alike(getattr(account, entry.field.attname), name),
            )
            for account in mine
        ]

    def account_name(self, user_name: str) -> str:
        """The account's own name when another account already holds ``user_name``: names are unique across the
        whole host, but two customers may both employ an ``ana``.

        Nobody's address is made up, and where the name is what people sign in by there is no second one: then it
        raises ``Uniqueness``.
        """
        entry = self.compiled_mapping.account_name
        field: Any = (
            entry.field if entry else get_user_model()._meta.get_field(get_user_model().USERNAME_FIELD)
        )
        if self.user_name_is_sso_subject or is_address(field):
            raise name_held(self.accounts_named(user_name), by_address=is_address(field))
        return self._with_suffix(user_name, field)

    def step_aside(self, account: Any) -> None:
        """Free the name of a deleted person's account, because somebody new has it: the account is kept, and called
        ``name~1a2b3c4d`` from now on. Where accounts are named by addresses the host has to say how; without that
        it raises ``Uniqueness``."""
        entry = self.compiled_mapping.account_name
        if entry is None:
            return
        if is_address(entry.field):
            raise Uniqueness(
                "This identifier belonged to another account, which still holds the address in the application.",
                code="user.identity_conflict",
                params={"links": [self.link.scim_id]},
            )
        setattr(
            account,
            entry.field.attname,
            self._with_suffix(getattr(account, entry.field.attname), entry.field),
        )
        account.save(update_fields=[entry.field.attname])

    def _with_suffix(self, name: str, field: Any) -> str:
        return suffixed(name, suffixes(self.link.scim_id)[0], field)

    # --- asked by the verbs

    def signs_in_by(self, scim_user: Mapping[str, Any]) -> bool:
        """Whether this person's account has the name by which ``scim_user`` would sign in."""
        entry, name = self.compiled_mapping.account_name, self._sign_in_name(scim_user)
        if entry is None or name is None:
            return False
        return fold(getattr(self.obj, entry.field.attname) or "") == fold(name)

    def take_name_back(self, name: str) -> None:
        """Undo ``step_aside``, and save it: an account that gave up ``name`` and is called so still has it again."""
        entry = self.compiled_mapping.account_name
        if entry is not None and self.has_second_name(self.obj, name):
            setattr(self.obj, entry.field.attname, name)
            self.obj.save(update_fields=[entry.field.attname])

    def has_second_name(self, account: Any, name: str) -> bool:
        """Whether an account is called as this person is who gave ``name`` up, or did not get it."""
        entry = self.compiled_mapping.account_name
        if entry is None:
            return False
        given = {fold(suffixed(name, suffix, entry.field)) for suffix in suffixes(self.link.scim_id)}
        return fold(getattr(account, entry.field.attname) or "") in given

    def holders_of(self, name: str, *, exactly: bool = False) -> list[models.Model]:
        """``accounts_named``, asked once a request."""
        asked = name, exactly
        if asked not in self._known_holders:
            how = {"exactly": True} if exactly else {}
            self._known_holders[asked] = self.accounts_named(name, **how)
        return self._known_holders[asked]

    def accounts_spelled(self, name: str) -> list[models.Model]:
        """Those of ``holders_of`` that have that very name: a column may take "kássie" for "kassie"."""
        entry = self.compiled_mapping.account_name
        held = self.holders_of(name)
        return [
            a for a in held if entry and spelling.spelled_alike(getattr(a, entry.field.attname) or "", name)
        ]

    def know_holders(self, name: str, accounts: list[models.Model]) -> None:
        """Have ``holders_of`` answer from what was read for many people at once. All of them have that very name."""
        for exactly in (False, True):
            self._known_holders[name, exactly] = accounts[:_HOLDERS]

    def know_customers(self, accounts: Mapping[Any, models.Model | None]) -> None:
        """The same for ``find_learner``: accounts by key, None for one that ``tenant_users`` has not."""
        self._known_customers = accounts

    def _found_free(self, name: str) -> bool:
        """Whether ``name`` was looked for in this request, and nobody had it."""
        return self._known_holders.get((name, False)) == []

    def names_of(self, scim_user: Mapping[str, Any]) -> list[str]:
        """What ``scim_user`` is known by: userName, and the address where accounts are named by it."""
        names = [str(scim_user["userName"]), self._sign_in_name(scim_user)]
        return list(dict.fromkeys(name for name in names if name))

    @property
    def sign_in_attribute(self) -> str:
        """Which attribute names the account: userName, or emails."""
        entry = self.compiled_mapping.account_name
        return entry.attribute.name if entry else "userName"

    def _sign_in_name(self, scim_user: Mapping[str, Any]) -> str | None:
        """What of a document names the account: userName, or the address where accounts are named by it."""
        entry = self.compiled_mapping.account_name
        if entry is None or entry == self.compiled_mapping.user_name:
            return str(scim_user["userName"])
        group = next(group for group in self.compiled_mapping.groups if group.first == entry)
        sent = group.sent(scim_user)
        return str(sent[1]) if sent else group.fallback(scim_user)

    def accounts_named(self, name: str, *, exactly: bool = False) -> list[models.Model]:
        """The accounts that sign in by ``name`` in any case, hidden ones too; usually none, seldom one.

        Those that the column's collation takes for it are among them (on MariaDB ``aná`` and ``ana ``, when
        asked for ``ana``): they are other people, but the name is not free. ``exactly`` leaves them out. Accents may be
        composed or stand for themselves: no database knows that these are one name.
        """
        entry = self.compiled_mapping.account_name
        if entry is None:
            return []
        index = indexes.for_any_case(NamedColumn(entry.field), databases.connection())
        asked: tuple[Any, ...] = (type(self), entry.field.name, exactly, index)
        found: dict[Any, models.Model] = {}
        # Each by a statement of its own: of several in one SQLite would use no index.
        for spelled in spelling.compositions(name):
            found |= {account.pk: account for account in _accounts_called(asked, spelled, self.obj.pk)}
        return list(found.values())[:_HOLDERS]

    def _name_account(self, name: str) -> str:
        """``name``, or what the host says where somebody else's account, in whatever tenant, holds it."""
        entry = self.compiled_mapping.account_name
        held = getattr(self.obj, entry.field.attname) if entry else name
        if fold(held or "") == fold(name) and not self.obj._state.adding:
            return name
        return self.account_name(name) if self.holders_of(name) else name


def is_ordinary(adapter_class: type[HostAccounts]) -> bool:
    """Whether all accounts are the rows of their table, whoever asks."""
    accounts: Any = adapter_class.all_accounts
    own: Any = HostAccounts.all_accounts
    return accounts.__func__ is own.__func__ and prepared.is_plain(get_user_model()._base_manager)


def _accounts_called(asked: tuple[Any, ...], name: str, own: Any) -> list[Any]:
    build: prepared.Build = _called
    spelled = spellings(asked[-1], name, databases.connection().vendor)
    if is_ordinary(asked[0]):
        return prepared.rows(build, name, spelled, own, given=asked)
    return list(build(*asked, name, spelled, own))


def _called(
    adapter_class: type[HostAccounts],
    column: str,
    exactly: bool,
    index: object,
    name: str,
    spelled: tuple[str, ...] | None,
    own: Any,
) -> models.QuerySet[Any]:
    """The accounts, but for ``own``, whose column is ``name`` in any case."""
    others = adapter_class.all_accounts().filter(AnyCase(column, name, exactly=exactly, spelled=spelled))
    return others if own is None else others.exclude(pk=own)
