from __future__ import annotations

import copy
import sys
from types import FrameType
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


class Counted(str):
    """Text that counts how often it is folded."""

    __slots__ = ()
    __hash__ = str.__hash__
    folds = 0

    def lower(self) -> str:
        Counted.folds += 1
        return str.lower(self)


def work(template: str, filters: int, elements: int) -> tuple[int, int]:
    """How many texts are folded, and how many calls it takes, to answer somebody with so many e-mails."""
    emails = [{"type": "work", "value": Counted(f"P{number:03}@x.example")} for number in range(elements)]
    projection = Projection.parse(
        [template.format(number=number) for number in range(filters)], None, USER_SCHEMA
    )
    Counted.folds = calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        left = projection.apply({"id": "1", "emails": emails})
    finally:
        sys.setprofile(before)
    assert len(left["emails"]) == filters
    return Counted.folds, calls


@pytest.mark.parametrize(
    "template", ['emails[value eq "p{number:03}@x.example"]', 'emails[value sw "P{number:03}@"]']
)
def test_each_value_is_folded_once_however_many_comparisons_are_made_with_it(template: str) -> None:
    """A page holds two hundred people, a list a hundred elements, and twenty comparisons may be made with each."""
    assert work(template, 20, 100)[0] == 100


def test_a_value_that_a_hundred_people_on_a_page_have_is_folded_once() -> None:
    projection = Projection.parse(['emails[value sw "P"]'], None, USER_SCHEMA)
    Counted.folds = 0
    for number in range(100):
        left = projection.apply({"id": str(number), "emails": [{"value": Counted("P@x.example")}]})
        assert left["emails"] == [{"value": "P@x.example"}]
    assert Counted.folds == 1


def test_elements_that_are_named_by_what_they_equal_are_looked_up() -> None:
    """Whoever asks for twenty costs what one costs."""
    template = 'emails[value eq "p{number:03}@x.example"]'
    one, twenty = work(template, 1, 100)[1], work(template, 20, 100)[1]
    assert twenty < 1.2 * one


def test_a_comparison_takes_few_calls() -> None:
    template = 'emails[value co "p{number:03}@"]'
    assert work(template, 20, 100)[1] < 20 * 100 * 6


def test_comparisons_that_are_asked_for_twice_are_made_once(resource: dict[str, Any]) -> None:
    named = [
        'emails[value co "ines"].value',
        'emails[value co "INES"].value',
        'emails[value co "ines"].value',
    ]
    assert only(resource, named) == only(resource, named[0])


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ('emails[value eq "A@X.example"]', ["a@x.example"]),
        ('emails[value ne "a@x.example"]', ["b@x.example"]),
        ('emails[not (value eq "a@x.example")].value', ["b@x.example"]),
        ('emails[type eq "home"],emails[value eq "b@x.example"].value', ["b@x.example"]),
        ('emails[display pr],emails[value ew "b@X.EXAMPLE"]', ["b@x.example"]),
        ('emails[display ne "q"].value', ["a@x.example", "b@x.example"]),
        ("emails[primary eq true].value", ["b@x.example"]),
    ],
)
def test_what_is_named_in_brackets_is_what_a_filter_selects(asked: str, left: list[str]) -> None:
    emails = [{"value": "a@x.example", "type": "work"}, {"value": "b@x.example", "primary": True}]
    resource = {"id": "1", "emails": emails}
    kept = Projection.parse(asked, None, USER_SCHEMA).apply(resource)
    assert [email["value"] for email in kept["emails"]] == left
