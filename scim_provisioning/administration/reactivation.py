"""Undoing departures: whom an identity provider has switched off or deleted within a while comes back, as they were.

Each person comes back by the verb that would bring them back for their identity provider, with its hooks and its event,
in a transaction of their own. What the identity provider says of them afterwards counts as new.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from scim_provisioning import databases
from scim_provisioning.administration import leaver_brake
from scim_provisioning.conf import app_settings
from scim_provisioning.events import Caller, Exchange, reports
from scim_provisioning.models import Action, Operation, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.leaver_brake import WINDOW
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.protocol.errors import NotFound, SCIMError
from scim_provisioning.provisioning import verbs
from scim_provisioning.rules.customers import customer, is_lost

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

logger = logging.getLogger("scim_provisioning.administration")

#: How far back departures can be undone together.
HOURS: Final = (1, 24)
#: At most so many at once: each is a transaction.
AT_ONCE: Final = 1000
_DEPARTURES: Final = (Action.DEACTIVATED, Action.DELETED)


@dataclass(slots=True)
class Undone:
    """How many are back, and who is not and why: the departure and a sentence."""

    back: int = 0
    failed: list[tuple[ProvisioningEvent, str]] = field(default_factory=list)


def departed(hours: int) -> Q:
    """What is true of the departures of the last hours, the latest of each person, who have not come back since.
    Erased people are not among them."""
    # Who is deleted after they were switched off, as Entra does a month later, left with the first of the two.
    left = Q(action__in=_DEPARTURES, changes__has_key="active")
    # A learner of the LMS's who was adopted and switched off in one.
    left |= Q(action=Action.ADOPTED, changes__active__1=False)
    later = ProvisioningEvent.objects.filter(
        left, connection=OuterRef("connection"), link=OuterRef("link"), pk__gt=OuterRef("pk")
    )
    return Q(
        ~Q(operation=Operation.ADMIN),
        ~Exists(later),
        left,
        created_at__gte=timezone.now() - timedelta(hours=hours),
        link__active=False,
        link__user__isnull=False,
    )


def departures(
    connection: SCIMConnection, hours: int, *, last: int | None = None, learner: int | None = None
) -> QuerySet[ProvisioningEvent]:
    """Those of one connection, the first first, with their links and tokens; up to the event with the key ``last``, and
    of the link with the key ``learner`` alone. Without those whom the LMS has moved to another customer since."""
    went = ProvisioningEvent.objects.filter(departed(hours), connection=connection)
    whose = customer(connection)
    if whose.lookups:
        here = ProvisionedUser.objects.filter(whose.has, connection=connection)
        went = went.filter(link__in=here.values("pk"))
    if last is not None:
        went = went.filter(pk__lte=last)
    if learner is not None:
        went = went.filter(link=learner)
    return went.select_related("link", "token").order_by("pk")


def undo(
    connection: SCIMConnection,
    went: Iterable[ProvisioningEvent],
    *,
    actor: AbstractBaseUser | None,
    address: str = "",
    seconds: float | None = None,
) -> Undone:
    """Bring back who went, each as they were: access, and what their departure changed and nobody has changed since.

    Whoever cannot come back is reported and keeps nobody else from it. After so many ``seconds`` (None: however many)
    nobody else is begun with: web servers kill whoever takes too long.
    """
    until = None if seconds is None else monotonic() + seconds
    caller, done, counted = Caller(connection, None, address=address, actor=actor), Undone(), 0
    hour_ago = timezone.now() - WINDOW
    for event in went:
        if until is not None and monotonic() >= until:
            break
        try:
            with databases.primary():
                _bring_back(caller, event)
        except SCIMError as refusal:
            done.failed.append((event, refusal.detail))
        except Exception as error:
            if databases.fault_of(error) is not None:
                raise
            reports.failure(
                logger, "A departure could not be undone: link %s", event.link_id, exception=error
            )
            done.failed.append((event, f"{type(error).__name__}"))
        else:
            done.back += 1
            counted += event.created_at > hour_ago
    if counted:
        leaver_brake.come_back(connection, counted, lambda: _still_gone(connection))
    return done


def _still_gone(connection: SCIMConnection) -> int:
    """How many went within the hour and are not back, the erased among them."""
    erased = ProvisioningEvent.objects.filter(
        connection=connection,
        action=Action.DELETED,
        cause__erased=True,
        created_at__gt=timezone.now() - WINDOW,
    )
    return departures(connection, HOURS[0]).count() + erased.filter(link__user__isnull=True).count()


def _bring_back(caller: Caller, event: ProvisioningEvent) -> None:
    link = event.link
    if link is None:
        return
    exchange = Exchange("", "", Operation.ADMIN)
    if link.is_deleted:
        # A POST would not meet them any more, and make somebody second.
        link.connection = caller.tenant
        if is_lost(link):
            raise NotFound()
        # As the identity provider would: who agrees in all they are known by returns under their SCIM id.
        verbs.create(caller, exchange, {**link.document, "active": True})
        return
    current = verbs.get(caller, link.scim_id)
    inverse = [] if event.action == Action.ADOPTED else _inverse(event.changes, current)
    operations = [{"op": "replace", "path": "active", "value": True}]
    if len(inverse) < app_settings.limits.operations:
        # Of a departure that changed more than one request may, access comes back at least.
        operations += inverse
    verbs.patch(caller, exchange, link.scim_id, {"schemas": [PATCH_OP], "Operations": operations})


def _inverse(changes: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Operations that take back what a departure changed beside ``active``, where it still stands so."""
    standing = {path: value for path, (_none, value) in documents.changes({}, current).items()}
    return [
        {"op": "remove", "path": path} if before is None else {"op": "replace", "path": path, "value": before}
        for path, (before, after) in changes.items()
        if path != "active" and standing.get(path) == after
    ]
