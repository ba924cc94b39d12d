"""``sortBy`` and ``sortOrder`` (RFC 7644 section 3.4.2.3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.sharing import Customer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]


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


def test_many_values_are_sorted_by_the_primary_one() -> None:
    scim = Customer.make().scim
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
