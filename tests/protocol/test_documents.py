from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.documents import changes, copied, normalise, require, schemas_in_use
from scim_provisioning.protocol.errors import InvalidSyntax, InvalidValue, SCIMError
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema


def document(body: object) -> dict[str, Any]:
    return normalise(body, USER_SCHEMA).document


def test_entras_create_body_becomes_canonical(entra_body: dict[str, Any]) -> None:
    result = normalise(entra_body, USER_SCHEMA)
    assert result.ignored == ()
    assert result.document == {
        "externalId": "inesokafor",
        "userName": "ines.okafor@harborline.example",
        "active": True,
        "displayName": "Ines Okafor",
        "emails": [{"primary": True, "type": "work", "value": "ines.okafor@harborline.example"}],
        "name": {"formatted": "Ines Okafor", "familyName": "Okafor", "givenName": "Ines"},
        ENTERPRISE_USER: {"employeeNumber": "HL-20417", "department": "Platform Security"},
    }


def test_a_canonical_document_is_its_own_canonical_form(ines: dict[str, Any]) -> None:
    assert document(ines) == ines


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"USERNAME": "u", "Name": {"GIVENNAME": "g"}}, {"userName": "u", "name": {"givenName": "g"}}),
        (
            {"emails": [{"Primary": True, "Type": "work", "Value": "a"}]},
            {"emails": [{"primary": True, "type": "work", "value": "a"}]},
        ),
        ({"active": "fALSE"}, {"active": False}),
        ({"title": None, "name": {"givenName": ""}, "emails": [], "roles": {}, "nickName": ""}, {}),
        ({"emails": [None, {}, "", {"type": "work", "primary": True}, {"type": "work", "value": ""}]}, {}),
        (
            {"addresses": [{"type": "work", "locality": "Leith"}]},
            {"addresses": [{"type": "work", "locality": "Leith"}]},
        ),
        ({"addresses": [{"type": "other", "formatted": None}]}, {}),
        ({"emails": {"value": "a"}}, {"emails": [{"value": "a"}]}),
        ({"emails": "a"}, {"emails": [{"value": "a"}]}),
        ({"emails": ["a", "b"]}, {"emails": [{"value": "a"}, {"value": "b"}]}),
        (
            {"emails": [{"value": "a", "primary": "true"}, {"value": "b", "primary": True}]},
            {"emails": [{"value": "a", "primary": False}, {"value": "b", "primary": True}]},
        ),
        ({"manager": "1"}, {ENTERPRISE_USER: {"manager": {"value": "1"}}}),
        ({"Manager": {"Value": "1", "displayName": "Boss"}}, {ENTERPRISE_USER: {"manager": {"value": "1"}}}),
        (
            {ENTERPRISE_USER: {"manager": [{"$ref": "../Users/1", "value": "1"}]}},
            {ENTERPRISE_USER: {"manager": {"value": "1"}}},
        ),
        ({ENTERPRISE_USER: {"manager": {"value": "", "displayName": " "}}}, {}),
        ({ENTERPRISE_USER: {"department": ""}}, {}),
        ({ENTERPRISE_USER: None}, {}),
        ({"manager": [None, ""]}, {}),
        ({f" {ENTERPRISE_USER} ": {"department": "Data"}}, {ENTERPRISE_USER: {"department": "Data"}}),
        (
            {"Department": None, ENTERPRISE_USER: {"department": "Data"}},
            {ENTERPRISE_USER: {"department": "Data"}},
        ),
        ({f"{ENTERPRISE_USER}:department": "Data"}, {ENTERPRISE_USER: {"department": "Data"}}),
        ({ENTERPRISE_USER.upper(): {"DEPARTMENT": "Data"}}, {ENTERPRISE_USER: {"department": "Data"}}),
        (
            {"name.givenName": "Ines", "name": {"familyName": "Okafor"}},
            {"name": {"familyName": "Okafor", "givenName": "Ines"}},
        ),
        ({CORE_USER: {"title": "t"}, f"{CORE_USER}:nickName": "n"}, {"title": "t", "nickName": "n"}),
        ({'emails[type eq "work"].value': "a"}, {"emails": [{"type": "work", "value": "a"}]}),
        ({"id": "1", "schemas": ["x"], "meta": {"version": 5}}, {}),
        (
            {"displayName": "  Zoë \n Müller ", "title": " "},
            {"displayName": "  Zoë \n Müller ", "title": " "},
        ),
        ({"roles": [{"value": '{"id":"7d1f"}'}]}, {"roles": [{"value": '{"id":"7d1f"}'}]}),
        (
            {"profileUrl": "not a url", "locale": "xx-random"},
            {"profileUrl": "not a url", "locale": "xx-random"},
        ),
    ],
)
def test_every_clients_way_of_writing_comes_out_the_same(
    body: dict[str, Any], expected: dict[str, Any]
) -> None:
    result = normalise(body, USER_SCHEMA)
    assert result.document == expected
    assert result.ignored == ()


