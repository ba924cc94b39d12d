"""Writing the provisioning log: what requests did, and what was refused; see ``administrators`` for people."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django.db import Error

from scim_provisioning import databases
from scim_provisioning.databases import making_models, own_rows
from scim_provisioning.events import (
    identifiers,
    lines,
    observed,
    payloads,
    redaction,
    repeats,
    reports,
    sent_names,
    strangers,
)
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from scim_provisioning.protocol.errors import SCIMError

logger = logging.getLogger("scim_provisioning.events")

# Refusals that somebody who watches for attacks wants to see, beside every auth.* one.
_SECURITY_CODES = frozenset({"user.protected", "user.last_administrator", "conn.held"})

_USER_PATH = re.compile(r"(?i)/Users/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$")

# Texts are cut to their columns: a hostile header must not turn a refusal into a database error.
SIZES = {column.name: column.max_length or 0 for column in ProvisioningEvent._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``token`` and ``connection`` are None while nobody has proved to be somebody. ``actor`` is the
    administrator who asks in the identity provider's place."""

    connection: SCIMConnection | None
    token: SCIMToken | None
    request_id: str = ""
    address: str = ""
    client: str = ""
    actor: AbstractBaseUser | None = None

    @property
    def tenant(self) -> SCIMConnection:
        """The connection of a caller who was let in. Raises ``PermissionError`` for anybody else."""
        if self.connection is None:
            raise PermissionError("Nobody has proved to be somebody yet.")
        return self.connection


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is asked. ``request_body`` is a JSON value, raw bytes that did not parse, or None.

    ``started`` is a reading of ``time.perf_counter``.
    """

    method: str
    path: str
    operation: str
    request_body: object = None
    started: float = field(default_factory=perf_counter)

    @property
    def is_read(self) -> bool:
        """Whether nothing is asked to be changed."""
        return self.operation in (Operation.READ, Operation.SEARCH)


def applied(
    caller: Caller,
    exchange: Exchange,
    *,
    action: str,
    link: ProvisionedUser | None,
    status: int,
    changes: Mapping[str, tuple[object, object]],
    ignored: Iterable[str] = (),
    detail: str = "",
    cause: Mapping[str, object] | None = None,
) -> ProvisioningEvent:
    """Write down what was done: one insert, and one more for the userName, e-mail address or name that it did
    away with. ``exchanged`` keeps what was said, once the answer is known.

    Call it inside the transaction that does it, so that the log cannot lie. ``changes`` maps SCIM attribute
    paths to (before, after). ``detail`` and ``cause`` explain a change that was skipped.
    """
    event = _event(caller, exchange, link)
    event.action, event.outcome, event.status = action, Outcome.APPLIED, status
    event.changes = safe_changes(changes)
    event.ignored = redaction.json_safe(list(ignored))
    event.detail = redaction.text(detail, SIZES["detail"])
    event.cause = redaction.json_safe(cause or {})
    own_rows.insert(event)
    observed.note_done(event)
    if link is not None:
        identifiers.remember(link, changes)
    return event


def exchanged(event: ProvisioningEvent, exchange: Exchange, response: object = None) -> None:
    """Keep what was asked and answered, redacted: one insert, none when neither side has a body.

    Call it in the same transaction, after the host's hooks: what they change is in the answer.
    """
    payloads.save(event, exchange.request_body, response)


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
    """What writes the row of a refusal, in a transaction of its own. Called again, it writes no second one."""
    tried: list[ProvisioningEvent] = []

    def write() -> None:
        with databases.atomic():
            if tried and _stands(tried[-1]):
                # It was committed, and the answer to that was lost.
                return
            if holder is not None and repeats.counted_again(holder, error):
                return
            # Somebody may have deleted it since.
            given = None if tried else link
            named = given or named_by(exchange.path, caller.tenant)
            tried.append(_write_refusal(caller, exchange, error, named))

    return write


def _stands(event: ProvisioningEvent) -> bool:
    same = {"pk": event.pk, "created_at": event.created_at, "request_id": event.request_id}
    return ProvisioningEvent.objects.filter(**same).exists()


def _write_refusal(
    caller: Caller, exchange: Exchange, error: SCIMError, link: ProvisionedUser | None
) -> ProvisioningEvent:
    event = _event(caller, exchange, link)
    held = error.code == "conn.held"
    event.action, event.outcome = Action.HELD if held else Action.REFUSED, Outcome.REFUSED
    event.status = error.status
    event.error_code = redaction.text(error.code, SIZES["error_code"])
    event.detail = redaction.text(error.detail, SIZES["detail"])
    event.cause = redaction.json_safe(error.params)
    own_rows.insert(event)
    observed.note_done(event)
    payload = payloads.save(event, exchange.request_body, error.to_dict())
    sent_names.remember(event, payload, exchange.request_body)
    return event


def named_by(path: str, connection: SCIMConnection) -> ProvisionedUser | None:
    """The learner whose SCIM id ends the path, deleted or not, so that a refusal stands in their history."""
    found = _USER_PATH.search(path)
    if found is None:
        return None
    return ProvisionedUser.objects.filter(connection=connection, scim_id=found[1].lower()).first()


def _event(caller: Caller, exchange: Exchange, link: ProvisionedUser | None) -> ProvisioningEvent:
    texts = {
        "request_id": caller.request_id,
        "address": caller.address,
        "client": caller.client,
        "method": exchange.method,
        "path": exchange.path,
    }
    event: ProvisioningEvent = making_models.new(
        ProvisioningEvent,
        connection=caller.connection,
        link=link,
        token=caller.token,
        token_prefix="" if caller.token is None else caller.token.prefix,
        actor_id=None if caller.actor is None else caller.actor.pk,
        operation=exchange.operation,
        duration_ms=max(0, round((perf_counter() - exchange.started) * 1000)),
        **{name: redaction.text(value, SIZES[name]) for name, value in texts.items()},
    )
    identify(event, link, exchange.request_body)
    return event


def identify(event: ProvisioningEvent, link: ProvisionedUser | None, body: object = None) -> None:
    """Note whom it is about in words; of somebody who got no link, what the request called them."""
    if link is not None:
        names: dict[str, object] = {
            "user_name": link.user_name,
            "external_id": link.external_id,
            "scim_id": link.scim_id,
        }
    else:
        said = (
            {str(key).casefold(): value for key, value in body.items()} if isinstance(body, Mapping) else {}
        )
        names = {"user_name": said.get("username"), "external_id": said.get("externalid")}
    for name, value in names.items():
        if isinstance(value, str):
            setattr(event, name, redaction.text(value, SIZES[name]))
    event.user_name_key = identifiers.key_of(event.user_name)


def safe_changes(changes: Mapping[str, tuple[object, object]]) -> dict[str, Any]:
    """What is kept of (before, after) by attribute path: JSON, and no secret."""
    kept = {
        redaction.text(path, 500): values for path, values in changes.items() if not redaction.is_secret(path)
    }
    if redaction.is_plain(kept):
        return {path: [*values] for path, values in kept.items()}
    return {path: [*map(redaction.json_safe, values)] for path, values in kept.items()}


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
