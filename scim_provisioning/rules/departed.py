"""Who has let an account's person go, and so is to be asked before somebody else lets them in again."""

from __future__ import annotations

from datetime import datetime

from scim_provisioning.adapters import shared_rows
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import is_lost
from scim_provisioning.rules.shares import shares


def left_by(
    connection: SCIMConnection, account: int, since: datetime | None = None, *, of_switch: bool = False
) -> ProvisionedUser | None:
    """The link that owned the account and has ended since an administrator let this connection use it, or ``since``
    then: deleted by its identity provider, or switched off and disconnected; ``of_switch``: of those whose wish was the
    same switch's. None where nobody has left, or somebody owns it still (two queries at most, and two for each owner
    that there was)."""
    owners = ProvisionedUser.objects.filter(owns_profile=True, user=account).exclude(connection=connection)
    met = [
        link
        for link in owners.select_related("connection")
        if not is_lost(link) and (not of_switch or has_one_switch(connection, link.connection))
    ]
    ends = {link.pk: _ended_at(link) for link in met}
    if not met or any(not link.is_deleted and link.connection.archived_at is None for link in met):
        return None
    allowed_at = shares(connection).filter(user=account).values_list("allowed_at", flat=True).first()
    said_at = max((moment for moment in (allowed_at, since) if moment), default=None)
    left = [link for link in met if (at := ends[link.pk]) and (said_at is None or at > said_at)]
    return max(left, key=lambda link: (ends[link.pk], link.pk), default=None)


def was_left_by_another(connection: SCIMConnection, account: int, since: datetime) -> bool:
    """Whether the link of another connection that there was at that moment, and whose wish was the same switch's, has
    ended since: deleted by its identity provider, or switched off and disconnected (one query, and two for each that
    there was)."""
    before = ProvisionedUser.objects.filter(user=account, created_at__lt=since).exclude(connection=connection)
    met = (one for one in before.select_related("connection") if has_one_switch(connection, one.connection))
    ends = ((link, _ended_at(link)) for link in met)
    return any(ended is not None and ended > since and not is_lost(link) for link, ended in ends)


def _ended_at(link: ProvisionedUser) -> datetime | None:
    if link.deleted_at is not None or link.active:
        return link.deleted_at
    return link.connection.archived_at


def has_one_switch(connection: SCIMConnection, other: SCIMConnection) -> bool:
    """Whether ``active`` is the same switch for both: the account's, or that of a membership in one customer."""
    switch = get_adapter_class().compiled(connection).active
    return switch is not None and shared_rows.is_one_row(switch.source, connection, other)
