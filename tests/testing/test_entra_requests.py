"""What the simulator sends: URLs, headers and bodies of Entra's two dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from scim_provisioning.testing.simulators import LEARNING_ROWS, Answer, EntraSimulator, Person, Row
from scim_provisioning.testing.simulators.directory import DEFAULT_MAPPING
from scim_provisioning.testing.simulators.documents import read

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

INES = Person(
    userPrincipalName="ines.okafor@harborline.example",
    mailNickname="inesokafor",
    givenName="Ines",
    surname="Okafor",
    displayName="Ines Okafor",
    jobTitle="Secure Coding Lead",
    mail="ines.okafor@harborline.example",
    preferredLanguage="en-GB",
    physicalDeliveryOfficeName="Quay House 4.12",
    streetAddress="18 Quay Street",
    city="Leith",
    state="Edinburgh",
    postalCode="EH6 6QU",
    country="GB",
    telephoneNumber="+44 131 496 0101",
    mobile="+44 7700 900411",
    facsimileTelephoneNumber="+44 131 496 0199",
    employeeId="HL-20417",
    department="Platform Security",
)
KOFI = Person(userPrincipalName="kofi@harborline.example", displayName="Kofi Mensah")


class Request:
    """A request as the server saw it."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> None:
        self.method, self.url, self.headers = method, url, headers
        self.path = unquote(urlsplit(url).path)
        self.body: dict[str, Any] = json.loads(body) if body is not None else {}

    @property
    def operations(self) -> list[dict[str, Any]]:
        return self.body["Operations"]


class EchoServer:
    """Keeps users as they were posted; what a PATCH does is up to the test."""

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.patched: dict[str, Any] = {}

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request = Request(method, url, headers, body)
        self.requests.append(request)
        status, resource = self.answer(request)
        raw = b"" if resource is None else json.dumps(resource).encode()
        return Answer(status, {"content-type": "application/scim+json"} if raw else {}, raw)

    def answer(self, request: Request) -> tuple[int, dict[str, Any] | None]:
        scim_id = request.path.rpartition("/")[2]
        if request.method == "POST":
            user = {**request.body, "id": f"u{len(self.users) + 1}"}
            self.users[user["id"]] = user
            return 201, user
        if scim_id in self.users:
            if request.method == "DELETE":
                del self.users[scim_id]
                return 204, None
            if request.method == "PATCH":
                self.users[scim_id] |= self.patched
            return 200, self.users[scim_id]
        if scim_id in {"Users", "Groups"}:
            return 200, self.search(request)
        return 404, {"detail": "not here", "status": "404"}

    def search(self, request: Request) -> dict[str, Any]:
        attribute, _, value = parse_qs(urlsplit(request.url).query)["filter"][0].partition(" eq ")
        found = [user for user in self.users.values() if read(user, attribute) == json.loads(value)]
        return {"schemas": [LIST], "totalResults": len(found), "Resources": found}

    def last(self, method: str) -> Request:
        return next(request for request in reversed(self.requests) if request.method == method)


@pytest.fixture
def server() -> EchoServer:
    return EchoServer()


def entra_for(
    server: EchoServer, url: str = "https://lms.example/scim/v2/", **options: Any
) -> EntraSimulator:
    return EntraSimulator(url, "secret", server, **options)


def test_connection_test_looks_for_a_person_and_a_group_that_cannot_exist(server: EchoServer) -> None:
    entra = entra_for(server)
    assert entra.test_connection()
    users, groups = server.requests
    assert users.url.startswith("https://lms.example/scim/v2/Users?filter=userName+eq+%22")
    assert groups.url.startswith(
        "https://lms.example/scim/v2/Groups?excludedAttributes=members&filter=displayName+eq+%22"
    )
    assert users.headers == {
        "Authorization": "Bearer secret",
        "Content-Type": "application/scim+json; charset=utf-8",
        "Accept": "application/scim+json",
        "ADSCIMVersion": "5.0",
    }


def test_create_sends_the_default_mapping(server: EchoServer) -> None:
    entra = entra_for(server)
    entra.initial_cycle([INES])
    assert entra.problems == []
    body = server.last("POST").body
    assert body == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "inesokafor",
        "userName": "ines.okafor@harborline.example",
        "active": True,
        "displayName": "Ines Okafor",
        "title": "Secure Coding Lead",
        "preferredLanguage": "en-GB",
        "emails": [{"primary": True, "type": "work", "value": "ines.okafor@harborline.example"}],
        "name": {"formatted": "Ines Okafor", "familyName": "Okafor", "givenName": "Ines"},
        "addresses": [
            {
                "type": "work",
                "formatted": "Quay House 4.12",
                "streetAddress": "18 Quay Street",
                "locality": "Leith",
                "region": "Edinburgh",
                "postalCode": "EH6 6QU",
                "country": "GB",
            }
        ],
        "phoneNumbers": [
            {"type": "work", "value": "+44 131 496 0101"},
            {"type": "mobile", "value": "+44 7700 900411"},
            {"type": "fax", "value": "+44 131 496 0199"},
        ],
        "roles": [],
        "meta": {"resourceType": "User"},
        ENTERPRISE: {"employeeNumber": "HL-20417", "department": "Platform Security"},
    }


