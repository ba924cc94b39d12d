"""One identity provider each: people join, move, leave and return, and the model says how they stand."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.soaking.journal import Journal, Sender
from benchmarks.soaking.people import FAMILY, Life, a_role, a_team, newcomer
from scim_provisioning.protocol.constants import BULK_REQUEST, CORE_USER, MEDIA_TYPE, PATCH_OP
from scim_provisioning.testing.simulators import EntraSimulator, OktaSimulator, Person, Step, documents
from scim_provisioning.testing.simulators.directory import scim_values

#: So many people has one player; after that nobody joins.
_MOST_PEOPLE = 120
#: How often an identity provider comes back to somebody on its list of failures before the soak gives up.
_ATTEMPTS = 200
#: What passes by itself: no answer, and not now.
_PASSES = frozenset({0, 429, 503})
BOSSES = 4
_AT_ONCE = 6


@dataclass
class Player:
    """A job of an identity provider for its share of a customer's people.

    ``names`` is asked for the departments, which players of one customer share, so that they meet. ``bosses`` may be
    another player's people.
    """

    name: str
    domain: str
    simulator: EntraSimulator | OktaSimulator
    sender: Sender
    rng: random.Random
    people: dict[str, Life] = field(default_factory=dict)
    bosses: list[str] = field(default_factory=list)
    made: int = 0

    @property
    def journal(self) -> Journal:
        return self.sender.journal

    @property
    def is_entra(self) -> bool:
        return isinstance(self.simulator, EntraSimulator)

    def hire_bosses(self) -> None:
        """Those whom everybody else reports to; they are there before the troubles begin."""
        newcomers = [self._newcomer(None) for _ in range(BOSSES)]
        self.bosses = [person.objectId for person in newcomers]
        self._push(*newcomers)

    def report_to(self, other: Player) -> None:
        """Take the bosses of another player of the same customer."""
        self.bosses = other.bosses
        self.simulator.anchors.update({boss: other.simulator.anchors[boss] for boss in other.bosses})

    def play(self, until: float) -> None:
        """Lead lives until that reading of ``time.monotonic``; whatever was begun is brought to its end."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (20, self._join),
            (30, self._move),
            (8, self._rename),
            (10, self._leave),
            (10, self._return),
            (4, self._look_up),
            (5, self._ask_what_is_refused),
            (2, self._hurry),
        ]
        if self.is_entra:
            acts += [(10, self._change_manager), (6, self._delete), (8, self._come_back), (8, self._bulk)]
        weights, verbs = zip(*acts, strict=True)
        while time.monotonic() < until:
            self.rng.choices(verbs, weights)[0]()
            self.simulator.steps.clear()

    def bring_back(self) -> None:
        """Bosses who were deleted return, so that it is known whom everybody reports to."""
        for key in self.bosses:
            if key in self.people and self.people[key].is_deleted:
                self._push(self.people[key].person)

    # What happens to people.

    def _join(self) -> None:
        if len(self.people) < _MOST_PEOPLE:
            self._push(*(self._newcomer(self._boss()) for _ in range(self.rng.randint(1, 3))))

    def _move(self) -> None:
        if person := self._somebody():
            self._push(replace(person, jobTitle=a_role(self.rng), department=a_team(self.rng)))

    def _rename(self) -> None:
        if person := self._somebody():
            self.made += 1
            address = f"{person.mailNickname}.v{self.made}@{self.domain}"
            self._push(
                replace(person, surname=self.rng.choice(FAMILY), userPrincipalName=address, mail=address)
            )

    def _leave(self) -> None:
        if not (person := self._somebody()):
            return
        gone = replace(person, accountEnabled=False)
        simulator = self.simulator
        if isinstance(simulator, OktaSimulator):
            # Okta switches people by a request of its own; what was lost shows in the next comparison.
            self.people[gone.objectId] = Life(gone)
            self._until_done(lambda: simulator.disable(gone), lambda: simulator.incremental([gone]))
        else:
            self._push(gone)

    def _return(self) -> None:
        away = [
            life.person for life in self.people.values() if not life.is_deleted and not life.person.active
        ]
        if away:
            self._push(replace(self.rng.choice(away), accountEnabled=True))

    def _change_manager(self) -> None:
        if (person := self._somebody()) and person.objectId not in self.bosses:
            self._push(replace(person, manager=self._boss()))

    def _delete(self) -> None:
        if person := self._somebody():
            self._purge(person)

    def _come_back(self) -> None:
        """Under the same name and number: the same person."""
        gone = [life.person for life in self.people.values() if life.is_deleted]
        if gone:
            self._push(self.rng.choice(gone))

    def _bulk(self) -> None:
        """A few of everything in one request; what did not arrive, the identity provider finds out afterwards."""
        newcomers = [self._newcomer(None) for _ in range(self.rng.randint(1, 3))]
        moved = [replace(person, jobTitle=a_role(self.rng)) for person in self._several(3)]
        operations = [self._post(person) for person in newcomers] + [self._patch(person) for person in moved]
        leaver = self._several(1, but=[person.objectId for person in moved])
        operations += [{"method": "DELETE", "path": self._path(person)} for person in leaver]
        for person in (*newcomers, *moved):
            self.people[person.objectId] = Life(person)
        self.rng.shuffle(operations)
        self._send("POST", "Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
        self._push(*newcomers, *moved)
        for person in leaver:
            self._purge(person)

    def _look_up(self) -> None:
        if isinstance(self.simulator, OktaSimulator):
            self._until_done(self.simulator.import_people)
        else:
            self._until_done(self.simulator.test_connection)

    def _ask_what_is_refused(self) -> None:
        """What every identity provider does wrong at times, and a stranger."""
        person = self._somebody()
        body = documents.build({"userName": person.userPrincipalName or ""}) if person else {}
        nothing = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
        method, path, sent, token = self.rng.choice(
            [
                ("POST", "Users", body, True),
                ("POST", "Users", {"schemas": [CORE_USER]}, True),
                ("PATCH", "Users/00000000-0000-4000-8000-000000000000", nothing, True),
                ("GET", "Users?filter=no+such+thing", None, True),
                ("GET", "Users", None, False),
            ]
        )
        answer = self._send(method, path, sent, token=token)
        if answer not in (*_PASSES, 400, 401, 404, 409):
            self.journal.differs(f"{self.name}: {method} {path} is to be refused, and was answered {answer}")

    def _hurry(self) -> None:
        """Ask more at once than the throttle allows."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            tasks = [threads.submit(self._send, "GET", "Users?count=1", None) for _ in range(4 * _AT_ONCE)]
        for task in tasks:
            if task.result() not in (*_PASSES, 200):
                self.journal.differs(f"{self.name}: asked in a hurry, answered {task.result()}")

    # How it is sent.

    def _push(self, *people: Person) -> None:
        for person in people:
            self.people[person.objectId] = Life(person)
        self._until_done(lambda: self.simulator.incremental(people))

    def _purge(self, person: Person) -> None:
        entra = self.simulator
        if not isinstance(entra, EntraSimulator):
            return
        anchor = entra.anchors[person.objectId]
        self.people[person.objectId].is_deleted = True

        def delete() -> None:
            entra.anchors[person.objectId] = anchor
            entra.delete(person)

        self._until_done(delete)
        if person.objectId in self.bosses:
            # Reports go on to name them while they are away: the same id will be theirs again.
            entra.anchors[person.objectId] = anchor

    def _until_done(self, act: Callable[[], Any], again: Callable[[], Any] | None = None) -> None:
        """Act as often as it takes; what does not pass by itself is a difference."""
        was_lost = False
        for _attempt in range(_ATTEMPTS):
            before = len(self.simulator.steps)
            act()
            act = again or act
            failed = [step for step in self.simulator.steps[before:] if not step.ok]
            if not failed:
                return
            for step in failed:
                # An earlier attempt may have made them after we looked.
                is_made = was_lost and step.method == "POST" and step.status == 409
                if step.status not in _PASSES and not is_made:
                    self._differs(step)
                    return
                was_lost |= step.status == 0 or "did not confirm" in step.detail
            time.sleep(self.rng.uniform(0.2, 0.8))
        self.journal.differs(f"{self.name}: given up after {_ATTEMPTS} attempts")

    def _differs(self, step: Step) -> None:
        self.journal.differs(f"{self.name}: {step.what}: {step.method} {step.url}: {step.detail}")

    def _send(self, method: str, path: str, body: object, *, token: bool = True) -> int:
        session = self.simulator._session
        headers = dict(session._headers) if token else {"Accept": MEDIA_TYPE}
        raw = None if body is None else json.dumps(body).encode()
        return self.sender(method, f"{session._base}/{path}", headers, raw).status

    def _post(self, person: Person) -> dict[str, Any]:
        data = documents.build(scim_values(person, self.simulator.mapping))
        return {"method": "POST", "path": "/Users", "bulkId": person.mailNickname, "data": data}

    def _patch(self, person: Person) -> dict[str, Any]:
        change = {"op": "replace", "path": "title", "value": person.jobTitle}
        data = {"schemas": [PATCH_OP], "Operations": [change]}
        return {"method": "PATCH", "path": self._path(person), "data": data}

    def _path(self, person: Person) -> str:
        return f"/Users/{self.simulator.anchors[person.objectId]}"

    # Whom.

    def _newcomer(self, boss: str | None) -> Person:
        self.made += 1
        return newcomer(f"{self.name}-{self.made}", self.domain, boss, self.rng)

    def _several(self, most: int, but: list[str] | None = None) -> list[Person]:
        """People who are here and nobody's boss."""
        here = [life.person for life in self.people.values() if life.has_access]
        free = [person for person in here if person.objectId not in (*self.bosses, *(but or ()))]
        return self.rng.sample(free, min(most, len(free)))

    def _somebody(self) -> Person | None:
        here = [life.person for life in self.people.values() if life.has_access]
        return self.rng.choice(here) if here else None

    def _boss(self) -> str | None:
        return self.rng.choice(self.bosses) if self.bosses and self.is_entra else None
