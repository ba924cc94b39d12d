"""Of which accounts an administrator of one customer may know, and which they may link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import host
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import is_staff_of_several

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


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
