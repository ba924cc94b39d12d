"""Locking a learner's value against provisioning, unlocking it, and taking the whole learner from it."""

from __future__ import annotations

from collections.abc import Mapping

from scim_provisioning import events, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Group
from scim_provisioning.events import Caller, identifiers
from scim_provisioning.models import (
    Action,
    LockedValue,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SharedAccount,
)
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.provisioning import host_calls, sign_in_names
from scim_provisioning.provisioning.links import keep_document, remember_whose, strip_tombstone
from scim_provisioning.provisioning.loading import load_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.withdrawing import end_owner
from scim_provisioning.provisioning.writing import save_learner


def lock(caller: Caller, link: ProvisionedUser, field: str, *, reason: str, detail: str) -> bool:
    """Keep a learner's value as it is, whatever the identity provider sends. ``field`` is a path of
    ``CompiledMapping.lockable``. False where it is locked already: nothing is changed.

    Raises ``NotFound`` where the link or the field is gone, and what ``durable`` raises.
    """
    return durable(lambda: _lock(caller, link, field, reason, detail))


def unlock(caller: Caller, link: ProvisionedUser, field: str, *, detail: str) -> bool:
    """Give a value back: the learner gets what the identity provider sent last. False where it is not locked.

    Nothing is written where it sent nothing, and of an account that is protected. Raises ``NotFound``, what writing a
    value raises, and what ``durable`` raises.
    """
    return durable(lambda: _unlock(caller, link, field, detail))


def detach(caller: Caller, link: ProvisionedUser, *, detail: str) -> ProvisioningEvent:
    """End a link: the account stays as it is and is the LMS's own. The SCIM id is a tombstone that can bring nobody
    back, and no evidence links the account again without an administrator's word.

    Raises ``NotFound``, and what ``durable`` raises.
    """
    return durable(lambda: _detach(caller, link, detail))


def _lock(caller: Caller, link: ProvisionedUser, field: str, reason: str, detail: str) -> bool:
    adapter = load_for_update(caller, link.scim_id)
    person, group = adapter.person, _group(adapter, field)
    if field in person.locked:
        return False
    person.locked |= {field}
    for entry in group.entries:
        # Nothing waits for a row any more: an administrator has decided.
        person.understand(entry.declaration.path, {})
        person.awaits_manager &= not entry.declaration.is_manager
    _hold(caller.tenant)
    LockedValue.objects.create(
        connection=caller.tenant,
        link=adapter.link,
        path=field,
        reason=reason,
        locked_by_id=None if caller.actor is None else caller.actor.pk,
    )
    _keep(adapter)
    _write_down(caller, adapter, Action.VALUE_LOCKED, field, detail)
    _mark(caller.tenant)
    return True


def _unlock(caller: Caller, link: ProvisionedUser, field: str, detail: str) -> bool:
    adapter = load_for_update(caller, link.scim_id)
    person = adapter.person
    if field not in person.locked:
        return False
    person.locked -= {field}
    group = next((group for group in adapter.compiled_mapping.groups if group.path == field), None)
    before, sent = adapter.read(), adapter.link.document
    # The host may have taken the line out of its mapping since.
    comes = group is not None and group.sent(sent) is not None and not person.keeps(group.first.source, field)
    after = before
    if group is not None and comes and not adapter.is_protected(adapter.obj):
        after = documents.copied(before)
        for entry in group.entries:
            entry.write(after, entry.read(sent))
        adapter.remember_rows()
        adapter.from_dict(after)
        changed = sign_in_names.rewritten(adapter)
        save_learner(adapter)
    _hold(caller.tenant)
    LockedValue.objects.filter(connection=caller.tenant, link=adapter.link, path=field).delete()
    _keep(adapter)
    changes = documents.changes(before, after)
    event = _write_down(caller, adapter, Action.VALUE_UNLOCKED, field, detail, changes)
    if changes:
        sign_in_names.settle(adapter, changed, event)
        host_calls.tell_of_change(adapter, "on_updated", event)
    _mark(caller.tenant)
    return True


def _detach(caller: Caller, link: ProvisionedUser, detail: str) -> ProvisioningEvent:
    adapter = load_for_update(caller, link.scim_id)
    link, before = adapter.link, adapter.read()
    _hold(caller.tenant)
    event = _write_down(caller, adapter, Action.DETACHED, "", detail)
    identifiers.remember(link, documents.changes(before, {}))
    rules.forget_hold(link)
    account = adapter.obj.pk
    end_owner(link)
    strip_tombstone(link)
    # An earlier word that they may share the account would link it again.
    SharedAccount.objects.filter(connection=caller.tenant, user=account).delete()
    remember_whose(caller, link, account)
    _mark(caller.tenant)
    return event


def _group(adapter: LearnerAdapter, field: str) -> Group:
    for group in adapter.compiled_mapping.lockable:
        if group.path == field:
            return group
    raise NotFound()


def _keep(adapter: LearnerAdapter) -> None:
    """Save what the link has to know of its locks. What is returned of it may be something else now."""
    link = adapter.link
    keep_document(adapter, link.document)
    link.changed()
    link.version += 1
    link.save(update_fields=["search", "asks_document", "awaited_manager", "modified_at", "version"])


def _hold(connection: SCIMConnection) -> None:
    """Lock the connection: after the learner and their link, as everybody, and before anything is written that names
    it, which would share the lock on MariaDB with others who want it whole."""
    list(SCIMConnection.objects.select_for_update().filter(pk=connection.pk).values_list("pk"))


def _mark(connection: SCIMConnection) -> None:
    """Keep on the connection, which is held, whether it has locks."""
    has_locks = LockedValue.objects.filter(connection=connection).exists()
    SCIMConnection.objects.filter(pk=connection.pk).update(has_locks=has_locks)


def _write_down(
    caller: Caller,
    adapter: LearnerAdapter,
    action: Action,
    field: str,
    detail: str,
    changes: Mapping[str, tuple[object, object]] | None = None,
) -> ProvisioningEvent:
    return events.admin(
        caller.tenant,
        action=action,
        actor=caller.actor,
        link=adapter.link,
        detail=detail,
        address=caller.address,
        changes=changes,
        cause={"field": field} if field else None,
    )
