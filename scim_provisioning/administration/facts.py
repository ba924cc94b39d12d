"""The figures behind a connection's health, for many connections in the same few queries as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from scim_provisioning.administration import clients
from scim_provisioning.conf import app_settings
from scim_provisioning.events import log_order
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.models.provisioned_user import AWAITED_VERSION

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
FAILING_WRITES: Final = 10
#: Fewer people than this are people with a fault of their own, however often they are refused.
FAILING_PEOPLE: Final = 3
#: So many connections are asked for in one statement.
_TOGETHER: Final = 200
WRITES: Final = (Operation.CREATE, Operation.REPLACE, Operation.PATCH, Operation.DELETE, Operation.BULK)
TOKEN_REFUSALS: Final = ("auth.invalid", "auth.expired", "auth.revoked")
GROUPS_REFUSED: Final = "group.unsupported"


@dataclass(slots=True)
class Facts:
    """What the database says of one connection."""

    live: list[SCIMToken] = field(default_factory=list)
    last_dead: SCIMToken | None = None
    last_request_at: datetime | None = None
    last_agent: str = ""
    refused: int = 0
    logged: int = 0
    #: How many people the leaver brake holds now.
    held: int = 0
    last_refused_token_at: datetime | None = None
    last_applied_at: datetime | None = None
    #: The key of the tenth refused write counted from the latest, where all ten came after the last change.
    refused_since: int | None = None
    #: How many people these ten were about; each that names nobody counts as somebody.
    refused_people: int = 0
    #: How many were switched off or deleted within a day; some may be back, which ``reactivation.counts`` tells.
    left: int = 0
    #: When a group was last refused.
    last_group_at: datetime | None = None
    managed: int = 0
    #: Whom the identity provider has switched off; the LMS may have switched them on again.
    inactive: int = 0
    #: Since when each active learner has been made or changed at least once; None where there is none, or somebody who
    #: was linked beforehand has not been sent yet. No trace is left of who is only looked up, so the identity
    #: provider's last full cycle may be later.
    all_sent_since: datetime | None = None
    #: How many were linked beforehand and have not been sent yet.
    awaited: int = 0
    #: How many wait for a manager who is not here.
    without_manager: int = 0

    @property
    def active(self) -> int:
        """Whom the identity provider wants on."""
        return self.managed - self.inactive

    @property
    def next_expiry(self) -> datetime | None:
        """When the first of the live tokens ends; None when none does."""
        return min((token.expires_at for token in self.live if token.expires_at), default=None)

    @property
    def groups_seen_at(self) -> datetime | None:
        """When the identity provider last sent groups, by a token that is live; None where that is a week ago or more:
        somebody has switched it off."""
        began = max((token.first_group_at for token in self.live if token.first_group_at), default=None)
        if began is None:
            return None
        seen = max(began, self.last_group_at or began)
        return seen if timezone.now() - seen < WEEK else None

    @property
    def keeps_being_refused(self) -> bool:
        """Whether the last ten writes, or more, were refused."""
        return self.refused_since is not None

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
    """The facts of connections, by primary key: five queries, and one more for each 200 connections whose last ten
    writes were refused. How many learners they have is ``count_learners``'s."""
    facts: dict[int, Facts] = defaultdict(Facts)
    _gather_tokens(keys, facts)
    _gather_day(keys, facts)
    _gather_held(keys, facts)
    _gather_refusals(keys, facts)
    _gather_writes(keys, facts)
    return facts


def gather_urgent(keys: Sequence[int]) -> dict[int, Facts]:
    """As ``gather``, of what makes a connection fail, quiet or degraded, for pages that everybody opens: which have
    their latest writes looked at, and their day counted, the refusals of the last two days tell."""
    facts: dict[int, Facts] = defaultdict(Facts)
    _gather_tokens(keys, facts)
    _gather_refusals(keys, facts)
    lately = ProvisioningEvent.objects.filter(
        created_at__gte=timezone.now() - 2 * DAY, outcome=Outcome.REFUSED
    )
    counted = (
        lately.order_by().values("connection").annotate(writes=Count("pk", filter=Q(operation__in=WRITES)))
    )
    refused = dict(counted.values_list("connection", "writes"))
    if troubled := [key for key in keys if key in refused]:
        _gather_day(troubled, facts)
    _gather_writes([key for key in troubled if refused[key] >= FAILING_WRITES], facts)
    return facts


