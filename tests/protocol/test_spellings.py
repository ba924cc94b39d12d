"""Odd spellings that real clients send: JSON in a text, one attribute under two names, numbers for text, who the
manager is, texts too long to keep."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scim_provisioning.protocol import bulk
from scim_provisioning.protocol.body import embedded, loads
from scim_provisioning.protocol.constants import BULK_REQUEST, CORE_USER, ENTERPRISE_USER, PATCH_OP
from scim_provisioning.protocol.documents import normalise
from scim_provisioning.protocol.errors import InvalidPath, InvalidSyntax, InvalidValue, Mutability, SCIMError
from scim_provisioning.protocol.limits import DEFAULT_LIMITS, Limits
from scim_provisioning.protocol.messages import SearchRequest
from scim_provisioning.protocol.patch import apply, parse
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema
from scim_provisioning.protocol.schema.pointers import person_at

BASE = "https://lms.example/scim/v2"
MANAGER = f"{ENTERPRISE_USER}:manager"
Json = dict[str, Any]


def posted(**members: Any) -> Json:
    return normalise({"userName": "u", **members}, USER_SCHEMA, base_url=BASE).document


def patched(document: Json, *operations: Json, schema: Any = USER_SCHEMA) -> Json:
    body = {"schemas": [PATCH_OP], "Operations": list(operations)}
    return apply(document, parse(body, schema), schema, base_url=BASE).document


# --- JSON in a text


@pytest.mark.parametrize("op", ["add", "Replace"])
@pytest.mark.parametrize(
    "text", ['{"active":false}', ' \n{"Active": "False"}', '{"schemas": ["x"], "active": false}']
)
def test_the_object_of_a_patch_without_a_path_may_be_json_in_a_text(op: str, text: str) -> None:
    assert patched({"userName": "u", "active": True}, {"op": op, "value": text})["active"] is False


@pytest.mark.parametrize("text", ["active", "{active:false}", '[{"active":false}]', '"{}"', "", "{"])
def test_a_patch_without_a_path_takes_no_other_text(text: str) -> None:
    with pytest.raises(InvalidValue, match="needs an object as its value"):
        patched({"userName": "u"}, {"op": "replace", "value": text})


COMPLEX: list[tuple[str, Any, Json]] = [
    ("name", {"givenName": "Ines"}, {"name": {"givenName": "Ines"}}),
    ("name", [{"givenName": "Ines"}], {"name": {"givenName": "Ines"}}),
    ("phoneNumbers", [{"type": "work", "value": "2"}], {"phoneNumbers": [{"type": "work", "value": "2"}]}),
    ("phoneNumbers", {"type": "work", "value": "2"}, {"phoneNumbers": [{"type": "work", "value": "2"}]}),
    (
        "addresses",
        [{"type": "work", "locality": "Leith"}],
        {"addresses": [{"type": "work", "locality": "Leith"}]},
    ),
    ("roles", {"id": 1, "value": "lead"}, {"roles": [{"value": "lead"}]}),
    (MANAGER, {"value": "7"}, {ENTERPRISE_USER: {"manager": {"value": "7"}}}),
    (MANAGER, [{"$ref": "../Users/7", "value": "7"}], {ENTERPRISE_USER: {"manager": {"value": "7"}}}),
    (ENTERPRISE_USER, {"department": "D"}, {ENTERPRISE_USER: {"department": "D"}}),
]


@pytest.mark.parametrize(("path", "value", "expected"), COMPLEX)
def test_a_complex_value_may_be_json_in_a_text_wherever_it_stands(
    path: str, value: Any, expected: Json
) -> None:
    text, expected = json.dumps(value), {"userName": "u", **expected}
    assert posted(**{path: text}) == expected
    for op in ("add", "replace"):
        assert patched({"userName": "u"}, {"op": op, "path": path, "value": text}) == expected
        assert patched({"userName": "u"}, {"op": op, "value": {path: text}}) == expected
        assert patched({"userName": "u"}, {"op": op, "value": json.dumps({path: text})}) == expected


def test_elements_may_be_json_in_a_text_alone_or_in_a_list() -> None:
    element = '{"type": "mobile", "value": "3"}'
    expected = [{"type": "mobile", "value": "3"}]
    assert posted(phoneNumbers=[element])["phoneNumbers"] == expected
    for path in ("phoneNumbers", 'phoneNumbers[type eq "mobile"]'):
        assert (
            patched({"userName": "u"}, {"op": "replace", "path": path, "value": element})["phoneNumbers"]
            == expected
        )


def test_values_to_remove_may_be_json_in_a_text() -> None:
    document = {
        "userName": "u",
        "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "home", "value": "2"}],
    }
    for value in ('[{"value": "1"}]', ['{"type": "work", "value": "1"}']):
        after = patched(document, {"op": "remove", "path": "phoneNumbers", "value": value})
        assert after["phoneNumbers"] == [{"type": "home", "value": "2"}]


@pytest.mark.parametrize("text", ['{"a": 1}', '["x"]', "[draft]", "{26118915-6090}"])
def test_where_text_is_meant_json_stays_text(text: str) -> None:
    assert posted(title=text)["title"] == text
    # Entra's roles: the value of an element is text, and this is one.
    assert posted(roles=[{"value": text}])["roles"] == [{"value": text}]
    after = patched(
        {"userName": "u"}, {"op": "replace", "path": 'emails[type eq "work"].value', "value": text}
    )
    assert after["emails"] == [{"type": "work", "value": text}]


@pytest.mark.parametrize("text", ["[Sales] Bob", "{26118915-6090-4610}", "{", "[]]"])
def test_text_that_only_looks_like_json_is_text(text: str) -> None:
    assert posted(manager=text)[ENTERPRISE_USER] == {"manager": {"value": text}}


@pytest.mark.parametrize("text", ["{}", "[]", ' [""] '])
def test_json_of_nothing_is_nothing(text: str) -> None:
    assert posted(manager=text, phoneNumbers=text) == {"userName": "u"}


@pytest.mark.parametrize(
    "text",
    ['{"value": "a", "Value": "b"}', '{"value": "\\u0000"}', '{"value": 1e999}', "[" * 50 + "]" * 50,
     "[" * 5000 + "]" * 5000, json.dumps({f"k{n}": n for n in range(201)}), json.dumps([{"value": "v"}] * 101)],
)  # fmt: skip
def test_json_in_a_text_keeps_to_the_rules_of_a_body(text: str) -> None:
    with pytest.raises(InvalidSyntax):
        embedded(text)
    for send in (
        lambda: posted(phoneNumbers=text),
        lambda: patched({"userName": "u"}, {"op": "add", "path": MANAGER, "value": text}),
        lambda: patched({"userName": "u"}, {"op": "add", "value": text}),
    ):
        with pytest.raises(SCIMError) as refusal:
            send()
        assert refusal.value.status == 400


@pytest.mark.parametrize("wrap", [json.dumps, lambda data: data])
def test_a_bulk_operation_takes_json_in_a_text_and_a_patch_a_bare_list(wrap: Any) -> None:
    operations = [{"op": "replace", "path": "title", "value": "N"}]
    for data in (operations, {"schemas": [PATCH_OP], "Operations": operations}):
        sent = [{"method": "PATCH", "path": "/Users/1", "data": wrap(data)}]
        (read,) = bulk.parse({"schemas": [BULK_REQUEST], "Operations": sent}, DEFAULT_LIMITS).operations
        (operation,) = parse(read.data, USER_SCHEMA)
        assert (operation.path, operation.value) == ("title", "N")
    sent = [{"method": "POST", "path": "/Users", "bulkId": "a", "data": wrap({"userName": "u"})}]
    (read,) = bulk.parse({"schemas": [BULK_REQUEST], "Operations": sent}, DEFAULT_LIMITS).operations
    assert read.data == {"userName": "u"}


def test_operations_may_be_json_in_a_text() -> None:
    text = '[{"op": "replace", "path": "title", "value": "N"}]'
    assert parse({"schemas": [PATCH_OP], "Operations": text}, USER_SCHEMA)[0].value == "N"


# --- one attribute under two names


@pytest.mark.parametrize(
    "body",
    [
        {"userName": "a", "username": "b"},
        {"userName": "a", "USERNAME": "a"},
        {"emails": [{"value": "a", "Value": "b"}]},
        {"name": {"givenName": "a", "givenname": "b"}},
        {ENTERPRISE_USER: {"department": "a"}, ENTERPRISE_USER.upper(): {"department": "b"}},
        {ENTERPRISE_USER: {"manager": {"value": "a", "VALUE": "b"}}},
        {"Operations": [{"op": "replace", "OP": "remove", "path": "title"}]},
        {"Operations": [], "operations": []},
        {"Operations": [{"op": "add", "path": "title", "value": "a", "Value": "b"}]},
        {"Operations": [{"method": "POST", "data": {"userName": "a", "username": "b"}}]},
        {"filter": "a", "Filter": "b"},
        {"unknown": 1, "Unknown": 2},
    ],
)
def test_one_member_in_two_cases_is_refused_as_the_same_case_is(body: Json) -> None:
    with pytest.raises(InvalidSyntax, match="is given twice in one object, as"):
        loads(json.dumps(body).encode())


def test_a_member_twice_is_found_though_the_reader_shares_equal_names() -> None:
    with pytest.raises(InvalidSyntax, match='The member "userName" is given twice in one object.$'):
        loads(b'[{"userName": 1}, {"userName": 1, "userName": 2}]')
    assert loads(b'[{"userName": 1}, {"username": 2}]')


def test_an_attribute_beside_its_qualified_name_is_refused_where_they_differ() -> None:
    two = {"userName": "a", f"{CORE_USER}:userName": "b"}
    for body in (two, {"userName": "a", CORE_USER: {"userName": "b"}}):
        with pytest.raises(InvalidSyntax, match="userName is given twice"):
            normalise(body, USER_SCHEMA)
        with pytest.raises(InvalidSyntax, match="userName is given twice"):
            patched({"userName": "u"}, {"op": "replace", "value": body})
    assert normalise({**two, f"{CORE_USER}:userName": "a"}, USER_SCHEMA).document == {"userName": "a"}


def test_under_its_urn_an_attribute_of_an_extension_counts_for_more_than_without() -> None:
    """Microsoft's collection sends both, and they differ."""
    both = {"userName": "u", "Department": "guessed", ENTERPRISE_USER: {"department": "said"}}
    assert normalise(both, USER_SCHEMA).document[ENTERPRISE_USER] == {"department": "said"}


