from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER, PATCH_OP
from scim_provisioning.protocol.documents import normalise
from scim_provisioning.protocol.errors import NoTarget, SCIMError
from scim_provisioning.protocol.patch import Operation, apply, parse
from scim_provisioning.protocol.patch.elements import Elements
from scim_provisioning.protocol.schema import USER_SCHEMA

TEXT = st.sampled_from(["", "a", "A", "b", "work", "home", "True", "x y"])
PATHS = st.sampled_from(
    ["title", "userName", "active", "name", "name.givenName", "emails", "emails.value", "emails.primary",
     'emails[type eq "work"]', 'emails[type eq "work"].value', 'emails[type eq "work"].type',
     'emails[type eq "home"].primary', 'emails[value eq "a"].value', 'emails[value eq "a"]',
     'emails[type eq "work" and value eq "a"].display', 'emails[type eq "work" and primary eq true].value',
     'emails[value co "a"].value', 'emails[type ne "work"]', 'roles[primary eq "True"].value', "roles",
     'addresses[type eq "work"].locality', f"{ENTERPRISE_USER}:manager", f"{ENTERPRISE_USER}:department",
     'manager[value eq "a"]', 'manager[value eq "a"].value', ENTERPRISE_USER, CORE_USER, "meta", "members", "groups"]
)  # fmt: skip
ELEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": TEXT,
        "value": TEXT,
        "display": TEXT,
        "primary": st.sampled_from([True, False, "True"]),
    },
)
VALUES = st.one_of(
    TEXT,
    st.none(),
    st.booleans(),
    st.integers(),
    ELEMENTS,
    st.lists(st.one_of(ELEMENTS, TEXT), max_size=3),
    st.fixed_dictionaries(
        {}, optional={"givenName": TEXT, "department": TEXT, "manager": TEXT, "locality": TEXT}
    ),
)
OPERATIONS = st.one_of(
    st.builds(Operation, st.sampled_from(["add", "replace", "remove"]), PATHS, VALUES),
    st.builds(
        Operation, st.sampled_from(["add", "replace"]), st.none(), st.dictionaries(PATHS, VALUES, max_size=3)
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {"userName": st.just("u")},
    optional={
        "title": TEXT,
        "name": st.fixed_dictionaries({}, optional={"givenName": TEXT, "familyName": TEXT}),
        "emails": st.lists(ELEMENTS, max_size=3),
        "roles": st.lists(ELEMENTS, max_size=2),
        ENTERPRISE_USER: st.fixed_dictionaries({}, optional={"department": TEXT, "manager": TEXT}),
    },
).map(lambda body: normalise(body, USER_SCHEMA).document)


@settings(deadline=None)
@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_apply_never_changes_its_input_and_leaves_a_canonical_document(
    document: dict[str, Any], operations: list[Operation]
) -> None:
    before, wanted = copy.deepcopy(document), copy.deepcopy(operations)
    try:
        result = apply(document, operations, USER_SCHEMA).document
    except SCIMError:
        return
    finally:
        assert document == before
        assert operations == wanted
    assert normalise(result, USER_SCHEMA).document == result
    assert result["userName"].strip()
    for value in (result.get("emails", []), result.get("roles", [])):
        assert sum(element.get("primary") is True for element in value) <= 1


@settings(deadline=None)
@given(DOCUMENTS, OPERATIONS.filter(lambda operation: operation.path or len(operation.value) < 2))
def test_an_operation_applied_twice_equals_once(document: dict[str, Any], operation: Operation) -> None:
    try:
        once = apply(document, [operation], USER_SCHEMA).document
    except SCIMError:
        return
    try:
        twice = apply(once, [operation], USER_SCHEMA).document
    except NoTarget:
        return  # its filter selected an element it changed, and does not say what to create
    assert twice == once


def outcome(document: dict[str, Any], operations: list[Operation]) -> dict[str, Any] | str:
    try:
        return apply(document, operations, USER_SCHEMA).document
    except SCIMError as error:
        return error.detail


@settings(deadline=None)
@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_elements_that_are_looked_up_are_those_that_are_looked_through(
    document: dict[str, Any], operations: list[Operation]
) -> None:
    few = outcome(document, operations)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Elements, "few", -1)
        assert outcome(document, operations) == few


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), TEXT, PATHS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(TEXT, PATHS), inner, max_size=3)
    ),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {
        "schemas": st.just([PATCH_OP]),
        "Operations": st.lists(
            st.fixed_dictionaries(
                {"op": st.sampled_from(["Add", "replace", "remove"])},
                optional={"path": st.one_of(PATHS, st.text()), "value": JSON},
            ),
            max_size=3,
        ),
    }
)


@settings(deadline=None)
@given(DOCUMENTS, st.one_of(JSON, MESSAGES))
def test_any_json_as_a_message_gives_a_document_or_a_scim_error(
    document: dict[str, Any], body: object
) -> None:
    try:
        result = apply(document, parse(body, USER_SCHEMA), USER_SCHEMA)
    except SCIMError as error:
        assert error.status == 400  # noqa: PT017 - any of the classes may come
        return
    assert normalise(result.document, USER_SCHEMA).document == result.document
