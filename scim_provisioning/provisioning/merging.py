"""Two accounts of one person become one: an administrator's word, and the host's ``merge``.

One of them goes on, the other is switched off. Where the identity provider manages the one that goes, its link moves to
the other, with all that is returned of it: the account is another, the resource is the same.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from scim_provisioning import events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.events import Caller, identifiers
from scim_provisioning.events.administrators import ACCOUNTS, NAMES
from scim_provisioning.models import Action, Adoption, ProvisionedUser, ProvisioningEvent, SharedAccount
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.errors import Uniqueness
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import host_calls, moved, sign_in_names
from scim_provisioning.provisioning.earlier import hold_names
from scim_provisioning.provisioning.links import remember_whose, save_link, strip_tombstone
from scim_provisioning.provisioning.loading import hold_connection, load_locked, lock_newcomer
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.undoing import kept
from scim_provisioning.provisioning.writing import end_access, save_learner
from scim_provisioning.rules import Obstacle
from scim_provisioning.rules.ownership import lock_links


def join(caller: Caller, into: Any, other: Any, *, met: int | None, detail: str) -> ProvisioningEvent:
    """Have the host join the account ``other`` to ``into``, which goes on. ``met``: the key of the link that one of the
    two had when this was asked, None where nobody managed either.

    Raises ``Uniqueness`` with the ``rules.Obstacle`` that is in the way among its ``params``, also where somebody else
    was quicker; ``Forbidden`` where somebody comes in by it and no seat is left; ``NotFound`` and ``Unauthorized``;
    what ``durable``, saving and the host's ``merge`` raise.
    """
    return durable(lambda: _join(caller, into, other, met, detail))


def merge(caller: Caller, newcomer: ProvisionedUser, earlier: ProvisionedUser, *, detail: str) -> None:
    """Have the host join the account of ``earlier``, a tombstone, to that of ``newcomer``, who goes on under their SCIM
    id. The tombstone forgets its account: it can bring nobody back. Raises as ``join``."""
    durable(lambda: _merge(caller, newcomer, earlier, detail))


def cannot(obstacle: Obstacle) -> Uniqueness:
    """The refusal for administrators, who are told which obstacle it is."""
    return Uniqueness(
        "One of the two accounts is not what it was when this was asked.",
        code="user.identity_conflict",
        params={"obstacle": obstacle.value},
    )


def side(caller: Caller, account: Any, link: ProvisionedUser | None = None) -> LearnerAdapter:
    """An account of this customer that no link of the connection leads to, or that of ``link``."""
    link = link or ProvisionedUser(connection=caller.tenant, user=account, user_name=account.get_username())
    return get_adapter_class()(account, link=link, connection=caller.tenant)


def _merge(caller: Caller, newcomer: ProvisionedUser, earlier: ProvisionedUser, detail: str) -> None:
    accounts = [newcomer.user_id, earlier.user_id]
    lock_links(ProvisionedUser.objects.filter(user__in=[key for key in accounts if key is not None]))
    stands = ProvisionedUser.objects.select_related("user").in_bulk([newcomer.pk, earlier.pk])
    new, old = stands.get(newcomer.pk), stands.get(earlier.pk)
    if (
        new is None
        or old is None
        or new.user is None
        or old.user is None
        or new.is_deleted
        or not old.is_deleted
    ):
        raise cannot(Obstacle.CHANGED)
    _join(caller, new.user, old.user, new.pk, detail)


def _join(caller: Caller, into: Any, other: Any, met: int | None, detail: str) -> ProvisioningEvent:
    lock_links(ProvisionedUser.objects.filter(user__in=[into.pk, other.pk]))
    stays, goes = _locked(caller, into, other)
    links = [adapter.link for adapter in (stays, goes) if not adapter.link._state.adding]
    if (found := rules.obstacle(stays, goes)) is not None:
        raise cannot(found)
    if [link.pk for link in links] != ([] if met is None else [met]):
        raise cannot(Obstacle.CHANGED)
    link = links[0] if links else None
    moves, sent, gone = link is goes.link, goes.read(), _held(caller, goes.obj)
    before, called = _held(caller, stays.obj), [one.obj.get_username() for one in (stays, goes)]
    was_seated = link is not None and _has_seat(link)
    earlier = _leave(caller, stays, goes, link)
    host_calls.merge(stays, goes.learner)
    _remember_whose(caller, other, [*earlier, *([link] if link is not None and moves else [])])
    if moves and link is not None:
        return _take_over(
            caller, link, into, other, sent=sent, before=before, was_seated=was_seated, detail=detail
        )
    if link is not None and not was_seated:
        _seat(stays)
    # Where nobody's link says whose line it is, whoever is forgotten one day is found in it by the account.
    whose = {} if link is not None else {NAMES: called}
    left = [tombstone.scim_id for tombstone in earlier]
    event = _write_down(caller, link, detail, cause={"earlier": left, **_two(into, other), **whose})
    if link is not None:
        identifiers.remember(link, documents.changes(gone, stays.read()))
    return event


def _locked(caller: Caller, into: Any, other: Any) -> tuple[LearnerAdapter, LearnerAdapter]:
    """Both as they stand; an account without a link is locked itself, in one order."""
    own = ProvisionedUser.objects.living().filter(connection=caller.tenant, user__in=[into.pk, other.pk])
    links = {link.user_id: link.pk for link in own}
    found: dict[Any, LearnerAdapter] = {}
    for account in sorted((into, other), key=lambda one: str(one.pk)):
        if account.pk in links:
            found[account.pk] = load_locked(caller, links[account.pk])
        else:
            found[account.pk] = side(caller, account)
            lock_newcomer(found[account.pk])
    hold_connection(caller.tenant)
    return found[into.pk], found[other.pk]


def _leave(
    caller: Caller, stays: LearnerAdapter, goes: LearnerAdapter, link: ProvisionedUser | None
) -> list[ProvisionedUser]:
    """What has to be so before the host joins the two: ``goes`` is off, and no link leads to it, for the host may
    delete it. Returns the tombstones that led to it and lead to nobody now."""
    moved.still_here(
        ProvisionedUser.objects.beside(caller.tenant).filter(user__in=[stays.obj.pk, goes.obj.pk])
    )
    goes.remember_rows()
    if goes.has_access:
        rules.keep_an_administrator(goes)
        goes.set_active(False)
        save_learner(goes)
    sessions.end(goes.obj)
    host_calls.revoke_access(goes, None)
    SharedAccount.objects.filter(user=goes.obj.pk).delete()
    if link is goes.link:
        own = ProvisionedUser.objects.filter(connection=caller.tenant, pk=goes.link.pk)
        own.update(user=stays.obj)
    tombstones = ProvisionedUser.objects.tombstones().filter(connection=caller.tenant, user=goes.obj.pk)
    earlier = list(tombstones)
    for tombstone in earlier:
        strip_tombstone(tombstone)
    return earlier


def _remember_whose(caller: Caller, account: Any, links: list[ProvisionedUser]) -> None:
    """Say whose the account was that went, of all links that led to it, unless the host has deleted it."""
    if links and type(account)._base_manager.filter(pk=account.pk).exists():
        for link in links:
            remember_whose(caller, link, account.pk)


def _take_over(
    caller: Caller,
    link: ProvisionedUser,
    into: Any,
    other: Any,
    *,
    sent: Document,
    before: Document,
    was_seated: bool,
    detail: str,
) -> ProvisioningEvent:
    """Make the resource of ``link`` that of the account ``into``, once the host has joined the two. ``was_seated``: the
    person held a seat before; whom the LMS had switched off takes one now."""
    account = type(into)._base_manager.filter(pk=into.pk).first()
    if account is None:
        raise cannot(Obstacle.CHANGED)
    link.user = account
    _free_name(caller, link, other, sent)
    adapter, was_adopted = side(caller, account, link), kept(side(caller, account))
    adapter.remember_rows()
    # What the account is called by now: a name that the link has already would not be written.
    link.user_name, link.adopted_at = account.get_username(), timezone.now()
    adapter.validate_dict(sent)
    adapter.from_dict(_completed(adapter, sent, before))
    if not link.active and adapter.has_access:
        adapter.set_active(False)
    changed = sign_in_names.rewritten(adapter)
    save_learner(adapter)
    rules.note_wish(adapter, link.active)
    save_link(adapter, sent)
    if not was_seated:
        _seat(adapter)
    _remember(link, was_adopted)
    changes = documents.changes(before, _held(caller, account))
    event = _write_down(caller, link, detail, changes=changes, cause=_two(into, other))
    identifiers.remember(link, changes)
    if not link.active:
        end_access(adapter, event)
    sign_in_names.settle(adapter, changed, event)
    host_calls.tell_of_change(adapter, "on_provisioned", event)
    return event


def _has_seat(link: ProvisionedUser) -> bool:
    """Whether the person is among those whom SCIM shows as active, where the host counts them (one query)."""
    adapter_class = get_adapter_class()
    if not adapter_class.overrides("seats"):
        return False
    return rules.holders(adapter_class, link.connection).filter(pk=link.pk).exists()


def _seat(adapter: LearnerAdapter) -> None:
    """Whoever was off, and is on by the account that goes on, takes a seat as by a POST. Raises ``NoSeat``."""
    if _has_seat(adapter.link):
        rules.take_a_seat(adapter)


def _free_name(caller: Caller, link: ProvisionedUser, other: Any, sent: Document) -> None:
    """The account that went gives up the name that is to be the other's, if the host has left it there: the one that
    was sent, or the one that the person has because it is somebody else's."""
    account = type(other)._base_manager.filter(pk=other.pk).first()
    if account is None:
        return
    aside = side(caller, account)
    hold_names(aside, aside.names_of(sent))
    has_second = side(caller, account, link).has_second_name(account, str(sent["userName"]))
    if has_second or aside.signs_in_by(sent):
        host_calls.require(aside, "step_aside", account)


