"""Somebody who was refused beside an account of this customer: what agrees, what a link would write, what to fear. And
two accounts beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import attribute_words
from scim_provisioning.administration.adoption.account_facts import AccountFacts, facts_of
from scim_provisioning.administration.adoption.joining import Side
from scim_provisioning.administration.attribute_words import nameless
from scim_provisioning.administration.log_words import NOTHING, masked, shown
from scim_provisioning.events import Caller
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning.merging import side
from scim_provisioning.rules.ownership import owned_alone
from scim_provisioning.rules.standing import Standing

_SAY_NOTHING: Final = (".type", ".primary", ".$ref")
_MANAGER: Final = ":manager.value"


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute: as it was sent, and as the account has it."""

    attribute: str
    sent: str
    here: str
    agrees: bool

    @property
    def label(self) -> str:
        """The attribute in an administrator's words."""
        return attribute_words.in_words(self.attribute)

    @property
    def is_of_both(self) -> bool:
        """Whether both have it."""
        return NOTHING not in (self.sent, self.here)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that the person may be."""

    account: Any
    name: str
    lines: tuple[Line, ...]
    #: What an administrator should think about first.
    risks: tuple[str, ...]
    facts: AccountFacts

    @property
    def agreeing(self) -> list[str]:
        """The attributes in which both agree."""
        return [line.attribute for line in self.lines if line.agrees]


def compare(connection: SCIMConnection, document: Document, account: Any, *, in_clear: bool) -> Candidate:
    """The two side by side. Without ``in_clear`` values are masked, the account's name excepted. Of an account that
    another connection owns, or owned when it ended, nothing is read: what the one wrote is not the other's to read."""
    name = str(account.get_username())
    link = ProvisionedUser(connection=connection, user=account, user_name=name)
    link.owns_profile = bool(owned_alone([link]))
    adapter = get_adapter_class()(account, link=link, connection=connection)
    sent, here = _called(connection, _values(document), _values(adapter.read()))
    show, call = (shown, str) if in_clear else (masked, nameless)
    lines = [
        Line(call(path), show(value), show(here.get(path)), _alike(value, here.get(path)))
        for path, value in sent.items()
    ]
    risks = tuple(_risks(adapter, account, Standing(connection)))
    return Candidate(account, name, tuple(lines), risks, facts_of(adapter, in_clear=in_clear))


def risks_of(connection: SCIMConnection, account: Any, standing: Standing) -> tuple[str, ...]:
    """What an administrator should think about before the account is linked."""
    link = ProvisionedUser(connection=connection, user=account, user_name=str(account.get_username()))
    adapter = get_adapter_class()(account, link=link, connection=connection)
    return tuple(_risks(adapter, account, standing))


@dataclass(frozen=True, slots=True)
class Fact:
    """What is to be known of two accounts, in words."""

    name: str
    one: str
    other: str


def beside(
    connection: SCIMConnection, one: Side, other: Side, *, in_clear: bool
) -> tuple[list[Fact], list[Line]]:
    """Two accounts of this connection's: how they stand, and the attributes that either has. Without ``in_clear``
    values are masked, the last sign-in and the progress among them."""
    adapters = [side(Caller(connection, None), each.account, each.link) for each in (one, other)]
    here, there = _called(connection, *(_values(adapter.read()) for adapter in adapters))
    show, call = (shown, str) if in_clear else (masked, nameless)
    lines = [
        Line(call(path), show(here.get(path)), show(there.get(path)), _alike(here.get(path), there.get(path)))
        for path in {**here, **there}
    ]
    pairs = zip((one, other), adapters, strict=True)
    standing = [_standing(each, adapter, in_clear=in_clear) for each, adapter in pairs]
    return [Fact(name, standing[0][name], standing[1][name]) for name in standing[0]], lines


def _standing(one: Side, adapter: LearnerAdapter, *, in_clear: bool) -> dict[str, str]:
    account = one.account
    has_password = hasattr(account, "has_usable_password") and account.has_usable_password()
    return {
        _("Managed by SCIM"): _("no")
        if one.link is None
        else _("yes, as “%(name)s”") % {"name": one.link.user_name},
        _("Switched on"): _("no") if adapter.has_access is False else _("yes"),
        **facts_of(adapter, in_clear=in_clear).in_words,
        _("Has a password of its own"): _("yes") if has_password else _("no"),
    }


def _values(document: Document) -> dict[str, Any]:
    """Simple values by path; those that say nothing about who it is are left out."""
    leaves = documents.changes({}, document)
    return {path: after for path, (_none, after) in leaves.items() if not path.endswith(_SAY_NOTHING)}


def _called(connection: SCIMConnection, *sides: dict[str, Any]) -> list[dict[str, Any]]:
    """The same, managers by their names (one query where somebody has one): nobody knows them by an id."""
    ids = {str(value) for side in sides for path, value in side.items() if path.endswith(_MANAGER)}
    if not ids:
        return [*sides]
    people = ProvisionedUser.objects.filter(connection=connection, scim_id__in=ids)
    names = dict(people.values_list("scim_id", "user_name"))
    return [
        {path: names.get(value, value) if path.endswith(_MANAGER) else value for path, value in side.items()}
        for side in sides
    ]


def _alike(sent: Any, here: Any) -> bool:
    if isinstance(sent, str) and isinstance(here, str):
        return fold(sent.strip()) == fold(here.strip())
    return bool(sent == here)


def _risks(adapter: LearnerAdapter, account: Any, standing: Standing) -> Iterator[str]:
    if adapter.is_protected(account):
        yield _("Protected: whatever the identity provider sends for them is refused.")
    if standing.is_linked(account):
        yield _("Linked already, to somebody else of this connection.")
    if standing.holder(account) is not None:
        yield _("Managed through another connection.")
    if adapter.is_switched_off:
        yield _("Switched off in this application.")
    if adapter.is_hidden(account):
        yield _("Deleted in this application, and hidden.")
    if hasattr(account, "has_usable_password") and account.has_usable_password():
        yield _("Has a password of their own: somebody signs in with it.")