# --- numbers for text


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"externalId": 157663}, {"externalId": "157663"}),
        ({"title": 0}, {"title": "0"}),
        ({"title": -5}, {"title": "-5"}),
        ({"name": {"givenName": 5}}, {"name": {"givenName": "5"}}),
        ({"phoneNumbers": [{"value": 441}]}, {"phoneNumbers": [{"value": "441"}]}),
        ({"phoneNumbers": [441]}, {"phoneNumbers": [{"value": "441"}]}),
        ({"phoneNumbers": 441}, {"phoneNumbers": [{"value": "441"}]}),
        ({ENTERPRISE_USER: {"employeeNumber": 7}}, {ENTERPRISE_USER: {"employeeNumber": "7"}}),
        ({"manager": 7}, {ENTERPRISE_USER: {"manager": {"value": "7"}}}),
        ({"manager": {"value": 7}}, {ENTERPRISE_USER: {"manager": {"value": "7"}}}),
    ],
)
def test_a_whole_number_for_text_is_its_digits(members: Json, expected: Json) -> None:
    assert posted(**members) == {"userName": "u", **expected}
    assert patched({"userName": "u"}, {"op": "replace", "value": members}) == {"userName": "u", **expected}
    for path, value in members.items():
        assert patched({"userName": "u"}, {"op": "add", "path": path, "value": value}) == {
            "userName": "u",
            **expected,
        }


