"""Whether two accounts of one person may become one: both this connection's alone to write, or nobody's yet."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.db.models import QuerySet

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import is_lost, may_be, names_customer, offered
from scim_provisioning.rules.ownership import owned_alone
from scim_provisioning.rules.protection import is_last_administrator


class Obstacle(Enum):
    """Why two accounts are not joined."""

    ONE = "one"
    #: One of them is another customer's, or the LMS says of neither whose it is.
    FOREIGN = "foreign"
    PROTECTED = "protected"
    LAST_ADMINISTRATOR = "last_administrator"
    #: Another connection uses one of them, owns it, or owned it last.
    ELSEWHERE = "elsewhere"
    #: The identity provider sends both.
    BOTH_SENT = "both_sent"
    #: The connection switches one of them on and off, and writes nothing else of it.
    GUEST = "guest"
    #: Linked beforehand, and not sent yet: a POST has to find that account.
    AWAITED = "awaited"
    #: The identity provider has deleted the one that goes, and brings that one back if they return.
    LEFT = "left"
    #: The one that would go on is hidden by the LMS.
    HIDDEN = "hidden"
    #: The one that would go on is switched off, and its person is not.
    OFF = "off"
    #: What the administrator saw is not so any more.
    CHANGED = "changed"


def obstacle(stays: LearnerAdapter, goes: LearnerAdapter) -> Obstacle | None:
    """What is in the way of joining the account of ``goes`` to that of ``stays``; None where they may be joined (some
    ten queries). Whoever has a living link of the connection has it in their adapter."""
    found = _of_accounts(stays, goes) or _of_links(stays, goes)
    if found is None and not _is_linked(stays):
        found = _of_who_goes_on(stays, goes)
    return found


def has_here(connection: SCIMConnection, adapter: LearnerAdapter) -> bool:
    """Whether an account is this customer's to join: it is or was managed here and has not been moved away, or the host
    counts it among its people and nothing says that it is another's (six queries at most). What another customer's
    account is called is none of those to know who only share it, or did."""
    left = ProvisionedUser.objects.tombstones().filter(connection=connection, user=adapter.obj.pk)
    met = [adapter.link] if _is_linked(adapter) else list(left.select_related("connection"))
    if met:
        is_own = bool(owned_alone(met)) or any(link.keeps_profile for link in met)
        return is_own and not any(map(is_lost, met))
    mine = counted(type(adapter), connection)
    return mine.filter(pk=adapter.obj.pk).exists() and may_be(type(adapter), connection, adapter.obj.pk)


def counted(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> QuerySet[Any]:
    """The accounts that the host counts among this customer's: nobody where it is not known whose the connection is,
    nor where the host tells no customers apart and has several connections (one query then)."""
    nobody = get_user_model()._base_manager.none()
    others = SCIMConnection.objects.current().exclude(pk=connection.pk)
    if not names_customer(adapter_class, connection) and others.exists():
        return nobody
    try:
        return offered(adapter_class, connection)
    except DatabaseError:
        raise
    except Exception:
        # The host's own code, asked of a connection whose SSO row is gone.
        return nobody


def _is_linked(adapter: LearnerAdapter) -> bool:
    return not adapter.link._state.adding


def _of_accounts(stays: LearnerAdapter, goes: LearnerAdapter) -> Obstacle | None:
    if stays.obj.pk == goes.obj.pk:
        return Obstacle.ONE
    if not all(has_here(adapter.connection, adapter) for adapter in (stays, goes)):
        return Obstacle.FOREIGN
    if any(adapter.is_protected(adapter.obj) for adapter in (stays, goes)):
        return Obstacle.PROTECTED
    return Obstacle.LAST_ADMINISTRATOR if is_last_administrator(goes) else None


def _of_links(stays: LearnerAdapter, goes: LearnerAdapter) -> Obstacle | None:
    connection, accounts = stays.connection, [stays.obj.pk, goes.obj.pk]
    links = ProvisionedUser.objects.filter(user__in=accounts)
    if _are_used_elsewhere(links.living().exclude(connection=connection), connection, accounts):
        return Obstacle.ELSEWHERE
    if _is_linked(stays) and _is_linked(goes):
        return Obstacle.BOTH_SENT
    own = list(links.filter(connection=connection).select_related("connection"))
    if len(owned_alone(own)) < len(own):
        return Obstacle.GUEST
    return Obstacle.AWAITED if goes.link.is_awaited and _is_linked(goes) else None


def _are_used_elsewhere(
    living: QuerySet[ProvisionedUser], connection: SCIMConnection, accounts: Sequence[int]
) -> bool:
    if not all(is_lost(link) for link in living.select_related("connection")):
        return True
    alone = owned_alone([ProvisionedUser(connection=connection, user_id=key) for key in accounts])
    return len(alone) < len(accounts)


def _of_who_goes_on(stays: LearnerAdapter, goes: LearnerAdapter) -> Obstacle | None:
    """Whoever is managed already goes on as they are; so does who was, and has left."""
    if not _is_linked(goes):
        left = _left(stays.connection, [stays.obj.pk, goes.obj.pk])
        if stays.obj.pk in left:
            return None
        if goes.obj.pk in left:
            return Obstacle.LEFT
    if stays.is_hidden(stays.obj):
        return Obstacle.HIDDEN
    return Obstacle.OFF if stays.is_switched_off and goes.has_access else None


def _left(connection: SCIMConnection, accounts: Sequence[int]) -> set[int | None]:
    tombstones = ProvisionedUser.objects.tombstones().filter(connection=connection, user__in=accounts)
    return set(tombstones.values_list("user", flat=True))
