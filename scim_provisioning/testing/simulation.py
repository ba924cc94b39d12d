"""Many made-up people, played by one identity provider or by several at once, and what came of it.

Standard library and the simulators only. Nothing is raised for what the server does: ask the steps.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    Answer,
    EntraSimulator,
    OktaSimulator,
    Person,
    Send,
    Step,
)

DIALECTS = ("default", "flagged", "okta")

#: A share of the people is given up after so many faults; what went wrong is known by then.
MOST_FAULTS = 20
#: How often a request is sent again that the server would not have yet (429), and for how long it waits at most.
_ATTEMPTS, _LONGEST_WAIT = 10, 30

_GIVEN = ("Ana", "Rui", "Ines", "Kofi", "Maren", "Olle")
_FAMILY = ("Okafor", "Sousa", "Mensah", "Thorvald", "Berg")
_TEAMS = ("North", "South", "East", "West")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """``people`` made-up people of a run called ``mark``, in ``parallel`` shares that are played at once.

    Each share is created, changed, and every third of it deactivated and activated again; then deleted, unless
    ``keep``. ``sender`` makes the way to the server, one for each share.
    """

    url: str
    token: str
    mark: str
    dialect: str = "default"
    people: int = 10
    parallel: int = 1
    keep: bool = False
    sender: Callable[[], Send]
    #: Called at the end of each thread: what it opened has to be closed there.
    at_thread_end: Callable[[], None]

    def run(self) -> list[Step]:
        """Test the connection, and play when that went well. Returns every step taken."""
        probe = self._simulator(self.sender())
        if not probe.test_connection():
            return probe.steps
        everybody = made_up(self.people, self.mark)
        shares = [everybody[start :: self.parallel] for start in range(min(self.parallel, self.people))]
        if len(shares) == 1:
            return [*probe.steps, *self._play(shares[0])]
        with ThreadPoolExecutor(len(shares)) as threads:
            played = threads.map(self._play_in_a_thread, shares)
            return [*probe.steps, *(step for steps in played for step in steps)]

    def _play_in_a_thread(self, share: Sequence[Person]) -> list[Step]:
        try:
            return self._play(share)
        finally:
            self.at_thread_end()

    def _play(self, share: Sequence[Person]) -> list[Step]:
        send = self.sender()
        simulator = self._simulator(send)
        try:
            self._lead_lives(simulator, share)
        except _GivenUp:
            pass
        finally:
            cleaner = EntraSimulator(self.url, self.token, send)
            if not self.keep:
                cleaner.anchors = dict(simulator.anchors)
                for person in share:
                    cleaner.delete(person)
        return [*simulator.steps, *cleaner.steps]

    def _lead_lives(self, simulator: EntraSimulator | OktaSimulator, share: Sequence[Person]) -> None:
        boss = share[0]
        simulator.initial_cycle([boss, *(replace(person, manager=boss.objectId) for person in share[1:])])
        moved = [
            replace(person, jobTitle="Head of Simulation", department=f"Simulation {_TEAMS[number % 4]}")
            for number, person in enumerate(share, start=1)
        ]
        simulator.incremental(moved)
        for person in moved[::3]:
            simulator.restore(simulator.disable(person))

    def _simulator(self, send: Send) -> EntraSimulator | OktaSimulator:
        patient = _Patient(send)
        watch = _Watch()
        if self.dialect == "okta":
            return OktaSimulator(self.url, self.token, patient, on_step=watch)
        mapping = (*DEFAULT_MAPPING, *LEARNING_ROWS)
        flagged = self.dialect == "flagged"
        return EntraSimulator(self.url, self.token, patient, flagged, mapping=mapping, on_step=watch)


class _GivenUp(Exception):
    """Going on would only repeat what is known."""


class _Watch:
    """Ends a share whose job an identity provider would stop, or in which too much went wrong."""

    def __init__(self) -> None:
        self._faults = 0

    def __call__(self, step: Step) -> None:
        self._faults += not step.ok
        if self._faults >= MOST_FAULTS:
            raise _GivenUp


class _Patient:
    """Sends a request again that was answered 429, after the time that the server asks for."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        for _attempt in range(_ATTEMPTS):
            answer = self._send(method, url, headers, body)
            if answer.status != 429:
                break
            asked = answer.headers.get("retry-after", "1")
            time.sleep(min(int(asked) if asked.isdecimal() else 1, _LONGEST_WAIT))
        return answer


def made_up(count: int, mark: str) -> list[Person]:
    """People who cannot exist: .invalid can belong to nobody (RFC 2606), so no mail arrives anywhere."""
    people = []
    for number in range(count):
        name = f"simulated-{mark}-{number}"
        given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number // len(_GIVEN) % len(_FAMILY)]
        people.append(
            Person(
                userPrincipalName=f"{name}@scim-simulation.invalid",
                mailNickname=name,
                mail=f"{name}@scim-simulation.invalid",
                givenName=given,
                surname=family,
                displayName=f"{given} {family} {number}",
                jobTitle="Simulated Learner",
                employeeId=str(100_000 + number),
                companyName="Simulation Ltd",
                division="Simulation Division",
                department=f"Simulation {_TEAMS[number % 4]}",
            )
        )
    return people


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of request: how many there were, how many went well, and how long they took (milliseconds)."""

    operation: str
    count: int
    ok: int
    median: float
    ninety_fifth: float

    @property
    def faults(self) -> int:
        return self.count - self.ok


def summary(steps: Iterable[Step]) -> list[Line]:
    """One line a kind of request, in the order in which they first came."""
    kinds: dict[str, list[Step]] = {}
    for step in steps:
        kinds.setdefault(operation_of(step), []).append(step)
    return [_line(kind, of_kind) for kind, of_kind in kinds.items()]


def operation_of(step: Step) -> str:
    """What a request is to an administrator: ``create``, ``look up``, ``change (PATCH)``."""
    parts = urlsplit(step.url)
    if step.method != "GET":
        names = {"POST": "create", "DELETE": "delete"}
        return names.get(step.method, f"change ({step.method})")
    if parts.path.rstrip("/").endswith("/Groups"):
        return "groups"
    if not parts.path.rstrip("/").endswith("/Users"):
        return "read"
    return "look up" if "filter=" in parts.query else "list"


def _line(operation: str, steps: Sequence[Step]) -> Line:
    times = sorted(step.ms for step in steps)
    # The nearest rank: of twenty the nineteenth.
    nearest = times[max(0, -(-len(times) * 95 // 100) - 1)]
    return Line(operation, len(steps), sum(step.ok for step in steps), statistics.median(times), nearest)
