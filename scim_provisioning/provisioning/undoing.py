"""An adoption is kept and undone: the account becomes what it was when it was linked, and nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone

from scim_provisioning import events, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.events import Caller, identifiers
from scim_provisioning.models import Action, Adoption, ProvisionedUser, ProvisioningEvent
from scim_provisioning.models.adoption import UNDONE_WITHIN
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.provisioning import host_calls, sign_in_names
from scim_provisioning.provisioning.links import make_tombstone, strip_tombstone
from scim_provisioning.provisioning.loading import load_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.writing import save_learner

#: Values of the rows that the mapping writes, by row and by field, or by field and keys of a JSON column.
Kept = dict[str, dict[str, Any]]


def kept(adapter: LearnerAdapter) -> Kept:
    """What provisioning may overwrite of an account, before it does (one query for each many-to-many relation)."""
    values: Kept = {}
    for name, entry, row in _fields(adapter):
        values.setdefault(entry.source.name, {})[name] = _value(entry, row)
    return values


def adoption(adapter: LearnerAdapter, values: Kept) -> Adoption:
    """The unsaved row that remembers these values of the account that was linked."""
    link = adapter.link
    return Adoption(connection_id=link.connection_id, link=link, user_id=adapter.obj.pk, kept=values)


def undo(caller: Caller, link: ProvisionedUser, *, detail: str) -> ProvisioningEvent:
    """Bring the account back to what it was when it was linked, and end the link: it becomes a tombstone that can bring
    nobody back, by which former names are found. Sessions end where the sign-in changed.

    Raises ``NotFound`` where the link is gone or no adoption is kept, ``Uniqueness`` where somebody else has the former
    name by now; what ``durable`` and the host's hook raise.
    """
    return durable(lambda: _undo(caller, link, detail))


def undoable(link: ProvisionedUser) -> Adoption | None:
    """The adoption of a link that can still be undone (one query)."""
    since = timezone.now() - UNDONE_WITHIN
    found = Adoption.objects.filter(link=link, undone_at__isnull=True, made_at__gt=since)
    return found.first()


def _undo(caller: Caller, link: ProvisionedUser, detail: str) -> ProvisioningEvent:
    adapter = load_for_update(caller, link.scim_id)
    found = undoable(adapter.link)
    if found is None:
        raise NotFound()
    before = adapter.read()
    adapter.remember_rows()
    _restore(adapter, found.kept)
    changed = sign_in_names.rewritten(adapter)
    save_learner(adapter)
    after = {**_as_held(adapter), "active": adapter.is_active}
    if changed:
        sessions.end(adapter.obj)
    event = events.admin(
        caller.tenant,
        action=Action.ADOPTION_UNDONE,
        actor=caller.actor,
        link=adapter.link,
        detail=detail,
        address=caller.address,
        changes=documents.changes(before, after),
    )
    identifiers.remember(adapter.link, documents.changes(before, {}))
    make_tombstone(adapter.link)
    strip_tombstone(adapter.link)
    found.kept, found.undone_at = {}, timezone.now()
    found.undone_by_id = None if caller.actor is None else caller.actor.pk
    found.save(update_fields=["kept", "undone_at", "undone_by"])
    host_calls.tell_of_change(adapter, "on_updated", event)
    return event


def _as_held(adapter: LearnerAdapter) -> dict[str, Any]:
    """The account's own values, whatever the identity provider has sent."""
    adapter.link.document = {}
    name = adapter.compiled_mapping.account_name
    held = adapter.read()
    if name is not None:
        held["userName"] = getattr(adapter.obj, name.field.attname)
    return held


def _restore(adapter: LearnerAdapter, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Put kept values into the rows, unsaved; what belongs to an account that another connection owns is left alone."""
    for name, entry, row in _fields(adapter):
        held = values.get(entry.source.name, {})
        if name in held and adapter.person.owns(entry.source) and _value(entry, row) != held[name]:
            _put(adapter, entry, row, held[name])
    switch = adapter.compiled_mapping.active
    # Whom the identity provider switched off was on: who is off is never linked.
    if switch is not None and not adapter.link.active and not adapter.has_access:
        adapter.set_active(True)


def _fields(adapter: LearnerAdapter) -> Iterator[tuple[str, Entry, Any]]:
    """The mapped fields of the rows that are there, each once, without the switch."""
    mapping, seen = adapter.compiled_mapping, set()
    for entry in mapping.all_entries:
        row = adapter.row(entry.source.name)
        name = "/".join([entry.field.name, *map(str, entry.declaration.keys)])
        if entry is mapping.active or row is None or (entry.source.name, name) in seen:
            continue
        seen.add((entry.source.name, name))
        yield name, entry, row


def _value(entry: Entry, row: Any) -> Any:
    """As JSON holds it."""
    if entry.field.many_to_many:
        return sorted(str(key) for key in getattr(row, entry.field.name).values_list("pk", flat=True))
    value = getattr(row, entry.field.attname)
    for key in entry.declaration.keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)


def _put(adapter: LearnerAdapter, entry: Entry, row: Any, value: Any) -> None:
    if entry.field.many_to_many:
        adapter.person.rows.after_save(lambda: getattr(row, entry.field.name).set(value))
        return
    keys = entry.declaration.keys
    if keys:
        outer = dict(getattr(row, entry.field.attname) or {})
        inner = outer
        for key in keys[:-1]:
            inner[key] = dict(inner.get(key) or {})
            inner = inner[key]
        inner[keys[-1]] = value
        if value is None:
            del inner[keys[-1]]
        value = outer
    else:
        target = entry.field.target_field if entry.field.is_relation else entry.field
        value = None if value is None else target.to_python(value)
    setattr(row, entry.field.attname, value)
