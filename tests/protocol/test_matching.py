from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.filters import matches, parse
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema
from scim_provisioning.protocol.text import fold


def hit(text: str, document: dict[str, Any]) -> bool:
    return matches(parse(text, USER_SCHEMA), document)


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "INES.OKAFOR@harborline.example"',
        'externalId eq "inesokafor"',
        'emails eq "ines@home.example"',
        'emails[type eq "WORK" and primary eq true]',
        'emails[type eq "home"].value sw "ines@"',
        'title co "CODING"',
        'title ew "lead"',
        'title gt "secure"',
        'title le "secure coding lead"',
        "title pr",
        "name pr",
        "not (nickName pr)",
        "active eq true",
        f'{ENTERPRISE_USER}:department eq "platform security"',
        "manager pr",
        'manager[value eq "26118915-6090-4610-87e4-49d8ca9f808d"]',
        'title ne "other"',
        'nickName ne "anything"',
        'emails ne "nobody@x.example"',
        'title eq "no" or title pr and active eq true',
    ],
)
def test_it_matches(text: str, ines: dict[str, Any]) -> None:
    assert hit(text, ines)


@pytest.mark.parametrize(
    "text",
    [
        'externalId eq "INESOKAFOR"',
        'nickName eq "x"',
        'nickName co ""',
        'nickName gt ""',
        "nickName pr",
        'emails[type eq "home" and primary eq true]',
        'emails[type eq "home"].value eq "ines.okafor@harborline.example"',
        'emails.type ne "work"',
        "emails.display pr",
        "active eq false",
        'manager eq "26118915-6090-4610-87E4-49D8CA9F808D"',
        "addresses.primary eq false",
        'userName eq "ines"',
        'not (userName sw "ines")',
    ],
)
def test_it_does_not_match(text: str, ines: dict[str, Any]) -> None:
    assert not hit(text, ines)


def test_dates_are_compared_as_instants() -> None:
    resource = {"meta": {"created": "2024-05-01T12:00:00.250+02:00"}}
    assert hit('meta.created gt "2024-05-01T10:00:00Z"', resource)
    assert hit('meta.created lt "2024-05-01T10:00:01Z"', resource)
    assert hit('meta.created eq "2024-05-01T10:00:00.250Z"', resource)


def test_a_date_without_a_time_is_midnight_in_utc() -> None:
    resource = {"meta": {"created": "2024-05-01T02:00:00+02:00", "lastModified": "2024-05-02"}}
    assert hit('meta.created eq "2024-05-01"', resource)
    assert hit('meta.lastModified gt "2024-05-01T23:59:59Z"', resource)
    assert not hit('meta.lastModified lt "2024-05-02"', resource)


def test_numbers_are_compared_as_numbers() -> None:
    schema = USER_SCHEMA.with_extensions(Schema("urn:x:t:User", "T", "", (Attribute("seats", "integer"),)))
    document = {"urn:x:t:User": {"seats": 12}}
    assert matches(parse("seats gt 3 and seats le 12.0 and seats ne 13", schema), document)
    with pytest.raises(InvalidFilter, match='expected a number, got "12"'):
        parse('seats eq "12"', schema)


def test_values_of_another_type_than_the_schemas_never_match() -> None:
    schema = USER_SCHEMA.with_extensions(Schema("urn:x:t:User", "T", "", (Attribute("seats", "integer"),)))
    document = {
        "title": 5,
        "active": "true",
        "meta": {"created": 7},
        "urn:x:t:User": {"seats": "12"},
        "emails": ["x"],
    }
    for text in (
        'title eq "5"',
        "active eq true",
        'meta.created gt "2020-01-01T00:00:00Z"',
        "seats eq 12",
        'emails.value eq "x"',
        'emails[type eq "x"]',
    ):
        assert not matches(parse(text, schema), document)


def test_empty_values_are_not_present() -> None:
    for nothing in (None, "", [], {}, {"givenName": ""}, [None, {}]):
        assert not hit("name pr", {"name": nothing})
    assert hit("active pr", {"active": False})
    assert hit("emails pr", {"emails": [[{"value": "x"}]]})


VALUES = st.sampled_from(["a", "A", "ab", "b", "work", "home", "x@y.example", "X@Y.example"])
REFS = st.sampled_from(
    [
        "userName",
        "title",
        "nickName",
        "externalId",
        "phoneNumbers",
        "phoneNumbers.type",
        "phoneNumbers.value",
        "phoneNumbers.display",
        "name.givenName",
        f"{ENTERPRISE_USER}:department",
    ]
)
OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
TEXT_TERMS = st.builds(
    lambda ref, op, value: f'{ref} {op} "{value}"',
    REFS,
    st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
    VALUES,
)
OTHER_TERMS = st.one_of(
    REFS.map(lambda ref: f"{ref} pr"),
    st.sampled_from(
        [
            "active eq true",
            "active eq false",
            "active ne true",
            "phoneNumbers.primary eq true",
            "phoneNumbers pr",
        ]
    ),
    st.builds(lambda kind, value: f'phoneNumbers[type eq "{kind}" and value co "{value}"]', VALUES, VALUES),
    st.builds(lambda kind: f'phoneNumbers[type ne "{kind}"]', VALUES),
    VALUES.map(lambda value: f'phoneNumbers[not (display eq "{value}")]'),
)
TERMS = st.one_of(TEXT_TERMS, OTHER_TERMS)
FILTERS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        inner.map("not ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=5,
)
PHONE = st.fixed_dictionaries(
    {"value": VALUES},
    optional={"type": VALUES, "display": VALUES, "primary": st.booleans()},
)
PEOPLE = st.fixed_dictionaries(
    {"userName": VALUES},
    optional={
        "title": VALUES,
        "externalId": VALUES,
        "active": st.booleans(),
        "phoneNumbers": st.lists(PHONE, min_size=1, max_size=2),
        "name": st.fixed_dictionaries({"givenName": VALUES}),
        ENTERPRISE_USER: st.fixed_dictionaries({"department": VALUES}),
    },
)


@settings(deadline=None)
@given(FILTERS, PEOPLE)
def test_it_agrees_with_scim2_models(text: str, person: dict[str, Any]) -> None:
    """scim2-models is the judge where the RFC is silent: ``ne`` on what is absent, any or every element."""
    models = pytest.importorskip("scim2_models")
    user_class = models.User[models.EnterpriseUser]
    judge = user_class.model_validate({"schemas": [*USER_SCHEMA.urns], **person})
    try:
        mine = hit(text, person)
    except InvalidFilter:
        return  # above the limits
    assert mine == models.ScimFilter[user_class](text).match(judge), text


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet="kK\u212assßſﬁIİiı\u0307\u0345é\u0301", max_size=4), st.data())
def test_a_text_is_equal_to_whatever_has_its_folded_form(text: str, data: st.DataObject) -> None:
    """What may not be equal for its length is not folded: no letter may be lost by it."""
    other = data.draw(st.sampled_from([text.upper(), text.lower(), fold(text), normalize("NFD", text)]))
    for one, another in ((text, other), (other, text)):
        asked = f"userName eq {json.dumps(another)}"
        assert hit(asked, {"userName": one}) is (fold(one) == fold(another))
