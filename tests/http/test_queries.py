"""Filters over HTTP (RFC 7644 section 3.4.2.2)."""

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

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


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
    "emails.display eq null": "ben cleo",
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


def test_a_deleted_manager_keeps_the_id_and_loses_the_address(
    scim: ScimClient, people: dict[str, str]
) -> None:
    ana, ben = people["ana"], f"/Users/{people['ben']}"
    before = scim.get(ben).json()
    scim.delete(f"/Users/{ana}")
    assert scim.get(ben).json()[ENTERPRISE]["manager"] == {"value": ana}
    assert found(scim, people, f'manager eq "{ana}"') == "ben"
    assert found(scim, people, "manager.$ref pr") == ""
    assert found(scim, people, f'manager.$ref ew "{ana}"') == ""
    scim.post("/Users", {"userName": "ana.lee@harborline.example", "externalId": "analee"})
    assert scim.get(ben).json() == before
    assert found(scim, people, "manager.$ref pr") == "ben"


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
@pytest.mark.parametrize("whose", ["another customer's", "the same customer's"])
def test_a_filter_never_reaches_past_the_tenant(
    scim: ScimClient, people: dict[str, str], organization: Any, text: str, whose: str
) -> None:
    # Of one customer's people the host's rows do not tell whose they are: the tenant alone does.
    same = {"organization": organization} if whose == "the same customer's" else {}
    other = ConnectionFactory(name="Other", sso_key=str(SSOSettingsFactory(**same).pk))
    neighbour = ScimClient(TokenFactory(connection=other).plaintext)
    theirs = neighbour.post("/Users", person("dan.poe")).json()["id"]
    query = f"/Users?filter={quote(text)}"

    assert {person["id"] for person in scim.get(query).json()["Resources"]} == set(people.values())
    assert [person["id"] for person in neighbour.get(query).json()["Resources"]] == [theirs]
