"""Writing the provisioning log: what was refused, after its transaction was rolled back."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db import Error, IntegrityError

from scim_provisioning import databases
from scim_provisioning.databases import own_rows
from scim_provisioning.events import (
    kept,
    lines,
    observed,
    payloads,
    redaction,
    repeats,
    reports,
    sent_names,
    strangers,
)
from scim_provisioning.events.records import SIZES, Caller, Exchange, begun
from scim_provisioning.models import (
    Action,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)

if TYPE_CHECKING:
    from scim_provisioning.protocol.errors import SCIMError

logger = logging.getLogger("scim_provisioning.events")

# Refusals that somebody who watches for attacks wants to see, beside every auth.* one.
_SECURITY_CODES = frozenset({"user.protected", "user.last_administrator", "conn.held"})

_USER_PATH = re.compile(r"(?i)/Users/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$")


def refused(
    caller: Caller, exchange: Exchange, *, error: SCIMError, link: ProvisionedUser | None = None
) -> None:
    """Write down a refusal, after its transaction was rolled back: two inserts of their own, and one more for the names
    of whom it was about.

    An error that carries a ``token`` (see ``tokens.AuthenticationRefused``) is filed under that token's
    connection; of the same refusal of a token that was not let in there is one row a minute, with a count.
    Without any connection no row is written: strangers get a line of the log ``scim_provisioning.security`` and
    are counted (see ``strangers``), and cannot fill a table. ``link`` must exist in the database; without it
    the learner is the one whom the path names, if any (one query).

    Never raises for the database's sake: the client's answer is the refusal, not the trouble of noting it.
    """
    token: SCIMToken | None = caller.token or getattr(error, "token", None)
    connection = caller.connection or (token.connection if token is not None else None)
    _log_security(caller, exchange, error, token)
    if connection is None:
        strangers.note(error, address=caller.address, path=exchange.path)
        return
    known = Caller(connection, token, caller.request_id, caller.address, caller.client)
    # Whose refusals are counted, as they were not let in.
    holder = token if caller.token is None else None
    write = _writing(known, exchange, error, link, holder)
    try:
        if error.code == "database.gone":
            # It was waited for already.
            write()
        else:
            # The row waits for the learner's, which somebody else may be changing.
            databases.retried(write)
    except Error as failed:
        message = "A refusal could not be written to the provisioning log."
        reports.failure(logger, message, exception=failed, sent=exchange.request_body)


def _writing(
    caller: Caller,
    exchange: Exchange,
    error: SCIMError,
    link: ProvisionedUser | None,
    holder: SCIMToken | None,
) -> Callable[[], None]:
    """What writes the row of a refusal, in a transaction of its own. Called again, it writes no second one: the further
    tries have the key of the first, which no other row gets. A COMMIT whose answer was lost may still be under way when
    nothing of it is seen yet; whoever inserts the same key waits for it."""
    first: list[ProvisioningEvent] = []

    def write() -> None:
        with databases.atomic():
            if first and holder is not None:
                repeats.hold(holder)
            if first and _stands(first[-1]):
                # It was committed, and the answer to that was lost.
                return
            if holder is not None and repeats.counted_again(holder, error):
                return
            event = _refusal(caller, exchange, error, _whose(link, exchange.path, caller.tenant))
            if first:
                event.pk, event.created_at = first[-1].pk, first[-1].created_at
            _insert_refusal(event, exchange, error, first)

    def write_one() -> None:
        try:
            write()
        except IntegrityError as taken:
            if not first or databases.misses_a_row(taken):
                raise
            # The first one's came to its end meanwhile; or SQLite has given its key to somebody else's row.
            if not _stands(first[-1]):
                first.clear()
                write()

    return write_one


def _stands(event: ProvisioningEvent) -> bool:
    same = {"pk": event.pk, "created_at": event.created_at, "request_id": event.request_id}
    return ProvisioningEvent.objects.filter(**same).exists()


def _refusal(
    caller: Caller, exchange: Exchange, error: SCIMError, link: ProvisionedUser | None
) -> ProvisioningEvent:
    event = begun(caller, exchange, link)
    held = error.code == "conn.held"
    event.action, event.outcome = Action.HELD if held else Action.REFUSED, Outcome.REFUSED
    event.status = error.status
    event.error_code = redaction.text(error.code, SIZES["error_code"])
    event.detail = redaction.text(error.detail, SIZES["detail"])
    event.cause = kept.facts(error.params)
    return event


def _insert_refusal(
    event: ProvisioningEvent, exchange: Exchange, error: SCIMError, first: list[ProvisioningEvent]
) -> None:
    """Write the row and what goes with it. ``first`` gets the row of the first try as soon as that has a key."""
    own_rows.insert(event)
    if not first:
        first.append(event)
    observed.note_done(event)
    if event.link is not None and event.link.is_forgotten:
        # What is still sent for them is not kept again.
        return
    payload = payloads.save(event, exchange.request_body, error.to_dict())
    sent_names.remember(event, payload, exchange.request_body)


def _whose(link: ProvisionedUser | None, path: str, connection: SCIMConnection) -> ProvisionedUser | None:
    """The learner that the refusal is about, as they stand once whoever changes them is done: nothing is kept of
    somebody who was forgotten meanwhile. None where somebody has deleted them (one query)."""
    if link is None:
        link = named_by(path, connection)
    if link is None:
        return None
    return ProvisionedUser.objects.select_for_update().filter(connection=connection, pk=link.pk).first()


def named_by(path: str, connection: SCIMConnection) -> ProvisionedUser | None:
    """The learner whose SCIM id ends the path, deleted or not, so that a refusal stands in their history."""
    found = _USER_PATH.search(path)
    if found is None:
        return None
    return ProvisionedUser.objects.filter(connection=connection, scim_id=found[1].lower()).first()


def _log_security(caller: Caller, exchange: Exchange, error: SCIMError, token: SCIMToken | None) -> None:
    if not error.code.startswith("auth.") and error.code not in _SECURITY_CODES:
        return
    fields = {
        "request_id": caller.request_id,
        "method": exchange.method,
        "status": error.status,
        "error_code": error.code,
        "reason": error.params.get("reason", ""),
        **lines.caller_fields(None if token is None else token.connection, token),
        "address": caller.address,
        "client": caller.client,
    }
    if token is None:
        # What a stranger showed of a token; nobody has proved to hold it.
        fields["token_prefix"] = error.params.get("prefix", "")
    lines.security(fields)