def _completed(adapter: LearnerAdapter, sent: Document, before: Document) -> Document:
    """``sent``, with what the account has of what was never sent: it stays."""
    whole: Document = documents.copied(sent)
    for group in adapter.compiled_mapping.groups:
        if group.sent(sent) is None and group.fallback(sent) is None:
            for entry in group.entries:
                if (value := entry.read(before)) is not None:
                    entry.write(whole, value)
    return whole


def _held(caller: Caller, account: Any) -> Document:
    """An account's own values."""
    held: Document = side(caller, account).read()
    return held


def _remember(link: ProvisionedUser, values: dict[str, dict[str, Any]]) -> None:
    """As of every account that was here before it was linked: the link can be taken back for a while."""
    made = {"connection_id": link.connection_id, "user_id": link.user_id, "kept": values}
    begun = {"made_at": timezone.now()}
    Adoption.objects.update_or_create(link=link, undone_at__isnull=True, defaults=made | begun)


def _two(into: Any, other: Any) -> dict[str, Any]:
    """The fact of a line that says which accounts became one: either may have been joined to others before."""
    return {ACCOUNTS: [str(into.pk), str(other.pk)]}


def _write_down(
    caller: Caller,
    link: ProvisionedUser | None,
    detail: str,
    *,
    changes: dict[str, Any] | None = None,
    cause: dict[str, Any] | None = None,
) -> ProvisioningEvent:
    return events.admin(
        caller.tenant,
        action=Action.MERGED,
        actor=caller.actor,
        link=link,
        address=caller.address,
        detail=detail,
        changes=changes,
        cause={name: value for name, value in (cause or {}).items() if value},
    )
