"""Calling the host's hooks, and the receivers of their signals: each under a savepoint of its own.

A hook that catches a database error has to undo what the database has half done; Django's ``atomic`` does that, and
many a hook forgets it. The savepoint does it here, so that the change which the hook was told of stands.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from django.db import DatabaseError

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.databases import Fault, fault_of
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning.transactions import broken
from scim_provisioning.signals import OF_HOOK
from scim_provisioning.telemetry import spanned

logger = logging.getLogger("scim_provisioning")

#: What an exception of the host's carries that came out of one of its hooks.
_RAISED_BY: Final = "_scim_provisioning_hook"


@dataclass(frozen=True, slots=True)
class Raised:
    """Which hook of the host's, or signal, was called for which connection when its code raised."""

    hook: str
    connection: SCIMConnection


def raised_by(error: BaseException) -> Raised | None:
    """The hook out of which ``error`` came; None for whatever came another way."""
    found: Raised | None = getattr(error, _RAISED_BY, None)
    return found


def listens(adapter_class: type[LearnerAdapter], hook: str) -> bool:
    """Whether code of the host's is run with this hook: the hook that it has written, or a receiver of its signal."""
    signal = OF_HOOK.get(hook)
    return adapter_class.overrides(hook) or bool(signal is not None and signal.receivers)


def tell_of_change(adapter: LearnerAdapter, hook: str, event: ProvisioningEvent) -> None:
    """Call the hook of a change, and then those of what the learner has moved to with it; raises as ``tell``."""
    tell(adapter, hook, event, **({"changes": event.changes} if hook == "on_updated" else {}))
    for move in adapter.person.moves:
        tell(adapter, move.hook, event, old=move.old, new=move.new)


def tell(adapter: LearnerAdapter, hook: str, event: ProvisioningEvent, **news: Any) -> None:
    """Call an ``on_...`` hook with its news, and send its signal. Raises what the hook or a receiver raises, and
    ``InternalError`` where it left no transaction to go on in.

    What a hook wrote, or the receivers of a signal, is undone where it caught a database error, or asked for a
    rollback; the event says so.
    """
    learner = adapter.learner
    heard = {"learner": learner, "event": event, **news}
    _call(adapter, hook, (), _asked_for(getattr(adapter, hook), heard), event)
    signal = OF_HOOK[hook]
    if signal.receivers:
        send = partial(signal.send, type(learner), connection=adapter.connection, **heard)
        _send(Raised(f"signals.{hook.removeprefix('on_')}", adapter.connection), send, event)


def _asked_for(hook: Callable[..., Any], news: dict[str, Any]) -> dict[str, Any]:
    """Of the news of a hook what it names: a hook of a host's that was written before there was more goes on."""
    named = _parameters(getattr(hook, "__func__", hook))
    return news if named is None else {name: value for name, value in news.items() if name in named}


@lru_cache(maxsize=64)
def _parameters(function: Callable[..., Any]) -> frozenset[str] | None:
    """The names of what a function takes; None for one that takes everything."""
    parameters = inspect.signature(function).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    return None if takes_all else frozenset(parameters)


def revoke_access(adapter: LearnerAdapter, event: ProvisioningEvent | None) -> None:
    """Have the host end what outlives the switch."""
    _call(adapter, "revoke_access", (adapter.learner,), {}, event)


def require(adapter: LearnerAdapter, method: str, row: Any) -> None:
    """Call ``erase`` or ``step_aside``: what it does is the change itself. Raises ``InternalError`` where it would be
    undone."""
    _call(adapter, method, (row,), {}, None, is_vital=True)


def merge(adapter: LearnerAdapter, other: Any) -> None:
    """Have the host join the learner ``other`` to the adapter's. Raises ``InternalError`` where it would be undone."""
    _call(adapter, "merge", (adapter.learner, other), {}, None, is_vital=True)


@spanned("hooks")
def _call(
    adapter: LearnerAdapter,
    name: str,
    arguments: tuple[Any, ...],
    news: dict[str, Any],
    event: ProvisioningEvent | None,
    *,
    is_vital: bool = False,
) -> None:
    hook = getattr(adapter, name)
    if getattr(hook, "__func__", hook) is getattr(LearnerAdapter, name):
        # Our own, which breaks nothing, and does nothing where it is a hook.
        hook(*arguments, **news)
        return
    _guarded(Raised(name, adapter.connection), partial(hook, *arguments, **news), event, is_vital=is_vital)


@spanned("hooks")
def _send(named: Raised, send: Callable[[], Any], event: ProvisioningEvent) -> None:
    _guarded(named, send, event)


def _guarded(
    named: Raised, call: Callable[[], Any], event: ProvisioningEvent | None, *, is_vital: bool = False
) -> None:
    database, name = databases.connection(), named.hook
    returned = is_undone = False
    try:
        with databases.atomic():
            _noted(named, call)
            returned = True
            is_undone = database.needs_rollback
    except DatabaseError as error:
        if not returned:
            raise
        # The savepoint could not be released. Back at it all is well, unless it is gone with everything before it.
        if fault_of(error) is Fault.GONE:
            raise
        if database.needs_rollback:
            raise broken(name, error) from error
        is_undone = True
    if database.closed_in_transaction or (is_undone and is_vital):
        raise broken(name)
    if is_undone:
        _say_undone(name, event)


def _noted(named: Raised, call: Callable[[], Any]) -> None:
    """Call it; what it raises says who raised it."""
    try:
        call()
    except Exception as error:
        if raised_by(error) is None:
            setattr(error, _RAISED_BY, named)
        raise


def _say_undone(name: str, event: ProvisioningEvent | None) -> None:
    logger.error(
        "%s of the application caught a database error without transaction.atomic(), or rolled back: what it wrote "
        "was undone, the change it was told of was made.",
        name,
    )
    if event is not None:
        event.cause = {**event.cause, "undone": [*event.cause.get("undone", ()), name]}
        event.save(update_fields=["cause"])
