from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import (
    InvalidPath,
    InvalidValue,
    Mutability,
    NoTarget,
    UnknownAttribute,
)
from scim_provisioning.protocol.paths import Path, parse, read, write
from scim_provisioning.protocol.schema import USER_SCHEMA

MANAGER = f"{ENTERPRISE_USER}:manager"


def path(text: str) -> Path:
    return parse(text, USER_SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title", "title"),
        (" TITLE ", "title"),
        ("externalid", "externalId"),
        ("name.GivenName", "name.givenName"),
        (f"{CORE_USER}:name.givenName", "name.givenName"),
        (f"{CORE_USER.upper()}:title", "title"),
        ('emails[type eq "work"].value', 'emails[type eq "work"].value'),
        ('Emails[Type EQ "work"].Value', 'emails[type eq "work"].value'),
        ('emails[type eq "a]b"].value', 'emails[type eq "a]b"].value'),
        ('emails[type eq "work" and primary eq "True"]', 'emails[type eq "work" and primary eq true]'),
        ('roles[primary eq "True"].value', "roles[primary eq true].value"),
        (f"{ENTERPRISE_USER}:department", f"{ENTERPRISE_USER}:department"),
        ("Department", f"{ENTERPRISE_USER}:department"),
        ("manager", MANAGER),
        (f"{ENTERPRISE_USER}.manager", MANAGER),
        (f"{MANAGER}.value", f"{MANAGER}.value"),
        (f'{MANAGER}[value eq "1"]', f'{MANAGER}[value eq "1"]'),
        ('manager[value eq "1"]', f'{MANAGER}[value eq "1"]'),
        (ENTERPRISE_USER.lower(), ENTERPRISE_USER),
        (CORE_USER, CORE_USER),
    ],
)
def test_a_path_is_understood_whatever_its_spelling(text: str, expected: str) -> None:
    assert str(path(text)) == expected


def test_a_bare_urn_names_a_whole_schema() -> None:
    assert path(ENTERPRISE_USER) == Path(None, ENTERPRISE_USER)
    assert path(f"{ENTERPRISE_USER}:department").urn == ENTERPRISE_USER
    assert path("title").urn is None
    assert not path(ENTERPRISE_USER).read_only
    assert path("manager.displayName").read_only
    with pytest.raises(NoTarget, match="names a schema, not an attribute"):
        write({}, path(ENTERPRISE_USER), {"department": "Data"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "name.",
        "name..givenName",
        "a.b.c",
        "two words",
        "emails[",
        "emails]",
        "emails[]",
        "emails[type]",
        'emails[type eq "work"',
        'emails[type eq "work"].',
        'emails[type eq "work"]value',
        'emails[type eq "work"].value.more',
        'emails[type eq "work"] or emails[type eq "home"]',
        'emails[type xx "work"].value',
        "emails[type eq work].value",
        "emails[primary gt true]",
        'title[type eq "x"]',
        'emails.value[type eq "x"]',
        f'{ENTERPRISE_USER}[department eq "x"]',
        "urn:acme:",
        "{}",
        "active.value",
        "userName.type",
        "title.foo",
        "externalId.value",
        f"{CORE_USER}:active.value",
        f"{ENTERPRISE_USER}:department.value",
        'userName[type eq "work"].value',
        "active[value eq true]",
    ],
)
def test_a_broken_path_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidPath) as refusal:
        path(text)
    assert not isinstance(refusal.value, UnknownAttribute)
    assert refusal.value.detail.startswith("Path not supported: ")


@pytest.mark.parametrize(
    "text",
    [
        "favouriteColour",
        "members",
        "password",
        "name.nickname",
        'emails[colour eq "x"].value',
        'emails[type eq "work"].colour',
        "urn:ietf:params:scim:schemas:extension:Training:2.0:User:cohort",
        f"{CORE_USER}:password",
        'members[value eq "1"]',
    ],
)
def test_a_path_outside_the_schema_is_told_from_a_broken_one(text: str) -> None:
    with pytest.raises(UnknownAttribute):
        path(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title", "Secure Coding Lead"),
        ("nickName", None),
        ("name.familyName", "Okafor"),
        ("name.middleName", None),
        ('emails[type eq "home"].value', "ines@home.example"),
        ('emails[type eq "other"].value', None),
        ("emails[primary eq true].type", "work"),
        ("emails.value", "ines.okafor@harborline.example"),
        (f"{ENTERPRISE_USER}:department", "Platform Security"),
        ("manager.value", "26118915-6090-4610-87e4-49d8ca9f808d"),
        ("manager", {"value": "26118915-6090-4610-87e4-49d8ca9f808d"}),
        ("roles", None),
        ('roles[type eq "x"]', None),
    ],
)
def test_reading(text: str, expected: object, ines: dict[str, Any]) -> None:
    assert read(ines, path(text)) == expected