@pytest.mark.parametrize("value", [True, False, 1.5, 42.0, 1e3])
@pytest.mark.parametrize(
    "path", ["title", "externalId", "name.givenName", 'emails[type eq "work"].value', MANAGER]
)
def test_booleans_and_fractions_are_no_text(path: str, value: object) -> None:
    with pytest.raises(InvalidValue):
        patched({"userName": "u"}, {"op": "replace", "path": path, "value": value})


def test_numbers_are_not_read_where_a_date_or_an_address_is_meant() -> None:
    for members in ({"profileUrl": 5}, {"photos": [{"value": 5}]}):
        with pytest.raises(InvalidValue, match="expected text, got a number"):
            posted(**members)


# --- the manager


@pytest.mark.parametrize(
    "blank",
    [
        " ",
        "  \t",
        {"value": " "},
        {"Value": "\n"},
        [{"value": " "}],
        {"value": " ", "displayName": " "},
        '{"value": " "}',
    ],
)
def test_a_blank_manager_is_nobody(blank: Any) -> None:
    """OneLogin's templates leave ``{"value": " ", "displayName": " "}`` where there is none."""
    document = {"userName": "u", ENTERPRISE_USER: {"department": "D", "manager": {"value": "m"}}}
    after = {"userName": "u", ENTERPRISE_USER: {"department": "D"}}
    assert posted(manager=blank) == {"userName": "u"}
    for path in (MANAGER, "manager"):
        assert patched(document, {"op": "replace", "path": path, "value": blank}) == after
    assert patched(document, {"op": "replace", "value": {ENTERPRISE_USER: {"manager": blank}}}) == after
    assert patched(document, {"op": "replace", "value": {MANAGER: blank}}) == after


