"""An account has one owner: the connection whose link may write its name, its address and its user name."""

from __future__ import annotations

from typing import Any

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.protocol.errors import Uniqueness


def refuse_owned(connection: SCIMConnection, account: Any) -> None:
    """Refuse an account that another connection owns, whatever the evidence. Raises ``Uniqueness``.

    An administrator who may see both connections can allow a shared link (``administration.ownership``).
    """
    owner = ProvisionedUser.objects.beside(connection).filter(user=account, owns_profile=True).first()
    if owner is not None:
        raise owned_elsewhere(account, owner)


def owned_elsewhere(account: Any, owner: ProvisionedUser | None = None) -> Uniqueness:
    """The 409; the client is told nothing of the other side, the log all of it."""
    params: dict[str, object] = {"accounts": [account.pk]}
    if owner is not None:
        params |= {"owner_connection": owner.connection_id, "owner": owner.scim_id}
    return Uniqueness(
        "This person's account is managed through another connection of the application.",
        code="user.owned_elsewhere",
        params=params,
    )


def allowed_account(adapter: LearnerAdapter, user_name: str) -> Any | None:
    """The account of that name that an administrator allowed this connection to share, or None."""
    shares = SharedAccount.objects.filter(connection=adapter.connection)
    accounts = adapter.accounts_named(user_name)
    if not accounts:
        return None
    allowed = set(shares.filter(user__in=[account.pk for account in accounts]).values_list("user", flat=True))
    return next((account for account in accounts if account.pk in allowed), None)


def claim(link: ProvisionedUser, account: Any) -> None:
    """Say on a new or returning link whether it owns its account. Raises ``Uniqueness`` when it may not even share."""
    owners = ProvisionedUser.objects.beside(link.connection).filter(user=account, owns_profile=True)
    owner = owners.first()
    link.owns_profile = owner is None
    if owner is not None:
        shares = SharedAccount.objects.filter(connection=link.connection, user=account)
        if not shares.exists():
            raise owned_elsewhere(account, owner)