@pytest.mark.parametrize(
    ("body", "ignored"),
    [
        ({"password": "secret"}, ("password",)),
        ({"groups": [{"value": "1"}]}, ("groups",)),
        ({f"{CORE_USER}:password": "secret"}, (f"{CORE_USER}:password",)),
        ({CORE_USER: {"password": "secret"}}, ("password",)),
        ({"favouriteColour": "teal", "a b": 1, "x[": 2}, ("favouriteColour", "a b", "x[")),
        ({"name": {"nick": "x"}, "emails": [{"colour": 1}, {"colour": 2}]}, ("name.nick", "emails.colour")),
        ({ENTERPRISE_USER: {"cohort": "x"}}, (f"{ENTERPRISE_USER}:cohort",)),
        ({"urn:acme:2.0:User": {"x": 1}}, ("urn:acme:2.0:User",)),
        ({"k" * 500: 1}, ("k" * 200,)),
    ],
)
def test_what_the_schema_has_no_place_for_is_dropped_and_named(
    body: dict[str, Any], ignored: tuple[str, ...]
) -> None:
    result = normalise(body, USER_SCHEMA)
    assert result.document == {}
    assert result.ignored == ignored
    assert "secret" not in repr(result)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"active": "perhaps"}, 'active: expected true or false, got "perhaps"'),
        ({"active": 1}, "active: expected true or false, got a number"),
        ({"emails": [{"value": "a", "primary": "maybe"}]}, "emails.primary: expected true or false"),
        ({"title": 5.5}, "title: expected text, got a number"),
        ({"title": True}, "title: expected text, got a boolean"),
        ({"title": {"value": "x"}}, "title: expected text, got an object"),
        ({"title": ["x"]}, "title: expected text, got a list"),
        ({"name": "Ines"}, "name: expected an object, got text"),
        ({"name": [{"givenName": "a"}, {"givenName": "b"}]}, "name: expected one value, got a list of 2"),
        ({"emails": [5.5]}, "emails: expected an object, got a number"),
        ({"emails": [{"value": ["x"]}]}, "emails.value: expected text, got a list"),
        ({"addresses": ["Leith"]}, "addresses: expected an object, got text"),
        ({ENTERPRISE_USER: "x"}, "expected an object, got text"),
        ({"manager": 7.5}, "manager: expected an object, got a number"),
        ({"manager": {"value": 7.5}}, "manager.value: expected text, got a number"),
        ({"title": "a\x00b"}, "title: expected text without U+0000"),
        ({"title": "\ud800"}, "title: expected text without U+0000"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_the_attributes_name(body: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        normalise(body, USER_SCHEMA)
    assert says in refusal.value.detail


@pytest.mark.parametrize("body", [None, [], "x", 5, True, [{"userName": "u"}]])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    with pytest.raises(InvalidSyntax, match="must be a JSON object"):
        normalise(body, USER_SCHEMA)


@pytest.mark.parametrize("name", [None, "", "  ", "\t"])
def test_a_user_without_a_name_is_refused(name: str | None) -> None:
    with pytest.raises(InvalidValue, match="userName is required"):
        require({} if name is None else {"userName": name})
    require({"userName": "x"})


def test_custom_extensions_are_typed_by_their_schema() -> None:
    training = Schema(
        "urn:example:Training:2.0:User",
        "Training",
        "",
        (
            Attribute("seats", "integer"),
            Attribute("score", "decimal"),
            Attribute("since", "dateTime"),
            Attribute("tags", multi_valued=True),
            Attribute("secret", mutability="writeOnly"),
        ),
    )
    schema = USER_SCHEMA.with_extensions(training)
    body = {
        "userName": "u",
        training.urn: {
            "Seats": "12",
            "score": 1.5,
            "since": "2030-01-31T08:00:00Z",
            "tags": ["a", {"value": "b"}, None, {"value": ""}],
            "secret": "hush",
        },
    }
    result = normalise(body, schema)
    assert result.document[training.urn] == {
        "seats": 12,
        "score": 1.5,
        "since": "2030-01-31T08:00:00Z",
        "tags": ["a", "b"],
    }
    assert schemas_in_use(result.document, schema) == [CORE_USER, training.urn]
    for wrong in ({"seats": 1.5}, {"seats": True}, {"seats": 2**64}, {"score": "1"}, {"since": "soon"}):
        with pytest.raises(InvalidValue, match=f"{training.urn}:{next(iter(wrong))}: expected"):
            normalise({training.urn: wrong}, schema)


@pytest.mark.parametrize(
    "sent", ["2023-05-01", "2023-05-01T00:00:00Z", "2023-05-01T00:00:00", "2023-05-01T02:00:00.000+02:00"]
)
def test_a_date_without_a_time_is_a_moment_too_and_each_is_kept_as_sent(sent: str) -> None:
    hired = Schema("urn:example:Hired:2.0:User", "Hired", "", (Attribute("employeeHireDate", "dateTime"),))
    schema = USER_SCHEMA.with_extensions(hired)
    result = normalise({hired.urn: {"employeeHireDate": sent}}, schema)
    assert result.document == {hired.urn: {"employeeHireDate": sent}}
    for wrong in ("2023-05", "2023-13-01", "01.05.2023", "20230501T", " 2023-05-01"):
        with pytest.raises(InvalidValue, match="employeeHireDate: expected a date such as"):
            normalise({hired.urn: {"employeeHireDate": wrong}}, schema)


def test_schemas_follow_the_extensions_in_use(ines: dict[str, Any]) -> None:
    assert schemas_in_use(ines, USER_SCHEMA) == [CORE_USER, ENTERPRISE_USER]
    assert schemas_in_use({"userName": "u"}, USER_SCHEMA) == [CORE_USER]


def test_changes_are_named_by_scim_path(ines: dict[str, Any]) -> None:
    after = copy.deepcopy(ines)
    after["title"] = "Fellow"
    del after["name"]["formatted"]
    after["emails"][0]["value"] = "new@harborline.example"
    after["phoneNumbers"].append({"type": "fax", "value": "0"})
    after[ENTERPRISE_USER]["manager"]["value"] = "1"
    assert changes(ines, after) == {
        "title": ("Secure Coding Lead", "Fellow"),
        "name.formatted": ("Ines Okafor", None),
        'emails[type eq "work"].value': ("ines.okafor@harborline.example", "new@harborline.example"),
        'phoneNumbers[type eq "fax"].type': (None, "fax"),
        'phoneNumbers[type eq "fax"].value': (None, "0"),
        f"{ENTERPRISE_USER}:manager.value": ("26118915-6090-4610-87e4-49d8ca9f808d", "1"),
    }
    assert changes(ines, ines) == {}


def test_elements_without_a_telling_type_are_named_by_value() -> None:
    before = {"emails": [{"value": "a"}]}
    after = {"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": 'b"'}]}
    assert changes(before, after) == {
        "emails.value": ("a", None),
        'emails[value eq "a"].type': (None, "work"),
        'emails[value eq "a"].value': (None, "a"),
        'emails[value eq "b\\""].type': (None, "work"),
        'emails[value eq "b\\""].value': (None, 'b"'),
    }