def test_reading_a_whole_schema(ines: dict[str, Any]) -> None:
    assert read(ines, path(ENTERPRISE_USER)) == ines[ENTERPRISE_USER]
    assert read({}, path(ENTERPRISE_USER)) is None
    assert read(ines, path(CORE_USER)) is ines


def test_an_only_email_without_type_is_read_as_the_work_one() -> None:
    untyped = {"emails": [{"value": "ol.user@harborline.example"}]}
    assert read(untyped, path('emails[type eq "work"].value')) == "ol.user@harborline.example"
    assert read(untyped, path('emails[type eq "home"].value')) is None
    two = {"emails": [{"value": "a@x.example"}, {"value": "b@x.example"}]}
    assert read(two, path('emails[type eq "work"].value')) is None


@pytest.mark.parametrize("others", [[], [{"type": "home", "value": "h", "primary": False}]])
def test_the_primary_one_of_those_a_filter_selects_is_read_else_the_first(others: list[Any]) -> None:
    first, second = {"type": "work", "value": "1"}, {"type": "work", "value": "2", "primary": True}
    work, value = path('emails[type eq "work"]'), path('emails[type eq "work"].value')
    assert read({"emails": [*others, first, second]}, work) == second
    assert read({"emails": [*others, first, second]}, value) == "2"
    assert read({"emails": [*others, first, {**second, "primary": False}]}, value) == "1"
    elsewhere = {"type": "home", "value": "3", "primary": True}
    assert read({"emails": [*others, elsewhere, first, {"type": "work", "value": "2"}]}, value) == "1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("title", "Fellow"),
        ("name.givenName", "Inez"),
        ('emails[type eq "work"].value', "new@harborline.example"),
        ('emails[type eq "other"].value', "third@harborline.example"),
        ("roles[primary eq true].value", "team-lead"),
        (f"{ENTERPRISE_USER}:organization", "Harborline Ltd"),
        ("manager", {"value": "1"}),
        ("emails", [{"value": "only@x.example"}]),
        ("name", {"formatted": "I. O."}),
        ('emails[type eq "home"]', {"type": "home", "value": "new@home.example"}),
    ],
)
def test_what_is_written_is_read(text: str, value: object, ines: dict[str, Any]) -> None:
    write(ines, path(text), value)
    assert read(ines, path(text)) == value
    for document in ({}, {"emails": [{"type": "home", "value": "x@y.example"}]}):
        write(document, path(text), value)
        assert read(document, path(text)) == value


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_writing_nothing_removes_and_leaves_no_empty_container(nothing: object) -> None:
    document: dict[str, Any] = {
        "userName": "u",
        "name": {"givenName": "Ines"},
        "emails": [{"type": "work", "primary": True, "value": "a@x.example"}],
        ENTERPRISE_USER: {"department": "Data"},
    }
    for text in ("name.givenName", 'emails[type eq "work"].value', "department", "userName", "nickName"):
        write(document, path(text), nothing)
    assert document == {}


def test_writing_keeps_the_other_elements(ines: dict[str, Any]) -> None:
    write(ines, path('emails[type eq "work"].value'), None)
    assert ines["emails"] == [{"type": "home", "value": "ines@home.example"}]


def test_writing_refuses_what_patch_refuses() -> None:
    with pytest.raises(InvalidValue):
        write({}, path("title"), 5.5)
    with pytest.raises(Mutability):
        write({}, path("meta.created"), "2030-01-01T00:00:00Z")
    with pytest.raises(NoTarget):
        write({}, path('emails[value co "x"].display'), "x")


PIECES = [
    "emails",
    "name",
    "manager",
    "[",
    "]",
    "type",
    "value",
    " eq ",
    '"work"',
    ".",
    ":",
    ENTERPRISE_USER,
    "$ref",
]


@settings(deadline=None)
@given(st.one_of(st.text(max_size=100), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
def test_any_text_gives_a_path_or_an_invalid_path_in_bounded_time(text: str) -> None:
    started = time.process_time()
    try:
        found = parse(text, USER_SCHEMA)
    except InvalidPath:
        pass
    else:
        assert parse(str(found), USER_SCHEMA) == found
    assert time.process_time() - started < 5
