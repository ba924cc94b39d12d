"""Linking accounts that are here before their identity provider sends anybody: an administrator's word.

The link waits for the identity provider (``ProvisionedUser.is_awaited``): a look-up by userName finds it, a PATCH or
PUT writes to it, and a POST takes it up. Nothing of the account is changed here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from django.db import IntegrityError
from django.db.models import F, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy

from scim_provisioning import databases, events, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.reading import complete
from scim_provisioning.events import Caller
from scim_provisioning.models import Action, Adoption, ProvisionedUser
from scim_provisioning.models.provisioned_user import AWAITED_VERSION, user_name_key
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import host_calls, moved
from scim_provisioning.provisioning.earlier import free_names
from scim_provisioning.provisioning.evidence import decide
from scim_provisioning.provisioning.links import check_link, keep_document, make_tombstone
from scim_provisioning.provisioning.loading import hold_connection, lock_newcomer
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.undoing import adoption, kept
from scim_provisioning.provisioning.verdicts import Finding, Verdict
from scim_provisioning.rules import KnownStanding
from scim_provisioning.rules.ownership import lock_links

#: So many are linked in one transaction.
TOGETHER: Final = 200
_DETAIL: Final = gettext_lazy(
    "Linked before the identity provider sent this person: it writes to the account once it does, and not before."
)


def link_certain(caller: Caller, verdicts: Sequence[Verdict]) -> int:
    """Link those of these people who are certain, a few hundred at most, in one transaction; return how many.

    Whoever is not certain any more once their account is locked is left out. Raises what ``durable`` raises,
    ``Unauthorized`` for a connection that has ended, and ``Forbidden`` where seats are left for fewer of them.
    """
    certain = [one for one in verdicts if one.finding is Finding.CERTAIN]
    return durable(lambda: _linked(caller, certain)) if certain else 0


def link_one(
    caller: Caller,
    document: Document,
    account: Any,
    *,
    keeps_profile: bool = False,
    admit: Callable[[Any], None] = lambda account: None,
) -> ProvisionedUser:
    """Link one person to an account that an administrator names, whatever the evidence, and a protected one too: it
    stays protected. ``keeps_profile``: the link does not own the account, and writes nothing of it but access.
    ``admit`` raises what speaks against the account, as it stands once it is locked.

    Raises ``Uniqueness`` for a userName or an account that is in use, and one that the application has switched off;
    ``InvalidValue``, ``Unauthorized``, ``Forbidden`` where no seat is left, and what ``durable`` raises.
    """
    return durable(lambda: _linked_one(caller, document, account, keeps_profile, admit))


def _linked_one(
    caller: Caller, document: Document, account: Any, keeps_profile: bool, admit: Callable[[Any], None]
) -> ProvisionedUser:
    past = rules.history(caller.tenant, document)
    if past.awaited is not None:
        raise rules.user_name_taken(past.awaited)
    for vacant in past.vacant:
        make_tombstone(vacant)
    link = _link(caller, document["userName"], account)
    adapter = get_adapter_class()(account, link=link, connection=caller.tenant)
    if past.tombstone is not None or past.earlier:
        free_names(caller, adapter, document)
    lock_newcomer(adapter)
    admit(adapter.obj)
    rules.refuse_anothers_leaver(adapter)
    rules.refuse_left(adapter)
    rules.claim(link, adapter.obj)
    rules.refuse_switched_off(adapter)
    check_link(document, link)
    link.keeps_profile = keeps_profile
    link.owns_profile = link.owns_profile and not keeps_profile
    keep_document(adapter, _said(document["userName"]))
    hold_connection(caller.tenant)
    _write(caller, [adapter])
    return link


def _linked(caller: Caller, certain: Sequence[Verdict]) -> int:
    """In the order in which everybody locks: the accounts' links, the accounts, and the connection in the end."""
    keys = [one.accounts[0].pk for one in certain]
    lock_links(ProvisionedUser.objects.filter(user__in=keys))
    accounts = type(certain[0].accounts[0])._base_manager.filter(pk__in=keys)
    here = {account.pk for account in accounts.select_for_update().order_by("pk")}
    if databases.sees_no_additions():
        # See loading.lock_newcomer.
        ProvisionedUser.objects.filter(user__in=keys).order_by().update(version=F("version"))
        name = accounts.model.USERNAME_FIELD
        accounts.order_by().update(**{name: F(name)})
    standing = KnownStanding(caller.tenant)
    again = decide(caller.tenant, [one.document for one in certain], standing)
    still = [
        now
        for now, before in zip(again, certain, strict=True)
        if now.finding is Finding.CERTAIN and now.accounts[0].pk == before.accounts[0].pk
    ]
    still = [one for one in still if one.accounts[0].pk in here]
    _leave(caller, standing.are_beside([one.accounts[0].pk for one in still]))
    adapters = [_adapter(caller, one, standing) for one in still]
    _read_rows(adapters)
    hold_connection(caller.tenant)
    _write(caller, adapters)
    return len(adapters)


