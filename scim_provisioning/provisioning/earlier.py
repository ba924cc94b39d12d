"""Deleted people who had the name that somebody has now, and may be the same person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from scim_provisioning import databases, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.naming import is_address
from scim_provisioning.events import Caller
from scim_provisioning.models import IdentityQuestion, ProvisionedUser
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.loading import load_tombstone_for_update
from scim_provisioning.rules.customers import is_lost

Tombstones = Collection[ProvisionedUser]


def met_by_rename(caller: Caller, adapter: LearnerAdapter, before: Document, after: Document) -> Tombstones:
    """The deleted people whose name a PATCH or PUT gives to somebody, once it may have it; their accounts have stepped
    aside, as for a newcomer of that name.

    One query for a rename, beside those of the rules. Raises ``Uniqueness`` and ``InvalidValue``.
    """
    had = adapter.names_of(before)
    written = [name for name in adapter.names_of(after) if name not in had]
    if not written:
        return ()
    rules.told_apart(adapter, after, written)
    if {fold(name) for name in written} <= {fold(name) for name in had}:
        # The name stays the person's, but may be written like somebody else's now: `K` may be the Kelvin sign.
        return ()
    hold_names(adapter, written)
    tombstones = rules.deleted_namesakes(adapter, after["userName"])
    if tombstones and adapter.person.owns_account:
        free_names(caller, adapter, {**after, "externalId": None})
    rules.allow_rename(adapter, after)
    return rules.owned_alone(tombstones)


def hold_names(adapter: LearnerAdapter, names: Iterable[str]) -> None:
    """Where there is no second account of a name, wait for whoever is about to take one of these in whatever case (on
    PostgreSQL one query each, usually one; under READ COMMITTED what is read afterwards knows of them)."""
    entry = adapter.compiled_mapping.account_name
    if adapter.user_name_is_sso_subject or (entry is not None and is_address(entry.field)):
        for name in sorted({fold(name) for name in names}):
            databases.hold_text(name)


def free_names(caller: Caller, newcomer: LearnerAdapter, document: Mapping[str, Any]) -> frozenset[Any]:
    """Let deleted people's accounts step aside where they still sign in by the name of ``document``, which ``newcomer``
    is to have, always in one order. Whoever has stepped aside costs nothing any more.

    Not an account that another connection uses, and none that was not this connection's alone: a guest's, or one whose
    profile the LMS keeps. Its name is somebody else's to give. Returns the keys of those accounts. Raises
    ``Uniqueness`` for a protected one, and where the host has no other name to give.
    """
    stay = set()
    for tombstone in sorted(
        rules.deleted_holders(newcomer, document), key=lambda link: (link.user_id, link.pk)
    ):
        adapter = load_tombstone_for_update(caller, tombstone.pk)
        if adapter is None or not adapter.signs_in_by(document):
            continue
        if _is_in_use(adapter) or not rules.owned_alone([adapter.link]):
            stay.add(adapter.obj.pk)
            continue
        if adapter.is_protected(adapter.obj):
            raise rules.name_is_reused(tombstone)
        host_calls.require(adapter, "step_aside", adapter.obj)
    return frozenset(stay)


def take_name_back(caller: Caller, adapter: LearnerAdapter, document: Mapping[str, Any]) -> None:
    """Give the account of somebody who returns the name back that it gave up when another person had it. Whoever has it
    now and was deleted steps aside in turn. What the LMS has called the account since stays.

    Raises ``Uniqueness`` where people sign in by that name and somebody else does: who comes with it would be signed
    in to theirs.
    """
    if adapter.signs_in_by(document):
        return
    hold_names(adapter, adapter.names_of(document))
    free_names(caller, adapter, document)
    name = adapter.names_of(document)[-1]
    if not adapter.accounts_named(name):
        adapter.take_name_back(name)
    elif adapter.user_name_is_sso_subject:
        adapter.account_name(name)


def _is_in_use(adapter: LearnerAdapter) -> bool:
    """Whether somebody works with this account: the LMS has switched it on again, or a living link of any connection
    has it, and has not lost it to another customer."""
    if adapter.switches_account and adapter.has_access and not adapter.is_hidden(adapter.obj):
        return True
    living = ProvisionedUser.objects.living().filter(user=adapter.obj).select_related("connection")
    return not all(is_lost(link) for link in living)


def ask(link: ProvisionedUser, tombstones: Tombstones) -> None:
    """Remember, for an administrator, whom somebody may be the same person as (one insert, if there are any). Nobody
    asks of a guest: whether two accounts become one is for the account's owner to say."""
    if not link.owns_profile:
        return
    questions = [
        IdentityQuestion(connection_id=link.connection_id, newcomer=link, earlier=earlier)
        for earlier in tombstones
    ]
    if questions:
        # Who is renamed to a name for the second time has been asked about.
        IdentityQuestion.objects.bulk_create(questions, ignore_conflicts=True)


def cause(tombstones: Tombstones) -> dict[str, object]:
    """The same for the log."""
    return {"earlier": [link.scim_id for link in tombstones]} if tombstones else {}
