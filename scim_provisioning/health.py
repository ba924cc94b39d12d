"""How a connection is doing: one badge in words, one sentence, and the figures behind them.

``of_connections`` needs the same few queries for one connection and for a page of a hundred. The rules, in
this order; the first that holds names the badge:

1. *Archived*: it was disconnected, or its SSO settings are gone.
2. *Paused*: an administrator paused it.
3. *Not set up*: it has no live token, and the last one did not simply run out.
4. *Failing*: the last token has expired; SSO is off; the last 10 writes were refused; or for 2 hours every
   request was refused for its token although one had succeeded before.
5. *Waiting for first request*: a token is live and nobody has called yet.
6. *Held*: the leaver brake held something in the last 24 hours.
7. *Quiet*: no request for 24 hours although a token is live. Entra polls every 20 to 40 minutes.
8. *Degraded*: at least 10 % of what was logged in 24 hours was refused.
9. *Expiring*: the last live token ends within 30 days.
10. *Healthy*.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

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
from scim_provisioning.models.token import EXPIRING_DAYS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY: Final = timedelta(days=1)
AUTHENTICATION_FAILING: Final = timedelta(hours=2)
FAILING_WRITES: Final = 10
DEGRADED_SHARE: Final = 0.1
WRITES: Final = (Operation.CREATE, Operation.REPLACE, Operation.PATCH, Operation.DELETE, Operation.BULK)

ARCHIVED, PAUSED, NOT_SET_UP, FAILING, WAITING = "archived", "paused", "not_set_up", "failing", "waiting"
HELD, QUIET, DEGRADED, EXPIRING, HEALTHY = "held", "quiet", "degraded", "expiring", "healthy"

LABELS: Final[Mapping[str, StrOrPromise]] = {
    NOT_SET_UP: gettext_lazy("Not set up"),
    WAITING: gettext_lazy("Waiting for first request"),
    HEALTHY: gettext_lazy("Healthy"),
    DEGRADED: gettext_lazy("Degraded"),
    FAILING: gettext_lazy("Failing"),
    QUIET: gettext_lazy("Quiet"),
    EXPIRING: gettext_lazy("Expiring"),
    PAUSED: gettext_lazy("Paused"),
    HELD: gettext_lazy("Held"),
    ARCHIVED: gettext_lazy("Archived"),
}

#: How a badge is coloured, beside its words: "good", "bad", "warn" or "idle".
TONES: Final = {
    HEALTHY: "good",
    FAILING: "bad",
    DEGRADED: "warn",
    QUIET: "warn",
    EXPIRING: "warn",
    HELD: "warn",
}


@dataclass(slots=True)
class Facts:
    """What the database says of one connection."""

    live: list[SCIMToken] = field(default_factory=list)
    last_dead: SCIMToken | None = None
    last_request_at: datetime | None = None
    groups_seen: bool = False
    refused: int = 0
    logged: int = 0
    held: int = 0
    last_refused_token_at: datetime | None = None
    last_applied_at: datetime | None = None
    tenth_refusal_at: datetime | None = None
    managed: int = 0
    inactive: int = 0

    @property
    def next_expiry(self) -> datetime | None:
        """When the first of the live tokens ends; None when none does."""
        return min((token.expires_at for token in self.live if token.expires_at), default=None)

    @property
    def last_expiry(self) -> datetime | None:
        """When the last live token ends; None when one never does, or none is live."""
        if not self.live or any(token.expires_at is None for token in self.live):
            return None
        return max(token.expires_at for token in self.live if token.expires_at)


@dataclass(frozen=True, slots=True)
class Health:
    """A badge, its sentence, and the facts."""

    badge: str
    sentence: str
    facts: Facts

    @property
    def label(self) -> StrOrPromise:
        """The badge in words."""
        return LABELS[self.badge]

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return TONES.get(self.badge, "idle")


def of(connection: SCIMConnection) -> Health:
    """The health of one connection."""
    return of_connections([connection])[connection.pk]


def of_connections(connections: Sequence[SCIMConnection]) -> dict[int, Health]:
    """The health of each, by primary key. Five queries (four without ``SSO_MODEL``), however many they are."""
    load_sso(connections)
    facts = gather([connection.pk for connection in connections])
    return {connection.pk: judge(connection, facts[connection.pk]) for connection in connections}


def load_sso(connections: Iterable[SCIMConnection]) -> None:
    """Read the SSO rows of many connections in one query, as ``connection.sso`` would one by one."""
    waiting = {c.sso_key: c for c in connections if c.sso_key is not None and not c.is_archived}
    if app_settings.sso_model is None or not waiting:
        return
    name = app_settings.sso_key_field
    rows = apps.get_model(app_settings.sso_model)._default_manager
    try:
        found = {str(getattr(row, name)): row for row in rows.filter(**{f"{name}__in": list(waiting)})}
    except (TypeError, ValueError):
        # One key of another kind than the field spoils the statement: let each speak for itself.
        return
    for key, connection in waiting.items():
        connection._sso = found.get(key)


def gather(keys: Sequence[int]) -> dict[int, Facts]:
    """The facts of connections, by primary key (four queries)."""
    facts: dict[int, Facts] = defaultdict(Facts)
    _gather_tokens(keys, facts)
    _gather_day(keys, facts)
    _gather_writes(keys, facts)
    _gather_learners(keys, facts)
    return facts


def _gather_tokens(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    rows = SCIMToken.objects.filter(connection__in=keys).order_by("created_at", "pk")
    for token in rows.only(*_TOKEN_COLUMNS):
        known = facts[token.connection_id]
        if token.is_revoked or token.is_expired:
            known.last_dead = token
        else:
            known.live.append(token)
        known.groups_seen |= token.first_group_at is not None
        if token.last_used_at is not None:
            known.last_request_at = max(known.last_request_at or token.last_used_at, token.last_used_at)


_TOKEN_COLUMNS: Final = (
    "connection_id",
    "label",
    "prefix",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
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
    # Each one reads at most ten rows of the index (connection, outcome, -id), however long the log is.
    writes = ProvisioningEvent.objects.filter(connection=OuterRef("pk"), operation__in=WRITES)
    applied = writes.filter(outcome=Outcome.APPLIED).order_by("-id").values("created_at")[:1]
    refused = writes.filter(outcome=Outcome.REFUSED).order_by("-id").values("created_at")
    tenth = refused[FAILING_WRITES - 1 : FAILING_WRITES]
    rows = SCIMConnection.objects.filter(pk__in=keys).order_by()
    for row in rows.annotate(applied=Subquery(applied), tenth=Subquery(tenth)).values(
        "pk", "applied", "tenth"
    ):
        facts[row["pk"]].last_applied_at = row["applied"]
        facts[row["pk"]].tenth_refusal_at = row["tenth"]


def _gather_learners(keys: Sequence[int], facts: Mapping[int, Facts]) -> None:
    rows = ProvisionedUser.objects.living().filter(connection__in=keys).order_by()
    inactive = Count("pk", filter=Q(active=False))
    for row in rows.values("connection").annotate(total=Count("pk"), inactive=inactive):
        facts[row["connection"]].managed = row["total"]
        facts[row["connection"]].inactive = row["inactive"]


def judge(connection: SCIMConnection, facts: Facts) -> Health:
    """The first rule that holds (see this module's beginning)."""
    for rule in (_ended, _tokenless, _refusing, _waiting, _noticeable):
        verdict = rule(connection, facts)
        if verdict is not None:
            return Health(*verdict, facts)
    return Health(HEALTHY, _("Requests arrive and succeed."), facts)


Verdict = tuple[str, str] | None


def _ended(connection: SCIMConnection, facts: Facts) -> Verdict:
    if connection.is_archived:
        if connection.disconnected_at is not None:
            return ARCHIVED, _("Disconnected on %(day)s. Its log is kept.") % _day(connection.disconnected_at)
        return ARCHIVED, _("Its SSO settings are gone. Its tokens are dead, its log is kept.")
    if connection.is_paused:
        sentence = _("Paused on %(day)s: every request is answered “try again later”. Resume when ready.")
        return PAUSED, sentence % _day(connection.paused_at)
    return None


def _tokenless(connection: SCIMConnection, facts: Facts) -> Verdict:
    if facts.live:
        return None
    dead = facts.last_dead
    if dead is None:
        return NOT_SET_UP, _("There is no token yet. Generate one and paste it into your identity provider.")
    if dead.is_revoked:
        return NOT_SET_UP, _("Every token was revoked. Generate a new one to go on.")
    sentence = _("The last token expired on %(day)s, so every request is refused. Generate a new token.")
    return FAILING, sentence % _day(dead.expires_at)


def _refusing(connection: SCIMConnection, facts: Facts) -> Verdict:
    if app_settings.require_sso and connection.sso_key is not None and not connection.sso_is_on:
        return FAILING, _("Single sign-on is switched off, so every request is refused. Turn it on.")
    tenth, applied = facts.tenth_refusal_at, facts.last_applied_at
    if tenth is not None and (applied is None or tenth > applied):
        sentence = _("The last %(n)d writes or more were refused. Open the log: each row says what to do.")
        return FAILING, sentence % {"n": FAILING_WRITES}
    last, refused = facts.last_request_at, facts.last_refused_token_at
    if last and refused and refused > last and refused - last >= AUTHENTICATION_FAILING:
        sentence = _("Since %(day)s every request was refused for its token. Generate a new token.")
        return FAILING, sentence % _day(last)
    return None


def _waiting(connection: SCIMConnection, facts: Facts) -> Verdict:
    if facts.last_request_at is None:
        return WAITING, _("The token is ready. Paste it into your identity provider and test the connection.")
    return None


def _noticeable(connection: SCIMConnection, facts: Facts) -> Verdict:
    now, last = timezone.now(), facts.last_request_at
    if facts.held:
        sentence = ngettext(
            "%(n)d change was held for approval in the last 24 hours.",
            "%(n)d changes were held for approval in the last 24 hours.",
            facts.held,
        )
        return HELD, sentence % {"n": facts.held}
    if last is not None and now - last >= DAY:
        sentence = _(
            "No request since %(day)s. Look in your identity provider whether provisioning is still on."
        )
        return QUIET, sentence % _day(last)
    if facts.logged and facts.refused / facts.logged >= DEGRADED_SHARE:
        sentence = _("%(refused)d of %(logged)d operations in the last 24 hours were refused. Open the log.")
        return DEGRADED, sentence % {"refused": facts.refused, "logged": facts.logged}
    end = facts.last_expiry
    if end is not None and end <= now + timedelta(days=EXPIRING_DAYS):
        sentence = _("The last token ends on %(day)s. Rotate it before that day.")
        return EXPIRING, sentence % _day(end)
    return None


def _day(moment: Any) -> dict[str, str]:
    return {"day": date_format(timezone.localtime(moment), "j M Y, H:i")}