def _leave(caller: Caller, keys: Collection[Any]) -> None:
    """From whom the LMS has moved these accounts, which are locked: they let go of them, as for a newcomer."""
    if keys:
        beside = ProvisionedUser.objects.beside(caller.tenant).filter(user__in=keys)
        moved.still_here(beside.select_related("connection").order_by("user_id", "pk"))


def _read_rows(adapters: Sequence[LearnerAdapter]) -> None:
    """The rows of all of these people, what is kept of them, at once: a query for each kind of row."""
    if not adapters:
        return
    compiled = adapters[0].compiled_mapping
    accessors = [source.accessor for source in compiled.sources.values() if source.accessor]
    prefetch_related_objects([adapter.obj for adapter in adapters], *accessors)
    complete([adapter.person for adapter in adapters], compiled, adapters[0].connection)


def _adapter(caller: Caller, verdict: Verdict, standing: KnownStanding) -> LearnerAdapter:
    """The account with its new link, unsaved."""
    account, name = verdict.accounts[0], verdict.document["userName"]
    link = _link(caller, name, account)
    adapter = get_adapter_class()(account, link=link, connection=caller.tenant)
    if standing.holder(account) is not None or standing.was_shared(account):
        rules.claim(link, account)
    keep_document(adapter, _said(name))
    return adapter


def _link(caller: Caller, name: str, account: Any) -> ProvisionedUser:
    return ProvisionedUser(
        connection=caller.tenant,
        user=account,
        user_name=name,
        user_name_key=user_name_key(name),
        version=AWAITED_VERSION,
        adopted_at=timezone.now(),
    )


def _said(name: str) -> Document:
    """All that is known of what the identity provider wants: the rest is read from the account."""
    return {"userName": name, "active": True}


def _write(caller: Caller, adapters: Sequence[LearnerAdapter]) -> None:
    """Links and log; the host is told of each, as of somebody whom a POST links."""
    links = [adapter.link for adapter in adapters]
    try:
        ProvisionedUser.objects.bulk_create(links)
    except IntegrityError as error:
        # Somebody new was given one of these names meanwhile: begun again, they are found.
        raise databases.Overtaken from error
    if any(link.pk is None for link in links):
        # MySQL does not tell their keys.
        keys = dict(
            ProvisionedUser.objects.filter(
                connection=caller.tenant, scim_id__in=[link.scim_id for link in links]
            ).values_list("scim_id", "pk")
        )
        for link in links:
            link.pk = keys[link.scim_id]
    rules.take_seats([adapter for adapter in adapters if adapter.is_active])
    Adoption.objects.bulk_create([adoption(adapter, kept(adapter)) for adapter in adapters])
    if not host_calls.listens(get_adapter_class(), "on_provisioned"):
        events.admin_for_each(
            caller.tenant,
            links,
            action=Action.ADOPTED,
            actor=caller.actor,
            detail=str(_DETAIL),
            address=caller.address,
        )
        return
    for adapter in adapters:
        event = events.admin(
            caller.tenant,
            action=Action.ADOPTED,
            actor=caller.actor,
            link=adapter.link,
            address=caller.address,
            detail=str(_DETAIL),
        )
        host_calls.tell(adapter, "on_provisioned", event)
