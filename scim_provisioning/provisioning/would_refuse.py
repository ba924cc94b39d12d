"""What there is to say of somebody whom a POST would refuse, before anybody is sent. That it would is decided by
``rules``; here is only looked for words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules import KnownStanding
from scim_provisioning.rules.customers import may_be_known

#: Refusals that may name accounts of other customers'.
_ANYBODYS: Final = ("user.owned_elsewhere", "user.owner_left", "user.name_taken", "user.address_taken")


def verdict(
    document: Document,
    adapter: LearnerAdapter,
    refusal: Exception,
    standing: KnownStanding,
    accounts_met: Mapping[Any, Any],
) -> Verdict:
    """Why, and for which accounts. ``accounts_met``: those that were read already, by key."""
    if not isinstance(refusal, SCIMError):
        return Verdict(document, Finding.LOOK, (), "host.refused")
    accounts, facts = _accounts(refusal, adapter, accounts_met), dict(refusal.params)
    if refusal.code != "user.exists_unmanaged":
        finding = Finding.SPELLING if refusal.code == "user.look_alike" else Finding.LOOK
        return Verdict(document, finding, accounts, refusal.code, facts)
    if any(_is_known_as_protected(adapter, account) for account in accounts):
        return Verdict(document, Finding.PROTECTED, accounts, "user.protected", facts)
    met = Verdict(document, Finding.LOOK, accounts, "weak", facts)
    met = replace(met, reason="address") if met.is_by_address else met
    if len(accounts) > 1:
        return replace(met, finding=Finding.DOUBLE)
    if "policy" in facts:
        return replace(met, reason=refusal.code)
    if any(standing.is_linked(account) for account in accounts):
        return replace(met, reason="user.username_taken")
    if any(standing.is_refuted(account) for account in accounts):
        return replace(met, reason="undone")
    if any(written_otherwise(document, adapter, account) for account in accounts):
        return replace(met, finding=Finding.SPELLING, reason="written")
    return met


def _is_known_as_protected(adapter: LearnerAdapter, account: Any) -> bool:
    """That an account is the staff's is not for another customer's administrators to read."""
    if not adapter.is_protected(account):
        return False
    link = ProvisionedUser(connection=adapter.connection, user=account)
    return may_be_known(type(adapter)(account, link=link, connection=adapter.connection))


def written_otherwise(document: Document, adapter: LearnerAdapter, account: Any) -> str:
    """ "written" where the account has the person's name, written otherwise; else empty."""
    entry = adapter.compiled_mapping.account_name
    held = "" if entry is None else getattr(account, entry.field.attname) or ""
    names = adapter.names_of(document)
    return "written" if held not in names and fold(held) in map(fold, names) else ""


def _accounts(refusal: SCIMError, adapter: LearnerAdapter, met: Mapping[Any, Any]) -> tuple[Any, ...]:
    """The accounts that a refusal is about, as far as the rules name them and they are this customer's."""
    keys = refusal.params.get("accounts")
    if not isinstance(keys, list) or refusal.code in _ANYBODYS:
        return ()
    unmet = [key for key in keys if key not in met]
    others = {one.pk: one for one in adapter.all_accounts().filter(pk__in=unmet)} if unmet else {}
    found = [others.get(key) or met.get(key) for key in keys]
    return tuple(account for account in found if account is not None)
