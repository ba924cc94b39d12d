from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER, PATCH_OP
from scim_provisioning.protocol.errors import (
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    SCIMError,
)
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.protocol.patch import Operation, parse
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema
from tests.patching import after, op, patched

MANAGER = f"{ENTERPRISE_USER}:manager"


# The message


def test_keys_and_ops_are_read_in_any_case_and_stray_members_passed_over() -> None:
    body = {
        "SCHEMAS": [PATCH_OP.upper()],
        "operations": [{"name": "setTitle", "OP": "Replace", "Path": "title", "VALUE": "x"}],
    }
    assert parse(body, USER_SCHEMA) == [Operation("replace", "title", "x")]


def test_an_empty_list_of_operations_changes_nothing(ines: dict[str, Any]) -> None:
    assert after(ines) == ines


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (None, InvalidSyntax, "must be a JSON object, not null"),
        ([], InvalidSyntax, "must be a JSON object, not a list"),
        ({}, InvalidSyntax, 'needs "schemas"'),
        ({"schemas": [], "active": False}, InvalidSyntax, 'needs "schemas"'),
        ({"schemas": [CORE_USER], "Operations": []}, InvalidSyntax, 'needs "schemas"'),
        ({"schemas": [PATCH_OP]}, InvalidSyntax, '"Operations" must be a list, not null'),
        (
            {"schemas": [PATCH_OP], "Operations": {"op": "add"}},
            InvalidSyntax,
            "must be a list, not an object",
        ),
        ({"schemas": [PATCH_OP], "Operations": ["add"]}, InvalidSyntax, "Operation 1 must be an object"),
        (
            {"schemas": [PATCH_OP], "Operations": [{"path": "title"}]},
            InvalidSyntax,
            "Operation 1: op must be add",
        ),
        ({"schemas": [PATCH_OP], "Operations": [op("move", "title")]}, InvalidSyntax, 'not "move"'),
        (
            {"schemas": [PATCH_OP], "Operations": [op("add", "title")]},
            InvalidValue,
            "Operation 1: add needs a value",
        ),
        (
            {"schemas": [PATCH_OP], "Operations": [op("replace", "", "x")]},
            InvalidValue,
            "needs an object as its value",
        ),
        ({"schemas": [PATCH_OP], "Operations": [op("add", None, None)]}, InvalidValue, "not null"),
        (
            {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": 5, "value": 1}]},
            InvalidPath,
            "path must be text",
        ),
        ({"schemas": [PATCH_OP], "Operations": [op("remove")]}, NoTarget, "Operation 1: remove needs a path"),
        ({"schemas": [PATCH_OP], "Operations": [op("remove", "", {"title": "x"})]}, NoTarget, "needs a path"),
        (
            {"schemas": [PATCH_OP], "Operations": [op("add", "emails[", "x")]},
            InvalidPath,
            'Path not supported: "emails["',
        ),
    ],
)
def test_a_broken_message_is_refused_before_anybody_is_looked_up(
    body: object, error: type[SCIMError], says: str
) -> None:
    with pytest.raises(error) as refusal:
        parse(body, USER_SCHEMA)
    assert says in refusal.value.detail


def test_the_number_of_operations_is_limited() -> None:
    body = {"schemas": [PATCH_OP], "Operations": [op("remove", "title")] * 3}
    assert len(parse(body, USER_SCHEMA, Limits(operations=3))) == 3
    with pytest.raises(InvalidSyntax, match="Too many operations: 3, at most 2"):
        parse(body, USER_SCHEMA, Limits(operations=2))


# Single values


@pytest.mark.parametrize("kind", ["add", "Replace"])
@pytest.mark.parametrize("path", ["title", "Title", f"{CORE_USER}:title"])
def test_add_and_replace_set_a_single_value(kind: str, path: str, ines: dict[str, Any]) -> None:
    for document in (ines, {"userName": "u"}):
        assert after(document, op(kind, path, "Fellow")) == {**document, "title": "Fellow"}


@pytest.mark.parametrize("value", [None, "", [], {}])
@pytest.mark.parametrize("kind", ["add", "replace"])
def test_nothing_clears_a_single_value(kind: str, value: object, ines: dict[str, Any]) -> None:
    assert "title" not in after(ines, op(kind, "title", value))
    assert after({"userName": "u"}, op(kind, "title", value)) == {"userName": "u"}