def test_a_copy_shares_nothing(ines: dict[str, Any]) -> None:
    twin = copied(ines)
    assert twin == ines
    twin["emails"][0]["value"] = "changed"
    twin[ENTERPRISE_USER]["manager"]["value"] = "changed"
    assert "changed" not in json.dumps(ines)
    assert copied("x") == "x"


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("True")
)
KEYS = st.one_of(
    st.sampled_from(
        ["userName", "active", "name", "emails", "EMAILS", "manager", "value", "type", "primary", "roles", "title",
         "name.givenName", 'emails[type eq "work"].value', "emails[", "meta", "id", "password", "groups", "$ref",
         ENTERPRISE_USER, CORE_USER, f"{ENTERPRISE_USER}:department", f"{ENTERPRISE_USER}.manager", "department",
         "addresses", 'roles[primary eq "True"].display', "emails.value", "urn:x:y", 'manager[value eq "1"]',
         'emails[value co "x"].type']
    ),
    st.text(max_size=5),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)
BODIES = st.dictionaries(KEYS, ANYTHING, max_size=6)


@settings(deadline=None)
@given(st.one_of(BODIES, ANYTHING))
def test_any_json_gives_a_canonical_document_or_a_scim_error(body: object) -> None:
    before = copy.deepcopy(body)
    try:
        result = normalise(body, USER_SCHEMA)
    except SCIMError:
        return
    finally:
        assert repr(body) == repr(before)
    again = normalise(result.document, USER_SCHEMA)
    assert again.document == result.document
    assert again.ignored == ()
    assert changes(result.document, again.document) == {}
