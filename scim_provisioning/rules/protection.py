"""Accounts that provisioning keeps its hands off."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.protocol.errors import Forbidden


def protect(adapter: LearnerAdapter) -> None:
    """Refuse to change, deactivate or delete an account that provisioning must not touch."""
    if adapter.is_protected(adapter.obj):
        raise Forbidden("This account cannot be managed by provisioning.", code="user.protected")


def keep_an_administrator(adapter: LearnerAdapter) -> None:
    """Refuse to let the last administrator of the customer go: nobody there could let anybody in again. Raises
    ``Forbidden`` (no query where the host names no administrators, else one, and two more for an administrator).

    Of two who go at the same moment the second waits here: each locks all of them, in one order, before they are
    counted. Nobody who changes one of these accounts goes on to lock another one.
    """
    administrators = adapter.administrators(adapter.connection)
    if administrators is None or adapter.is_wanted_elsewhere or not _is_among(adapter, administrators):
        return
    accounts = type(adapter.obj)._base_manager.filter(pk__in=administrators.values("pk"))
    list(accounts.order_by("pk").select_for_update().values_list("pk"))
    if not administrators.exclude(pk=adapter.obj.pk).exists():
        raise Forbidden(
            "This is the last administrator of this customer in the application.",
            code="user.last_administrator",
        )


def is_last_administrator(adapter: LearnerAdapter) -> bool:
    """Whether ``keep_an_administrator`` would refuse to let this person go, as it stands (two queries at most)."""
    administrators = adapter.administrators(adapter.connection)
    if administrators is None or not _is_among(adapter, administrators):
        return False
    return not administrators.exclude(pk=adapter.obj.pk).exists()


def _is_among(adapter: LearnerAdapter, administrators: QuerySet[Any]) -> bool:
    return adapter.obj.pk is not None and administrators.filter(pk=adapter.obj.pk).exists()