def test_a_removed_value_is_gone_and_a_value_sent_along_is_never_written(ines: dict[str, Any]) -> None:
    assert "title" not in after(ines, op("Remove", "title", "Secure Coding Lead"))
    assert after({"userName": "u"}, op("remove", "title", "x")) == {"userName": "u"}


@pytest.mark.parametrize("value", [False, "False", "false", "FALSE"])
@pytest.mark.parametrize("form", ["path", "pathless"])
def test_active_takes_entras_text_booleans(value: object, form: str, ines: dict[str, Any]) -> None:
    operation = op("Replace", "active", value) if form == "path" else op("add", None, {"Active": value})
    assert after(ines, operation)["active"] is False


def test_a_value_that_is_no_boolean_is_refused(ines: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match='active: expected true or false, got "perhaps"'):
        after(ines, op("replace", "title", "Half applied"), op("replace", "active", "perhaps"))


@pytest.mark.parametrize("value", ["", None, "   "])
def test_user_name_cannot_be_emptied(value: object, ines: dict[str, Any]) -> None:
    for operation in (op("replace", "userName", value), op("replace", None, {"username": value})):
        with pytest.raises(InvalidValue, match="userName is required and cannot be empty"):
            after(ines, operation)


def test_user_name_cannot_be_removed(ines: dict[str, Any]) -> None:
    for path in ("userName", f"{CORE_USER}:username", CORE_USER):
        with pytest.raises(Mutability, match="userName is required"):
            after(ines, op("remove", path))


# Complex values


def test_replacing_a_complex_value_keeps_what_is_not_named(ines: dict[str, Any]) -> None:
    for kind in ("add", "replace"):
        result = after(ines, op(kind, "name", {"FamilyName": "Bell", "formatted": None}))
        assert result["name"] == {"familyName": "Bell", "givenName": "Ines"}


def test_one_part_of_a_complex_value(ines: dict[str, Any]) -> None:
    assert after(ines, op("Replace", "name.familyName", "Bell"))["name"]["familyName"] == "Bell"
    assert after({"userName": "u"}, op("add", "name.givenName", "Rui"))["name"] == {"givenName": "Rui"}
    assert "familyName" not in after(ines, op("remove", "name.familyName"))["name"]


def test_the_last_part_takes_the_attribute_with_it() -> None:
    document = {"userName": "u", "name": {"givenName": "Ines"}}
    for operation in (
        op("remove", "name.givenName"),
        op("replace", "name.givenName", ""),
        op("remove", "name"),
    ):
        assert after(document, operation) == {"userName": "u"}


@pytest.mark.parametrize("value", [None, "", {}])
def test_replacing_a_complex_value_by_nothing_clears_it(value: object, ines: dict[str, Any]) -> None:
    assert "name" not in after(ines, op("replace", "name", value))


# The manager


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (MANAGER, "7"),
        (MANAGER, {"value": "7"}),
        (MANAGER, {"Value": "7", "displayName": "Boss"}),
        (MANAGER, [{"$ref": "../Users/7", "value": "7"}]),
        ("manager", [{"$ref": "../Users/7", "value": "7"}]),
        (f"{MANAGER}.value", "7"),
        (f"{ENTERPRISE_USER}.manager", "7"),
        (None, {MANAGER: "7"}),
        (None, {f"{MANAGER}.value": "7"}),
        (None, {"manager": {"value": "7"}}),
        (None, {ENTERPRISE_USER: {"manager": {"value": "7"}}}),
        (None, {ENTERPRISE_USER: {"manager.value": "7"}}),
    ],
)
@pytest.mark.parametrize("kind", ["Add", "replace"])
def test_every_form_of_the_manager_comes_out_as_an_object(
    kind: str, path: str | None, value: Any, ines: dict[str, Any]
) -> None:
    result = after(ines, op(kind, path, value))
    assert result[ENTERPRISE_USER] == {**ines[ENTERPRISE_USER], "manager": {"value": "7"}}
    assert after({"userName": "u"}, op(kind, path, value))[ENTERPRISE_USER] == {"manager": {"value": "7"}}