def test_a_blank_id_of_a_manager_is_nobody() -> None:
    document = {"userName": "u", ENTERPRISE_USER: {"manager": {"value": "m"}}}
    for value in (" ", '{"value": " "}'):
        assert patched(document, {"op": "replace", "path": f"{MANAGER}.value", "value": value}) == {
            "userName": "u"
        }
        assert patched(document, {"op": "replace", "value": {f"{MANAGER}.value": value}}) == {"userName": "u"}


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/Users/7",
        f"{BASE}//Users/7/",
        f"{BASE}/users/7",
        "https://LMS.example:443/scim/v2/Users/7",
        "HTTPS://lms.example/scim/v2/Users/7",
        "http://lms.example/scim/v2/Users/7",
        "//lms.example/scim/v2/Users/7",
        "https://lms.example/SCIM/v2/Users/%37?aadOptscim062020#x",
        " ../Users/7 ",
        "../../v2/Users/7",
        "/Users/7",
        "Users/7",
        "/scim/v2/Users/7",
        "./7",
        "7",
    ],
)
def test_a_manager_may_be_named_by_an_address_of_ours(address: str) -> None:
    assert person_at(address, BASE) == "7"
    expected = {"userName": "u", ENTERPRISE_USER: {"manager": {"value": "7"}}}
    for manager in ({"$ref": address}, [{"$Ref": address}], {"$ref": address, "displayName": "x"}):
        assert posted(manager=manager) == expected
        assert patched({"userName": "u"}, {"op": "add", "path": MANAGER, "value": manager}) == expected
        assert patched({"userName": "u"}, {"op": "replace", "value": {MANAGER: manager}}) == expected


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/scim/v2/Users/7",
        "https://lms.example:8443/scim/v2/Users/7",
        "https://lms.example/other/v2/Users/7",
        "https://lms.example/Users/7",
        f"{BASE}/Groups/7",
        f"{BASE}/Users",
        "/other/v2/Users/7",
        "/7",
        "https://[bad/Users/7",
        "https://lms.example:port/scim/v2/Users/7",
        "urn:uuid:7",
        "",
    ],
)
def test_an_address_of_anything_else_names_nobody(address: str) -> None:
    assert person_at(address, BASE) is None
    document = {"userName": "u", ENTERPRISE_USER: {"manager": {"value": "m"}}}
    assert patched(document, {"op": "add", "path": MANAGER, "value": {"$ref": address}}) == document
    assert posted(manager={"$ref": address}) == {"userName": "u"}


@pytest.mark.parametrize("address", [f"{BASE}/Users/7", f"{BASE}//users/7/", "../Users/7", "/Users/7"])
def test_an_address_of_ours_in_place_of_the_id_names_that_person(address: str) -> None:
    expected = {"userName": "u", ENTERPRISE_USER: {"manager": {"value": "7"}}}
    assert posted(manager=address) == posted(manager={"value": address}) == expected
    assert patched({"userName": "u"}, {"op": "add", "path": f"{MANAGER}.value", "value": address}) == expected


@pytest.mark.parametrize(
    "text", ["https://elsewhere.example/scim/v2/Users/7", "Sales/Bob", "a/b/c", "/7", "//"]
)
def test_other_text_with_slashes_stays_what_it_is(text: str) -> None:
    assert posted(manager=text)[ENTERPRISE_USER] == {"manager": {"value": text}}


def test_an_address_beside_an_id_is_passed_over() -> None:
    assert posted(manager={"$ref": f"{BASE}/Users/7", "value": "8"})[ENTERPRISE_USER]["manager"] == {
        "value": "8"
    }
    document = {"userName": "u", ENTERPRISE_USER: {"manager": {"value": "7"}}}
    for nobody in ("", None, " "):
        cleared = {"$ref": f"{BASE}/Users/7", "value": nobody}
        assert patched(document, {"op": "replace", "path": MANAGER, "value": cleared}) == {"userName": "u"}


