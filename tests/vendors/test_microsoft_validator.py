"""The user tests of scimvalidator.microsoft.com, rebuilt: what it sends and what it asserts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import ScimClient
from tests.vendors.asking import (
    CORE,
    ENTERPRISE,
    LIST_RESPONSE,
    Body,
    create,
    is_empty,
    look_up,
    of_type,
    patch,
    read,
)

pytestmark = pytest.mark.django_db

MINIMAL: Body = {"schemas": [CORE, ENTERPRISE], "userName": "bo_lind@quayside.example", "active": True}


def random_user(user_name: str = "abel.nurmi@quayside.example") -> Body:
    """A value for every advertised attribute, random text for locale and language as the validator sends."""
    return {
        "schemas": [CORE, ENTERPRISE],
        "userName": user_name,
        "active": True,
        "displayName": "SKQWZPLXNVBA",
        "title": "MTYRVHBNEWQA",
        "emails": [{"type": "work", "value": user_name, "primary": True}],
        "preferredLanguage": "en-PQ-random",
        "name": {
            "givenName": "Abel",
            "familyName": "Nurmi",
            "formatted": "Abel Nurmi",
            "middleName": "Q",
            "honorificPrefix": "Dr.",
            "honorificSuffix": "III",
        },
        "addresses": [
            {
                "type": "work",
                "formatted": "DGKJEQZN",
                "streetAddress": "4 Kiln Lane",
                "locality": "Wick",
                "region": "Caithness",
                "postalCode": "KW1 5XX",
                "primary": True,
                "country": "United Kingdom",
            }
        ],
        "phoneNumbers": [
            {"type": "work", "value": "28-555-3011", "primary": True},
            {"type": "mobile", "value": "28-555-3012"},
            {"type": "fax", "value": "28-555-3013"},
        ],
        "roles": [{"primary": "True", "display": "QWLN", "value": "QMZP", "type": "KJHE"}],
        "userType": "VNMXQ",
        "nickName": "Q",
        "locale": "BBQL",
        "timezone": "Mars/Olympus",
        "profileUrl": "https://quayside.example/abel",
        "externalId": "4f0c87e4-2f8a-4f0e-95ce-2a9fd2cc5ef5",
        ENTERPRISE: {
            "employeeNumber": "QWPX",
            "department": "KJHGV",
            "costCenter": "PQRST",
            "organization": "LMNOP",
            "division": "XCVBN",
        },
    }


def test_create_a_new_user_returns_201_and_every_attribute_when_it_is_fetched_by_filter(
    scim: ScimClient,
) -> None:
    sent = random_user()
    create(scim, sent)
    found = look_up(scim, f'userName eq "{sent["userName"]}"')["Resources"][0]
    expected = sent | {"roles": [{**sent["roles"][0], "primary": True}]}
    assert {name: found.get(name) for name in expected} == expected


def test_create_a_user_whose_email_has_no_known_type_returns_201(scim: ScimClient) -> None:
    email = {"type": "untyped", "value": "abel@quayside.example", "primary": True}
    made = create(scim, random_user() | {"emails": [email]})
    assert read(scim, made["id"])["emails"] == [email]


def test_create_a_duplicate_user_returns_409(scim: ScimClient) -> None:
    create(scim, random_user())
    answer = scim.post("/Users", random_user())
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")


def test_filter_existing_user_returns_a_whole_list_response(scim: ScimClient) -> None:
    made = create(scim, random_user())
    found = look_up(scim, 'userName eq "abel.nurmi@quayside.example"')
    assert found["schemas"] == [LIST_RESPONSE]
    assert found["totalResults"] == found["itemsPerPage"] == found["startIndex"] == 1
    assert found["Resources"] == [made]
    assert None not in found["Resources"][0].values()


def test_filter_non_existing_user_returns_200_with_no_results(scim: ScimClient) -> None:
    found = look_up(scim, 'userName eq "5e0b7b0f-5f0e-4b83-9f6e-0d3f0f0c3a11"')
    assert (found["totalResults"], found["Resources"]) == (0, [])


@pytest.mark.parametrize("at", ["@", "%40"])
def test_filter_user_with_different_case_finds_the_same_user(scim: ScimClient, at: str) -> None:
    made = create(scim, random_user())
    answer = scim.get(f"/Users?filter=userName+eq+%22ABEL.NURMI{at}QUAYSIDE.EXAMPLE%22")
    assert [user["id"] for user in answer.json()["Resources"]] == [made["id"]]


REPLACED: dict[str, Any] = {
    "displayName": "Abel Nurmi-Hale",
    "title": "Warden",
    "preferredLanguage": "fi",
    "name.givenName": "Abelard",
    "name.familyName": "Nurmi-Hale",
    "name.formatted": "Abelard Nurmi-Hale",
    "name.middleName": "R",
    "name.honorificPrefix": "Prof.",
    "name.honorificSuffix": "Jr.",
    "userType": "Contractor",
    "nickName": "Abe",
    "locale": "fi-FI",
    "timezone": "Europe/Helsinki",
    "profileUrl": "https://quayside.example/abelard",
    f"{ENTERPRISE}:employeeNumber": "77",
    f"{ENTERPRISE}:department": "Locks",
    f"{ENTERPRISE}:costCenter": "CC7",
    f"{ENTERPRISE}:organization": "Quayside",
    f"{ENTERPRISE}:division": "Inland",
}
FILTERED: dict[str, Any] = {
    'emails[type eq "work"].value': "abelard@quayside.example",
    'emails[type eq "work"].primary': True,
    'addresses[type eq "work"].formatted': "5 Kiln Lane, Wick",
    'addresses[type eq "work"].streetAddress': "5 Kiln Lane",
    'addresses[type eq "work"].locality': "Thurso",
    'addresses[type eq "work"].region': "Highland",
    'addresses[type eq "work"].postalCode': "KW14 7XX",
    'addresses[type eq "work"].country': "Scotland",
    'phoneNumbers[type eq "work"].value': "28-555-4011",
    'phoneNumbers[type eq "mobile"].value': "28-555-4012",
    'phoneNumbers[type eq "fax"].value': "28-555-4013",
    'roles[primary eq "True"].display': "Lock keeper",
    'roles[primary eq "True"].value': "keeper",
    'roles[primary eq "True"].type': "trade",
}


def assert_everything_was_written(user: Body) -> None:
    name = {"givenName": "Abelard", "familyName": "Nurmi-Hale", "formatted": "Abelard Nurmi-Hale"}
    name |= {"middleName": "R", "honorificPrefix": "Prof.", "honorificSuffix": "Jr."}
    assert user["name"] == name
    plain = ("displayName", "title", "preferredLanguage", "userType", "nickName", "locale", "timezone")
    assert {key: user[key] for key in plain} == {key: REPLACED[key] for key in plain}
    assert user[ENTERPRISE] == {
        "employeeNumber": "77",
        "department": "Locks",
        "costCenter": "CC7",
        "organization": "Quayside",
        "division": "Inland",
    }
    assert of_type(user, "emails", "work") == {
        "type": "work",
        "value": "abelard@quayside.example",
        "primary": True,
    }
    address = of_type(user, "addresses", "work")
    assert {key: address[key] for key in ("formatted", "streetAddress", "locality", "country")} == {
        "formatted": "5 Kiln Lane, Wick",
        "streetAddress": "5 Kiln Lane",
        "locality": "Thurso",
        "country": "Scotland",
    }
    assert len(user["addresses"]) == len(user["roles"]) == len(user["emails"]) == 1
    phones = {phone["type"]: phone["value"] for phone in user["phoneNumbers"]}
    assert phones == {"work": "28-555-4011", "mobile": "28-555-4012", "fax": "28-555-4013"}
    assert len(user["phoneNumbers"]) == 3
    assert user["roles"] == [{"primary": True, "display": "Lock keeper", "value": "keeper", "type": "trade"}]


@pytest.mark.parametrize("start", ["full", "minimal"])
@pytest.mark.parametrize("op", ["replace", "add", "Replace", "Add"])
def test_replace_or_add_attributes_in_one_operation_without_a_path(
    scim: ScimClient, op: str, start: str
) -> None:
    made = create(scim, random_user() if start == "full" else MINIMAL)
    operations = [{"op": op, "path": path, "value": value} for path, value in FILTERED.items()]
    answered = patch(scim, made["id"], [*operations, {"op": op, "value": REPLACED}])
    assert_everything_was_written(answered)
    assert read(scim, made["id"]) == answered


@pytest.mark.parametrize("start", ["full", "minimal"])
@pytest.mark.parametrize("op", ["replace", "add"])
def test_replace_or_add_attributes_verbosely(scim: ScimClient, op: str, start: str) -> None:
    made = create(scim, random_user() if start == "full" else MINIMAL)
    operations = [{"op": op, "path": path, "value": value} for path, value in (FILTERED | REPLACED).items()]
    answered = patch(scim, made["id"], operations)
    assert_everything_was_written(answered)
    assert read(scim, made["id"]) == answered


def test_update_user_name_returns_200_and_the_new_value(scim: ScimClient) -> None:
    made = create(scim, random_user())
    operation = {"op": "replace", "path": "userName", "value": "abel.hale@quayside.example"}
    assert patch(scim, made["id"], [operation])["userName"] == "abel.hale@quayside.example"
    assert look_up(scim, 'userName eq "abel.hale@quayside.example"')["totalResults"] == 1
    assert look_up(scim, 'userName eq "abel.nurmi@quayside.example"')["totalResults"] == 0


@pytest.mark.parametrize("value", [False, "False", "false"])
def test_disabled_user_is_still_returned_with_active_false(scim: ScimClient, value: object) -> None:
    made = create(scim, random_user())
    patch(scim, made["id"], [{"op": "replace", "path": "active", "value": value}])
    assert read(scim, made["id"])["active"] is False
    found = look_up(scim, 'userName eq "abel.nurmi@quayside.example"')
    assert [user["active"] for user in found["Resources"]] == [False]


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("form", ["text", "object"])
def test_add_or_replace_manager_returns_it_as_an_object(scim: ScimClient, op: str, form: str) -> None:
    boss, made = create(scim, MINIMAL), create(scim, random_user())
    value = boss["id"] if form == "text" else {"value": boss["id"]}
    answered = patch(scim, made["id"], [{"op": op, "path": f"{ENTERPRISE}:manager", "value": value}])
    assert answered[ENTERPRISE]["manager"]["value"] == boss["id"]
    assert read(scim, made["id"])[ENTERPRISE]["manager"]["value"] == boss["id"]


@pytest.mark.parametrize("nothing", ["", {"value": ""}])
def test_remove_manager_by_an_empty_value(scim: ScimClient, nothing: object) -> None:
    boss = create(scim, MINIMAL)
    made = create(scim, random_user() | {ENTERPRISE: {"manager": {"value": boss["id"]}}})
    answered = patch(scim, made["id"], [{"op": "replace", "path": f"{ENTERPRISE}:manager", "value": nothing}])
    assert is_empty(answered.get(ENTERPRISE, {}).get("manager"))
    assert is_empty(read(scim, made["id"]).get(ENTERPRISE, {}).get("manager"))


def test_delete_user_returns_204_and_then_404(scim: ScimClient) -> None:
    made = create(scim, random_user())
    answer = scim.delete(f"/Users/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert scim.get(f"/Users/{made['id']}").status_code == 404
    assert look_up(scim, 'userName eq "abel.nurmi@quayside.example"')["totalResults"] == 0


def test_several_operations_on_different_attributes_are_all_applied(scim: ScimClient) -> None:
    made = create(scim, {**random_user(), "externalId": None})
    answered = patch(
        scim,
        made["id"],
        [
            {"op": "remove", "path": "preferredLanguage"},
            {"op": "add", "path": "externalId", "value": "9c1c"},
            {"op": "replace", "path": "displayName", "value": "Abel"},
        ],
    )
    assert "preferredLanguage" not in answered
    assert (answered["externalId"], answered["displayName"]) == ("9c1c", "Abel")


def test_of_several_operations_on_one_attribute_the_last_value_wins(scim: ScimClient) -> None:
    made = create(scim, random_user())
    answered = patch(
        scim,
        made["id"],
        [
            {"op": "remove", "path": "externalId"},
            {"op": "add", "path": "externalId", "value": "first"},
            {"op": "replace", "path": "externalId", "value": "last"},
        ],
    )
    assert answered["externalId"] == "last"
    assert look_up(scim, 'externalId eq "last"')["totalResults"] == 1


def test_delete_of_an_unknown_user_returns_404(scim: ScimClient) -> None:
    assert scim.delete("/Users/0d8b7a4e-43b6-4c9c-8b54-fa1a9a4f2f77").status_code == 404


def test_delete_twice_returns_204_and_then_404(scim: ScimClient) -> None:
    made = create(scim, random_user())
    assert [scim.delete(f"/Users/{made['id']}").status_code for _ in range(2)] == [204, 404]


def test_user_name_can_be_used_again_after_delete(scim: ScimClient) -> None:
    made = create(scim, random_user())
    scim.delete(f"/Users/{made['id']}")
    assert create(scim, random_user())["active"] is True


def test_empty_list_of_operations_changes_nothing_and_succeeds(scim: ScimClient) -> None:
    made = create(scim, random_user())
    assert patch(scim, made["id"], []) == made


def test_schemas_advertise_nothing_that_is_secret_and_no_group(scim: ScimClient) -> None:
    schemas = scim.get("/Schemas").json()
    assert {schema["id"] for schema in schemas["Resources"]} == {CORE, ENTERPRISE}
    attributes = [attribute for schema in schemas["Resources"] for attribute in schema["attributes"]]
    assert not {"password", "groups"} & {attribute["name"] for attribute in attributes}
    assert not any(
        attribute["returned"] == "never" or attribute["mutability"] == "writeOnly" for attribute in attributes
    )