@pytest.mark.parametrize(
    "operation",
    [
        op("Remove", MANAGER),
        op("Remove", MANAGER, "26118915-6090-4610-87e4-49d8ca9f808d"),
        op("remove", f"{MANAGER}.value"),
        op("Remove", f'{MANAGER}[value eq "26118915-6090-4610-87e4-49d8ca9f808d"]'),
        op("Remove", 'manager[value eq "26118915-6090-4610-87e4-49d8ca9f808d"]'),
        op("replace", MANAGER, ""),
        op("replace", MANAGER, None),
        op("replace", MANAGER, {"value": ""}),
        op("replace", f"{MANAGER}.value", ""),
        op("replace", None, {MANAGER: ""}),
        op("replace", None, {ENTERPRISE_USER: {"manager": {"value": None}}}),
    ],
)
def test_every_way_to_clear_the_manager(operation: dict[str, Any], ines: dict[str, Any]) -> None:
    extension = after(ines, operation)[ENTERPRISE_USER]
    assert extension == {"employeeNumber": "HL-20417", "department": "Platform Security"}


def test_a_filter_on_the_manager_that_does_not_match(ines: dict[str, Any]) -> None:
    assert after(ines, op("remove", 'manager[value eq "other"]')) == ines
    with pytest.raises(NoTarget, match="Nothing matches"):
        after(ines, op("replace", 'manager[value eq "other"]', {"value": "7"}))
    made = after({"userName": "u"}, op("add", 'manager[value eq "7"]', {"value": "7"}))
    assert made[ENTERPRISE_USER] == {"manager": {"value": "7"}}
    replaced = after(ines, op("replace", 'manager[value sw "2611"].value', "7"))
    assert replaced[ENTERPRISE_USER]["manager"] == {"value": "7"}


# Extensions


def test_the_extension_is_made_and_taken_away_as_needed() -> None:
    made = after({"userName": "u"}, op("Add", f"{ENTERPRISE_USER}:department", "Data"))
    assert made == {"userName": "u", ENTERPRISE_USER: {"department": "Data"}}
    assert after(made, op("Remove", f"{ENTERPRISE_USER}:department")) == {"userName": "u"}
    assert after(made, op("replace", "department", "")) == {"userName": "u"}
    assert after({"userName": "u"}, op("remove", f"{ENTERPRISE_USER}:department")) == {"userName": "u"}


def test_a_bare_urn_is_the_extensions_object(ines: dict[str, Any]) -> None:
    merged = after(ines, op("replace", ENTERPRISE_USER, {"department": "Data", "employeeNumber": None}))
    assert merged[ENTERPRISE_USER] == {"department": "Data", "manager": ines[ENTERPRISE_USER]["manager"]}
    assert ENTERPRISE_USER not in after(ines, op("remove", ENTERPRISE_USER.lower()))
    assert ENTERPRISE_USER not in after(ines, op("replace", ENTERPRISE_USER, {}))
    assert after(ines, op("add", ENTERPRISE_USER, {})) == ines
    assert after(ines, op("replace", CORE_USER, {"title": "Fellow"}))["title"] == "Fellow"
    with pytest.raises(InvalidValue, match="expected an object, got text"):
        after(ines, op("add", ENTERPRISE_USER, "x"))


# Without a path


def test_keys_of_a_pathless_value_are_paths(ines: dict[str, Any]) -> None:
    result = after(
        ines,
        op("replace", 'emails[type eq "work"].value', "flag@x.example"),
        op(
            "replace",
            None,
            {
                "DisplayName": "Ines Bell",
                "name.familyName": "Bell",
                f"{ENTERPRISE_USER}:employeeNumber": "HL-5",
                ENTERPRISE_USER: {"division": "Retail"},
                'phoneNumbers[type eq "fax"].value': "0",
                "name": {"middleName": "O."},
                "preferredLanguage": "",
                f"{CORE_USER}:nickName": "Nessie",
            },
        ),
    )
    assert result["displayName"] == "Ines Bell"
    assert result["name"] == {**ines["name"], "familyName": "Bell", "middleName": "O."}
    assert result[ENTERPRISE_USER] == {
        **ines[ENTERPRISE_USER],
        "employeeNumber": "HL-5",
        "division": "Retail",
    }
    assert result["phoneNumbers"] == [*ines["phoneNumbers"], {"type": "fax", "value": "0"}]
    assert result["emails"][0]["value"] == "flag@x.example"
    assert "preferredLanguage" not in result
    assert result["nickName"] == "Nessie"


