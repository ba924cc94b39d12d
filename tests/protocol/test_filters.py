from __future__ import annotations

import time
from datetime import UTC, datetime
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.filters import (
    And,
    Comparison,
    Not,
    Or,
    UnknownFilterAttribute,
    ValuePath,
    parse,
    render,
)
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.protocol.schema import USER_SCHEMA, Attribute, Schema
from scim_provisioning.protocol.text import fold, normalized


def canonical(text: str) -> str:
    tree = parse(text, USER_SCHEMA)
    assert str(tree) == render(tree)
    return str(tree)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "a@b"', 'userName eq "a@b"'),
        ('UserName Eq "a@b"', 'userName eq "a@b"'),
        ('  userName\teq   "x"  ', 'userName eq "x"'),
        (f'{CORE_USER}:userName eq "x"', 'userName eq "x"'),
        (f'{ENTERPRISE_USER.lower()}:Department eq "x"', f'{ENTERPRISE_USER}:department eq "x"'),
        (f'{ENTERPRISE_USER}.manager eq "1"', f'{ENTERPRISE_USER}:manager.value eq "1"'),
        ('manager.value eq "1"', f'{ENTERPRISE_USER}:manager.value eq "1"'),
        ('emails co "example.com"', 'emails.value co "example.com"'),
        ('emails.Value sw "x"', 'emails.value sw "x"'),
        ('emails[type eq "work"]', 'emails[type eq "work"]'),
        ('emails[type eq "work"].value eq "x"', 'emails[type eq "work" and value eq "x"]'),
        ('roles[primary eq "True"].value eq "x"', 'roles[primary eq true and value eq "x"]'),
        ('active eq "False"', "active eq false"),
        ("active eq FALSE", "active eq false"),
        ("name pr", "name pr"),
        ("emails pr", "emails pr"),
        ("title eq null", "not (title pr)"),
        ("title ne null", "title pr"),
        ("not (title pr)", "not (title pr)"),
        ("NOT(title pr) AND active eq true", "not (title pr) and active eq true"),
        (
            'title eq "a" or title eq "b" and active eq true',
            'title eq "a" or (title eq "b" and active eq true)',
        ),
        (
            '(title eq "a" or title eq "b") and active eq true',
            '(title eq "a" or title eq "b") and active eq true',
        ),
        (
            'title pr and active eq true or title eq "b" and id pr',
            '(title pr and active eq true) or (title eq "b" and id pr)',
        ),
        ('schemas eq "urn:x"', 'schemas eq "urn:x"'),
        (r'displayName eq "Ana \"Nan\" Ruiz \\ Ops"', r'displayName eq "Ana \"Nan\" Ruiz \\ Ops"'),
        (r'displayName eq "\u00e9\ud83d\ude00"', 'displayName eq "é😀"'),
        ('displayName eq "R and (A) or [L] eq"', 'displayName eq "R and (A) or [L] eq"'),
        ('displayName eq "true"', 'displayName eq "true"'),
        ('emails[type eq "work" and not (value co "x")]', 'emails[type eq "work" and not (value co "x")]'),
    ],
)
def test_a_filter_is_understood_whatever_its_spelling(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "ends where an attribute name was expected"),
        ("userName", 'ends where an operator after "userName"'),
        ("userName eq", "ends where a value in double quotes"),
        ('userName eqq "x"', '"eqq" is not supported; use eq, ne'),
        ("userName eq name", '"name" must be in double quotes'),
        ("userName eq 'name'", "Expected a value in double quotes at character 13"),
        ('userName eq "x', "starts at character 13 is not a JSON string"),
        (r'userName eq "\q"', "is not a JSON string"),
        (r'userName eq "\ud800"', "cannot be stored"),
        (r'userName eq "a\u0000"', "cannot be stored"),
        ('userName eq "x" nor title pr', 'Expected "and" or "or" at character 17, got "nor"'),
        ('userName eq "x" and', "ends where an attribute name was expected"),
        ('not userName eq "x"', 'Expected "(" after not'),
        ('(userName eq "x"', "ends too early"),
        ('userName eq "x")', 'Unexpected ")" at character 16'),
        ('emails[type eq "x")', 'Unexpected ")" at character 19'),
        ('userName[type eq "x"]', "userName has no parts"),
        ('emails.value[type eq "x"]', "emails.value has no parts"),
        ('emails[emails[type eq "x"]]', "bracket inside a bracket"),
        ('emails[type eq "work"] eq "x"', 'Expected "and" or "or" at character 24'),
        ('name eq "x"', "such as name.formatted"),
        ('addresses co "x"', "such as addresses.formatted"),
        ("active gt true", "active is a boolean value and cannot be compared with gt"),
        ('active co "t"', "active is not text"),
        ('active eq "perhaps"', 'active: expected true or false, got "perhaps"'),
        ("active eq 1", "active: expected true or false, got a number"),
        ("userName eq 5.5", "userName: expected text in double quotes, got a number"),
        ("userName eq true", "userName: expected text in double quotes, got a boolean"),
        ("userName gt null", "null can only be compared with eq and ne"),
        ('meta.created gt "yesterday"', "meta.created: expected a date"),
        ('meta.created sw "2020"', "meta.created is not text"),
        ("meta.created gt 2020-01-01", "character 17 is not a number"),
        ('x509Certificates gt "x"', "x509Certificates.value is a binary value"),
        (f'{CORE_USER} eq "x"', "is a schema; name one of its attributes"),
        ('a..b eq "x"', "is not an attribute name"),
        ("userName pr $", "got"),
        ("{} eq 1", "Expected an attribute name at character 1"),
        ("userName eq 99999999999999999999", "too large"),
        (f"userName eq {'9' * 309}", "too large"),
        (f"userName eq -{'9' * 900}", "too large"),
    ],
)
def test_what_is_no_filter_is_refused_with_a_sentence_that_helps(text: str, says: str) -> None:
    with pytest.raises(InvalidFilter) as refusal:
        parse(text, USER_SCHEMA)
    assert says in refusal.value.detail