def _gather_tokens(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    rows = SCIMToken.objects.filter(connection__in=keys).order_by("created_at", "pk")
    for token in rows.only(*_TOKEN_COLUMNS):
        known = facts[token.connection_id]
        if token.is_live:
            known.live.append(token)
        else:
            known.last_dead = token
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
    for row in rows.values("connection").annotate(
        logged=Count("pk"),
        # Who is held waits, and is not refused.
        refused=Count("pk", filter=Q(outcome=Outcome.REFUSED) & ~Q(action=Action.HELD)),
        left=Count("pk", filter=Q(action__in=(Action.DEACTIVATED, Action.DELETED))),
    ):
        known = facts[row["connection"]]
        known.logged, known.refused, known.left = row["logged"], row["refused"], row["left"]


def _gather_held(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    on_hold = HeldLeaver.objects.filter(
        connection__in=keys, connection__leaver_brake__tripped_at__isnull=False
    )
    for key, waiting in on_hold.waiting().by_connection().items():
        facts[key].held = waiting


def _gather_writes(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    # Each one reads the first rows of the index (connection, outcome, -id), however long the log is: see log_order.
    applied = _writes(Outcome.APPLIED)[:1]
    # Who is held waits, and is not refused.
    refused = _writes(Outcome.REFUSED).exclude(action=Action.HELD)
    named = SCIMConnection.objects.filter(pk__in=keys).order_by()
    rows = named.annotate(
        applied=Subquery(applied.values("pk")),
        applied_at=Subquery(applied.values("created_at")),
        tenth=Subquery(refused[FAILING_WRITES - 1 : FAILING_WRITES].values("pk")),
    ).values("pk", "applied", "applied_at", "tenth")
    for row in rows:
        known = facts[row["pk"]]
        known.last_applied_at = row["applied_at"]
        if row["tenth"] is not None and (row["applied"] is None or row["tenth"] > row["applied"]):
            known.refused_since = row["tenth"]
    _gather_refused_people(facts)


def _gather_refused_people(facts: Mapping[int, Facts]) -> None:
    """Whom the last ten refused writes were about, of each connection that has made no change since."""
    since = {key: known.refused_since for key, known in facts.items() if known.refused_since is not None}
    keys = list(since)
    for start in range(0, len(keys), _TOGETHER):
        asked = Q(pk__in=())
        for key in keys[start : start + _TOGETHER]:
            asked |= Q(connection_id=key, outcome=Outcome.REFUSED, pk__gte=since[key])
        # Who is held waits, and is not refused.
        rows = ProvisioningEvent.objects.filter(asked, operation__in=WRITES).exclude(action=Action.HELD)
        people: dict[int | None, set[object]] = defaultdict(set)
        columns = ("connection", "user_name_key", "scim_id", "external_id", "pk")
        for key, name, scim_id, external_id, number in rows.order_by().values_list(*columns):
            people[key].add(name or scim_id or external_id or number)
        for key in keys[start : start + _TOGETHER]:
            facts[key].refused_people = len(people[key])


def _gather_refusals(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    """When tokens and groups were refused last, within a week. Without a limit, so that what is rare is found where it
    stands, in the index (connection, error_code, -id)."""
    codes = (*TOKEN_REFUSALS, GROUPS_REFUSED)
    rows = ProvisioningEvent.objects.filter(connection__in=keys, error_code__in=codes)
    rows = rows.filter(created_at__gte=timezone.now() - WEEK).order_by()
    for key, code, moment in rows.values_list("connection", "error_code").annotate(Max("created_at")):
        known = facts[key]
        if code == GROUPS_REFUSED:
            known.last_group_at = moment
        elif known.last_refused_token_at is None or moment > known.last_refused_token_at:
            known.last_refused_token_at = moment


def _writes(outcome: Outcome) -> QuerySet[ProvisioningEvent, Any]:
    """A connection's writes with this outcome, the newest first."""
    own = log_order.exactly(connection_id=OuterRef("pk"), outcome=outcome)
    newest = log_order.newest_first({"connection_id", "outcome"})
    return ProvisioningEvent.objects.filter(own, operation__in=WRITES).order_by(*newest)


def count_learners(connection: SCIMConnection, facts: Facts) -> None:
    """How many learners it has (one query that reads them all: for the page of one connection, not for lists)."""
    rows = ProvisionedUser.objects.living().filter(connection=connection).order_by()
    on = Q(active=True, user__isnull=False)
    counted = rows.aggregate(
        total=Count("pk"),
        inactive=Count("pk", filter=Q(active=False)),
        awaited=Count("pk", filter=on & Q(version=AWAITED_VERSION)),
        without_manager=Count("pk", filter=Q(awaited_manager__isnull=False, user__isnull=False)),
        since=Min("modified_at", filter=on),
    )
    facts.managed, facts.inactive, facts.awaited = counted["total"], counted["inactive"], counted["awaited"]
    facts.without_manager = counted["without_manager"]
    facts.all_sent_since = None if facts.awaited else counted["since"]
