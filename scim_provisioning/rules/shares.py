"""An administrator's word that a connection may use an account of which another one is the owner."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from scim_provisioning.adapters.customers import in_force, lookups_of
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount


def customer_lookups(connection: SCIMConnection) -> tuple[str, ...]:
    """The columns that name an account's customer in the connection's mapping, as look-ups from a share."""
    return lookups_of(get_adapter_class().compiled(connection).sources)


def may_share(connection: SCIMConnection, account: Any) -> bool:
    """Whether an administrator has allowed this connection to use the account."""
    return shares(connection).filter(user=account).exists()


def shares(connection: SCIMConnection) -> QuerySet[SharedAccount]:
    """What administrators allow this connection, of accounts that are the same customer's still."""
    return SharedAccount.objects.filter(in_force(customer_lookups(connection)), connection=connection)


def judged_shares(connection: SCIMConnection) -> QuerySet[Any, Any]:
    """The same, each with whether it ``is_used``. The word was given on the person of that day: once the connection has
    let them go, they alone return by it, and whoever else is sent under the name is somebody else."""
    gone = ProvisionedUser.objects.tombstones().filter(
        connection=OuterRef("connection"), user=OuterRef("user"), deleted_at__gt=OuterRef("allowed_at")
    )
    return shares(connection).annotate(is_used=Exists(gone))


def may_link(connection: SCIMConnection, account: Any) -> bool:
    """Whether an administrator has allowed this connection to link somebody new to the account."""
    return judged_shares(connection).filter(user=account, is_used=False).exists()
