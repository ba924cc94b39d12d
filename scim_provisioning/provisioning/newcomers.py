"""Who a POST is about: somebody who returns, an account that is here, or somebody new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from scim_provisioning import databases, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.databases import making_models
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, ProvisionedUser
from scim_provisioning.protocol.errors import NotFound, Uniqueness
from scim_provisioning.provisioning import moved
from scim_provisioning.provisioning.earlier import free_names, hold_names, take_name_back
from scim_provisioning.provisioning.links import make_tombstone
from scim_provisioning.provisioning.loading import (
    hold_connection,
    load_for_update,
    load_tombstone_for_update,
    lock_newcomer,
)
from scim_provisioning.telemetry import spanned


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whom a POST makes, brings back or links, and who of the deleted may be the same person."""

    adapter: LearnerAdapter
    action: Action
    earlier: tuple[ProvisionedUser, ...] = ()
    #: What the host is told; of somebody whom an administrator has linked it knows already.
    hook: str = "on_provisioned"


@spanned("match")
def meet(caller: Caller, document: Mapping[str, Any]) -> Newcomer:
    """Decide by the connection's history and the host's accounts, and hold on to the connection. Raises ``Uniqueness``,
    ``Forbidden`` and ``Unauthorized``."""
    newcomer = _met(caller, document)
    hold_connection(caller.tenant)
    return newcomer


def _met(caller: Caller, document: Mapping[str, Any]) -> Newcomer:
    past = rules.history(caller.tenant, document)
    for vacant in past.vacant:
        moved.note_if_lost(vacant)
        make_tombstone(vacant)
    if past.awaited is not None:
        return Newcomer(_awaited(caller, past.awaited), Action.ADOPTED, hook="on_updated")
    if past.tombstone is not None:
        return Newcomer(_revived(caller, past.tombstone, document), Action.REVIVED)
    adapter, standing = _newcomer(caller), rules.Standing(caller.tenant)
    hold_names(adapter, adapter.names_of(document))
    stay = free_names(caller, adapter, document) if past.earlier else frozenset()
    account = rules.adopted(adapter, document, standing, others=stay)
    # Somebody deleted may have had another name, and the account this one: nobody inherits what is theirs by a name.
    left = (
        [one for one in standing.left_by(account) if one not in past.earlier] if account is not None else []
    )
    if left:
        stay = free_names(caller, adapter, document)
        # Of the names that the other has looked for it remembers who had them.
        adapter = _newcomer(caller)
        account = rules.adopted(adapter, document, standing, others=stay)
    # Who is another customer's for now may come back, and be found to be two.
    away = (vacant for vacant in past.vacant if vacant.user_id is not None)
    earlier = tuple(rules.owned_alone([*past.earlier, *left, *away]))
    if account is None:
        return Newcomer(adapter, Action.CREATED, earlier)
    adopted = _adopted(caller, adapter.link, account)
    return Newcomer(adopted, Action.ADOPTED, tuple(old for old in earlier if old.user_id != account.pk))


def _newcomer(caller: Caller) -> LearnerAdapter:
    link: ProvisionedUser = making_models.new(ProvisionedUser, connection=caller.tenant)
    adapter = get_adapter_class()(None, link=link, connection=caller.tenant)
    adapter.obj = adapter.new_account()
    return adapter


@contextmanager
def told_of_the_quicker(caller: Caller, document: Mapping[str, Any]) -> Iterator[None]:
    """Around the whole of a POST: a newcomer who is refused because somebody else got the name in the meantime is told
    what they would have been told a moment later (one query). Raises ``Uniqueness``.

    Whether a column of the host's says so first, or the other's account is met as one that nobody manages, is chance.
    """
    try:
        yield
    except (Uniqueness, ValidationError) as refusal:
        if getattr(refusal, "code", None) != Uniqueness.code:
            rules.history(caller.tenant, document)
        raise


def _adopted(caller: Caller, link: ProvisionedUser, account: Any) -> LearnerAdapter:
    """Link the account, once it is locked and still allows it."""
    adapter = get_adapter_class()(account, link=link, connection=caller.tenant)
    lock_newcomer(adapter)
    rules.refuse_protected(adapter)
    rules.refuse_left(adapter)
    rules.claim(link, adapter.obj)
    rules.refuse_switched_off(adapter)
    link.adopted_at = timezone.now()
    return adapter


@contextmanager
def _not_gone_since() -> Iterator[None]:
    """Around what locks somebody whom the history has just found. An administrator may have taken the link back in
    that moment, or the LMS the account away: begun again, a POST is about somebody else, and never 404."""
    try:
        yield
    except NotFound as gone:
        raise databases.Overtaken from gone


def _awaited(caller: Caller, link: ProvisionedUser) -> LearnerAdapter:
    """The person whom an administrator has linked, locked, if nobody has written to them since."""
    with _not_gone_since():
        adapter = load_for_update(caller, link.scim_id)
    if not adapter.link.is_awaited:
        raise rules.user_name_taken(link)
    rules.protect(adapter)
    rules.refuse_left(adapter)
    rules.refuse_switched_off(adapter)
    return adapter


def _revived(caller: Caller, tombstone: ProvisionedUser, document: Mapping[str, Any]) -> LearnerAdapter:
    with _not_gone_since():
        adapter = load_tombstone_for_update(caller, tombstone.pk)
    if adapter is None:
        raise rules.user_name_taken()
    rules.protect(adapter)
    rules.refuse_linked(adapter.link)
    rules.refuse_left(adapter)
    moved.leave_to(adapter)
    rules.claim(adapter.link, adapter.obj)
    if adapter.person.owns_account and adapter.compiled_mapping.account_name is not None:
        take_name_back(caller, adapter, document)
    adapter.link.deleted_at = None
    return adapter
