"""How a connection is doing: one badge in words, one sentence, and the figures behind them.

``of_connections`` needs the same few queries for one connection and for a page of a hundred. The rules, in
this order; the first that holds names the badge:

1. *Archived*: it was disconnected, or its SSO settings are gone.
2. *Paused*: an administrator paused it.
3. *Not set up*: it has no live token, and the last one did not simply run out.
4. *Failing*: the last token has expired; SSO is off; the last 10 writes were refused, of 3 people or more; or for
   2 hours every request was refused for its token although one had succeeded before.
5. *Waiting for first request*: a token is live and nobody has called yet.
6. *Held*: the leaver brake holds people, who wait for an administrator.
7. *Quiet*: no request for 24 hours although a token is live. Entra polls every 20 to 40 minutes.
8. *Degraded*: at least 10 % of what was logged in 24 hours was refused, be it of one person, again and again.
9. *Expiring*: the last live token ends within 30 days.
10. *Healthy*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.administration import facts, times
from scim_provisioning.administration.facts import DAY, FAILING_PEOPLE, FAILING_WRITES, Facts
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection
from scim_provisioning.models.token import EXPIRING_DAYS

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

AUTHENTICATION_FAILING: Final = timedelta(hours=2)
DEGRADED_SHARE: Final = 0.1

ARCHIVED, PAUSED, NOT_SET_UP, FAILING, WAITING = "archived", "paused", "not_set_up", "failing", "waiting"
HELD, QUIET, DEGRADED, EXPIRING, HEALTHY = "held", "quiet", "degraded", "expiring", "healthy"

LABELS: Final[Mapping[str, StrOrPromise]] = {
    # Translators: badges: the state of a connection in a word or two.
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

#: What nobody may overlook, the worst first: said wherever administrators begin.
URGENT: Final = (FAILING, QUIET, DEGRADED)

#: How a badge is coloured, beside its words: "good", "bad", "warn" or "idle".
TONES: Final = {
    HEALTHY: "good",
    FAILING: "bad",
    DEGRADED: "warn",
    QUIET: "warn",
    EXPIRING: "warn",
    HELD: "warn",
}


@dataclass(frozen=True, slots=True)
class Health:
    """A badge, its sentence, and the facts."""

    badge: str
    sentence: str
    facts: Facts
    #: Whether the rows of the log say what to do.
    is_in_log: bool = False

    @property
    def label(self) -> StrOrPromise:
        """The badge in words."""
        return LABELS[self.badge]

    @property
    def tone(self) -> str:
        """How it is coloured."""
        return TONES.get(self.badge, "idle")


def of(connection: SCIMConnection) -> Health:
    """The health of one connection, with how many learners it has."""
    found = of_connections([connection])[connection.pk]
    facts.count_learners(connection, found.facts)
    return found


def of_connections(connections: Sequence[SCIMConnection]) -> dict[int, Health]:
    """The health of each, by primary key. Six queries (five without ``SSO_MODEL``), however many they are,
    and one more for each 200 whose last writes were refused."""
    facts.load_sso(connections)
    known = facts.gather([connection.pk for connection in connections])
    return {connection.pk: judge(connection, known[connection.pk]) for connection in connections}


def urgent_of(
    connections: Sequence[SCIMConnection], known: Mapping[int, Health]
) -> list[tuple[SCIMConnection, Health]]:
    """Those that are failing, quiet or degraded. Asked only of connections that are not ``known`` yet: five queries,
    one more where anything was refused lately, and as ``of_connections``."""
    asked = [connection for connection in connections if connection.pk not in known]
    facts.load_sso(asked)
    found = facts.gather_urgent([connection.pk for connection in asked]) if asked else {}
    judged = {**known, **{connection.pk: judge(connection, found[connection.pk]) for connection in asked}}
    pairs = [(connection, judged[connection.pk]) for connection in connections]
    return [(connection, state) for connection, state in pairs if state.badge in URGENT]


def known_so_far(request: HttpRequest) -> Mapping[int, Health]:
    """What ``known_to`` has found out during this request."""
    known: dict[int, Health] = request.__dict__.get("_scim_health", {})
    return known


def known_to(request: HttpRequest, connections: Sequence[SCIMConnection]) -> dict[int, Health]:
    """As ``of_connections``; asked once a request, though a filter judges all of them and the list shows some."""
    known: dict[int, Health] | None = request.__dict__.get("_scim_health")
    if known is None or not all(connection.pk in known for connection in connections):
        known = request.__dict__["_scim_health"] = of_connections(connections)
    else:
        facts.load_sso(connections)
    return known


def judge(connection: SCIMConnection, facts: Facts) -> Health:
    """The first rule that holds (see this module's beginning)."""
    for rule in (_ended, _tokenless, _refusing, _waiting, _noticeable):
        verdict = rule(connection, facts)
        if verdict is not None:
            badge, sentence, *rest = verdict
            return Health(badge, sentence, facts, is_in_log=bool(rest))
    return Health(HEALTHY, _("Requests arrive and succeed."), facts)


#: Badge and sentence; a third where the log says more.
Verdict = tuple[str, str] | tuple[str, str, bool] | None


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
    if facts.keeps_being_refused and facts.refused_people >= FAILING_PEOPLE:
        sentence = _("The last %(n)d writes or more were refused. The log says why, and what to do.")
        return FAILING, sentence % {"n": FAILING_WRITES}, True
    last, refused = facts.last_request_at, facts.last_refused_token_at
    # One that is still to come is of a clock that was ahead.
    is_new = refused is not None and timedelta(0) <= timezone.now() - refused < DAY
    if last and refused and is_new and refused - last >= AUTHENTICATION_FAILING:
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
            "%(n)d person is held and waits for an administrator to decide.",
            "%(n)d people are held and wait for an administrator to decide.",
            facts.held,
        )
        return HELD, sentence % {"n": facts.held}
    if last is not None and now - last >= DAY:
        sentence = _(
            "No request since %(day)s. Look in your identity provider whether provisioning is still on."
        )
        return QUIET, sentence % _day(last)
    if degraded := _degraded(facts):
        return DEGRADED, degraded, True
    end = facts.last_expiry
    if end is not None and end <= now + timedelta(days=EXPIRING_DAYS):
        sentence = _("The last token ends on %(day)s. Rotate it before that day.")
        return EXPIRING, sentence % _day(end)
    return None


def _degraded(facts: Facts) -> str:
    if not facts.refused:
        return ""
    if facts.keeps_being_refused and 0 < facts.refused_people < FAILING_PEOPLE:
        sentence = ngettext(
            "%(n)d person is refused again and again; nobody else is waiting. The log says why.",
            "%(n)d people are refused again and again; nobody else is waiting. The log says why.",
            facts.refused_people,
        )
        return sentence % {"n": facts.refused_people}
    if facts.refused / facts.logged < DEGRADED_SHARE:
        return ""
    if facts.refused == facts.logged:
        all_of_them = ngettext(
            "The one operation of the last 24 hours was refused. The log says why.",
            "All %(n)d operations of the last 24 hours were refused. The log says why.",
            facts.refused,
        )
        return all_of_them % {"n": facts.refused}
    sentence = _("%(refused)d of %(logged)d operations in the last 24 hours were refused. The log says why.")
    return sentence % {"refused": facts.refused, "logged": facts.logged}


def _day(moment: Any) -> dict[str, str]:
    return {"day": times.written(moment)}
