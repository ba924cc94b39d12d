"""Filters, sorting and projections over HTTP (RFC 7644 sections 3.4.2 and 3.9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from example_project.lms.models import Learner
from scim_provisioning.conf import tenant_url
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


@pytest.fixture
def people(scim: ScimClient) -> dict[str, str]:
    """SCIM ids by name: Ana, Ben and Cleo differ in everything that is asked for below."""
    ana = person(
        "ana.lee",
        title="Trainer",
        nickName="Annie",
        profileUrl="https://people.example/Ana",
        emails=[
            {"type": "work", "value": "Ana.Lee@harborline.example", "primary": True, "display": "Desk"},
            {"type": "home", "value": "ana@home.example"},
        ],
        phoneNumbers=[{"type": "work", "value": "111"}, {"type": "mobile", "value": "222", "primary": True}],
        **{ENTERPRISE: {"department": "Sales", "employeeNumber": "E-1"}},
    )
    ben = person("ben.kay", title="trainer", displayName=None, active=False, emails=None, phoneNumbers=None)
    ben[ENTERPRISE] = {"department": "Deck", "costCenter": "C-9"}
    cleo = person("cleo.ray", title=None, externalId=None, nickName='Q"C\\', addresses=None)
    del cleo[ENTERPRISE], cleo["name"]
    cleo["emails"] = [{"type": "home", "value": "cleo@home.example"}]
    made = {
        body["userName"].partition(".")[0]: scim.post("/Users", body).json()["id"]
        for body in (ana, ben, cleo)
    }
    scim.patch(
        f"/Users/{made['ben']}", [{"op": "add", "path": f"{ENTERPRISE}:manager", "value": made["ana"]}]
    )
    return made


def found(scim: ScimClient, people: dict[str, str], text: str) -> str:
    """The names of those who fulfil a filter, in the order of their creation."""
    answer = scim.get(f"/Users?filter={quote(text)}")
    assert answer.status_code == 200, (text, answer.content)
    ids = [resource["id"] for resource in answer.json()["Resources"]]
    assert answer.json()["totalResults"] == len(ids)
    return " ".join(name for name, scim_id in people.items() if scim_id in ids)


OPERATORS = {
    # columns of our own
    'userName eq "ANA.LEE@HARBORLINE.EXAMPLE"': "ana",
    'userName ne "ana.lee@harborline.example"': "ben cleo",
    'userName sw "BEN"': "ben",
    'userName ew "ray@harborline.example"': "cleo",
    'userName co "Y@h"': "ben cleo",
    'userName gt "ben.kay@harborline.example"': "cleo",
    'userName ge "BEN.kay@harborline.example"': "ben cleo",
    'userName lt "b"': "ana",
    'userName le "ben.kay@harborline.example"': "ana ben",
    'externalId eq "analee"': "ana",
    'externalId eq "ANALEE"': "",
    'externalId ne "analee"': "ben cleo",
    "externalId pr": "ana ben",
    "not (externalId pr)": "cleo",
    "active eq false": "ben",
    'active eq "True"': "ana cleo",
    "active ne true": "ben",
    "active pr": "ana ben cleo",
    # columns of the LMS
    'title eq "TRAINER"': "ana ben",
    'title ne "trainer"': "cleo",
    "title pr": "ana ben",
    'name.givenName sw "A"': "ana",
    'name.familyName gt "kay"': "ana",
    "name pr": "ana ben",
    f'{ENTERPRISE}:department eq "sales"': "ana",
    'department eq "  SALES "': "ana",
    f"{ENTERPRISE}:department pr": "ana ben",
    f"{CORE}:title pr": "ana ben",
    # what only the document holds
    'nickName eq "annie"': "ana",
    'nickName eq "q\\"c\\\\"': "cleo",
    'nickName ne "annie"': "ben cleo",
    'nickName co "NN"': "ana",
    'nickName sw "\\u0041nn"': "ana",
    'nickName co "%"': "",
    "displayName pr": "ana cleo",
    'profileUrl eq "https://people.example/Ana"': "ana",
    'profileUrl eq "https://people.example/ANA"': "",
    f'{ENTERPRISE}:employeeNumber ew "-1"': "ana",
    'addresses.locality eq "leith"': "ana ben",
    # many values: any of them
    'emails co "HOME.EXAMPLE"': "ana cleo",
    'emails.value eq "ana.lee@harborline.example"': "ana",
    'emails.type eq "work"': "ana",
    'emails ne "ana@home.example"': "ben cleo",
    "emails pr": "ana cleo",
    "emails.primary eq true": "ana",
    'phoneNumbers.value eq "222"': "ana",
    # null
    "nickName eq null": "ben",
    "title ne null": "ana ben",
}


@pytest.mark.parametrize(("text", "expected"), OPERATORS.items())
def test_every_operator_finds_exactly_those_it_means(
    scim: ScimClient, people: dict[str, str], text: str, expected: str
) -> None:
    assert found(scim, people, text) == expected


VALUE_PATHS = {
    'emails[type eq "work" and value co "harborline"]': "ana",
    'emails[type eq "home" and value co "harborline"]': "",
    'emails[type eq "work"].value eq "ana.lee@harborline.example"': "ana",
    'emails[type eq "WORK" and display eq "desk"]': "ana",
    'emails[not (type eq "home")]': "ana",
    'phoneNumbers[type eq "mobile" and primary eq true]': "ana",
    'phoneNumbers[type eq "work" and primary eq true]': "",
    'phoneNumbers[value eq "111" or value eq "999"]': "ana",
    "addresses[country pr and not (region pr)]": "ana ben",
}


@pytest.mark.parametrize(("text", "expected"), VALUE_PATHS.items())
def test_a_value_path_wants_one_element_that_fulfils_the_whole(
    scim: ScimClient, people: dict[str, str], text: str, expected: str
) -> None:
    assert found(scim, people, text) == expected


LOGIC = {
    'nickName eq "annie" or title eq "trainer" and active eq false': "ana ben",
    '(nickName eq "annie" or title eq "trainer") and active eq false': "ben",
    "not (title pr) or not (active eq true)": "ben cleo",
    'NOT (nickName PR) AND TITLE EQ "trainer"': "ben",
    'not (title eq "trainer" and active eq true)': "ben cleo",
}


@pytest.mark.parametrize(("text", "expected"), LOGIC.items())
def test_not_binds_before_and_and_and_before_or(
    scim: ScimClient, people: dict[str, str], text: str, expected: str
) -> None:
    assert found(scim, people, text) == expected


def test_schemas_tell_who_uses_an_extension(scim: ScimClient, people: dict[str, str]) -> None:
    assert found(scim, people, f'schemas eq "{ENTERPRISE}"') == "ana ben"
    assert found(scim, people, f'schemas eq "{CORE}"') == "ana ben cleo"
    assert found(scim, people, f'schemas ne "{ENTERPRISE}"') == "cleo"
    assert found(scim, people, 'schemas eq "urn:none"') == ""


def test_id_and_meta_are_filtered_by_what_is_shown(scim: ScimClient, people: dict[str, str]) -> None:
    meta = scim.get(f"/Users/{people['ben']}").json()["meta"]
    assert found(scim, people, f'id eq "{people["ben"]}"') == "ben"
    assert found(scim, people, f'id eq "{people["ben"].upper()}"') == ""
    assert found(scim, people, f'meta.location eq "{meta["location"]}"') == "ben"
    assert found(scim, people, f'meta.lastModified eq "{meta["lastModified"]}"') == "ben"
    assert found(scim, people, f'meta.created ge "{meta["created"]}"') == "ben cleo"
    assert found(scim, people, f'meta.created lt "{meta["created"]}"') == "ana"
    assert found(scim, people, 'meta.resourceType eq "User"') == "ana ben cleo"
    assert found(scim, people, 'meta.created gt "9999-12-31T23:59:59.999999Z"') == ""
    assert found(scim, people, 'meta.created gt "0001-01-01T00:00:00Z"') == "ana ben cleo"


def test_managers_are_found_by_id_address_and_absence(scim: ScimClient, people: dict[str, str]) -> None:
    ana = people["ana"]
    assert found(scim, people, f'manager eq "{ana}"') == "ben"
    assert found(scim, people, f'{ENTERPRISE}:manager.value eq "{ana}"') == "ben"
    assert found(scim, people, f'manager.$ref eq "{tenant_url()}/Users/{ana}"') == "ben"
    assert found(scim, people, "not (manager pr)") == "ana cleo"


def test_an_edit_in_the_lms_is_found_at_once(scim: ScimClient, people: dict[str, str]) -> None:
    Learner.objects.filter(user__username__startswith="ana").update(job_role="Captain")
    assert found(scim, people, 'title eq "captain"') == "ana"
    assert found(scim, people, 'title eq "trainer"') == "ben"


REFUSED = [
    'nickName gt "a"',
    'emails[display ge "a"]',
    'phoneNumbers.value lt "5"',
    "active gt true",
    'meta.version eq "x"',
    'shoeSize eq "44"',
    'emails.shoeSize eq "44"',
    'password eq "x"',
    'groups.value eq "x"',
    'userName eq "x" or shoeSize pr',
    'name eq "x"',
    'urn:none:User:title eq "x"',
    "title eq trainer",
    "title eq",
    'title is "x"',
    '(title eq "x"',
    "title",
    "title co true",
    'meta.created gt "yesterday"',
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_answered_exactly_is_an_invalid_filter(
    scim: ScimClient, people: dict[str, str], text: str
) -> None:
    answer = scim.get(f"/Users?filter={quote(text)}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert "Resources" not in answer.json()


@pytest.mark.parametrize(
    "text",
    ['not (userName eq "x")', 'id ne "y" or active eq true', "not (nickName pr) or title pr or nickName pr"],
)
def test_a_filter_never_reaches_past_the_tenant(scim: ScimClient, people: dict[str, str], text: str) -> None:
    other = ConnectionFactory(name="Other", sso_key=str(SSOSettingsFactory().pk))
    neighbour = ScimClient(TokenFactory(connection=other).plaintext)
    theirs = neighbour.post("/Users", person("dan.poe")).json()["id"]
    query = f"/Users?filter={quote(text)}"

    assert {person["id"] for person in scim.get(query).json()["Resources"]} == set(people.values())
    assert [person["id"] for person in neighbour.get(query).json()["Resources"]] == [theirs]


# --- sorting


def order(scim: ScimClient, people: dict[str, str], query: str) -> str:
    answer = scim.get(f"/Users?{query}")
    assert answer.status_code == 200, answer.content
    names = {scim_id: name for name, scim_id in people.items()}
    return " ".join(names[resource["id"]] for resource in answer.json()["Resources"])


SORTED = {
    "userName": "ana ben cleo",
    "USERNAME": "ana ben cleo",
    "externalId": "ana ben cleo",
    "active": "ben ana cleo",
    "meta.created": "ana ben cleo",
    "title": "ana ben cleo",
    "name.familyName": "ben ana cleo",
    "displayName": "ana cleo ben",
    "nickName": "ana cleo ben",
    "emails": "ana cleo ben",
    "emails.value": "ana cleo ben",
    "phoneNumbers": "cleo ana ben",
    f"{ENTERPRISE}:department": "ben ana cleo",
    f"{ENTERPRISE}:costCenter": "ben ana cleo",
    "manager": "ben ana cleo",
}


@pytest.mark.parametrize(("by", "expected"), SORTED.items())
def test_people_without_a_value_come_last_ascending_and_first_descending(
    scim: ScimClient, people: dict[str, str], by: str, expected: str
) -> None:
    assert order(scim, people, f"sortBy={by}") == expected
    names = expected.split()
    descending = order(scim, people, f"sortBy={by}&sortOrder=DESCENDING").split()
    missing = [name for name in people if not has(scim.get(f"/Users/{people[name]}").json(), by)]
    assert set(descending[: len(missing)]) == set(missing)
    assert set(names[len(names) - len(missing) :]) == set(missing)


def has(resource: dict[str, Any], by: str) -> bool:
    """Whether the shown resource has a value for a sort path; two levels deep, with or without URN."""
    name = by.removeprefix(f"{ENTERPRISE}:")
    members = {key.lower(): value for key, value in {**resource, **resource.get(ENTERPRISE, {})}.items()}
    return members.get(name.partition(".")[0].lower()) is not None


def test_many_values_are_sorted_by_the_primary_one(scim: ScimClient) -> None:
    work = {"type": "work", "value": "a@x.example"}
    first = scim.post(
        "/Users", person("p.one", emails=[work, {"type": "home", "value": "z@x.example", "primary": True}])
    )
    second = scim.post("/Users", person("p.two", emails=[{"type": "work", "value": "m@x.example"}]))
    third = scim.post(
        "/Users",
        person("p.three", emails=[{"type": "home", "value": "b@x.example"}, {**work, "value": "y@x"}]),
    )
    people = {
        name: r.json()["id"] for name, r in zip(("one", "two", "three"), (first, second, third), strict=True)
    }
    assert order(scim, people, "sortBy=emails") == "three two one"
    assert order(scim, people, "sortBy=emails&sortOrder=descending") == "one two three"


@pytest.mark.parametrize(
    "query", ["sortBy=emails.type", "sortBy=name", "sortBy=schemas", "sortBy=meta", "sortOrder=up"]
)
def test_what_has_no_order_is_refused(scim: ScimClient, people: dict[str, str], query: str) -> None:
    answer = scim.get(f"/Users?{query}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")


@pytest.mark.parametrize("name", ["shoeSize", "emails[", "urn:none:x"])
def test_sorting_by_what_is_no_attribute_is_refused(
    scim: ScimClient, people: dict[str, str], name: str
) -> None:
    answer = scim.get(f"/Users?sortBy={quote(name)}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidPath")


# --- projection


PROJECTIONS = {
    "attributes=userName": {"userName"},
    "attributes=USERNAME,name.givenName": {"userName", "name"},
    f"attributes={CORE}:title": {"title"},
    f"attributes={ENTERPRISE}": {ENTERPRISE},
    f"attributes={ENTERPRISE}:department": {ENTERPRISE},
    "attributes=emails%5Btype+eq+%22work%22%5D": {"emails"},
    "attributes=shoeSize": set(),
    "attributes=meta.version": {"meta"},
}


@pytest.mark.parametrize(("query", "expected"), PROJECTIONS.items())
def test_attributes_choose_what_every_verb_returns(scim: ScimClient, query: str, expected: set[str]) -> None:
    body = person(
        "ana.lee", emails=[{"type": "work", "value": "a@x.example"}, {"type": "home", "value": "b@x.example"}]
    )
    made = scim.post(f"/Users?{query}", body)
    path = f"/Users/{made.json()['id']}?{query}"
    patched = scim.patch(path, [{"op": "replace", "path": "title", "value": "New"}])
    answers = [made, scim.get(path), scim.put(path, body), patched]
    resources = [answer.json() for answer in answers] + scim.get(f"/Users?{query}").json()["Resources"]
    for resource in resources:
        assert set(resource) == {"schemas", "id", *expected}
        assert resource.get("emails", []) in ([], [{"type": "work", "value": "a@x.example"}])
        assert set(resource.get("name", {})) <= {"givenName"}
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200]


def test_excluded_attributes_leave_out_and_id_always_stays(scim: ScimClient) -> None:
    query = f"excludedAttributes=id,schemas,emails.type,name,{ENTERPRISE}:department"
    made = scim.post(f"/Users?{query}", person("ana.lee")).json()
    listed = scim.get(f"/Users?{query}").json()["Resources"][0]
    for resource in (made, listed):
        assert {"id", "schemas", "userName", "meta"} <= set(resource)
        assert "name" not in resource
        assert resource[ENTERPRISE] == {"employeeNumber": "HL-20417"}
        assert set(resource["emails"][0]) == {"value", "primary"}


def test_both_projections_at_once_are_refused_before_anything_is_written(scim: ScimClient) -> None:
    answer = scim.post("/Users?attributes=userName&excludedAttributes=name", person())
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert not Learner.objects.exists()


@pytest.mark.parametrize("path", ["/Users/.search", "/.search", "/users/.search/"])
def test_search_takes_in_its_body_what_get_takes_in_the_url(
    scim: ScimClient, people: dict[str, str], path: str
) -> None:
    body = {"schemas": [SEARCH], "filter": "title pr", "sortBy": "userName", "sortOrder": "descending"}
    body |= {"startIndex": 1, "count": 1, "attributes": ["userName", "name.familyName"]}
    answer = scim.post(path, body).json()
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (2, 1, 1)
    assert [set(r) for r in answer["Resources"]] == [{"schemas", "id", "userName", "name"}]
    assert answer["Resources"][0]["id"] == people["ben"]