# --- paths


@pytest.mark.parametrize("op", ["add", "replace", "remove"])
@pytest.mark.parametrize(
    "path",
    ["active.value", "ACTIVE.VALUE", f"{CORE_USER}:active.value", "active[value eq true]", 'userName[type eq "work"]',
     'userName[type eq "work"].value', "title.foo", "externalId.value", f"{ENTERPRISE_USER}:department.value",
     "id.value"],
)  # fmt: skip
def test_a_path_into_a_simple_attribute_is_no_path(op: str, path: str) -> None:
    with pytest.raises(InvalidPath, match="Path not supported"):
        patched({"userName": "u", "active": True}, {"op": op, "path": path, "value": False})


def test_a_member_that_is_a_path_into_a_simple_attribute_is_refused_too() -> None:
    for member in (
        {"active.value": False},
        {f"{CORE_USER}:active.value": False},
        {CORE_USER: {"active.value": False}},
    ):
        with pytest.raises(InvalidPath, match="active has no parts"):
            patched({"userName": "u", "active": True}, {"op": "replace", "value": member})
        with pytest.raises(InvalidPath, match="active has no parts"):
            posted(**member)


@pytest.mark.parametrize("op", ["add", "replace", "remove", "Add"])
@pytest.mark.parametrize(
    "path", ["schemas", "Schemas", f"{CORE_USER}:schemas", 'schemas[value eq "urn:acme:2.0:User"]']
)
def test_an_operation_on_schemas_is_passed_over(op: str, path: str) -> None:
    document = {"userName": "u"}
    assert patched(document, {"op": op, "path": path, "value": [ENTERPRISE_USER]}) == document
    if "[" not in path:
        assert (
            patched(document, {"op": "add", "value": {path: [ENTERPRISE_USER], "title": "x"}})["title"] == "x"
        )
    with pytest.raises(Mutability):
        patched(document, {"op": op, "path": "meta", "value": {}})


# --- messages without schemas


@pytest.mark.parametrize("urns", [{}, {"schemas": None}, {"schemas": []}, {"schemas": ""}])
def test_a_message_is_known_by_what_it_asks_for(urns: Json) -> None:
    assert len(parse({**urns, "Operations": [{"op": "remove", "path": "title"}]}, USER_SCHEMA)) == 1
    assert parse({**urns, "operations": []}, USER_SCHEMA) == []
    delete = {"method": "DELETE", "path": "/Users/1"}
    assert len(bulk.parse({**urns, "Operations": [delete]}, DEFAULT_LIMITS).operations) == 1
    assert SearchRequest.from_body({**urns, "Filter": "userName pr"}).filter == "userName pr"
    assert SearchRequest.from_body({**urns, "count": 0}).count == 0
    for body in (urns, {**urns, "userName": "u"}):
        for read in (
            lambda b: parse(b, USER_SCHEMA),
            lambda b: bulk.parse(b, DEFAULT_LIMITS),
            SearchRequest.from_body,
        ):
            with pytest.raises(InvalidSyntax):
                read(body)


# --- too large to keep


def test_a_text_too_long_to_keep_is_left_out_and_named() -> None:
    picture = "data:image/png;base64," + "A" * 20_000
    body = {
        "userName": "u",
        "photos": [{"value": picture, "type": "photo"}],
        "title": "T",
        "nickName": "n" * 9000,
    }
    result = normalise(body, USER_SCHEMA)
    assert (result.document, result.ignored) == ({"userName": "u", "title": "T"}, ("photos", "nickName"))
    kept = [{"value": "https://lms.example/p.png"}]
    for path, value in (
        ("photos", [{"value": picture}]),
        ('photos[type eq "photo"]', {"value": picture}),
        ('photos[type eq "photo"].value', picture),
        (None, {"photos": [{"value": picture}]}),
        (None, json.dumps({"photos": [{"value": picture}]})),
    ):
        for op in ("add", "replace"):
            operation = {"op": op, "value": value} | ({"path": path} if path else {})
            done = apply(
                {"userName": "u", "photos": kept},
                parse({"Operations": [operation]}, USER_SCHEMA),
                USER_SCHEMA,
            )
            assert done.document == {"userName": "u", "photos": kept}
            assert done.ignored == (path or "photos",)


