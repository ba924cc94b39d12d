"""Calling the host's hooks: each under a savepoint of its own.

A hook that catches a database error has to undo what the database has half done; Django's ``atomic`` does that, and
many a hook forgets it. The savepoint does it here, so that the change which the hook was told of stands.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError

from scim_provisioning import databases
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.databases import Fault, fault_of
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.provisioning.transactions import broken
from scim_provisioning.telemetry import spanned

logger = logging.getLogger("scim_provisioning")


def tell(adapter: LearnerAdapter, hook: str, event: ProvisioningEvent, **news: Any) -> None:
    """Call an ``on_...`` hook with its news. Raises what the hook raises, and ``InternalError`` where it left no
    transaction to go on in.

    What a hook wrote is undone where it caught a database error, or asked for a rollback; the event says so.
    """
    _call(adapter, hook, (), {"learner": adapter.learner, "event": event, **news}, event)


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
    database = databases.connection()
    returned = is_undone = False
    try:
        with databases.atomic():
            hook(*arguments, **news)
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


def _say_undone(name: str, event: ProvisioningEvent | None) -> None:
    logger.error(
        "%s of the application caught a database error without transaction.atomic(), or rolled back: what it wrote "
        "was undone, the change it was told of was made.",
        name,
    )
    if event is not None:
        event.cause = {**event.cause, "undone": [*event.cause.get("undone", ()), name]}
        event.save(update_fields=["cause"])
