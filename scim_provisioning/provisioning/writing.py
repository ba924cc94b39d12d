"""Bringing a learner, their link and the log to what a document says, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError

from scim_provisioning import events, rules, sessions
from scim_provisioning.adapters import LearnerAdapter, attribute_names, database_errors
from scim_provisioning.events import Caller, Exchange
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.resources import Document
from scim_provisioning.provisioning import differences, host_calls, local_values, moved, moves, sign_in_names
from scim_provisioning.provisioning.links import check_link, save_link
from scim_provisioning.telemetry import spanned

#: In the cause of an event: that the account of somebody who was linked and switched off in one was off before.
WAS_OFF = "was_off"
#: The same: that somebody is to be switched off who is in a state that the LMS alone ends (``rules.note_wish``).
WAITS = "wished_off"
#: Nothing was wanted of them before.
_FIRST = frozenset({Action.CREATED, Action.ADOPTED})
#: What ends somebody's access: of an adopted learner of the LMS's too, for an account that is off is never adopted.
_GOES = frozenset({Action.DEACTIVATED, Action.ADOPTED})
#: Who may have been held before they went by another way.
_CAME_BACK = frozenset({Action.REVIVED, Action.REACTIVATED})
#: Who holds a seat from now on; whom an administrator has linked is asked once more when they are sent.
_SEATED = _FIRST | _CAME_BACK
#: What leaves access as it is.
_STAYS = frozenset({Action.UPDATED, Action.SKIPPED})
#: What lets somebody in again: an account that the host had hidden must be seen once more.
_RETURNS = frozenset({Action.ADOPTED, Action.REVIVED, Action.REACTIVATED})


@spanned("apply")
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
    active: bool,
    cause: Mapping[str, object] | None = None,
) -> ProvisioningEvent:
    """Bring learner and link to ``after``, and access to ``active``, and log it, in the caller's transaction.

    A document need not hold ``active``: a client may have removed it.
    """
    met = differences.between(adapter) if action not in _FIRST else None
    was_off = action is Action.ADOPTED and not active and adapter.has_access is False
    waits = action not in _STAYS and rules.note_wish(adapter, active)
    check_link(after, adapter.link)
    if not active and action in _GOES:
        rules.keep_an_administrator(adapter)
        rules.let_go(adapter, is_new=adapter.link._state.adding)
    changed = _write_learner(adapter, after, action, active)
    _write_link(adapter, after, action, active)
    locks = local_values.met(adapter, before, after)
    event = events.applied(
        caller,
        exchange,
        action=action,
        link=adapter.link,
        status=status,
        changes=documents.changes(*locks.rest) | _switched(before, after, action, active),
        ignored=ignored,
        cause={
            **(cause or {}),
            **(met.facts if met else {}),
            **_left_out(adapter, before, after, locks),
            **({WAS_OFF: True} if was_off else {}),
            **({WAITS: True} if waits else {}),
        },
    )
    if not active:
        end_access(adapter, event)
    sign_in_names.settle(adapter, changed, event)
    return event


def _write_link(adapter: LearnerAdapter, after: Document, action: Action, active: bool) -> None:
    if action not in _STAYS:
        adapter.link.active = active
    save_link(adapter, after)
    if adapter.is_active and action in _SEATED:
        rules.take_a_seat(adapter)
    if action in _CAME_BACK:
        rules.forget_hold(adapter.link)


def _left_out(
    adapter: LearnerAdapter, before: Document, after: Document, locks: local_values.Met
) -> dict[str, object]:
    """What was not written, for the cause of an event: locked values; names of companies, units and teams that mean
    nothing here, each with its path; a manager who would close a circle, or is "too high" to know."""
    person, manager = adapter.person, adapter.compiled_mapping.manager
    if not (person.unknown_names or person.closes_circle):
        return locks.facts
    changed = documents.changes(before, after)
    found = [[path, name] for path, name in person.unknown_names if path in changed]
    circle = manager is not None and person.closes_circle and manager.read(before) != manager.read(after)
    unknown = {"unknown_names": found} if found else {}
    why = "too high" if person.is_too_low else True
    return locks.facts | unknown | ({"manager_circle": why} if circle else {})


def _switched(
    before: Document, after: Document, action: Action, active: bool
) -> dict[str, tuple[object, object]]:
    """Access that changed, where the document does not say so."""
    unsaid = action not in _STAYS and "active" not in after
    return {"active": (before.get("active"), active)} if unsaid else {}


def _write_learner(
    adapter: LearnerAdapter, after: Document, action: Action, active: bool
) -> sign_in_names.Rewritten:
    """Write and save the learner's rows; return what of their sign-in changed."""
    adapter.remember_rows()
    was_off = adapter.switches_account and not adapter.has_access
    adapter.validate_dict(after)
    adapter.from_dict(after)
    if action not in _STAYS:
        adapter.set_active(active)
    changed = sign_in_names.rewritten(adapter)
    save_learner(adapter)
    if active and action in _RETURNS:
        adapter.bring_back()
        if was_off:
            # Those that could not be deleted when access ended: what keeps them was gone.
            sessions.end(adapter.obj)
    return changed