def test_a_text_too_long_for_a_field_that_takes_it_is_refused_by_name() -> None:
    schema = replace(USER_SCHEMA, taken=frozenset({"title", "emails", f"{ENTERPRISE_USER}:department"}))
    long = "x" * 8193
    for members, name in (
        ({"title": long}, "title"),
        ({"emails": [{"display": long}]}, "emails"),
        ({ENTERPRISE_USER: {"department": long}}, f"{ENTERPRISE_USER}:department"),
        ({"userName": long}, "userName"),
    ):
        with pytest.raises(InvalidValue, match=f" {name}: a text has 8193 characters, at most 8192 are kept"):
            normalise({"userName": "u", **members}, schema)
    assert normalise({"userName": "u", "title": long[1:]}, schema).document["title"] == long[1:]
    assert (
        normalise({"userName": "abc", "title": "four"}, schema, Limits(string_length=4)).document["title"]
        == "four"
    )


def test_a_long_text_among_values_to_remove_widens_nothing() -> None:
    document = {"userName": "u", "phoneNumbers": [{"type": "work", "value": "1"}]}
    removed = [{"type": "work", "value": "x" * 9000}]
    assert patched(document, {"op": "remove", "path": "phoneNumbers", "value": removed}) == document


def test_a_path_is_no_longer_than_a_text_may_be() -> None:
    with pytest.raises(InvalidPath, match="longer than 8192"):
        parse({"Operations": [{"op": "remove", "path": "t" * 8193}]}, USER_SCHEMA)


MEMBERSHIPS = [{"value": f"g{n}", "display": "G" * 100} for n in range(150)]


@pytest.mark.parametrize(
    "body",
    [
        {"userName": "u", "groups": MEMBERSHIPS},
        {"userName": "u", "Groups": MEMBERSHIPS},
        {"userName": "u", f"{CORE_USER}:groups": MEMBERSHIPS},
        {"userName": "u", CORE_USER: {"groups": MEMBERSHIPS}},
        {"userName": "u", "meta": {f"k{n}": n for n in range(300)}},
        {"Operations": [{"op": "replace", "value": {"groups": MEMBERSHIPS, "title": "x"}}]},
        {"Operations": [{"method": "POST", "data": {"groups": MEMBERSHIPS, "userName": "x"}}]},
    ],
)
def test_what_is_read_only_is_not_counted(body: Json) -> None:
    assert loads(json.dumps(body).encode()) == body
    if "userName" in body:
        assert normalise(body, USER_SCHEMA).document == {"userName": "u"}


@pytest.mark.parametrize(
    "body",
    [
        {"roles": MEMBERSHIPS},
        {"groupies": MEMBERSHIPS},
        {"urn:acme:2.0:User": {"groups": MEMBERSHIPS}},
        {"roles": [{"groups": MEMBERSHIPS}]},
        {"groups": {"a": "x"}, "roles": MEMBERSHIPS},
    ],
)
def test_nothing_else_goes_uncounted(body: Json) -> None:
    with pytest.raises(InvalidSyntax):
        loads(json.dumps(body).encode())


@pytest.mark.parametrize("bad", ['"\\u0000"', "1e999", "[" * 40 + "]" * 40, '[{"value": 1, "Value": 2}]'])
def test_what_is_not_counted_is_read_all_the_same(bad: str) -> None:
    with pytest.raises(InvalidSyntax):
        loads(b'{"userName": "u", "groups": ' + bad.encode() + b"}")


def test_a_hosts_own_text_attribute_is_read_alike() -> None:
    own = Schema("urn:acme:2.0:User", "acme", "", (Attribute("tags", multi_valued=True), Attribute("pin")))
    schema = USER_SCHEMA.with_extensions(own)
    document = normalise({"userName": "u", own.urn: {"tags": [1, "b"], "pin": 42}}, schema).document
    assert document[own.urn] == {"tags": ["1", "b"], "pin": "42"}
    removed = patched(document, {"op": "remove", "path": f"{own.urn}:tags", "value": [1]}, schema=schema)
    assert removed[own.urn] == {"tags": ["b"], "pin": "42"}
    with pytest.raises(InvalidPath):
        patched(document, {"op": "add", "path": f"{own.urn}:pin.value", "value": "1"}, schema=schema)
