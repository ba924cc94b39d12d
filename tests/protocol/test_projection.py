from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import InvalidSyntax, InvalidValue, SCIMError
from scim_provisioning.protocol.projection import Projection
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema

CORE_NAMES = ["userName", "active", "displayName", "title", "preferredLanguage", "name", "emails"]
CORE_NAMES += ["addresses", "phoneNumbers"]


@pytest.fixture
def resource(ines: dict[str, Any]) -> dict[str, Any]:
    meta = {"resourceType": "User", "location": "https://lms.example/scim/v2/Users/1", "version": 'W/"1"'}
    return {"schemas": [CORE_USER, ENTERPRISE_USER], "id": "1", **ines, "meta": meta}


def only(resource: dict[str, Any], attributes: Any) -> dict[str, Any]:
    before = copy.deepcopy(resource)
    left = Projection.parse(attributes, None, USER_SCHEMA).apply(resource)
    assert resource == before
    assert left.pop("schemas") == resource["schemas"]
    assert left.pop("id") == resource["id"]
    return left


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("userName", ["userName"]),
        (" USERNAME , Emails ", ["userName", "emails"]),
        (["userName", "meta"], ["userName", "meta"]),
        (f"{CORE_USER}:title", ["title"]),
        ("externalId,nickName,favouriteColour", ["externalId"]),
        ("favouriteColour", []),
        ("emails[", []),
        (ENTERPRISE_USER, [ENTERPRISE_USER]),
        (f"{CORE_USER},department", [*CORE_NAMES, "externalId", "meta", ENTERPRISE_USER]),
        ('title[type eq "x"],userName.value', []),
    ],
)
def test_attributes_keeps_what_is_named_and_what_always_stays(
    attributes: Any, expected: list[str], resource: dict[str, Any]
) -> None:
    assert sorted(only(resource, attributes)) == sorted(expected)


def test_attributes_keeps_parts(resource: dict[str, Any]) -> None:
    assert only(resource, "name.familyName,emails.value,department,meta.version") == {
        "name": {"familyName": "Okafor"},
        "emails": [{"value": "ines.okafor@harborline.example"}, {"value": "ines@home.example"}],
        ENTERPRISE_USER: {"department": "Platform Security"},
        "meta": {"version": 'W/"1"'},
    }


def test_microsofts_bracket_form_keeps_those_elements(resource: dict[str, Any]) -> None:
    assert only(resource, 'userName,emails[type eq "home"]') == {
        "userName": resource["userName"],
        "emails": [resource["emails"][1]],
    }
    assert only(resource, 'emails[type eq "home" or value eq "a,b"].value') == {
        "emails": [{"value": "ines@home.example"}]
    }


def test_excluded_attributes_takes_away(resource: dict[str, Any]) -> None:
    excluded = (
        f'id,schemas,meta,NAME.formatted,emails[type eq "home"],phoneNumbers.type,{ENTERPRISE_USER}:manager'
    )
    left = Projection.parse(None, excluded, USER_SCHEMA).apply(resource)
    assert left["id"] == "1"
    assert left["schemas"] == resource["schemas"]
    assert "meta" not in left
    assert left["name"] == {"familyName": "Okafor", "givenName": "Ines"}
    assert left["emails"] == resource["emails"][:1]
    assert left["phoneNumbers"] == [{"value": "+44 131 496 0101"}, {"value": "+44 7700 900411"}]
    assert left[ENTERPRISE_USER] == {"employeeNumber": "HL-20417", "department": "Platform Security"}
    assert left["title"] == resource["title"]


def test_excluding_a_whole_extension(resource: dict[str, Any]) -> None:
    left = Projection.parse("", [ENTERPRISE_USER.upper(), "members"], USER_SCHEMA).apply(resource)
    assert ENTERPRISE_USER not in left


@pytest.mark.parametrize("nothing", [None, "", " , ", []])
def test_nothing_named_keeps_everything(nothing: Any, resource: dict[str, Any]) -> None:
    assert Projection.parse(nothing, nothing, USER_SCHEMA).apply(resource) == resource


def test_both_parameters_at_once_are_refused() -> None:
    with pytest.raises(InvalidValue, match="cannot be used together"):
        Projection.parse("userName", "title", USER_SCHEMA)


def test_a_list_of_other_things_than_names_is_refused() -> None:
    with pytest.raises(InvalidSyntax, match="excludedAttributes must be a list of attribute names"):
        Projection.parse(None, [5], USER_SCHEMA)  # type: ignore[list-item]


def test_attributes_returned_on_request_or_never() -> None:
    extension = Schema(
        "urn:example:T:2.0:User",
        "T",
        "",
        (Attribute("slow", returned="request"), Attribute("secret", returned="never"), Attribute("plain")),
    )
    schema = USER_SCHEMA.with_extensions(extension)
    resource = {"id": "1", extension.urn: {"slow": "s", "secret": "x", "plain": "p"}}
    assert Projection.parse(None, None, schema).apply(resource)[extension.urn] == {"plain": "p"}
    assert Projection.parse("slow,secret", None, schema).apply(resource)[extension.urn] == {"slow": "s"}
    assert Projection.parse("secret", None, schema).apply(resource) == {"id": "1"}


@settings(deadline=None)
@given(st.text(max_size=60), st.booleans())
def test_any_text_gives_a_projection(text: str, exclude: bool) -> None:
    resource = {"schemas": [CORE_USER], "id": "1", "userName": "u", "emails": [{"value": "a"}]}
    try:
        projection = Projection.parse(*((None, text) if exclude else (text, None)), USER_SCHEMA)
    except SCIMError:
        return
    assert projection.apply(resource)["id"] == "1"
