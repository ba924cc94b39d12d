"""The points of docs/conformance.md that no vendor's sequence happens to ask for, over HTTP."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from example_project.lms.models import Learner
from scim_provisioning.conf import tenant_url
from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    made: dict[str, Any] = scim.post("/Users", person()).json()
    return made


@pytest.fixture
def crowd(scim: ScimClient) -> list[str]:
    """Five people, in the order of their making, two of them without a nickName."""
    nicknames = ["Bo", None, "ann", "Cy", None]
    return [
        scim.post("/Users", person(f"p{n}.crowd", nickName=nick)).json()["id"]
        for n, nick in enumerate(nicknames)
    ]


# --- transport


def test_json_types_are_accepted_and_scim_json_is_produced(scim: ScimClient) -> None:
    for n, content_type in enumerate(
        ("application/scim+json", "application/json", "application/json; charset=utf-8")
    ):
        answer = scim.post("/Users", person(f"p{n}.x"), content_type=content_type, accept="application/json")
        assert answer.status_code == 201
        assert answer.headers["Content-Type"] == "application/scim+json; charset=utf-8"


def test_names_operators_and_urns_are_read_in_any_case(scim: ScimClient, ines: dict[str, Any]) -> None:
    path = f"{ENTERPRISE.upper()}:DEPARTMENT"
    answer = scim.patch(f"/Users/{ines['id']}", [{"OP": "REPLACE", "Path": path, "VALUE": "Locks"}])
    assert answer.json()[ENTERPRISE]["department"] == "Locks"
    text = f'{ENTERPRISE.lower()}:Department EQ "locks" AND USERNAME Pr'
    assert scim.get(f"/Users?filter={quote(text)}").json()["totalResults"] == 1


def test_unknown_query_parameters_are_passed_over(scim: ScimClient, ines: dict[str, Any]) -> None:
    assert scim.get("/Users?aadOptscim062020&x=1&filter=id+pr").json()["totalResults"] == 1
    assert scim.get(f"/Users/{ines['id']}?aadOptscim062020").status_code == 200


# --- create, read, replace, delete


def test_create_answers_location_and_ignores_what_is_the_servers(scim: ScimClient) -> None:
    meta = {"resourceType": "Group", "location": "https://evil.example", "created": "1999-01-01T00:00:00Z"}
    answer = scim.post("/Users", person(id="mine", meta=meta, groups=[{"value": "g"}]))
    made = answer.json()
    assert answer.status_code == 201
    assert made["id"] != "mine"
    assert made["meta"]["location"] == answer.headers["Location"] == f"{tenant_url()}/Users/{made['id']}"
    assert (made["meta"]["resourceType"], made["meta"]["created"][:2]) == ("User", "20")
    assert "groups" not in made


def test_replace_clears_what_is_left_out_and_never_creates(scim: ScimClient, ines: dict[str, Any]) -> None:
    body = {"schemas": [CORE], "userName": ines["userName"], "title": None, "phoneNumbers": [], "id": "other"}
    left = scim.put(f"/Users/{ines['id']}", body).json()
    assert left.keys() == {"schemas", "id", "meta", "userName", "active"}
    assert left["id"] == ines["id"]
    assert scim.put("/Users/0d8b7a4e-43b6-4c9c-8b54-fa1a9a4f2f77", body).status_code == 404


def test_deleted_person_is_404_everywhere_and_in_no_list(scim: ScimClient, ines: dict[str, Any]) -> None:
    path = f"/Users/{ines['id']}"
    assert scim.delete(path).status_code == 204
    answers = [scim.get(path), scim.put(path, person()), scim.patch(path, []), scim.delete(path)]
    assert {answer.status_code for answer in answers} == {404}
    for query in ("", "?filter=active+eq+false", f"?filter=id+eq+%22{ines['id']}%22", "?cursor"):
        assert scim.get(f"/Users{query}").json()["totalResults"] == 0


# --- queries


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ('nickName eq "bo"', [0]),
        ('nickName ne "bo"', [1, 2, 3, 4]),
        ('nickName co "N"', [2]),
        ('nickName sw "c"', [3]),
        ('nickName ew "O"', [0]),
        ("nickName pr", [0, 2, 3]),
        ("not (nickName pr)", [1, 4]),
        ('userName gt "p2"', [2, 3, 4]),
        ('userName le "p1.crowd@harborline.example"', [0, 1]),
        # and binds tighter than or; not tighter than both.
        ('nickName eq "bo" or nickName eq "cy" and userName sw "p4"', [0]),
        ('(nickName eq "bo" or nickName eq "cy") and userName sw "p3"', [3]),
        ('not (nickName pr) and userName sw "p1" or nickName eq "ann"', [1, 2]),
        ('emails[type eq "work" and value sw "p4"]', [4]),
        ('emails[type eq "home" and value sw "p4"]', []),
        ('phoneNumbers[type eq "work" and value co "496"] and nickName eq "cy"', [3]),
        ('emails co "p1"', [1]),
        (f'schemas eq "{ENTERPRISE}" and userName sw "p1"', [1]),
        ('meta.resourceType eq "User" and meta.created lt "2099-01-01T00:00:00+05:00"', [0, 1, 2, 3, 4]),
        ("active eq true", [0, 1, 2, 3, 4]),
    ],
)
def test_operators_and_their_precedence(
    scim: ScimClient, crowd: list[str], text: str, hits: list[int]
) -> None:
    found = scim.get(f"/Users?filter={quote(text)}").json()["Resources"]
    assert [crowd.index(user["id"]) for user in found] == hits


def test_value_path_means_one_element_that_fulfils_all_of_it(scim: ScimClient) -> None:
    phones = [{"type": "work", "value": "111"}, {"type": "mobile", "value": "222"}]
    scim.post("/Users", person(phoneNumbers=phones))
    counts = {}
    for text in (
        'phoneNumbers[type eq "work" and value eq "222"]',
        'phoneNumbers.type eq "work" and phoneNumbers.value eq "222"',
    ):
        counts[text] = scim.get(f"/Users?filter={quote(text)}").json()["totalResults"]
    assert list(counts.values()) == [0, 1]


def test_sorting_puts_missing_values_last_ascending_and_first_descending(
    scim: ScimClient, crowd: list[str]
) -> None:
    def order(query: str) -> list[int]:
        return [crowd.index(user["id"]) for user in scim.get(f"/Users?{query}").json()["Resources"]]

    assert order("sortBy=nickName") == [2, 0, 3, 1, 4]
    assert order("sortBy=nickName&sortOrder=descending") == [1, 4, 3, 0, 2]
    assert order("sortBy=emails&sortOrder=descending") == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("query", "start", "found"),
    [
        ("startIndex=0&count=2", 1, [0, 1]),
        ("startIndex=-5&count=2", 1, [0, 1]),
        ("startIndex=4&count=5", 4, [3, 4]),
        ("startIndex=99", 99, []),
        ("count=0", 1, []),
        ("count=-1", 1, []),
        ("count=2", 1, [0, 1]),
    ],
)
def test_edges_of_paging(
    scim: ScimClient, crowd: list[str], query: str, start: int, found: list[int]
) -> None:
    page = scim.get(f"/Users?{query}").json()
    assert page["schemas"] == [LIST]
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, start, len(found))
    assert [crowd.index(user["id"]) for user in page["Resources"]] == found


def test_projection_holds_on_every_verb(scim: ScimClient, ines: dict[str, Any]) -> None:
    path, keys = f"/Users/{ines['id']}", {"schemas", "id", "title"}
    search = {"schemas": [SEARCH], "attributes": ["title"]}
    answers = [
        scim.get(f"{path}?attributes=title").json(),
        scim.put(f"{path}?attributes=title", person()).json(),
        scim.patch(f"{path}?attributes=title", []).json(),
        scim.post("/Users?attributes=title", person("rui.sousa")).json(),
        scim.get("/Users?attributes=title").json()["Resources"][0],
        scim.post("/.search", search).json()["Resources"][0],
    ]
    assert [answer.keys() for answer in answers] == [keys] * len(answers)
    excluded = scim.get(f"{path}?excludedAttributes=title,id,name.givenName").json()
    assert "title" not in excluded
    assert excluded["id"] == ines["id"]
    assert excluded["name"] == {"familyName": "Okafor"}


@pytest.mark.parametrize("path", ["/.search", "/Users/.search"])
def test_search_by_post_pages_filters_and_projects(scim: ScimClient, crowd: list[str], path: str) -> None:
    body = {
        "schemas": [SEARCH],
        "filter": "nickName pr",
        "startIndex": 2,
        "count": 1,
        "attributes": ["nickName"],
    }
    page = scim.post(path, body).json()
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert page["Resources"] == [
        {"schemas": page["Resources"][0]["schemas"], "id": crowd[2], "nickName": "ann"}
    ]


def test_cursor_walks_the_directory_though_people_come_and_go(scim: ScimClient, crowd: list[str]) -> None:
    page = scim.get("/Users?cursor&count=2").json()
    seen = [user["id"] for user in page["Resources"]]
    scim.delete(f"/Users/{crowd[1]}")
    scim.post("/Users", person("late.comer"))
    while "nextCursor" in page:
        page = scim.get(f"/Users?cursor={page['nextCursor']}&count=2").json()
        seen += [user["id"] for user in page["Resources"]]
    assert seen[:5] == crowd
    assert len(seen) == len(set(seen)) == 6


# --- PATCH


def test_patch_is_done_in_order_as_a_whole_or_not_at_all(scim: ScimClient, ines: dict[str, Any]) -> None:
    path = f"/Users/{ines['id']}"
    good = [
        {"op": "replace", "path": "title", "value": "First"},
        {"op": "replace", "path": "title", "value": "Last"},
    ]
    assert scim.patch(path, good).json()["title"] == "Last"
    bad = [
        {"op": "replace", "path": "title", "value": "Never"},
        {"op": "replace", "path": "id", "value": "x"},
    ]
    assert scim.patch(path, bad).status_code == 400
    assert scim.get(path).json()["title"] == "Last"


def test_primary_is_handed_over(scim: ScimClient, ines: dict[str, Any]) -> None:
    home = {"type": "home", "value": "ines@home.example", "primary": True}
    left = scim.patch(f"/Users/{ines['id']}", [{"op": "add", "path": "emails", "value": [home]}]).json()
    assert [(email["type"], email.get("primary")) for email in left["emails"]] == [
        ("work", False),
        ("home", True),
    ]


def test_schemas_follow_the_extensions_in_use(scim: ScimClient, ines: dict[str, Any]) -> None:
    path = f"/Users/{ines['id']}"
    assert ines["schemas"] == [CORE, ENTERPRISE]
    assert scim.patch(path, [{"op": "remove", "path": ENTERPRISE}]).json()["schemas"] == [CORE]
    back = [{"op": "add", "path": f"{ENTERPRISE}:costCenter", "value": "7"}]
    assert scim.patch(path, back).json()["schemas"] == [CORE, ENTERPRISE]


# --- versions, bulk, me


def test_version_is_a_weak_tag_that_moves_with_every_change(scim: ScimClient, ines: dict[str, Any]) -> None:
    path = f"/Users/{ines['id']}"
    answer = scim.get(path)
    tag = answer.headers["ETag"]
    assert tag == answer.json()["meta"]["version"]
    assert re.fullmatch(r'W/"[^"]+"', tag)
    not_modified = scim.get(path, if_none_match=tag)
    assert (not_modified.status_code, not_modified.content) == (304, b"")
    change = [{"op": "replace", "path": "title", "value": "Fellow"}]
    moved = scim.patch(path, change, if_match=tag).headers["ETag"]
    assert moved != tag
    stale = [
        scim.patch(path, change, if_match=tag),
        scim.put(path, person(), if_match=tag),
        scim.delete(path, if_match=tag),
        scim.get(path, if_match=tag),
    ]
    assert [answer.status_code for answer in stale] == [412] * 4
    assert scim.get(path).headers["ETag"] == moved


def test_version_moves_with_an_edit_in_the_lms(scim: ScimClient, ines: dict[str, Any]) -> None:
    path, tag = f"/Users/{ines['id']}", ines["meta"]["version"]
    Learner.objects.update(job_role="Edited in the LMS")
    assert scim.get(path, if_none_match=tag).json()["title"] == "Edited in the LMS"
    assert scim.put(path, person(), if_match=tag).status_code == 412


def test_bulk_performs_each_operation_and_keeps_to_its_limits(scim: ScimClient) -> None:
    manager = {ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "one", "data": person("one.x", **manager)},
        {"method": "POST", "path": "/Users", "bulkId": "boss", "data": person("boss.x")},
        {"method": "POST", "path": "/Users", "bulkId": "twin", "data": person("boss.x")},
    ]
    results = scim.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json()["Operations"]
    assert [result["status"] for result in results] == ["201", "201", "409"]
    one, boss = (result["location"].rpartition("/")[2] for result in results[:2])
    assert scim.get(f"/Users/{one}").json()[ENTERPRISE]["manager"]["value"] == boss
    too_many = [{"method": "DELETE", "path": "/Users/x"}] * 101
    assert scim.post("/Bulk", {"schemas": [BULK], "Operations": too_many}).status_code == 413


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_me_is_501_because_a_token_is_nobody(scim: ScimClient, method: str) -> None:
    answer = scim.request(method, "/Me", {})
    assert (answer.status_code, answer.json()["status"]) == (501, "501")


# --- discovery


@pytest.mark.parametrize(
    "path",
    ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", f"/Schemas/{CORE}"],
)
def test_discovery_is_get_only_and_not_filtered(scim: ScimClient, path: str) -> None:
    assert scim.get(path).status_code == 200
    assert scim.get(f"{path}?startIndex=5&count=1&sortBy=id").json() == scim.get(path).json()
    assert scim.get(f"{path}?filter=id+pr").status_code == 403
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert scim.request(method, path, {}).status_code == 405


def test_service_provider_config_says_what_is_so(scim: ScimClient) -> None:
    config = scim.get("/ServiceProviderConfig").json()
    supported = {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag")}
    assert set(supported.values()) == {True}
    assert config["changePassword"] == {"supported": False}
    assert config["bulk"]["maxOperations"] > 0
    assert config["bulk"]["maxPayloadSize"] > 0
    assert config["filter"]["maxResults"] > 0
    scheme = config["authenticationSchemes"][0]
    assert (scheme["type"], scheme["primary"]) == ("oauthbearertoken", True)
    assert config["pagination"]["cursor"] is config["pagination"]["index"] is True
    assert config["pagination"]["defaultPaginationMethod"] == "index"


def test_resource_type_user_and_nothing_else(scim: ScimClient) -> None:
    listed = scim.get("/ResourceTypes").json()
    assert (listed["schemas"], listed["totalResults"]) == ([LIST], 1)
    user = listed["Resources"][0]
    assert (user["id"], user["name"], user["endpoint"], user["schema"]) == ("User", "User", "/Users", CORE)
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    assert user["meta"]["location"].endswith("/ResourceTypes/User")


def test_schema_attributes_carry_their_characteristics(scim: ScimClient) -> None:
    schemas = scim.get("/Schemas").json()["Resources"]
    attributes = [attribute for schema in schemas for attribute in schema["attributes"]]
    flat = attributes + [sub for attribute in attributes for sub in attribute.get("subAttributes", [])]
    wanted = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}
    assert all(wanted <= attribute.keys() and attribute["description"] for attribute in flat)
    text = [attribute for attribute in flat if attribute["type"] == "string"]
    assert all({"caseExact", "uniqueness"} <= attribute.keys() for attribute in text)
    user_name = next(attribute for attribute in attributes if attribute["name"] == "userName")
    assert (user_name["required"], user_name["caseExact"], user_name["uniqueness"]) == (True, False, "server")
    # Complex is never nested in complex.
    assert not any(sub["type"] == "complex" for a in attributes for sub in a.get("subAttributes", []))
    references = [attribute for attribute in flat if attribute["type"] == "reference"]
    assert all(attribute["referenceTypes"] for attribute in references)


# --- data model


def test_unassigned_values_are_left_out_of_answers(scim: ScimClient) -> None:
    body = person(
        title="", phoneNumbers=[], nickName="", locale="", addresses=[{"type": "work", "country": ""}]
    )
    body |= {"displayName": None, "roles": None, ENTERPRISE: {"department": "", "manager": None}}
    made = scim.post("/Users", body).json()
    assert made.keys() == {
        "schemas",
        "id",
        "meta",
        "externalId",
        "userName",
        "active",
        "preferredLanguage",
        "name",
        "emails",
    }


def test_times_are_xsd_with_a_zone(scim: ScimClient, ines: dict[str, Any]) -> None:
    for name in ("created", "lastModified"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", ines["meta"][name])


def test_pair_of_type_and_value_is_not_repeated(scim: ScimClient, ines: dict[str, Any]) -> None:
    email = {"type": "work", "value": ines["userName"]}
    left = scim.patch(f"/Users/{ines['id']}", [{"op": "add", "path": "emails", "value": [email]}]).json()
    assert len(left["emails"]) == 1


def test_password_is_taken_and_forgotten(scim: ScimClient, ines: dict[str, Any]) -> None:
    made = scim.post("/Users", person("rui.sousa", password="T0p-secret")).json()
    assert "password" not in made
    answer = scim.get(f"/Users?filter={quote('password eq ' + chr(34) + 'T0p-secret' + chr(34))}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_enterprise_attributes_and_the_manager_as_an_object(scim: ScimClient, ines: dict[str, Any]) -> None:
    sent = {
        "employeeNumber": "1",
        "costCenter": "2",
        "organization": "Quayside",
        "division": "Inland",
        "department": "Locks",
    }
    body = person(
        "rui.sousa", **{ENTERPRISE: {**sent, "manager": {"value": ines["id"], "displayName": "Mine"}}}
    )
    made = scim.post("/Users", body).json()[ENTERPRISE]
    manager = made.pop("manager")
    assert made == sent
    assert manager["value"] == ines["id"]
    assert manager.get("displayName") != "Mine"
