"""What the simulator makes of answers: each of these would hurt with the real Entra."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from scim_provisioning.testing.simulators import Answer, EntraSimulator, Person, Step, over_http
from scim_provisioning.testing.simulators.documents import target

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SCIM_JSON = {"content-type": "application/scim+json"}
EMPTY = {"schemas": [LIST], "totalResults": 0, "Resources": []}
ANA = Person(userPrincipalName="ana@harborline.example", displayName="Ana")


def answering(*answers: tuple[int, Any] | Answer) -> EntraSimulator:
    """Return a simulator whose requests are answered in this order; the last answer repeats."""
    queue = list(answers)

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Answer):
            return answer
        return Answer(answer[0], SCIM_JSON, json.dumps(answer[1]).encode())

    return EntraSimulator("https://lms.example/scim/v2", "secret", send)


def found(*users: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [LIST], "totalResults": len(users), "Resources": list(users)}


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        (Answer(200, {"content-type": "text/html"}, b"<html>"), "quarantine", "text/html"),
        (Answer(200, SCIM_JSON, b"{"), "quarantine", "not JSON"),
        (Answer(401, SCIM_JSON, b'{"detail": "no"}'), "quarantine", "credentials refused: no"),
        (Answer(301, {}, b""), "quarantine", "301"),
        (Answer(404, SCIM_JSON, b'{"detail": "gone"}'), "quarantine", "gone"),
        (Answer(500, SCIM_JSON, b"{}"), "retry", "500"),
        (Answer(0, {}, b"refused"), "retry", "no answer: refused"),
    ],
)
def test_a_bad_answer_to_the_connection_test(answer: Answer, verdict: str, detail: str) -> None:
    entra = answering(answer)
    assert not entra.test_connection()
    assert entra.problems[0].verdict == verdict
    assert detail in entra.problems[0].detail


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], "not a ListResponse"),
        ({**EMPTY, "totalResults": "0"}, "totalResults is not a number"),
        ({**EMPTY, "totalResults": 3}, "totalResults is 3"),
        (found({"id": "1", "userName": "x"}), "where nobody can be"),
    ],
)
def test_a_bad_list(body: Any, detail: str) -> None:
    entra = answering((200, body))
    assert not entra.test_connection()
    assert detail in entra.problems[0].detail


@pytest.mark.parametrize(
    ("users", "detail"),
    [
        ([{"id": "1", "userName": "ana@harborline.example"}] * 2, "duplicate"),
        ([{"userName": "ana@harborline.example"}], "without id"),
        ([{"id": "1", "userName": "bob@harborline.example"}], "somebody whose userName is another"),
    ],
)
def test_a_look_up_that_would_link_the_wrong_person(users: list[dict[str, Any]], detail: str) -> None:
    entra = answering((200, EMPTY), (200, EMPTY), (200, found(*users)), (204, None))
    entra.initial_cycle([ANA])
    assert detail in entra.problems[0].detail


@pytest.mark.parametrize(
    ("created", "detail"),
    [
        ({}, "no id"),
        ({"id": "1", "userName": "ana@harborline.example", "displayName": "Ana"}, "active is None"),
        (
            {"id": "1", "userName": "ANA@harborline.example", "active": True, "displayName": "ana"},
            "displayName is 'ana', sent 'Ana'",
        ),
        (
            {"id": "1", "userName": "ana@harborline.example", "active": "True", "displayName": "Ana"},
            "active is 'True', sent True",
        ),
    ],
)
def test_an_answer_that_is_not_what_was_sent(created: dict[str, Any], detail: str) -> None:
    entra = answering((200, EMPTY), (200, EMPTY), (200, EMPTY), (201, created))
    entra.initial_cycle([ANA])
    assert entra.problems[-1].verdict == "resend"
    assert detail in entra.problems[-1].detail


def test_a_refused_create_is_retried_and_leaves_no_anchor() -> None:
    entra = answering((200, EMPTY), (200, EMPTY), (200, EMPTY), (409, {"detail": "userName is taken."}))
    entra.initial_cycle([ANA])
    assert entra.problems[-1].verdict == "retry"
    assert entra.problems[-1].detail.endswith(": userName is taken.")
    assert entra.anchors == {}


def test_patch_answered_without_a_body_is_read_back() -> None:
    user = {"id": "1", "userName": "ana@harborline.example", "active": True, "displayName": "Old"}
    renamed = {**user, "displayName": "Ana"}
    empty, hit = (200, EMPTY), (200, found(user))
    entra = answering(empty, empty, hit, Answer(204), (200, renamed))
    entra.initial_cycle([ANA])
    assert entra.problems == []
    entra = answering(empty, empty, hit, Answer(204), (200, user))
    entra.initial_cycle([ANA])
    assert entra.problems[-1].detail == "displayName is 'Old', sent 'Ana'"


def test_manager_returned_as_text_is_no_manager() -> None:
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    boss = Person(userPrincipalName="boss@harborline.example")
    ana = Person(userPrincipalName="ana@harborline.example", manager=boss.objectId)
    users = [
        {"id": str(number), "userName": name, "active": True, enterprise: {"manager": "1"}}
        for number, name in ((1, boss.userPrincipalName), (2, ana.userPrincipalName))
    ]
    empty = (200, EMPTY)
    entra = answering(empty, empty, empty, (201, users[0]), empty, (201, users[1]), (200, users[1]))
    entra.initial_cycle([boss, ana])
    assert entra.problems[-1].detail == f"{enterprise}:manager is '1', sent '1'"


def test_each_step_is_told_as_it_happens() -> None:
    told: list[Step] = []
    entra = EntraSimulator(
        "https://lms.example", "t", lambda *request: Answer(200, SCIM_JSON, b"{}"), on_step=told.append
    )
    entra.test_connection()
    assert told == entra.steps
    assert told[0].method == "GET"
    assert told[0].ms >= 0


def test_a_failed_read_leaves_the_person_for_a_later_cycle() -> None:
    user = {"id": "1", "userName": "ana@harborline.example", "active": True, "displayName": "Ana"}
    empty = (200, EMPTY)
    entra = answering(empty, empty, (200, found(user)), (503, {"detail": "Paused."}))
    entra.initial_cycle([ANA])
    entra.incremental([ANA])
    assert [step.verdict for step in entra.problems] == ["retry"]
    assert entra.anchors == {ANA.objectId: "1"}


def test_a_person_gone_between_a_patch_and_its_reading_back_is_no_problem() -> None:
    user = {"id": "1", "userName": "ana@harborline.example", "active": True, "displayName": "Old"}
    empty = (200, EMPTY)
    entra = answering(empty, empty, (200, found(user)), Answer(204), (404, {"detail": "Gone."}))
    entra.initial_cycle([ANA])
    assert entra.problems == []


def test_a_row_that_no_mapping_page_offers_is_a_mistake_of_the_test() -> None:
    with pytest.raises(ValueError, match="not a target attribute"):
        target("emails[0].value")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_server_is_an_answer_too(scheme: str) -> None:
    answer = over_http("GET", f"{scheme}://127.0.0.1:9/", {}, None)
    assert answer.status == 0
    assert b"Refused" in answer.body
