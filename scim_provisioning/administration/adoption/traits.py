"""What two accounts of one customer may have in common: the same address, number, name, or beginning of a user name.

Read from the columns of text that the mapping names, of the account and of rows that are one-to-one with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.expressions import TextMatch
from scim_provisioning.adapters.text_forms import Folded
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Shorter beginnings of user names say nothing.
_SHORTEST: Final = 3
#: So many words of what somebody types are looked for: each is compared with everybody, in each of their columns.
_WORDS: Final = 5


class Trait(Enum):
    """What two accounts have in common, the surest first."""

    NUMBER = "number"
    ADDRESS = "address"
    #: The host's own evidence for what the identity provider sends.
    EVIDENCE = "evidence"
    NAME = "name"
    HANDLE = "handle"


REASONS: Final[Mapping[Trait, StrOrPromise]] = {
    Trait.NUMBER: _("The same employee number"),
    Trait.ADDRESS: _("The same e-mail address"),
    Trait.EVIDENCE: _("The application finds it by what the identity provider sends"),
    Trait.NAME: _("The same name"),
    Trait.HANDLE: _("The same user name, but for what follows the @"),
}
#: What of people may be the same by chance.
BY_CHANCE: Final = frozenset({Trait.NAME, Trait.HANDLE})

#: What an account has of each trait, as it is compared.
Traits = frozenset[tuple[Trait, str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the traits stand, as look-ups from the account. ``names``: columns that are a whole name together."""

    login: str
    addresses: tuple[str, ...]
    numbers: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]

    @property
    def every(self) -> tuple[str, ...]:
        """Each of them once."""
        whole = [column for columns in self.names for column in columns]
        return tuple(dict.fromkeys([self.login, *self.addresses, *self.numbers, *whole]))

    def of(self, values: Mapping[str, Any]) -> Traits:
        """The traits of an account with these values."""
        said = {name: key_of(value) for name, value in values.items() if isinstance(value, str)}
        login = said.get(self.login, "")
        addresses = [said.get(column, "") for column in self.addresses]
        found = {(Trait.ADDRESS, text) for text in (login, *addresses) if "@" in text}
        found |= {(Trait.NUMBER, said[column]) for column in self.numbers if said.get(column)}
        for columns in self.names:
            if all(said.get(column) for column in columns):
                found.add((Trait.NAME, " ".join(said[column] for column in columns)))
        handle = login.partition("@")[0]
        if len(handle) >= _SHORTEST:
            found.add((Trait.HANDLE, handle))
        return frozenset(found)

    def alike(self, values: Mapping[str, Any]) -> Q:
        """The condition that an account has one of these traits as well; what is found is compared once more."""
        condition = Q(pk__in=())
        for trait, key in self.of(values):
            if trait is Trait.ADDRESS:
                condition |= _is(key, self.login, *self.addresses)
            elif trait is Trait.NUMBER:
                condition |= _is(key, *self.numbers)
            elif trait is Trait.HANDLE:
                condition |= _is(key, self.login) | _begins(f"{key}@", self.login)
        for columns in self.names:
            whole = [values.get(column) for column in columns]
            if all(isinstance(value, str) and value.strip() for value in whole):
                same = Q()
                for column, value in zip(columns, whole, strict=True):
                    same &= _is(str(value), column)
                condition |= same
        return condition

    def named(self, text: str) -> Q:
        """The condition that an account has this user name or e-mail address."""
        return _is(text.strip(), self.login, *self.addresses)

    def called(self, text: str) -> Q:
        """The condition that each word of ``text``, of many the first few, is the beginning of something that an
        account is called."""
        columns = [self.login, *self.addresses, *(column for names in self.names for column in names)]
        condition = Q()
        for word in list(dict.fromkeys(text.split()))[:_WORDS]:
            condition &= _begins(word, *columns) | _contains(f" {word}", *columns)
        return condition


def columns_of(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> Columns:
    """By the connection's mapping."""
    account: Any = get_user_model()
    address = getattr(account, "EMAIL_FIELD", "")
    found: dict[str, list[str]] = {"emails": [address] if address else []}
    for entry in adapter_class.compiled(connection).entries:
        is_text = isinstance(entry.field, models.CharField | models.TextField)
        if entry.source.belongs_to_account and is_text:
            part = f".{entry.path.sub.name}" if entry.attribute.name == "name" and entry.path.sub else ""
            column = entry.source.lookup(entry.field.name).removeprefix("user__")
            found.setdefault(f"{entry.attribute.name}{part}", []).append(column)
    given, family = found.get("name.givenName", []), found.get("name.familyName", [])
    together = [(given[0], family[0])] if given and family else []
    alone = [(column,) for name in ("displayName", "name.formatted") for column in found.get(name, ())]
    return Columns(
        account.USERNAME_FIELD,
        tuple(dict.fromkeys(found["emails"])),
        tuple(found.get("employeeNumber", ())),
        (*together, *alone),
    )


def in_common(one: Traits, other: Traits) -> tuple[Trait, ...]:
    """What two accounts have in common, the surest first. Nothing where their numbers differ, and the rest may be
    chance."""
    shared = {trait for trait, _key in one & other}
    numbers = [{key for trait, key in each if trait is Trait.NUMBER} for each in (one, other)]
    if all(numbers) and not numbers[0] & numbers[1] and shared <= BY_CHANCE:
        return ()
    return tuple(trait for trait in Trait if trait in shared)


def _is(text: str, *columns: str) -> Q:
    return _any("eq", text, columns)


def _begins(text: str, *columns: str) -> Q:
    return _any("sw", text, columns)


def _contains(text: str, *columns: str) -> Q:
    return _any("co", text, columns)


def _any(operator: str, text: str, columns: Iterable[str]) -> Q:
    condition = Q(pk__in=())
    for column in columns:
        condition |= Q(TextMatch(Folded(F(column)), operator, text))
    return condition