def test_the_rows_an_administrator_adds_are_sent_too(server: EchoServer) -> None:
    rows = (*DEFAULT_MAPPING, *LEARNING_ROWS, Row("objectId", "urn:acme:2.0:User:badge"))
    person = replace(KOFI, companyName="Harborline", division="Digital")
    entra_for(server, mapping=rows).initial_cycle([person])
    body = server.last("POST").body
    assert body[ENTERPRISE] == {"organization": "Harborline", "division": "Digital"}
    assert body["urn:acme:2.0:User"] == {"badge": person.objectId}


def test_default_dialect_sends_one_operation_an_attribute_and_booleans_as_text(server: EchoServer) -> None:
    entra = entra_for(server)
    entra.initial_cycle([KOFI])
    entra.incremental([replace(KOFI, displayName="Kofi M.", jobTitle="Architect", accountEnabled=False)])
    assert server.last("PATCH").body == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "Replace", "path": "displayName", "value": "Kofi M."},
            {"op": "Add", "path": "title", "value": "Architect"},
        ],
    }


def test_flagged_dialect_merges_what_has_no_filter(server: EchoServer) -> None:
    entra = entra_for(server, flag=True)
    entra.initial_cycle([KOFI])
    entra.incremental(
        [
            replace(
                KOFI, displayName="Kofi M.", department="Cloud", mail="kofi@x.example", accountEnabled=False
            )
        ]
    )
    assert server.last("PATCH").operations == [
        {"op": "add", "path": 'emails[type eq "work"].value', "value": "kofi@x.example"},
        {"op": "add", "value": {f"{ENTERPRISE}:department": "Cloud"}},
        {"op": "replace", "value": {"active": False, "displayName": "Kofi M."}},
    ]


def test_flagged_dialect_gives_a_single_change_its_path(server: EchoServer) -> None:
    entra = entra_for(server, flag=True)
    entra.initial_cycle([KOFI])
    entra.disable(KOFI)
    assert server.last("PATCH").operations == [{"op": "replace", "path": "active", "value": False}]


def test_flag_typed_after_the_tenant_url_travels_as_a_query_parameter(server: EchoServer) -> None:
    entra = entra_for(server, "https://lms.example/scim/v2/?aadOptscim062020")
    entra.initial_cycle([KOFI])
    assert entra.flag
    assert server.requests[0].url.startswith(
        "https://lms.example/scim/v2/Users?aadOptscim062020&filter=userName+eq+"
    )
    assert server.last("POST").url == "https://lms.example/scim/v2/Users?aadOptscim062020"


def test_managers_go_in_a_second_pass_and_only_once(server: EchoServer) -> None:
    entra = entra_for(server)
    ines = replace(INES, manager=KOFI.objectId)
    server.patched = {ENTERPRISE: {"manager": {"value": "u2"}, **{"department": "Platform Security"}}}
    entra.initial_cycle([ines, KOFI])
    assert entra.problems == []
    patches = [request for request in server.requests if request.method == "PATCH"]
    assert [request.operations for request in patches] == [
        [{"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "u2"}]
    ]
    assert entra.managers_pass() == []


def test_known_person_is_linked_and_only_differences_are_sent(server: EchoServer) -> None:
    entra_for(server).initial_cycle([KOFI])
    server.patched = {"title": "Architect"}
    again = entra_for(server)
    again.initial_cycle([replace(KOFI, jobTitle="Architect")])
    assert again.anchors == {KOFI.objectId: "u1"}
    assert [step.method for step in again.steps] == ["GET", "GET", "GET", "PATCH"]
    assert again.problems == []


def test_disabled_and_unmatchable_people_are_not_created(server: EchoServer) -> None:
    entra = entra_for(server)
    nameless = Person(userPrincipalName=None, displayName="Nobody")
    entra.initial_cycle([replace(KOFI, accountEnabled=False), nameless])
    assert "POST" not in {request.method for request in server.requests}


def test_vanished_anchor_is_matched_again(server: EchoServer) -> None:
    entra = entra_for(server)
    entra.initial_cycle([KOFI])
    server.users.clear()
    entra.incremental([KOFI])
    assert entra.anchors == {KOFI.objectId: "u1"}
    assert [step.method for step in entra.steps[-3:]] == ["GET", "GET", "POST"]
    assert entra.problems == []


def test_delete_forgets_the_person_and_takes_404_for_gone(server: EchoServer) -> None:
    entra = entra_for(server)
    entra.initial_cycle([KOFI])
    server.users.clear()
    entra.delete(KOFI)
    entra.delete(KOFI)
    assert entra.directory == entra.anchors == {}
    assert entra.steps[-1].status == 404
    assert entra.problems == []


def test_group_push_takes_501_for_a_clean_refusal(server: EchoServer) -> None:
    class Refusing(EchoServer):
        def answer(self, request: Request) -> tuple[int, dict[str, Any] | None]:
            if request.path.endswith("/Groups") and request.method == "POST":
                return 501, {"status": "501", "detail": "Switch group provisioning off."}
            return super().answer(request)

    entra = entra_for(Refusing())
    entra.initial_cycle([KOFI])
    assert [step.status for step in entra.push_group("Staff", [KOFI])] == [200, 501]
    assert entra.problems == []


def test_matching_attribute_can_be_another(server: EchoServer) -> None:
    entra = entra_for(server, matching='emails[type eq "work"].value')
    entra.initial_cycle([INES])
    assert "filter=emails[type+eq+%22work%22].value+eq+%22" in server.requests[-2].url
    assert entra.problems == []
