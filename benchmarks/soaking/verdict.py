"""Is what the database holds what was answered, and what the identity providers meant?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.contrib.auth.models import User

from benchmarks.soaking.journal import Entry, Journal, Said, Sender
from benchmarks.soaking.people import Life
from benchmarks.soaking.players import Player
from example_project.lms.models import Learner, Team
from scim_provisioning.models import (
    HeldLeaver,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.testing.simulators import OktaSimulator

NONE, ONE, AT_MOST_ONE = frozenset({0}), frozenset({1}), frozenset({0, 1})
_PAUSED = "conn.paused"
#: What of the log is played again, from the first row to the last.
_REPLAYED = ("userName", "active", "title", "name.familyName", f"{ENTERPRISE_USER}:department")

Counts = frozenset[int]
#: Outcome and path.
Row = tuple[str, str]
Touches = Callable[[float, float], bool]


def on(
    customers: Sequence[tuple[SCIMConnection, Sequence[Player]]], journal: Journal, touches: Touches
) -> Iterator[str]:
    """Everything that differs, in words. ``touches``: whether the database was away between two moments."""
    for tenant, players in customers:
        yield from people(players, tenant)
        yield from holds(tenant)
    yield from everybody([player for _tenant, players in customers for player in players])
    yield from history()
    yield from log(journal, touches)
    yield from pauses(journal, touches)
    yield from journal.differences


def rows_due(said: Said, is_write: bool, is_away: bool) -> tuple[Counts, Counts]:
    """How many rows of the log there may be of such an answer: applied, and refused.

    ``is_away``: the database was, while it was asked. Then a refusal may have found nowhere to be written.
    """
    if said.is_unknown:
        # Done with its row, or not at all; or refused, and the refusal never arrived.
        return (AT_MOST_ONE if is_write else NONE), AT_MOST_ONE
    if said.status in (401, 429) or said.is_paused:
        # Paused: a row a minute, with a count (see ``pauses``).
        return NONE, NONE
    if said.status >= 400:
        may_be_missing = is_away or (said.status == 503 and not said.is_held)
        return NONE, AT_MOST_ONE if may_be_missing else ONE
    return (ONE if is_write else NONE), NONE


def log(journal: Journal, touches: Touches) -> Iterator[str]:
    """Each answer has its row, and each row its answer."""
    rows: dict[str, list[Row]] = defaultdict(list)
    events = ProvisioningEvent.objects.exclude(operation=Operation.ADMIN).exclude(error_code=_PAUSED)
    for request_id, outcome, path in events.values_list("request_id", "outcome", "path"):
        rows[request_id].append((outcome, path))
    done_unheard: set[str] = set()
    for entry in sorted(journal.entries, key=lambda entry: entry.began):
        found = rows.pop(entry.request_id, [])
        if entry.answer.status == 200 and entry.asked in done_unheard and not found:
            # It was done the first time, when the answer was lost; now there was nothing left to change.
            continue
        if entry.answer.is_unknown and any(outcome == Outcome.APPLIED for outcome, _path in found):
            done_unheard.add(entry.asked)
        yield from _compare(entry, found, touches(entry.began, entry.ended))
    for request_id, found in rows.items():
        yield f"{request_id}: {len(found)} rows of the log, and nobody asked"


def _compare(entry: Entry, found: Sequence[Row], is_away: bool) -> Iterator[str]:
    answers = [(entry.answer, found)]
    if entry.operations:
        answers = [
            (said, [row for row in found if f"#{number} " in row[1]])
            for number, said in enumerate(entry.operations)
        ]
        if sum(len(rows) for _said, rows in answers) != len(found):
            yield f"{entry}: rows of no operation"
    for said, rows in answers:
        counts = Counter(outcome for outcome, _path in rows)
        due = rows_due(said, entry.is_write, is_away)
        for outcome, allowed in zip((Outcome.APPLIED, Outcome.REFUSED), due, strict=True):
            if counts[outcome] not in allowed:
                yield f"{entry}; {said.status} {said.detail}: {counts[outcome]} rows {outcome.value}"


def pauses(journal: Journal, touches: Touches) -> Iterator[str]:
    """Of the requests that met a pause there is a row a minute; its count is how many there were."""
    counted = sum(ProvisioningEvent.objects.filter(error_code=_PAUSED).values_list("times", flat=True))
    paused = [entry for entry in journal.entries if entry.answer.is_paused]
    sure = sum(not touches(entry.began, entry.ended) for entry in paused)
    lost = sum(entry.answer.status == 0 for entry in journal.entries)
    if not sure <= counted <= len(paused) + lost:
        yield f"{len(paused)} requests met a pause, and the log counts {counted}"


def holds(tenant: SCIMConnection) -> Iterator[str]:
    """Whoever was held was let go, and has gone."""
    names = HeldLeaver.objects.filter(connection=tenant).values_list("link__user_name", flat=True)
    yield from (f"{name}: held, and nobody waits for it" for name in names)


def history() -> Iterator[str]:
    """The log played again gives the people as they stand: nothing was done without its row, or half."""
    states: dict[int, dict[str, Any]] = defaultdict(dict)
    events = ProvisioningEvent.objects.filter(outcome=Outcome.APPLIED, link__isnull=False).order_by("id")
    for key, request_id, changes in events.values_list("link_id", "request_id", "changes"):
        for path in _REPLAYED:
            if path in changes:
                before, after = changes[path]
                if states[key].get(path) != before:
                    yield f"{request_id}: {path} was {before!r}, and {states[key].get(path)!r} the row before"
                states[key][path] = after
    for link in ProvisionedUser.objects.living():
        if states[link.pk].get("userName") != link.user_name:
            yield f"{link.user_name}: in the log last {states[link.pk].get('userName')}"


def people(players: Sequence[Player], tenant: SCIMConnection) -> Iterator[str]:
    """One customer: the host's tables, and what is answered, against the model."""
    lives = {key: life for player in players for key, life in player.people.items()}
    names = {key: life.person.userPrincipalName for key, life in lives.items()}
    learners = Learner.objects.select_related("user", "team", "manager__user")
    organization = tenant.sso.organization_id
    held = {learner.user.username: learner for learner in learners.filter(organization=organization)}
    served = _served(players[0])
    ids = {name: user["id"] for name, user in served.items()}
    links = Counter(tenant.links.values_list("user__username", flat=True))
    for key, life in lives.items():
        name = names[key] or ""
        user = served.pop(name, None)
        yield from _differences(life, held.pop(name, None), names)
        if (user is None) != life.is_deleted:
            yield f"{name}: {'not answered' if user is None else 'answered, and deleted'}"
        elif user is not None:
            yield from _answered(user, life, ids.get(names.get(life.person.manager or "") or ""))
        if links[name] != 1:
            yield f"{name}: {links[name]} links"
    yield from (f"{name}: an account of nobody's" for name in held)
    yield from (f"{name}: answered, and nobody" for name in served)
    teams = Counter(
        name.casefold()
        for name in Team.objects.filter(organization=organization).values_list("name", flat=True)
    )
    yield from (f"{count} teams are called {name}" for name, count in teams.items() if count > 1)


