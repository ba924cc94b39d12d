"""Accounts that provisioning keeps its hands off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.errors import Forbidden
from scim_provisioning.rules.customers import is_lost


def protect(adapter: LearnerAdapter) -> None:
    """Refuse to change, deactivate or delete an account that provisioning must not touch."""
    if adapter.is_protected(adapter.obj):
        raise Forbidden("This account cannot be managed by provisioning.", code="user.protected")


def keep_an_administrator(adapter: LearnerAdapter) -> None:
    """Refuse to let the last administrator of a customer go: nobody there could let anybody in again. Raises
    ``Forbidden`` (no query where the host names no administrators, else two, and two more for an administrator).

    Asked are all customers whose connections have met the account: a guest's identity provider switches it off last.
    Of two who go at the same moment the second waits here: each locks all of them, in one order, before they are
    counted. Nobody who changes one of these accounts goes on to lock another one.
    """
    concerned = [] if adapter.is_kept_on else _beside_whom(adapter)
    if not concerned:
        return
    locked = Q(*[Q(pk__in=administrators.values("pk")) for administrators in concerned], _connector=Q.OR)
    accounts = type(adapter.obj)._base_manager.filter(locked)
    list(accounts.order_by("pk").select_for_update().values_list("pk"))
    if _is_last(adapter, concerned):
        raise Forbidden(
            "This is the last administrator of this customer in the application.",
            code="user.last_administrator",
        )


def is_last_administrator(adapter: LearnerAdapter) -> bool:
    """Whether ``keep_an_administrator`` would refuse to let this person go, as it stands (three queries at most for
    somebody of one connection)."""
    return _is_last(adapter, _beside_whom(adapter))


def _is_last(adapter: LearnerAdapter, concerned: list[QuerySet[Any]]) -> bool:
    return not all(administrators.exclude(pk=adapter.obj.pk).exists() for administrators in concerned)


def _beside_whom(adapter: LearnerAdapter) -> list[QuerySet[Any]]:
    """The administrators of each customer of whom the account is one."""
    own: Any = type(adapter).administrators
    names_nobody: Any = LearnerAdapter.administrators
    if adapter.obj.pk is None or own.__func__ is names_nobody.__func__:
        return []
    asked = (adapter.administrators(connection) for connection in _connections(adapter))
    return [each for each in asked if each is not None and each.filter(pk=adapter.obj.pk).exists()]


def _connections(adapter: LearnerAdapter) -> Iterator[SCIMConnection]:
    """The connection, and the others whose people would lose the account with it: those that have let it go already
    too, but none from which the LMS has moved it away."""
    yield adapter.connection
    if adapter.switches_account:
        links = ProvisionedUser.objects.filter(user=adapter.obj, connection__archived_at__isnull=True)
        others = links.exclude(connection=adapter.connection).select_related("connection").order_by("pk")
        met = {link.connection_id: link.connection for link in others if not is_lost(link)}
        yield from met.values()