@pytest.mark.parametrize(
    "text",
    [
        'favouriteColour eq "teal"',
        'userName.first eq "x"',
        'emails[colour eq "x"]',
        'emails[type eq "work"].colour eq "x"',
        'urn:acme:2.0:User:cohort eq "x"',
        'password eq "x"',
        'nickName eq "x" and favouriteColour eq "teal"',
    ],
)
def test_an_attribute_outside_the_schema_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnknownFilterAttribute, match=r"Filtering by .* is not supported") as refusal:
        parse(text, USER_SCHEMA)
    assert refusal.value.scim_type == "invalidFilter"


def test_attributes_may_be_called_like_words_of_the_grammar() -> None:
    names = ("eq", "not", "and", "pr", "trueName", "nullable", "falsehood", "or")
    odd = USER_SCHEMA.with_extensions(Schema("urn:x:odd:User", "Odd", "", tuple(map(Attribute, names))))
    for name in names:
        tree = parse(f'{name} eq "x"', odd)
        assert isinstance(tree, Comparison)
        assert tree.ref.attribute.name == name
    assert isinstance(parse("not (not pr)", odd), Not)


def test_operands_have_the_type_of_their_attribute() -> None:
    moment = parse('meta.created gt "2020-01-01T01:00:00+01:00"', USER_SCHEMA)
    flag = parse('emails.primary eq "True"', USER_SCHEMA)
    number = parse(
        "seats ge 12.5",
        USER_SCHEMA.with_extensions(Schema("urn:x:t:User", "T", "", (Attribute("seats", "decimal"),))),
    )
    assert isinstance(moment, Comparison)
    assert moment.value == datetime(2020, 1, 1, tzinfo=UTC)
    assert isinstance(flag, Comparison)
    assert flag.value is True
    assert isinstance(number, Comparison)
    assert number.value == 12.5


def test_inside_brackets_refs_know_parent_and_part() -> None:
    tree = parse('emails[type eq "work"]', USER_SCHEMA)
    assert isinstance(tree, ValuePath)
    assert isinstance(tree.filter, Comparison)
    assert tree.filter.ref.attribute is tree.attribute
    assert tree.filter.ref.sub is tree.attribute.subs["type"]
    assert tree.filter.ref.name == "emails.type"


def test_chains_are_flat() -> None:
    tree = parse(" or ".join(f'title eq "{number}"' for number in range(20)), USER_SCHEMA)
    assert isinstance(tree, Or)
    assert len(tree.terms) == 20
    tree = parse('title eq "a" and title eq "b" and title eq "c"', USER_SCHEMA)
    assert isinstance(tree, And)
    assert len(tree.terms) == 3


