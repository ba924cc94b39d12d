"""An adoption is kept and undone: the account becomes what it was when it was linked, and nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils import timezone

from scim_provisioning import databases, events, sessions
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.databases.retrying import retried
from scim_provisioning.events import Caller, identifiers
from scim_provisioning.models import Action, Adoption, ProvisionedUser, ProvisioningEvent, SharedAccount
from scim_provisioning.models.adoption import UNDONE_WITHIN
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.errors import NotFound
from scim_provisioning.provisioning import host_calls, sign_in_names
from scim_provisioning.provisioning.links import remember_whose, strip_tombstone
from scim_provisioning.provisioning.loading import load_for_update
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.provisioning.withdrawing import end_owner
from scim_provisioning.provisioning.writing import end_access, explained, save_learner
from scim_provisioning.rules import protect
from scim_provisioning.rules.by_hand import moved_by_hand
from scim_provisioning.rules.departed import left_by, was_left_by_another

#: Stands among what is kept where the account was switched off: no row has such a name.
_WAS_OFF: Final = "~was off"
#: What says of somebody whether provisioning has them on or off.
_MOVES: Final = (Action.ADOPTED, Action.REVIVED, Action.DEACTIVATED, Action.REACTIVATED)
#: Values of the rows that the mapping writes, by row and by field, or by field and keys of a JSON column.
Kept = dict[str, dict[str, Any]]


def kept(adapter: LearnerAdapter) -> Kept:
    """What provisioning may overwrite of an account, before it does (one query for each many-to-many relation)."""
    values: Kept = {}
    for name, entry, row in _fields(adapter):
        values.setdefault(entry.source.name, {})[name] = _value(entry, row)
    return values if adapter.has_access is not False else values | {_WAS_OFF: {}}


def adoption(adapter: LearnerAdapter, values: Kept) -> Adoption:
    """The unsaved row that remembers these values of the account that was linked."""
    link = adapter.link
    return Adoption(connection_id=link.connection_id, link=link, user_id=adapter.obj.pk, kept=values)


def undo(caller: Caller, link: ProvisionedUser, *, detail: str) -> ProvisioningEvent:
    """Bring the account back to what it was when it was linked, and end the link: it becomes a tombstone that can bring
    nobody back, by which former names are found. Sessions end where the sign-in changed.

    Raises ``NotFound`` where the link is gone or no adoption is kept, ``Forbidden`` where the account is protected by
    now, ``Uniqueness`` where somebody else has the former name; what ``durable`` and the host's hook raise.
    """
    return durable(lambda: _undo(caller, link, detail))


def preview(caller: Caller, link: ProvisionedUser) -> dict[str, Any]:
    """The changes that ``undo`` would make, as its event says them, without ending a session and without a word to the
    host: no hook, no ``save`` and no receiver of theirs hears of a look. Raises as ``undo``."""

    def looked() -> dict[str, Any]:
        with databases.rehearsed():
            found = _take_back(caller, link)
        return found.changes

    return retried(looked)


def undoable(link: ProvisionedUser) -> Adoption | None:
    """The adoption of a link that can still be undone (one query)."""
    since = timezone.now() - UNDONE_WITHIN
    found = Adoption.objects.filter(link=link, undone_at__isnull=True, made_at__gt=since)
    return found.first()


@dataclass(frozen=True, slots=True)
class _TakenBack:
    """A learner whose account is what it was, saved; ``before`` is the resource as it stood."""

    adapter: LearnerAdapter
    before: dict[str, Any]
    changes: dict[str, Any]
    signs_in_anew: bool


def _take_back(caller: Caller, link: ProvisionedUser) -> _TakenBack:
    adapter = load_for_update(caller, link.scim_id)
    found = undoable(adapter.link)
    if found is None:
        raise NotFound()
    protect(adapter)
    before = adapter.read()
    adapter.remember_rows()
    _restore(adapter, found)
    changed = sign_in_names.rewritten(adapter)
    if databases.is_rehearsal():
        _write_unheard(adapter)
    else:
        save_learner(adapter)
    after = {**_as_held(adapter), "active": adapter.is_active}
    return _TakenBack(adapter, before, documents.changes(before, after), bool(changed))


def _write_unheard(adapter: LearnerAdapter) -> None:
    """Have the database say whether it would take what ``save_learner`` writes, past whatever the host has around its
    models (one statement for each row that changes)."""
    with explained(adapter):
        for row, columns in adapter.person.rows.changes():
            rows: QuerySet[Any] = QuerySet(type(row), using=row._state.db).filter(pk=row.pk)
            rows.update(**{column: getattr(row, column) for column in columns})


def _undo(caller: Caller, link: ProvisionedUser, detail: str) -> ProvisioningEvent:
    taken = _take_back(caller, link)
    adapter = taken.adapter
    if taken.signs_in_anew or not adapter.has_access:
        sessions.end(adapter.obj)
    event = events.admin(
        caller.tenant,
        action=Action.ADOPTION_UNDONE,
        actor=caller.actor,
        link=adapter.link,
        detail=detail,
        address=caller.address,
        changes=taken.changes,
    )
    if taken.changes.get("active") == (True, False):
        end_access(adapter, event)
    identifiers.remember(adapter.link, documents.changes(taken.before, {}))
    # An earlier word that they may share the account would link it again.
    SharedAccount.objects.filter(connection=adapter.link.connection_id, user=adapter.obj).delete()
    end_owner(adapter.link)
    strip_tombstone(adapter.link)
    remember_whose(caller, adapter.link, adapter.obj.pk)
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


def _restore(adapter: LearnerAdapter, found: Adoption) -> None:
    """Put kept values into the rows, unsaved; what belongs to an account that another connection owns is left alone,
    and so is a company or a team that is gone or another customer's by now. Whom the owner of that day has let go
    since, goes off; and nobody is switched on whom any other connection of that day has let go, or whom an
    administrator of the LMS has switched off by hand."""
    values: Mapping[str, Mapping[str, Any]] = found.kept
    for name, entry, row in _fields(adapter):
        held = values.get(entry.source.name, {})
        if name in held and adapter.person.owns(entry.source) and _value(entry, row) != held[name]:
            _put(adapter, entry, row, held[name])
    if adapter.compiled_mapping.active is None:
        return
    has_left = left_by(adapter.connection, adapter.obj.pk, found.made_at, of_switch=True) is not None
    if _WAS_OFF in values or has_left:
        if adapter.has_access:
            adapter.set_active(False)
    elif not adapter.has_access and _has_gone(adapter):
        if was_left_by_another(adapter.connection, adapter.obj.pk, found.made_at) or moved_by_hand(adapter):
            return
        # Whom the identity provider switched off was on.
        adapter.set_active(True)


def _has_gone(adapter: LearnerAdapter) -> bool:
    """Whether provisioning switched the account off, and not the LMS: that the identity provider wants it off too by
    now, says nothing of how it was (one query, of who is wanted off)."""
    link = adapter.link
    if link.active:
        return False
    moves = ProvisioningEvent.objects.filter(connection=link.connection_id, link=link, action__in=_MOVES)
    last = moves.order_by("-pk").values_list("action", "changes").first()
    return last is not None and (last[0] == Action.DEACTIVATED or last[1].get("active", [None])[-1] is False)


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
        here = entry.field.related_model._base_manager.filter(pk__in=value)
        if databases.is_rehearsal():
            # Read as if it were so: receivers hear of a relation that is set.
            row.__dict__.setdefault("_prefetched_objects_cache", {})[entry.field.name] = here
        else:
            adapter.person.rows.after_save(lambda: getattr(row, entry.field.name).set(here))
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
    before = getattr(row, entry.field.attname)
    setattr(row, entry.field.attname, value)
    if entry.field.is_relation and value is not None and not _is_theirs(adapter, entry, row):
        setattr(row, entry.field.attname, None if entry.field.null else before)


def _is_theirs(adapter: LearnerAdapter, entry: Entry, row: Any) -> bool:
    """Whether the company, say, that a row points at is there still, and this customer's."""
    try:
        return entry.declaration.current(row, entry.field, adapter.person) is not None
    except ObjectDoesNotExist:
        return False
