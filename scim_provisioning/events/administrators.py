"""Writing into the provisioning log what an administrator did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from scim_provisioning.events import kept, lines, redaction
from scim_provisioning.events.records import SIZES, identify
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

Changes = Mapping[str, tuple[object, object]]

#: A fact of the cause: what accounts are called of which nobody's link is the line's.
NAMES: Final = "names"
#: Another: the keys of two accounts that were joined.
ACCOUNTS: Final = "accounts"


def admin(
    connection: SCIMConnection,
    *,
    action: str,
    actor: AbstractBaseUser | None,
    token: SCIMToken | None = None,
    detail: str = "",
    address: str = "",
    link: ProvisionedUser | None = None,
    changes: Changes | None = None,
    cause: Mapping[str, object] | None = None,
) -> ProvisioningEvent:
    """Write down what an administrator did (``actor`` None: a command on the server). One insert; after the commit it
    is also a line of the log ``scim_provisioning.audit``."""
    event = _event(connection, action, actor, detail, changes, link)
    event.token, event.token_prefix = token, "" if token is None else token.prefix
    event.address = redaction.text(address, SIZES["address"])
    event.cause = kept.facts({**event.cause, **(cause or {})})
    event.save(force_insert=True)
    _say(event)
    return event


def admin_for_each(
    connection: SCIMConnection,
    links: Sequence[ProvisionedUser],
    *,
    action: str,
    actor: AbstractBaseUser | None,
    detail: str,
    address: str = "",
    changes: Changes | None = None,
) -> list[ProvisioningEvent]:
    """Write down what an administrator did to many people alike: one event each, by one insert. MySQL does not tell
    their keys."""
    noted = [_event(connection, action, actor, detail, changes, link) for link in links]
    for event in noted:
        event.address = redaction.text(address, SIZES["address"])
    ProvisioningEvent.objects.bulk_create(noted)
    for event in noted:
        _say(event)
    return noted


def not_done(
    connection: SCIMConnection,
    *,
    actor: AbstractBaseUser | None,
    link: ProvisionedUser,
    error_code: str,
    cause: Mapping[str, object],
) -> ProvisioningEvent:
    """Write down that what an administrator wanted for somebody failed: one insert, after what was done of it was
    rolled back."""
    event = _event(connection, Action.REFUSED, actor, "", None, link)
    event.outcome, event.error_code = Outcome.REFUSED, error_code
    event.cause = kept.facts({**event.cause, **cause})
    event.save(force_insert=True)
    return event


def _event(
    connection: SCIMConnection,
    action: str,
    actor: AbstractBaseUser | None,
    detail: str,
    changes: Changes | None,
    link: ProvisionedUser | None,
) -> ProvisioningEvent:
    recorded = kept.recorded(changes or {})
    event = ProvisioningEvent(
        connection=connection,
        link=link,
        operation=Operation.ADMIN,
        action=action,
        outcome=Outcome.APPLIED,
        actor_id=None if actor is None else actor.pk,
        detail=redaction.text(detail, SIZES["detail"]),
        changes=recorded.kept,
        cause=recorded.facts,
    )
    identify(event, link)
    return event


def _say(event: ProvisioningEvent) -> None:
    """The line of the log ``scim_provisioning.audit``."""
    lines.audit(
        {
            "action": str(event.action),
            **lines.caller_fields(event.connection, event.token),
            "link_id": event.link_id,
            "changed_fields": sorted(event.changes),
            "actor": event.actor_id,
            "address": event.address,
        }
    )