@pytest.mark.parametrize(
    ("limits", "accepted", "refused"),
    [
        (Limits(filter_terms=2), "id pr or id pr", "id pr or id pr or id pr"),
        (Limits(filter_depth=2), "((id pr))", "(((id pr)))"),
        (Limits(filter_depth=1), 'emails[type eq "x"]', '(emails[type eq "x"])'),
        (Limits(filter_length=6), "id pr ", "id pr  "),
    ],
)
def test_each_limit_holds_exactly(limits: Limits, accepted: str, refused: str) -> None:
    parse(accepted, USER_SCHEMA, limits)
    with pytest.raises(InvalidFilter):
        parse(refused, USER_SCHEMA, limits)


def test_no_setting_lets_nesting_reach_pythons_recursion_limit() -> None:
    wide = Limits(filter_depth=10**6, filter_length=10**6, filter_terms=10**6)
    with pytest.raises(InvalidFilter, match="nested"):
        parse("(" * 5000 + "id pr" + ")" * 5000, USER_SCHEMA, wide)
    assert isinstance(parse(" or ".join(["id pr"] * 5000), USER_SCHEMA, wide), Or)


WORDS = (
    "userName emails emails.type active manager meta.created type value primary .value "
    "not and or ( ) [ ] eq ne pr co gt null true 1 -2.5e3 . : urn: "
    r'"x" "work" "2020-01-01T00:00:00Z" " \ '
)
PIECES = st.sampled_from([*WORDS.split(), ENTERPRISE_USER, " "])


@settings(deadline=None)
@given(
    st.one_of(
        st.text(max_size=200), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES).map("".join)
    )
)
def test_any_text_gives_a_tree_or_a_scim_error_in_bounded_time(text: str) -> None:
    started = time.process_time()
    try:
        tree = parse(text, USER_SCHEMA)
    except InvalidFilter:
        pass
    else:
        assert parse(render(tree), USER_SCHEMA) == tree
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "text", ["(" * 2000, '"' * 2000, "a" * 2048, "userName eq " + "[" * 2000, "- " * 1000, '"\\' * 1000]
)
def test_hostile_text_is_refused_quickly(text: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidFilter):
        parse(text, USER_SCHEMA)
    assert time.process_time() - started < 5


@settings(deadline=None)
@given(st.text())
def test_folding_is_idempotent_and_ignores_case_and_composition(text: str) -> None:
    assert fold(fold(text)) == fold(text)


_MARKS = st.sampled_from("\u0300\u0301\u0344\u0345\u0315\u0323\u05b0\u0f71\u0f72\u3099\U0001d165\U0001d16d")
_LETTERS = st.sampled_from("aAΐŉǰK가각\u1100\u1161\u11a8\U0001d15e\U0001d160\U0001f600\u034f")


@settings(deadline=None, max_examples=300)
@given(st.lists(st.one_of(_MARKS, _MARKS, _MARKS, _LETTERS), min_size=16, max_size=60).map("".join))
def test_many_marks_behind_one_letter_are_ordered_as_unicode_orders_them(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalized(form, text) == normalize(form, text)
    assert fold(text) == normalize("NFC", normalize("NFC", text).casefold())


def test_folding_keeps_accents_and_spaces_apart() -> None:
    assert fold("ANA") == fold("ana")
    assert fold("Jos\u00e9") == fold("JOSE\u0301")
    assert fold("Straße") == fold("STRASSE")
    assert len({fold("Ana"), fold("Aná"), fold("ana "), fold("an")}) == 4


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "x"',
        'emails[type eq "work"].value eq "x"',
        'emails[primary eq "true"].type sw "W"',
        'addresses[type ne "home"].locality co "ei"',
    ],
)
def test_what_is_asked_all_day_means_in_parentheses_what_it_means_without(text: str) -> None:
    assert parse(f"({text})", USER_SCHEMA) == parse(text, USER_SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        'nonsense[type eq "work"].value eq "x"',
        'emails[kind eq "work"].value eq "x"',
        'emails[type eq "w"].it eq "x"',
    ]
    + ['title[type eq "work"].value eq "x"', 'emails[type eq "work"].primary gt "x"'],
)
def test_what_is_asked_all_day_is_refused_in_the_same_words(text: str) -> None:
    said = []
    for form in (text, f"({text})"):
        with pytest.raises(InvalidFilter) as refused:
            parse(form, USER_SCHEMA)
        said.append((refused.value.code, refused.value.detail))
    assert said[0] == said[1]
