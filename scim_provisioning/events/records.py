"""Writing the provisioning log: who asked, and what requests did; see ``refusals`` for what was refused, and
``administrators`` for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from scim_provisioning.databases import making_models, own_rows
from scim_provisioning.events import (
    identifiers,
    kept,
    observed,
    payloads,
    redaction,
)
from scim_provisioning.models import (
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


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
    event = begun(caller, exchange, link)
    event.action, event.outcome, event.status = action, Outcome.APPLIED, status
    recorded = kept.recorded(changes)
    event.changes = recorded.kept
    event.ignored = kept.names(ignored)
    event.detail = redaction.text(detail, SIZES["detail"])
    event.cause = kept.facts({**(cause or {}), **recorded.facts})
    own_rows.insert(event)
    # Who is told of it now is told all of it.
    event.changes = recorded.whole
    observed.note_done(event)
    if link is not None:
        identifiers.remember(link, changes)
    return event


def exchanged(event: ProvisioningEvent, exchange: Exchange, response: object = None) -> None:
    """Keep what was asked and answered, redacted: one insert, none when neither side has a body.

    Call it in the same transaction, after the host's hooks: what they change is in the answer.
    """
    payloads.save(event, exchange.request_body, response)


def begun(caller: Caller, exchange: Exchange, link: ProvisionedUser | None) -> ProvisioningEvent:
    """A row that says who asked for what, when and about whom; unsaved, and not yet what became of it."""
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
