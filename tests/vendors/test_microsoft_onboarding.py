"""Microsoft's onboarding suite for gallery apps (a Logic App), its tests that ask the endpoint directly."""

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
    of_type,
    patch,
    read,
)

pytestmark = pytest.mark.django_db

USER: Body = {
    "schemas": [CORE, ENTERPRISE],
    "userName": "petra.voss@quayside.example",
    "externalId": "petravoss",
    "active": True,
    "displayName": "Petra Voss",
    "title": "Pilot",
    "preferredLanguage": "de-DE",
    "name": {"givenName": "Petra", "familyName": "Voss", "formatted": "Petra Voss"},
    "emails": [{"type": "work", "value": "petra.voss@quayside.example", "primary": True}],
    "addresses": [{"type": "work", "locality": "Kiel", "country": "DE"}],
    "phoneNumbers": [{"type": "mobile", "value": "+49 170 5550100"}],
    ENTERPRISE: {"employeeNumber": "P-1", "department": "Tugs"},
}
#: Every mapped attribute that is not required, by its target in Entra's mapping.
CLEARED = {
    "displayName": "displayName",
    "title": "title",
    "preferredLanguage": "preferredLanguage",
    "name.givenName": "name",
    "name.familyName": "name",
    "name.formatted": "name",
    'emails[type eq "work"].value': "emails",
    'addresses[type eq "work"].locality': "addresses",
    'addresses[type eq "work"].country': "addresses",
    'phoneNumbers[type eq "mobile"].value': "phoneNumbers",
    "externalId": "externalId",
    f"{ENTERPRISE}:employeeNumber": ENTERPRISE,
    f"{ENTERPRISE}:department": ENTERPRISE,
}


def test_schemas_make_every_mapped_attribute_discoverable(scim: ScimClient) -> None:
    answer = scim.get("/Schemas").json()
    assert answer["schemas"] == [LIST_RESPONSE]
    by_urn = {schema["id"]: schema["attributes"] for schema in answer["Resources"]}
    names = {attribute["name"]: attribute for attribute in by_urn[CORE]}
    for path in CLEARED:
        if path.startswith(ENTERPRISE):
            assert path.rpartition(":")[2] in {attribute["name"] for attribute in by_urn[ENTERPRISE]}
            continue
        name = path.partition("[")[0].partition(".")[0]
        assert name in names
        if "." in path:
            subs = {sub["name"] for sub in names[name]["subAttributes"]}
            assert path.rpartition(".")[2] in subs
    assert "manager" in {attribute["name"] for attribute in by_urn[ENTERPRISE]}
    assert (
        "work" in next(s for s in names["emails"]["subAttributes"] if s["name"] == "type")["canonicalValues"]
    )


@pytest.mark.parametrize("nothing", ["", None], ids=["empty text", "null"])
@pytest.mark.parametrize("form", ["verbose", "without a path"])
def test_null_update_clears_every_optional_attribute(
    scim: ScimClient, form: str, nothing: str | None
) -> None:
    made = create(scim, USER)
    if form == "verbose":
        operations: list[Any] = [{"op": "replace", "path": path, "value": nothing} for path in CLEARED]
    else:
        operations = [{"op": "replace", "value": dict.fromkeys(CLEARED, nothing)}]
    patch(scim, made["id"], operations)
    left = read(scim, made["id"])
    assert [name for name in CLEARED.values() if not is_empty(left.get(name))] == []
    assert left["schemas"] == [CORE]
    assert (left["userName"], left["active"]) == (USER["userName"], True)


def test_null_update_a_second_time_still_succeeds(scim: ScimClient) -> None:
    made = create(scim, USER)
    for nothing in ("", None):
        patch(scim, made["id"], [{"op": "Replace", "path": path, "value": nothing} for path in CLEARED])
    assert "title" not in read(scim, made["id"])


def test_user_create_returns_id_and_user_name(scim: ScimClient) -> None:
    made = create(scim, USER)
    assert made["id"]
    assert made["userName"] == USER["userName"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", "Harbour Pilot"),
        ('addresses[type eq "work"].locality', "Flensburg"),
        ("timezone", "Europe/Berlin"),
        ("userType", "Employee"),
        ("nickName", "Pet"),
        ("locale", "de"),
        (f"{ENTERPRISE}:costCenter", "C-9"),
        (f"{ENTERPRISE}:organization", "Kiel Pilots"),
        (f"{ENTERPRISE}:division", "North"),
    ],
)
def test_user_update_is_returned_exactly_as_it_was_sent(scim: ScimClient, path: str, value: str) -> None:
    made = create(scim, USER)
    patch(scim, made["id"], [{"op": "Replace", "path": path, "value": value}])
    left = read(scim, made["id"])
    if path.startswith(ENTERPRISE):
        assert left[ENTERPRISE][path.rpartition(":")[2]] == value
    elif path.startswith("addresses"):
        assert of_type(left, "addresses", "work") == {"type": "work", "locality": value, "country": "DE"}
    else:
        assert left[path] == value


def test_pagination_returns_the_requested_start_and_at_least_two_pages(scim: ScimClient) -> None:
    made = [create(scim, USER | {"userName": f"p{n}@quayside.example"})["id"] for n in range(11)]
    seen = []
    for start in (1, 6, 11):
        page = scim.get(f"/Users?startIndex={start}&count=5").json()
        assert (page["startIndex"], page["totalResults"]) == (start, 11)
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [user["id"] for user in page["Resources"]]
    assert seen == made


def test_update_manager_adds_replaces_and_clears(scim: ScimClient) -> None:
    first, second = (create(scim, USER | {"userName": f"boss{n}@quayside.example"}) for n in (1, 2))
    made, path = create(scim, USER), f"{ENTERPRISE}:manager"
    for op, boss in (("Add", first), ("Replace", second)):
        patch(scim, made["id"], [{"op": op, "path": path, "value": boss["id"]}])
        assert read(scim, made["id"])[ENTERPRISE]["manager"]["value"] == boss["id"]
    patch(scim, made["id"], [{"op": "Replace", "path": path, "value": ""}])
    assert "manager" not in read(scim, made["id"])[ENTERPRISE]


def test_disable_restore_and_delete(scim: ScimClient) -> None:
    made = create(scim, USER)
    for value, active in (("False", False), ("True", True)):
        left = patch(scim, made["id"], [{"op": "Replace", "path": "active", "value": value}])
        assert left["active"] is read(scim, made["id"])["active"] is active
    assert scim.delete(f"/Users/{made['id']}").status_code == 204
    assert scim.get(f"/Users/{made['id']}").status_code == 404
