"""Odd spellings of real clients, by every verb: what one road understands or refuses, every road does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from example_project.lms.models import Learner
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
Json = dict[str, Any]
#: Sends members of a user and returns status, scimType and the person as they are read back.
Send = Callable[[ScimClient, Json], tuple[int, str | None, Json]]


def _seen(scim: ScimClient, status: int, body: Json, user: str) -> tuple[int, str | None, Json]:
    if status >= 400:
        return status, body.get("scimType"), {}
    return status, None, scim.get(f"/Users/{user or body['id']}").json()


def _ines(scim: ScimClient) -> str:
    made: str = scim.post("/Users", person(title="Old", phoneNumbers=None)).json()["id"]
    return made


def _post(scim: ScimClient, members: Json) -> tuple[int, str | None, Json]:
    answer = scim.post("/Users", person() | members)
    return _seen(scim, answer.status_code, answer.json(), "")


def _put(scim: ScimClient, members: Json) -> tuple[int, str | None, Json]:
    user = _ines(scim)
    answer = scim.put(f"/Users/{user}", person() | members)
    return _seen(scim, answer.status_code, answer.json(), user)


def _patch(spelled: Callable[[Json], list[Json]]) -> Send:
    def send(scim: ScimClient, members: Json) -> tuple[int, str | None, Json]:
        user = _ines(scim)
        answer = scim.patch(f"/Users/{user}", spelled(members))
        return _seen(scim, answer.status_code, answer.json(), user)

    return send


def _bulk(method: str, data: Callable[[Json], Any]) -> Send:
    def send(scim: ScimClient, members: Json) -> tuple[int, str | None, Json]:
        user = "" if method == "POST" else _ines(scim)
        path = f"/Users/{user}".rstrip("/")
        operation = {"method": method, "path": path, "bulkId": "a", "data": data(members)}
        answer = scim.post("/Bulk", {"schemas": [BULK], "Operations": [operation]})
        if answer.status_code >= 400:
            return answer.status_code, answer.json().get("scimType"), {}
        (result,) = answer.json()["Operations"]
        scim_id = result.get("location", "").rpartition("/")[2]
        return _seen(scim, int(result["status"]), result.get("response", {}), scim_id)

    return send


def _by_path(members: Json) -> list[Json]:
    return [{"op": "replace", "path": path, "value": value} for path, value in members.items()]


def _pathless(members: Json) -> list[Json]:
    return [{"op": "Replace", "value": members}]


def _pathless_text(members: Json) -> list[Json]:
    return [{"op": "add", "value": json.dumps(members)}]


WAYS: dict[str, Send] = {
    "POST": _post,
    "PUT": _put,
    "PATCH by path": _patch(_by_path),
    "PATCH without a path": _patch(_pathless),
    "PATCH with JSON in a text": _patch(_pathless_text),
    "bulk POST": _bulk("POST", lambda members: person() | members),
    "bulk PUT": _bulk("PUT", lambda members: person() | members),
    "bulk PATCH": _bulk("PATCH", lambda members: {"schemas": [PATCH_OP], "Operations": _pathless(members)}),
    "bulk PATCH, a bare list": _bulk("PATCH", _by_path),
    "bulk PATCH, JSON in a text": _bulk(
        "PATCH", lambda members: json.dumps({"Operations": _pathless(members)})
    ),
}

#: Here each member is an operation of its own, so none stands beside another.
BY_PATH = ("PATCH by path", "bulk PATCH, a bare list")


@pytest.fixture(params=WAYS)
def send(request: pytest.FixtureRequest, scim: ScimClient) -> Callable[[Json], tuple[int, str | None, Json]]:
    way = WAYS[request.param]
    return lambda members: way(scim, members)


UNDERSTOOD: dict[str, tuple[Json, Callable[[Json], Any], Any]] = {
    "JSON in a text, name": ({"name": '{"givenName": "Jo"}'}, lambda user: user["name"]["givenName"], "Jo"),
    "JSON in a text, a list": (
        {"phoneNumbers": '[{"type": "mobile", "value": "3"}]'},
        lambda user: user["phoneNumbers"],
        [{"type": "mobile", "value": "3"}],
    ),
    "JSON in a text, an element": (
        {"phoneNumbers": ['{"type": "mobile", "value": "3"}']},
        lambda user: user["phoneNumbers"],
        [{"type": "mobile", "value": "3"}],
    ),
    "JSON in a text, the manager": (
        {f"{ENTERPRISE}:manager": '{"value": "m-77"}'},
        lambda user: user[ENTERPRISE]["manager"],
        {"value": "m-77"},
    ),
    "JSON in a text, the extension": (
        {ENTERPRISE: '{"department": "Deck"}'},
        lambda user: user[ENTERPRISE]["department"],
        "Deck",
    ),
    "JSON where text is meant": ({"title": '{"a": 1}'}, lambda user: user["title"], '{"a": 1}'),
    "a number as externalId": ({"externalId": 157663}, lambda user: user["externalId"], "157663"),
    "a number as title": ({"title": 42}, lambda user: user["title"], "42"),
    "a number in the extension": (
        {ENTERPRISE: {"employeeNumber": 42}},
        lambda user: user[ENTERPRISE]["employeeNumber"],
        "42",
    ),
    "a blank manager": (
        {ENTERPRISE: {"department": "Deck", "manager": {"value": " ", "displayName": " "}}},
        lambda user: user[ENTERPRISE].get("manager"),
        None,
    ),
    "a blank as manager": (
        {f"{ENTERPRISE}:manager": "  "},
        lambda user: user[ENTERPRISE].get("manager"),
        None,
    ),
    "a picture": (
        {"photos": [{"value": "data:image/png;base64," + "A" * 20_000, "type": "photo"}], "title": "Kept"},
        lambda user: ("photos" in user, user["title"]),
        (False, "Kept"),
    ),
    "a long address of a profile": (
        {"profileUrl": "https://x.example/" + "a" * 9000},
        lambda user: "profileUrl" in user,
        False,
    ),
}


@pytest.mark.parametrize("case", UNDERSTOOD)
def test_every_verb_understands_it(send: Callable[[Json], tuple[int, str | None, Json]], case: str) -> None:
    members, part, expected = UNDERSTOOD[case]
    status, scim_type, user = send(members)
    assert (status in (200, 201), scim_type) == (True, None)
    assert part(user) == expected


REFUSED: dict[str, tuple[Json, str]] = {
    "a path into active": ({"active.value": False}, "invalidPath"),
    "a path into userName": ({"userName.value": "x"}, "invalidPath"),
    "a path into the extension": ({f"{ENTERPRISE}:department.value": "x"}, "invalidPath"),
    "a boolean as title": ({"title": True}, "invalidValue"),
    "a fraction as externalId": ({"externalId": 1.5}, "invalidValue"),
    "JSON in a text with a member twice": ({"name": '{"givenName": "a", "givenname": "b"}'}, "invalidSyntax"),
    "too long for its field": ({"title": "t" * 9000}, "invalidValue"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_every_verb_refuses_it_and_changes_nobody(
    send: Callable[[Json], tuple[int, str | None, Json]], scim: ScimClient, case: str
) -> None:
    members, scim_type = REFUSED[case]
    status, found, _ = send(members)
    assert (status, found) == (400, scim_type)
    for user in scim.get("/Users").json()["Resources"]:
        assert (user["active"], user["title"], user[ENTERPRISE]["department"]) == (
            True,
            "Old",
            "Platform Security",
        )


TWICE: list[Json] = [
    {"userName": "a@harborline.example", "username": "b@harborline.example"},
    {"active": True, "Active": False},
    {"name": {"givenName": "a", "GivenName": "b"}},
    {"emails": [{"type": "work", "value": "a@b.example", "Value": "c@d.example"}]},
    {ENTERPRISE: {"department": "a", "Department": "b"}},
    {ENTERPRISE: {"manager": {"value": "a", "VALUE": "b"}}},
    {"userName": "a@harborline.example", f"{CORE}:userName": "b@harborline.example"},
]


@pytest.mark.parametrize("way", [way for way in WAYS if way not in BY_PATH])
@pytest.mark.parametrize("members", TWICE, ids=str)
def test_one_attribute_under_two_names_is_refused(scim: ScimClient, way: str, members: Json) -> None:
    if "userName" not in members and way in ("POST", "PUT", "bulk POST", "bulk PUT"):
        members = {"userName": "a@harborline.example"} | members
    status, scim_type, _ = WAYS[way](scim, members)
    assert (status, scim_type) == (400, "invalidSyntax")


@pytest.mark.parametrize("way", [way for way in WAYS if way not in BY_PATH])
@pytest.mark.parametrize(
    "members",
    [
        {ENTERPRISE: {"department": "Deck"}, "department": "Sales"},
        {"Department": "Sales", f"{ENTERPRISE}:department": "Deck"},
        {f"{ENTERPRISE}:department": "Deck", "department": "Sales"},
    ],
    ids=str,
)
def test_an_extensions_attribute_is_what_stands_under_its_urn_wherever_it_stands(
    scim: ScimClient, way: str, members: Json
) -> None:
    # Whoever is sent as a whole has an extension's object already, with another department.
    members = {ENTERPRISE: {"employeeNumber": "7"}} | members if way.endswith(("POST", "PUT")) else members
    status, _, user = WAYS[way](scim, members)
    assert (status in (200, 201), user[ENTERPRISE]["department"]) == (True, "Deck")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/Users/{}",
            {"Operations": [{"op": "replace", "path": "active", "value": False}], "operations": []},
        ),
        ("/Users/{}", {"Operations": [{"op": "remove", "OP": "replace", "path": "title", "value": "x"}]}),
        ("/Users/{}", {"Operations": [{"op": "replace", "path": "title", "Path": "active", "value": "x"}]}),
        ("/Users/{}", {"Operations": [{"op": "replace", "path": "active", "value": False, "Value": True}]}),
        ("/Users/{}", {"schemas": [PATCH_OP], "Schemas": [PATCH_OP], "Operations": []}),
        ("/Bulk", {"Operations": [], "operations": [{"method": "DELETE", "path": "/Users/1"}]}),
        ("/Bulk", {"Operations": [{"method": "DELETE", "Method": "PUT", "path": "/Users/1"}]}),
        ("/.search", {"filter": "userName pr", "Filter": "title pr"}),
        ("/Users/.search", {"schemas": [SEARCH], "count": 1, "Count": 2}),
    ],
)
def test_one_member_of_a_message_in_two_cases_is_refused(scim: ScimClient, path: str, body: Json) -> None:
    user = _ines(scim)
    method = "PATCH" if path.startswith("/Users/{}") else "POST"
    answer = scim.request(method, path.format(user), body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    assert scim.get(f"/Users/{user}").json()["active"] is True


# --- the parameters of a URL


@pytest.mark.parametrize(
    ("query", "scim_type"),
    [
        ("filter=userName+eq+%22a%22&filter=active+eq+true", "invalidFilter"),
        ("filter=userName+eq+%22a%22&Filter=active+eq+true", "invalidFilter"),
        ("FILTER=userName+pr&filter=userName+pr", "invalidFilter"),
        ("filter=userName+pr&filter=", "invalidFilter"),
        ("startIndex=1&startIndex=2", "invalidValue"),
        ("startIndex=1&startindex=1", "invalidValue"),
        ("count=1&Count=2", "invalidValue"),
        ("cursor=&cursor=", "invalidValue"),
        ("sortBy=userName&SortBy=title", "invalidValue"),
        ("sortOrder=ascending&sortOrder=descending", "invalidValue"),
        ("filter=userName+eq+%22b%E4cker%22", "invalidFilter"),
        ("filter=userName+eq+%22b%C3cker%22", "invalidFilter"),
        ("filter=userName+eq+%22%FF%FEa%22", "invalidFilter"),
        ("filter=userName+eq+%22%ED%A0%80%22", "invalidFilter"),
        ("Filter=userName+eq+%22b%e4cker%22", "invalidFilter"),
        ("f%69lter=userName+eq+%22b%E4cker%22", "invalidFilter"),
        ("sortBy=%E4", "invalidValue"),
        ("count=1%E4", "invalidValue"),
        ("attributes=userName,%E4", "invalidValue"),
    ],
)
def test_a_query_that_says_two_things_or_none_is_refused_and_never_answered_with_everybody(
    scim: ScimClient, query: str, scim_type: str
) -> None:
    scim.post("/Users", person(userName="bäcker"))
    answer = scim.get(f"/Users?{query}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)


@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "//users/.search"])
@pytest.mark.parametrize("body", [{"schemas": [SEARCH]}, {"filter": 'userName eq "a"'}], ids=str)
@pytest.mark.parametrize("name", ["filter", "Filter"])
def test_a_search_with_a_filter_in_its_url_is_refused_and_never_answered_with_everybody(
    scim: ScimClient, path: str, body: Json, name: str
) -> None:
    answer = scim.post(f"{path}?{name}=userName+eq+%22a%22", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize(
    "query",
    [
        "filter=userName+eq+%22b%C3%A4cker%22",
        "filter=userName+eq+%22b%c3%a4cker%22&aadOptscim062020&aadOptscim062020",
        "filter=userName+eq+%22b%C3%A4cker%22&other=%E4&%E4=1&x=1&X=2",
        "filter=externalId+eq+157663",
    ],
)
def test_a_query_in_utf_8_finds_whom_it_names(scim: ScimClient, query: str) -> None:
    scim.post("/Users", person(userName="bäcker", externalId=157663))
    assert scim.get(f"/Users?{query}").json()["totalResults"] == 1


def test_lists_of_attributes_add_up(scim: ScimClient) -> None:
    user = _ines(scim)
    read = scim.get(f"/Users/{user}?attributes=userName&Attributes=title&attributes=active").json()
    assert set(read) == {"schemas", "id", "userName", "title", "active"}


@pytest.mark.parametrize("name", ["filter", "Filter", "FILTER"])
def test_discovery_is_not_filtered_in_any_case(scim: ScimClient, name: str) -> None:
    assert scim.get(f"/Schemas?{name}=id+pr").status_code == 403


# --- messages, schemas, slashes


def test_a_message_without_schemas_is_read_where_it_says_what_it_wants(scim: ScimClient) -> None:
    user = _ines(scim)
    operations = [{"op": "replace", "path": "title", "value": "New"}]
    assert scim.patch(f"/Users/{user}", {"Operations": operations}).json()["title"] == "New"
    found = scim.post("/.search", {"filter": 'title eq "New"'}).json()
    assert [one["id"] for one in found["Resources"]] == [user]
    deleted = scim.post("/Bulk", {"Operations": [{"method": "DELETE", "path": f"/Users/{user}"}]}).json()
    assert deleted["Operations"][0]["status"] == "204"
    for path in ("/.search", "/Bulk"):
        assert scim.post(path, {}).json()["scimType"] == "invalidSyntax"


@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_naming_a_schema_changes_nothing_and_costs_nothing(scim: ScimClient, op: str) -> None:
    user = _ines(scim)
    before = scim.get(f"/Users/{user}").json()
    named = {"op": op, "path": "schemas", "value": ["urn:acme:2.0:User"]}
    assert scim.patch(f"/Users/{user}", [named]).json() == before
    department = {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Deck"}
    assert scim.patch(f"/Users/{user}", [named, department]).json()[ENTERPRISE]["department"] == "Deck"


def test_a_tenant_url_that_was_pasted_with_its_slash_is_served(scim: ScimClient) -> None:
    made = scim.post("//Users", person())
    assert made.status_code == 201
    user = made.json()["id"]
    assert made.headers["Location"] == f"{tenant_url()}/Users/{user}"
    assert scim.get(f"//Users?filter=id+eq+%22{user}%22").json()["totalResults"] == 1
    for path in (f"//Users/{user}", f"//users//{user}//", f"/Users//{user}"):
        assert scim.get(path).json()["id"] == user
    assert scim.put(f"//Users/{user}", person(title="A")).json()["title"] == "A"
    patched = scim.patch(f"//Users/{user}", [{"op": "replace", "path": "title", "value": "B"}])
    assert patched.json()["title"] == "B"
    assert scim.post("//Users//.search", {"filter": "userName pr"}).json()["totalResults"] == 1
    for path in (
        "//Groups",
        "//Schemas",
        "//ResourceTypes//User",
        "//ServiceProviderConfig",
        f"//Schemas//{CORE}",
    ):
        assert scim.get(path).status_code == 200, path
    assert scim.get("//Me").status_code == 501
    bulk = scim.post(
        "//Bulk", {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": f"//Users/{user}"}]}
    )
    assert bulk.json()["Operations"][0]["status"] == "204"


# --- the manager by address


def test_a_manager_may_be_named_by_address_alone(scim: ScimClient, send: Any) -> None:
    boss = scim.post("/Users", person("boss.x")).json()["id"]
    for address in (f"../Users/{boss}", f"{tenant_url()}//Users/{boss}"):
        status, _, user = send({f"{ENTERPRISE}:manager": {"$ref": address}})
        assert status in (200, 201)
        assert user[ENTERPRISE]["manager"] == {"value": boss, "$ref": f"{tenant_url()}/Users/{boss}"}
        learner = Learner.objects.get(user__scim_links__scim_id=user["id"])
        assert learner.manager is not None
        assert learner.manager.user.scim_links.get().scim_id == boss
        scim.delete(f"/Users/{user['id']}")


def test_a_manager_created_in_the_same_bulk_request_may_be_named_by_reference(scim: ScimClient) -> None:
    report = person("report.x") | {ENTERPRISE: {"manager": {"$ref": "bulkId:boss"}}}
    answer = scim.post(
        "/Bulk",
        {
            "schemas": [BULK],
            "Operations": [
                {"method": "POST", "path": "/Users", "bulkId": "report", "data": report},
                {"method": "POST", "path": "/Users", "bulkId": "boss", "data": person("boss.x")},
            ],
        },
    ).json()
    ids = [result["location"].rpartition("/")[2] for result in answer["Operations"]]
    assert scim.get(f"/Users/{ids[0]}").json()[ENTERPRISE]["manager"]["value"] == ids[1]


def test_an_address_of_another_customers_person_names_nobody_here(scim: ScimClient) -> None:
    user = scim.post(
        "/Users", person(**{ENTERPRISE: {"manager": {"$ref": "https://other.example/scim/v2/Users/1"}}})
    )
    assert "manager" not in user.json().get(ENTERPRISE, {})


# --- limits that cost nobody the account


def test_what_is_left_out_is_named_in_the_log(scim: ScimClient) -> None:
    scim.post(
        "/Users", person(photos=[{"value": "A" * 20_000}], groups=[{"value": f"g{n}"} for n in range(150)])
    )
    assert ProvisioningEvent.objects.get(action="created").ignored == ["photos", "groups"]


def test_a_text_of_the_greatest_length_is_kept(scim: ScimClient) -> None:
    assert scim.post("/Users", person(nickName="n" * 8192)).json()["nickName"] == "n" * 8192


def test_the_hosts_own_limit_counts(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"string_length": 100}}
    made = scim.post("/Users", person(nickName="n" * 101, userType="u" * 100)).json()
    assert ("nickName" in made, made["userType"]) == (False, "u" * 100)
    refused = scim.patch(f"/Users/{made['id']}", [{"op": "replace", "path": "title", "value": "t" * 101}])
    assert refused.json()["scimType"] == "invalidValue"


@pytest.mark.parametrize("way", [way for way in WAYS if way not in BY_PATH])
def test_150_groups_that_are_sent_along_cost_nobody_the_account(scim: ScimClient, way: str) -> None:
    members = {"displayName": "In groups", "groups": [{"value": f"g{n}"} for n in range(150)]}
    status, _, user = WAYS[way](scim, members)
    assert status in (200, 201)
    assert (user["displayName"], "groups" in user) == ("In groups", False)


# --- addresses in headers, what is published


def test_single_resources_say_where_they_are(scim: ScimClient) -> None:
    made = scim.post("/Users", person())
    user = made.json()
    where = user["meta"]["location"]
    assert made.headers["Content-Location"] == made.headers["Location"] == where
    path = f"/Users/{user['id']}"
    answers = [
        scim.get(path),
        scim.get(f"/{path}?attributes=userName"),
        scim.get(path, if_none_match=user["meta"]["version"]),
        scim.put(path, person(title="A")),
        scim.patch(path, [{"op": "replace", "path": "title", "value": "B"}]),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 304, 200, 200]
    assert {answer.headers["Content-Location"] for answer in answers} == {where}
    for single in ("/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{CORE}"):
        answer = scim.get(single)
        assert answer.headers["Content-Location"] == answer.json()["meta"]["location"]
    for many in ("/Users", "/Schemas", "/ResourceTypes", "/Groups"):
        assert "Content-Location" not in scim.get(many).headers


def test_schemas_publish_external_id(scim: ScimClient) -> None:
    core = scim.get(f"/Schemas/{CORE}").json()
    (published,) = [attribute for attribute in core["attributes"] if attribute["name"] == "externalId"]
    assert (published["caseExact"], published["mutability"], published["uniqueness"]) == (
        True,
        "readWrite",
        "none",
    )
    names = [attribute["name"] for attribute in core["attributes"]]
    assert "id" not in names
    assert "meta" not in names


def test_documentation_is_named_where_the_host_has_any(scim: ScimClient, settings: Settings) -> None:
    assert "documentationUri" not in scim.get("/ServiceProviderConfig").json()
    url = "https://lms.example/help/provisioning"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "DOCUMENTATION_URL": url}
    assert scim.get("/ServiceProviderConfig").json()["documentationUri"] == url
