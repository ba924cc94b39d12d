"""Who has let an account's person go, and so is to be asked before somebody else lets them in again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from scim_provisioning.adapters import shared_rows
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.models import Adoption, ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import are_one_customers, counted_alone, is_given_to, is_lost
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


def had_elsewhere(connection: SCIMConnection, account: int) -> ProvisionedUser | None:
    """The link of another connection that had the account: until its person was deleted, the connection ended, or an
    administrator there took the account from it; who owned it comes first. None where the host says that the account
    is this customer's by now (two queries, and some for each that there was)."""
    links = ProvisionedUser.objects.filter(user=account).exclude(connection=connection)
    links = links.filter(Q(deleted_at__isnull=False) | Q(connection__archived_at__isnull=False))
    met = [*_owning(links.select_related("connection").order_by("pk")), *taken_from(connection, account)]
    return next((link for link in met if not is_given_back(connection, link, account)), None)


def was_met_elsewhere(connection: SCIMConnection, account: int) -> bool:
    """Whether a connection that has ended had the account, or an administrator of another one took it from that by
    hand; asked where nothing else says whose it is (two queries, and some where it was). Of a connection that has ended
    without settings that somebody could sign in by, only beside others in use: without them all are one customer's."""
    ended = ProvisionedUser.objects.filter(user=account, connection__archived_at__isnull=False)
    met = [
        *ended.exclude(connection=connection).select_related("connection"),
        *taken_from(connection, account),
    ]
    if not met:
        return False
    others = SCIMConnection.objects.current().exclude(pk=connection.pk)
    return others.exists() or any(link.connection.load_sso() is not None for link in met)


def taken_from(connection: SCIMConnection, account: int) -> list[ProvisionedUser]:
    """The links of other connections from which an administrator took the account by hand, detached it, undid its
    adoption or joined it with another: they lead to nobody or to the other one, and what is left of the adoption alone
    says whose it was (one query)."""
    taken = Adoption.objects.filter(user=account, undone_at__isnull=False).exclude(connection=connection)
    return [one.link for one in taken.select_related("link__connection").order_by("pk")]


def ended_elsewhere(connection: SCIMConnection, links: Iterable[ProvisionedUser]) -> ProvisionedUser | None:
    """Of these links of an account that of another connection whose word a name alone does not overrule: of one in use
    that has deleted the person, unless the LMS has moved them; and of one that has ended, while the host does not say
    that the account is this customer's. Who owned it comes first."""
    for link in _owning(link for link in links if link.connection_id != connection.pk):
        is_ended = link.connection.is_archived
        if is_ended and not is_given_back(connection, link, link.user_id):
            return link
        if not is_ended and link.is_deleted and not is_lost(link):
            return link
    return None


def may_have_ended_elsewhere(connection: SCIMConnection, accounts: Collection[Any]) -> set[Any]:
    """The keys of those of these accounts of which ``ended_elsewhere`` may find something, of all at once (one query,
    and some where connections have ended that had any of them)."""
    over = Q(deleted_at__isnull=False) | Q(connection__archived_at__isnull=False)
    links = ProvisionedUser.objects.filter(over, user__in=accounts).exclude(connection=connection)
    found, ended = set[Any](), dict[int, set[Any]]()
    for account, other, archived_at in links.values_list("user", "connection", "connection__archived_at"):
        (found if archived_at is None else ended.setdefault(other, set())).add(account)
    others = SCIMConnection.objects.in_bulk(ended) if ended else {}
    unsure = {
        key for pk, keys in ended.items() if not are_one_customers(connection, others[pk]) for key in keys
    }
    return found | (unsure - counted_alone(connection, unsure) if unsure else unsure)


def is_given_back(connection: SCIMConnection, link: ProvisionedUser, account: int | None) -> bool:
    """Whether the LMS says that the account of another connection's link is this customer's by now."""
    if account is None:
        return False
    # Of a link that was moved to another account, what it has now says nothing of this one.
    is_moved = link.user_id == account and is_lost(link)
    return is_moved or is_given_to(connection, link.connection, account)


def _owning(links: Iterable[ProvisionedUser]) -> list[ProvisionedUser]:
    """Those who wrote the account, or kept it as it was, the owners first."""
    found = [link for link in links if link.owns_profile or link.keeps_profile]
    return sorted(found, key=lambda link: not link.owns_profile)


def _ended_at(link: ProvisionedUser) -> datetime | None:
    if link.deleted_at is not None or link.active:
        return link.deleted_at
    return link.connection.archived_at


def has_one_switch(connection: SCIMConnection, other: SCIMConnection) -> bool:
    """Whether ``active`` is the same switch for both: the account's, or that of a membership in one customer."""
    switch = get_adapter_class().compiled(connection).active
    return switch is not None and shared_rows.is_one_row(switch.source, connection, other)
