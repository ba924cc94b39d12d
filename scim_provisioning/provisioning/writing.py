"""Bringing a learner, their link and the log to what a document says, inside the caller's transaction."""

from __future__ import annotations

from django.db import IntegrityError
from django.utils import timezone

from scim_provisioning import events, policies
from scim_provisioning.adapters import LearnerAdapter, database_errors
from scim_provisioning.adapters.kinds.kind import checked_text
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.sql.searchable import search_copy
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol import documents, paths
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.text import fold
from scim_provisioning.provisioning import searching

#: What lets somebody in again: an account that the host had hidden must be seen once more.
_RETURNS = frozenset({Action.ADOPTED, Action.REVIVED, Action.REACTIVATED})


def write(
    adapter: LearnerAdapter,
    caller: Caller,
    exchange: Exchange,
    before: Document,
    after: Document,
    action: Action,
    *,
    ignored: tuple[str, ...],
    status: int,
) -> ProvisioningEvent:
    """Bring learner and link to ``after`` and log it, in the caller's transaction.

    A document without ``active`` (a client removed it) says nothing about access, which stays as it was.
    """
    active: bool = after.get("active", adapter.is_active)
    _check_link(after)
    adapter.remember_rows()
    adapter.validate_dict(after)
    adapter.from_dict(after)
    if action is not Action.UPDATED:
        adapter.set_active(active)
    save_learner(adapter)
    if active and action in _RETURNS:
        adapter.bring_back()
    if action is not Action.UPDATED:
        adapter.link.active = active
    save_link(adapter, after)
    if not active:
        adapter.revoke_access(adapter.learner)
    changes = documents.changes(before, after)
    return events.applied(
        caller,
        exchange,
        action=action,
        link=adapter.link,
        status=status,
        changes=changes,
        ignored=ignored,
    )


def _check_link(document: Document) -> None:
    """Refuse what the link's own columns cannot hold, before a database says it as an error of its own."""
    column = ProvisionedUser._meta.get_field
    checked_text("userName", document["userName"], column("user_name"))
    # Folding can lengthen a text.
    checked_text("userName", fold(document["userName"]), column("user_name_key"))
    if "externalId" in document:
        checked_text("externalId", document["externalId"], column("external_id"))


def save_learner(adapter: LearnerAdapter) -> None:
    with database_errors.explained(adapter.compiled_mapping):
        adapter.save()


def save_link(adapter: LearnerAdapter, document: Document) -> None:
    link = adapter.link
    link.user = adapter.obj
    link.user_name = document["userName"]
    key = fold(link.user_name)
    if link.user_name_key not in (None, key):
        _vacate(link, key)
    link.user_name_key, link.user_name_tombstone_key = key, None
    link.external_id = document.get("externalId")
    link.document = document
    link.search = search_copy(
        document, adapter.compiled_mapping, awaits_manager=adapter.person.awaits_manager
    )
    link.modified_at = timezone.now()
    if not link._state.adding:
        link.version += 1
    try:
        link.save()
    except IntegrityError as error:
        if not database_errors.is_collision(error, ProvisionedUser, "scim_link_user_name_unique"):
            raise
        # Somebody else took the name a moment ago.
        raise policies.user_name_taken() from error


def _vacate(link: ProvisionedUser, key: str) -> None:
    """Free a name that is held only by a link whose account the host deleted: nobody is behind it."""
    same_name = ProvisionedUser.objects.living().filter(connection=link.connection_id, user_name_key=key)
    for vacant in same_name.filter(user__isnull=True):
        bury(vacant)


def bury(link: ProvisionedUser) -> None:
    """Make a link a tombstone: its name is free, and it still knows whose it was."""
    link.user_name_tombstone_key, link.user_name_key = link.user_name_key, None
    link.active, link.deleted_at, link.modified_at = False, timezone.now(), timezone.now()
    link.save()


def forget(tombstone: ProvisionedUser) -> None:
    """Take account and document from a tombstone: its SCIM id and names stay, and it can revive nobody."""
    # By a statement of its own: the account that the instance still holds may be gone from the database.
    mine = ProvisionedUser.objects.filter(connection=tombstone.connection_id, pk=tombstone.pk)
    mine.update(user=None, document={}, search={})


def settle_manager(caller: Caller, waited_for: str, scim_id: str | None) -> list[str]:
    """Give a manager who has appeared (back) to the people whose ``manager`` named them in vain.

    ``waited_for`` is the value those people's documents hold: the id itself, or a ``bulkId:``. With None they
    wait for nobody any longer. Returns the SCIM ids of those people.
    """
    adapter_class = get_adapter_class()
    mapping = adapter_class.compiled(caller.tenant)
    if mapping.manager is None:
        return []
    waiting = searching.waiting_for_manager(caller.tenant, adapter_class, waited_for)
    for adapter in adapter_class.for_links(waiting, caller.tenant):
        adapter.link.connection = caller.tenant
        document = adapter.read()
        paths.write(document, mapping.manager.path, scim_id)
        adapter.remember_rows()
        adapter.from_dict(document)
        save_learner(adapter)
        save_link(adapter, document)
    return [link.scim_id for link in waiting]
