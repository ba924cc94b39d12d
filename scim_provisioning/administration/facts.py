"""The figures behind a connection's health, for many connections in the same few queries as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from scim_provisioning.administration import clients, log_order
from scim_provisioning.conf import app_settings
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)

DAY: Final = timedelta(days=1)
FAILING_WRITES: Final = 10
WRITES: Final = (Operation.CREATE, Operation.REPLACE, Operation.PATCH, Operation.DELETE, Operation.BULK)


@dataclass(slots=True)
class Facts:
    """What the database says of one connection."""

    live: list[SCIMToken] = field(default_factory=list)
    last_dead: SCIMToken | None = None
    last_request_at: datetime | None = None
    last_agent: str = ""
    groups_seen: bool = False
    refused: int = 0
    logged: int = 0
    held: int = 0
    last_refused_token_at: datetime | None = None
    last_applied_at: datetime | None = None
    tenth_refusal_at: datetime | None = None
    managed: int = 0
    #: Whom the identity provider has switched off; the LMS may have switched them on again.
    inactive: int = 0

    @property
    def next_expiry(self) -> datetime | None:
        """When the first of the live tokens ends; None when none does."""
        return min((token.expires_at for token in self.live if token.expires_at), default=None)

    @property
    def identity_provider(self) -> str:
        """Who calls, as far as the User-Agent tells; empty when nobody has called."""
        return clients.name_of(self.last_agent)

    @property
    def last_expiry(self) -> datetime | None:
        """When the last live token ends; None when one never does, or none is live."""
        if not self.live or any(token.expires_at is None for token in self.live):
            return None
        return max(token.expires_at for token in self.live if token.expires_at)


def load_sso(connections: Iterable[SCIMConnection]) -> None:
    """Read the SSO rows of many connections in one query, as ``connection.sso`` would one by one."""
    waiting = {c.sso_key: c for c in connections if c.sso_key is not None and not c.is_archived}
    if app_settings.sso_model is None or not waiting:
        return
    name = app_settings.sso_key_field
    rows = apps.get_model(app_settings.sso_model)._default_manager
    try:
        found = {str(getattr(row, name)): row for row in rows.filter(**{f"{name}__in": list(waiting)})}
    except (TypeError, ValueError, ValidationError):
        # One key of another kind than the field spoils the statement: let each speak for itself.
        return
    for key, connection in waiting.items():
        connection._sso = found.get(key)


def gather(keys: Sequence[int]) -> dict[int, Facts]:
    """The facts of connections, by primary key (three queries); how many learners they have is ``count_learners``'s."""
    facts: dict[int, Facts] = defaultdict(Facts)
    _gather_tokens(keys, facts)
    _gather_day(keys, facts)
    _gather_writes(keys, facts)
    return facts


def _gather_tokens(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    rows = SCIMToken.objects.filter(connection__in=keys).order_by("created_at", "pk")
    for token in rows.only(*_TOKEN_COLUMNS):
        known = facts[token.connection_id]
        if token.is_live:
            known.live.append(token)
        else:
            known.last_dead = token
        known.groups_seen |= token.first_group_at is not None
        used = token.last_used_at
        if used is not None and (known.last_request_at is None or used > known.last_request_at):
            known.last_request_at, known.last_agent = used, token.last_used_agent


_TOKEN_COLUMNS: Final = (
    "connection_id",
    "label",
    "prefix",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
    "last_used_agent",
    "first_group_at",
)


def _gather_day(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    rows = ProvisioningEvent.objects.filter(connection__in=keys, created_at__gte=timezone.now() - DAY)
    rows = rows.exclude(operation=Operation.ADMIN).order_by()
    token_refused = Q(
        outcome=Outcome.REFUSED, error_code__in=("auth.invalid", "auth.expired", "auth.revoked")
    )
    for row in rows.values("connection").annotate(
        logged=Count("pk"),
        refused=Count("pk", filter=Q(outcome=Outcome.REFUSED)),
        held=Count("pk", filter=Q(action=Action.HELD)),
        token_refused=Max("created_at", filter=token_refused),
    ):
        known = facts[row["connection"]]
        known.logged, known.refused, known.held = row["logged"], row["refused"], row["held"]
        known.last_refused_token_at = row["token_refused"]


def _gather_writes(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    # Each one reads the first rows of the index (connection, outcome, -id), however long the log is: see log_order.
    applied = _writes(Outcome.APPLIED)[:1]
    tenth = _writes(Outcome.REFUSED)[FAILING_WRITES - 1 : FAILING_WRITES]
    rows = SCIMConnection.objects.filter(pk__in=keys).order_by()
    for row in rows.annotate(applied=Subquery(applied), tenth=Subquery(tenth)).values(
        "pk", "applied", "tenth"
    ):
        facts[row["pk"]].last_applied_at = row["applied"]
        facts[row["pk"]].tenth_refusal_at = row["tenth"]


def _writes(outcome: Outcome) -> QuerySet[ProvisioningEvent, Any]:
    """When a connection's writes with this outcome were, the newest first."""
    own = log_order.exactly(connection_id=OuterRef("pk"), outcome=outcome)
    newest = log_order.newest_first({"connection_id", "outcome"})
    rows = ProvisioningEvent.objects.filter(own, operation__in=WRITES)
    return rows.order_by(*newest).values("created_at")


def count_learners(connection: SCIMConnection, facts: Facts) -> None:
    """How many learners it has (one query that reads them all: for the page of one connection, not for lists)."""
    rows = ProvisionedUser.objects.living().filter(connection=connection).order_by()
    counted = rows.aggregate(total=Count("pk"), inactive=Count("pk", filter=Q(active=False)))
    facts.managed, facts.inactive = counted["total"], counted["inactive"]