def test_read_only_members_of_a_pathless_value_are_passed_over(ines: dict[str, Any]) -> None:
    value = {
        "id": "mine",
        "meta": {"version": 5},
        "schemas": [],
        "meta.created": "x",
        "manager.displayName": "B",
    }
    result = patched(ines, op("replace", None, {**value, "title": "RO"}))
    assert result.document == {**ines, "title": "RO"}
    assert result.ignored == ()


def test_a_broken_filter_as_a_key_is_refused(ines: dict[str, Any]) -> None:
    with pytest.raises(InvalidPath):
        after(ines, op("replace", None, {'emails[type eq "work.value': "x"}))


# What may not or cannot be written


@pytest.mark.parametrize(
    "path", ["id", "meta", "meta.created", "groups", f"{MANAGER}.displayName", f"{MANAGER}.$ref",
             f"{CORE_USER}:id", 'groups[value eq "1"]', "groups.value", f"{CORE_USER}:groups"]
)  # fmt: skip
@pytest.mark.parametrize("kind", ["add", "replace", "remove"])
def test_a_read_only_attribute_by_name_is_refused(kind: str, path: str, ines: dict[str, Any]) -> None:
    with pytest.raises(Mutability, match="read only"):
        after(ines, op(kind, path, "x"))


def test_attributes_outside_the_schema_are_ignored_and_named(ines: dict[str, Any]) -> None:
    custom = "urn:ietf:params:scim:schemas:extension:Training:2.0:User"
    result = patched(
        ines,
        op("add", f"{custom}:cohort", "2030"),
        op("replace", "password", "secret"),
        op("remove", "favouriteColour"),
        op("replace", 'emails[colour eq "teal"].value', "x"),
        op("replace", None, {"shoeSize": 41, custom: {"x": 1}, "name": {"nick": "I"}, "groups": []}),
        op("remove", "favouriteColour"),
        op("replace", "title", "Fellow"),
    )
    assert result.document == {**ines, "title": "Fellow"}
    assert result.ignored == (
        f"{custom}:cohort",
        "password",
        "favouriteColour",
        'emails[colour eq "teal"].value',
        "shoeSize",
        custom,
        "name.nick",
        "groups",
    )


def test_custom_attributes_follow_their_mutability() -> None:
    extension = Schema(
        "urn:example:T:2.0:User",
        "T",
        "",
        (
            Attribute("badge", mutability="immutable"),
            Attribute("pin", mutability="writeOnly"),
            Attribute("tags", multi_valued=True),
        ),
    )
    schema = USER_SCHEMA.with_extensions(extension)
    first = patched(
        {"userName": "u"},
        op("add", "badge", "7"),
        op("add", "tags", ["a", "b"]),
        op("add", "tags", "a"),
        op("replace", "pin", "1234"),
        schema=schema,
    )
    assert first.document[extension.urn] == {"badge": "7", "tags": ["a", "b"]}
    assert first.ignored == ("pin",)
    assert patched(first.document, op("replace", "badge", "7"), schema=schema).document == first.document
    with pytest.raises(Mutability, match="cannot be changed once it is set"):
        patched(first.document, op("replace", "badge", "8"), schema=schema)
    left = patched(first.document, op("remove", "tags", ["A"]), schema=schema)
    assert left.document[extension.urn]["tags"] == ["b"]
    for stray in ({"type": "a"}, [{"value": "a", "type": "x"}], 5, [["a"]]):
        kept = patched(first.document, op("remove", "tags", stray), schema=schema)
        assert kept.document == first.document


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("title", 5.5, "title: expected text, got a number"),
        ("name", 5, "name: expected an object, got a number"),
        ("emails", [5.5], "emails: expected an object, got a number"),
        ('emails[type eq "work"].value', {"value": "x"}, "emails.value: expected text, got an object"),
        ('emails[type eq "work"]', 5.5, "emails: expected an object, got a number"),
        ('emails[type eq "work"].primary', "yes", "emails.primary: expected true or false"),
        (MANAGER, ["1", "2"], "manager: expected one value, got a list of 2"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(
    path: str, value: object, says: str, ines: dict[str, Any]
) -> None:
    for kind in ("add", "replace"):
        with pytest.raises(InvalidValue) as refusal:
            after(ines, op(kind, path, value))
        assert says in refusal.value.detail


def test_operations_are_applied_in_order(ines: dict[str, Any]) -> None:
    result = after(
        ines,
        op("remove", "externalId"),
        op("add", "externalId", "first"),
        op("replace", "externalId", "second"),
    )
    assert result["externalId"] == "second"