def switch_off(adapter: LearnerAdapter) -> bool:
    """What DELETE does to the learner. A host that hides the account as well does not hide it from another
    connection that manages it. Returns whether they are in a state that the LMS alone ends: see ``rules.note_wish``."""
    waits: bool = rules.note_wish(adapter, active=False)
    is_hosts_own = type(adapter).delete is not LearnerAdapter.delete
    if is_hosts_own and _is_managed_beside(adapter):
        LearnerAdapter.delete(adapter)
    else:
        adapter.delete()
    return waits


def _is_managed_beside(adapter: LearnerAdapter) -> bool:
    others = ProvisionedUser.objects.beside(adapter.connection).filter(user=adapter.obj)
    here = moved.still_here(others.select_related("connection"))
    return any(rules.has_one_switch(adapter.connection, link.connection) for link in here)


def end_access(adapter: LearnerAdapter, event: ProvisioningEvent | None = None) -> None:
    """End what outlives the switch: sessions that would be good again when the learner returns, and what the host
    gave out. An account that another connection wants goes on being used: its sessions stay, and nothing is revoked."""
    if not adapter.has_access and not adapter.is_wanted_elsewhere:
        sessions.end(adapter.obj)
    if not adapter.is_kept_on:
        host_calls.revoke_access(adapter, event)


def save_learner(adapter: LearnerAdapter) -> None:
    """Save the learner's rows, unsaved so far, and note what the host is to be told of."""
    adapter.person.moves = moves.of(adapter)
    with explained(adapter):
        adapter.save()


@contextmanager
def explained(adapter: LearnerAdapter) -> Iterator[None]:
    """Around what saves a learner's rows: a database error that is about them leaves as a SCIM error.

    The host's ``save()`` and signals run inside it too. Raises ``Uniqueness`` and ``InvalidValue``; database errors
    that no value can mend pass as they are.
    """
    try:
        yield
    except DatabaseError as error:
        attributes = attribute_names.by_column(adapter.compiled_mapping)
        models, rows = database_errors.every_model(), adapter.person.rows.known()
        refusal = database_errors.explain(error, models, attributes, rows)
        if refusal is None:
            raise
        refusal.deserves_another_try = _has_met_a_row(adapter, error)
        raise refusal from error


def _has_met_a_row(adapter: LearnerAdapter, error: DatabaseError) -> bool:
    """Whether the person has a row by now for which a second one was made: the LMS has made one since. Another try
    writes to that."""
    for source in adapter.compiled_mapping.sources.values():
        if not source.is_account:
            field: Any = source.model._meta.get_field(source.user_field)
            if database_errors.is_taken(error, source.model, field.column):
                return True
    return False
