"""What the Okta simulator sends, and what it makes of the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.testing import send_through
from scim_provisioning.testing.simulators import Answer, OktaSimulator, Person

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SCIM_JSON = {"content-type": "application/scim+json"}
INES = Person(
    userPrincipalName="ines@quayside.example",
    objectId="0b0e5d4a-6f8e-4d4b-9d36-3f2e7f7a9c11",
    givenName="Ines",
    surname="Okafor",
    displayName="Ines Okafor",
    mail="ines@quayside.example",
    preferredLanguage="en-US",
    jobTitle="Rigger",
    department="Ropes",
)


def page(*users: dict[str, Any], total: int | None = None, start: int = 1, **changes: Any) -> dict[str, Any]:
    numbers = {"totalResults": len(users) if total is None else total, "startIndex": start}
    return {"schemas": [LIST], **numbers, "itemsPerPage": len(users), "Resources": list(users), **changes}


def answering(*answers: tuple[int, Any], **options: Any) -> tuple[OktaSimulator, list[tuple[str, str, Any]]]:
    """A simulator whose requests are answered in this order (the last answer repeats), and what it sent."""
    queue, sent = list(answers), []

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        assert headers["User-Agent"] == "Okta SCIM Client 1.0.0"
        sent.append((method, url.removeprefix("https://lms.example/scim/v2/"), json.loads(body or b"null")))
        status, answer = queue.pop(0) if len(queue) > 1 else queue[0]
        raw = b"" if answer is None else json.dumps(answer).encode()
        return Answer(status, SCIM_JSON if raw else {}, raw)

    return OktaSimulator("https://lms.example/scim/v2", "secret", send, **options), sent


USER = {
    "id": "u1",
    "externalId": "00u0b0e5d4a6f8e4d4b9",
    "userName": "ines@quayside.example",
    "active": True,
    "name": {"givenName": "Ines", "familyName": "Okafor"},
    "emails": [{"primary": True, "type": "work", "value": "ines@quayside.example"}],
    "displayName": "Ines Okafor",
    "locale": "en-US",
    "title": "Rigger",
    ENTERPRISE: {"department": "Ropes"},
}


def test_credentials_are_tested_by_a_page_of_two() -> None:
    okta, sent = answering((200, page()))
    assert okta.test_connection()
    assert sent == [("GET", "Users?startIndex=1&count=2", None)]


def test_a_person_is_looked_for_and_created_with_groups_and_a_password() -> None:
    okta, sent = answering((200, page()), (200, page()), (201, USER))
    okta.initial_cycle([INES])
    assert okta.problems == []
    assert sent[1][1] == "Users?filter=userName%20eq%20%22ines%40quayside.example%22&startIndex=1&count=100"
    method, path, body = sent[2]
    assert (method, path) == ("POST", "Users")
    assert body.pop("password")
    core = "urn:ietf:params:scim:schemas:core:2.0:User"
    wanted = {name: value for name, value in USER.items() if name != "id"}
    assert body == {**wanted, "groups": [], "schemas": [core, ENTERPRISE]}
    assert okta.anchors == {INES.objectId: "u1"}


def test_somebody_who_is_there_is_linked_and_not_created() -> None:
    okta, sent = answering((200, page()), (200, page(USER)), (200, USER))
    okta.initial_cycle([INES])
    assert [method for method, _path, _body in sent] == ["GET", "GET", "GET"]
    assert okta.anchors == {INES.objectId: "u1"}


def test_a_404_means_that_nobody_is_there() -> None:
    okta, sent = answering((200, page()), (404, {"detail": "none"}), (201, USER))
    okta.initial_cycle([INES])
    assert okta.problems == []
    assert sent[-1][0] == "POST"


def test_a_custom_application_reads_and_puts_the_merged_object_back() -> None:
    meta = {"resourceType": "User", "version": 'W/"1"'}
    held = {**USER, "meta": meta, "nickName": "Nan"}
    okta, sent = answering(
        (200, page()), (200, page()), (201, USER), (200, held), (200, {**held, "title": "Bosun"})
    )
    okta.initial_cycle([INES])
    okta.incremental([replace(INES, jobTitle="Bosun")])
    assert okta.problems == []
    method, path, body = sent[-1]
    assert (method, path) == ("PUT", "Users/u1")
    assert (body["id"], body["meta"], body["groups"], body["nickName"]) == ("u1", meta, [], "Nan")
    assert body["title"] == "Bosun"


def test_a_catalogue_application_patches_what_differs_without_a_path() -> None:
    okta, sent = answering(
        (200, page()),
        (200, page()),
        (201, USER),
        (200, USER),
        (200, {**USER, "title": "Bosun"}),
        catalogue=True,
    )
    okta.initial_cycle([INES])
    okta.incremental([replace(INES, jobTitle="Bosun")])
    assert okta.problems == []
    assert sent[-1][0] == "PATCH"
    assert sent[-1][2]["Operations"] == [{"op": "replace", "value": {"title": "Bosun"}}]


def test_nothing_is_pushed_to_somebody_who_is_in_step() -> None:
    okta, sent = answering((200, page()), (200, page()), (201, USER), (200, USER))
    okta.initial_cycle([INES])
    okta.incremental([INES])
    assert sent[-1] == ("GET", "Users/u1", None)


def test_deactivation_is_a_patch_without_a_path_and_so_is_its_reverse() -> None:
    okta, sent = answering(
        (200, page()), (200, page()), (201, USER), (200, {**USER, "active": False}), (200, USER)
    )
    okta.initial_cycle([INES])
    gone = okta.disable(INES)
    assert sent[-1][2]["Operations"] == [{"op": "replace", "value": {"active": False}}]
    okta.restore(gone)
    assert sent[-1][2]["Operations"] == [{"op": "replace", "value": {"active": True}}]
    assert okta.problems == []


def test_a_reactivation_that_is_not_shown_would_loop() -> None:
    off = {**USER, "active": False}
    okta, _sent = answering((200, page()), (200, page()), (201, USER), (200, off), (200, off))
    okta.initial_cycle([INES])
    okta.restore(okta.disable(INES))
    assert [step.verdict for step in okta.problems] == ["resend"]
    assert okta.problems[0].detail == "active is False, sent True"


def test_a_patch_without_an_answer_is_read_back() -> None:
    okta, sent = answering((200, page()), (200, page()), (201, USER), (204, None), (200, USER))
    okta.initial_cycle([INES])
    okta.disable(INES)
    assert sent[-1][0] == "GET"
    assert okta.problems[-1].detail == "active is True, sent False"


def test_an_import_walks_every_page_and_asks_for_groups() -> None:
    users = [{**USER, "id": f"u{number}"} for number in range(3)]
    okta, sent = answering(
        (200, page(*users[:2], total=3)), (200, page(users[2], total=3, start=3)), (200, page())
    )
    assert okta.import_people(page=2) == users
    assert [path for _method, path, _body in sent] == [
        "Users?startIndex=1&count=2",
        "Users?startIndex=3&count=2",
        "Groups?startIndex=1&count=2",
    ]
    assert okta.problems == []


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({}, "not a ListResponse"),
        (page(totalResults="0"), "totalResults is not a number"),
        (page(itemsPerPage=2), "itemsPerPage is 2, with 0 resources where 2 were asked for"),
        (page(start=0), "startIndex is 0, asked for 1"),
        (page(total=7), "an empty page at 1 of 7"),
    ],
)
def test_a_bad_page(answer: Any, detail: str) -> None:
    okta, _sent = answering((200, answer))
    assert not okta.test_connection()
    assert okta.problems[0].detail == detail


def test_somebody_who_comes_twice_in_an_import_is_noticed() -> None:
    okta, _sent = answering((200, page(USER, total=2)), (200, page(USER, total=2, start=2)), (200, page()))
    okta.import_people(page=1)
    assert "the order is not stable" in okta.problems[0].detail


def test_a_password_that_is_given_back_is_noticed() -> None:
    okta, _sent = answering((200, page()), (200, page()), (201, {**USER, "password": "x"}))
    okta.initial_cycle([INES])
    assert okta.problems[0].detail == "the answer gives the password back"


@pytest.mark.django_db
@pytest.mark.parametrize("catalogue", [False, True])
def test_a_whole_life_through_djangos_test_client(token: str, catalogue: bool) -> None:
    okta = OktaSimulator(tenant_url(), token, send_through(Client()), catalogue)
    rui = Person(userPrincipalName="rui@quayside.example", displayName="Rui")
    okta.initial_cycle([INES, rui])
    okta.incremental([replace(INES, jobTitle="Bosun", department="Sails")])
    okta.disable(INES)
    assert [user["active"] for user in okta.import_people(page=1)] == [False, True]
    okta.restore(INES)
    assert okta.problems == []
    link = ProvisionedUser.objects.get(scim_id=okta.anchors[INES.objectId])
    assert link.active
    assert link.user.learner.job_role == "Bosun"  # type: ignore[union-attr]
    assert parse_qs(urlsplit(okta.steps[1].url).query)["filter"] == ['userName eq "ines@quayside.example"']