def everybody(players: Sequence[Player]) -> Iterator[str]:
    expected = sum(len(player.people) for player in players)
    if (found := User.objects.count()) != expected:
        yield f"{found} accounts, and {expected} people"


def _served(player: Player) -> dict[str, dict[str, Any]]:
    session = player.simulator._session
    okta = OktaSimulator(session._base, _token(player), Sender(player.journal))
    return {user["userName"]: user for user in okta.import_people()}


def _token(player: Player) -> str:
    return player.simulator._session._headers["Authorization"].partition(" ")[2]


def _differences(life: Life, learner: Learner | None, names: dict[str, str | None]) -> Iterator[str]:
    person, name = life.person, life.person.userPrincipalName
    if learner is None:
        yield f"{name}: no account"
        return
    account = learner.user
    wanted = {
        "email": person.mail,
        "first_name": person.givenName,
        "last_name": person.surname,
        "job_role": person.jobTitle,
        "team": person.department,
        "is_active": life.has_access,
    }
    stands = {
        "email": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "job_role": learner.job_role,
        "team": learner.team.name if learner.team else None,
        "is_active": account.is_active,
    }
    if not life.is_deleted:
        wanted["manager"] = names[person.manager] if person.manager else None
        stands["manager"] = learner.manager.user.username if learner.manager else None
    yield from (
        f"{name}: {key} is {stands[key]!r}, meant {wanted[key]!r}"
        for key in wanted
        if stands[key] != wanted[key]
    )


def _answered(user: dict[str, Any], life: Life, manager: str | None) -> Iterator[str]:
    person, enterprise = life.person, user.get(ENTERPRISE_USER, {})
    pairs = {
        "active": (user.get("active"), life.has_access),
        "title": (user.get("title"), person.jobTitle),
        "familyName": (user.get("name", {}).get("familyName"), person.surname),
        "email": ([each["value"] for each in user.get("emails", [])], [person.mail]),
        "department": (enterprise.get("department"), person.department),
        "manager": (enterprise.get("manager", {}).get("value"), manager),
    }
    for key, (found, wanted) in pairs.items():
        if found != wanted:
            yield f"{person.userPrincipalName}: GET says {key} is {found!r}, meant {wanted!r}"
