"""What a simulation does with a server that is busy, broken or slow, and how it adds up."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from scim_provisioning.testing.simulation import MOST_FAULTS, Simulation, made_up, operation_of, summary
from scim_provisioning.testing.simulators import Answer, Step

LIST = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    "totalResults": 0,
    "startIndex": 1,
    "itemsPerPage": 0,
    "Resources": [],
}
SCIM_JSON = {"content-type": "application/scim+json"}


class Server:
    """Finds nobody, and answers everything else with one status."""

    def __init__(self, status: int = 500, busy: int = 0) -> None:
        self.status, self.busy, self.requests = status, busy, 0

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.requests += 1
        if self.busy:
            self.busy -= 1
            return Answer(429, {**SCIM_JSON, "retry-after": "0"}, b"{}")
        if method == "GET":
            return Answer(200, SCIM_JSON, json.dumps(LIST).encode())
        return Answer(self.status, SCIM_JSON, b'{"detail": "Broken."}')


def simulation(server: Server, **options: object) -> Simulation:
    return Simulation(
        url="https://lms.example/scim/v2",
        token="secret",
        mark="m",
        sender=lambda: server,
        at_thread_end=lambda: None,
        **options,  # type: ignore[arg-type]
    )


def test_a_request_is_sent_again_when_the_server_is_busy() -> None:
    server = Server(busy=3)
    steps = simulation(server, people=1).run()
    assert [step.status for step in steps][:2] == [200, 200]
    assert server.requests == len(steps) + 3


def test_a_server_that_is_always_busy_is_a_fault_in_the_end() -> None:
    steps = simulation(Server(busy=10**6), people=1).run()
    assert {step.status for step in steps} == {429}
    assert not any(step.ok for step in steps)


def test_a_share_is_given_up_when_too_much_goes_wrong() -> None:
    steps = simulation(Server(), people=500).run()
    assert sum(not step.ok for step in steps) == MOST_FAULTS


def test_nobody_is_played_where_the_connection_test_fails() -> None:
    def refuse(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        return Answer(401, SCIM_JSON, b"{}")

    steps = simulation(refuse, people=500).run()  # type: ignore[arg-type]
    assert [step.verdict for step in steps] == ["quarantine", "quarantine"]


def test_people_are_shared_out_and_no_share_is_empty() -> None:
    steps = simulation(Server(), people=3, parallel=8).run()
    created = {step.what for step in steps if step.method == "POST"}
    assert created == {f"create {person.displayName}" for person in made_up(3, "m")}


def test_a_thousand_people_have_a_thousand_names_that_nobody_can_own() -> None:
    names = {person.userPrincipalName for person in made_up(1000, "m")}
    assert len(names) == 1000
    assert all(name and name.endswith(".invalid") for name in names)


@pytest.mark.parametrize(
    ("method", "url", "operation"),
    [
        ("GET", "https://x/scim/v2/Users?filter=a", "look up"),
        ("GET", "https://x/scim/v2/Users?startIndex=1&count=2", "list"),
        ("GET", "https://x/scim/v2/Users/4711", "read"),
        ("GET", "https://x/scim/v2/Groups?filter=a", "groups"),
        ("POST", "https://x/scim/v2/Users", "create"),
        ("PUT", "https://x/scim/v2/Users/4711", "change (PUT)"),
        ("DELETE", "https://x/scim/v2/Users/4711", "delete"),
    ],
)
def test_requests_are_counted_by_what_they_are_to_an_administrator(
    method: str, url: str, operation: str
) -> None:
    assert operation_of(Step(method, url, 200, 1.0, "", True)) == operation


def test_the_slowest_five_of_a_hundred_are_not_counted_into_the_95th() -> None:
    steps = [Step("POST", "/Users", 201, float(ms), "", ms != 7) for ms in range(1, 101)]
    (line,) = summary(steps)
    assert (line.count, line.ok, line.faults, line.median, line.ninety_fifth) == (100, 99, 1, 50.5, 95.0)
