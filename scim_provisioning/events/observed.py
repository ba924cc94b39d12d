"""What is noted of a request on its way through the layers, for the one line and the metrics that tell of it.

Nothing is decided by it. Outside of a request (commands, pages) there is nothing to note in, and nobody has to ask.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from django.db import transaction

from scim_provisioning import telemetry
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.telemetry.correlation import Trace

if TYPE_CHECKING:
    from scim_provisioning.protocol.errors import SCIMError


@dataclass(frozen=True, slots=True)
class Done:
    """What became of somebody, in the words of the provisioning log; ``paths`` are those that changed."""

    action: str
    outcome: str
    link_id: int | None
    paths: tuple[str, ...]


@dataclass(slots=True)
class Observed:
    """One request. ``started`` is a reading of ``time.perf_counter``, ``database_seconds`` what statements took."""

    request_id: str
    method: str
    route: str
    trace: Trace | None = None
    connection: SCIMConnection | None = None
    token: SCIMToken | None = None
    error: SCIMError | None = None
    done: list[Done] = field(default_factory=list)
    started: float = field(default_factory=perf_counter)
    database_seconds: float = 0.0


_current: ContextVar[Observed | None] = ContextVar("scim_provisioning_observed", default=None)


def current() -> Observed | None:
    """The request that is being answered; None outside of one."""
    return _current.get()


@contextmanager
def observing(request: Observed) -> Iterator[None]:
    """Whatever is noted inside is noted of ``request``."""
    before = _current.set(request)
    try:
        yield
    finally:
        _current.reset(before)


def request_id() -> str:
    """The id of the request that is being answered; outside of one, a new one."""
    request = current()
    return uuid.uuid4().hex if request is None else request.request_id


def note_caller(connection: SCIMConnection | None, token: SCIMToken | None) -> None:
    """Note who asks, once that is known."""
    request = current()
    if request is not None and connection is not None:
        request.connection, request.token = connection, token


def note_error(error: SCIMError) -> None:
    """Note that the request is answered with ``error``; a token that was not let in says whose request it was."""
    request = current()
    if request is None:
        return
    request.error = error
    token: SCIMToken | None = getattr(error, "token", None)
    if request.connection is None and token is not None:
        request.connection, request.token = token.connection, token


def note_done(event: ProvisioningEvent) -> None:
    """Note what became of somebody and count it, once that is committed: what is rolled back is forgotten."""
    done = Done(event.action, event.outcome, event.link_id, tuple(event.changes))
    transaction.on_commit(partial(_committed, done, current()), using=event._state.db, robust=True)


def _committed(done: Done, request: Observed | None) -> None:
    telemetry.current().operation(action=str(done.action), result=str(done.outcome))
    if request is not None:
        request.done.append(done)
