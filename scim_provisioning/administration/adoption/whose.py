"""Of which accounts an administrator of one customer may know, and which they may link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import host
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules.customers import is_staff_of_several, offered

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

#: So many keys are asked for at once.
_AT_ONCE: Final = 500
#: Of these the accounts are this connection's, or become so without anybody's word.
_AS_THEY_ARE: Final = (Finding.LINKED, Finding.CERTAIN)


def readable(connection: SCIMConnection, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What was found, without accounts of which this connection's administrators may not know, as nobody could link
    them here: another customer's, and the staff's of all (two queries for each five hundred accounts, and one where the
    host does not say whose an account is). Whoever is linked, or would be, is told of as they are."""
    found = list(verdicts)
    met = {
        account.pk: account
        for one in found
        if one.finding not in _AS_THEY_ARE
        for account in one.accounts
        if account is not None
    }
    known = _known(connection, met) if met else set()
    return [
        one
        if one.finding in _AS_THEY_ARE
        else replace(one, accounts=tuple(a for a in one.accounts if a is None or a.pk in known))
        for one in found
    ]


def _known(connection: SCIMConnection, met: Mapping[Any, Any]) -> set[Any]:
    """The keys of those accounts that are offered here, or that this connection has linked, or had."""
    adapter_class, known, own = host.adapter_class(), set[Any](), set[Any]()
    links, keys = ProvisionedUser.objects.filter(connection=connection), list(met)
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        known |= {*offered(adapter_class, connection).filter(pk__in=some).values_list("pk", flat=True)}
        own |= {*links.filter(user__in=some).values_list("user", flat=True)}
    return own | {account.pk for account in shown(connection, [met[key] for key in known])}


def shown(connection: SCIMConnection, accounts: Iterable[Any]) -> list[Any]:
    """Those of these accounts of which this connection's administrators may know."""
    return [account for account in accounts if not is_staff_of_several(_adapter(connection, account))]


def refuse_protected(connection: SCIMConnection, account: Any, actor: AbstractBaseUser | None) -> None:
    """Raise ``ConnectionRefused`` for a protected account, unless a superuser links it, or the application's own code
    (None): whoever is linked is let in by what this connection's identity provider asserts, and staff may give nobody
    more rights than their own."""
    if actor is None or getattr(actor, "is_superuser", False):
        return
    if _adapter(connection, account).is_protected(account):
        message = _(
            "The account is an administrator's, or protected otherwise. Only a superuser may link it: whoever signs in "
            "by this connection's identity provider could come in as that person then."
        )
        raise ConnectionRefused(message, "adoption.protected")


def _adapter(connection: SCIMConnection, account: Any) -> LearnerAdapter:
    link = ProvisionedUser(connection=connection, user=account)
    return host.adapter_class()(account, link=link, connection=connection)
