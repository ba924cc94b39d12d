"""PATCH of multi-valued attributes: elements chosen by a filter, lists as a whole, the one that is primary."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.protocol.errors import NoTarget
from tests.patching import after, op

WORK = {"type": "work", "value": "w@x.example"}
HOME = {"type": "home", "value": "h@x.example"}


@pytest.mark.parametrize("kind", ["Add", "Replace"])
def test_writing_through_a_filter_touches_only_what_it_selects(kind: str, ines: dict[str, Any]) -> None:
    result = after(ines, op(kind, 'emails[type eq "work"].value', "new@x.example"))
    assert result["emails"] == [
        {"primary": True, "type": "work", "value": "new@x.example"},
        {"type": "home", "value": "ines@home.example"},
    ]


@pytest.mark.parametrize("kind", ["Add", "Replace"])
def test_writing_through_a_filter_that_selects_nothing_creates_the_element(kind: str) -> None:
    document = {"userName": "u", "emails": [HOME]}
    result = after(document, op(kind, 'emails[type eq "work"].value', "w@x.example"))
    assert result["emails"] == [HOME, WORK]
    result = after(
        document, op(kind, 'emails[type eq "work" and primary eq "True"]', {"value": "w@x.example"})
    )
    assert result["emails"] == [HOME, {**WORK, "primary": True}]
    result = after(document, op(kind, 'emails[type eq "work"]', "w@x.example"))
    assert result["emails"] == [HOME, WORK]


def test_six_address_parts_make_one_address() -> None:
    parts = {
        "formatted": "f",
        "streetAddress": "s",
        "locality": "l",
        "region": "r",
        "postalCode": "p",
        "country": "c",
    }
    result = after(
        {"userName": "u"},
        *(op("Add", f'addresses[type eq "work"].{name}', value) for name, value in parts.items()),
    )
    assert result["addresses"] == [{"type": "work", **parts}]


def test_a_new_role_may_be_built_part_by_part_in_any_order() -> None:
    path = 'roles[primary eq "True"]'
    result = after(
        {"userName": "u"},
        op("add", f"{path}.type", "WindowsAzureActiveDirectoryRole"),
        op("add", f"{path}.display", "Team Lead"),
        op("add", f"{path}.value", "team-lead"),
    )
    assert result["roles"] == [
        {
            "primary": True,
            "type": "WindowsAzureActiveDirectoryRole",
            "display": "Team Lead",
            "value": "team-lead",
        }
    ]


def test_later_operations_with_the_same_filter_mean_the_element_it_made() -> None:
    result = after(
        {"userName": "u"},
        op("add", 'emails[type eq "work"].type', "office"),
        op("add", 'emails[type eq "work"].value', "w@x.example"),
    )
    assert result["emails"] == [{"type": "office", "value": "w@x.example"}]


@pytest.mark.parametrize(
    "condition",
    [
        'value co "zzz"',
        'type ne "home"',
        'type eq "a" or type eq "b"',
        'type eq "a" and type eq "b"',
        'type eq ""',
        'not (type eq "home")',
    ],
)
def test_a_filter_that_selects_nothing_and_says_not_what_to_create_has_no_target(condition: str) -> None:
    document = {"userName": "u", "emails": [HOME]}
    for path in (f"emails[{condition}].display", f"emails[{condition}]"):
        with pytest.raises(NoTarget, match="Nothing matches"):
            after(document, op("replace", path, "x"))
    assert after(document, op("remove", f"emails[{condition}]")) == document


def test_an_element_is_replaced_as_a_whole_and_keeps_the_filters_terms() -> None:
    document = {"userName": "u", "addresses": [{"type": "work", "locality": "Leith", "region": "Edinburgh"}]}
    replaced = after(document, op("replace", 'addresses[type eq "work"]', {"locality": "Bergen"}))
    assert replaced["addresses"] == [{"type": "work", "locality": "Bergen"}]
    added = after(document, op("add", 'addresses[type eq "work"]', {"locality": "Bergen"}))
    assert added["addresses"] == [{"type": "work", "locality": "Bergen", "region": "Edinburgh"}]


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_replacing_an_element_by_nothing_removes_it_and_adding_nothing_leaves_it(
    value: object, ines: dict[str, Any]
) -> None:
    assert after(ines, op("replace", 'emails[type eq "home"]', value))["emails"] == ines["emails"][:1]
    assert after(ines, op("add", 'emails[type eq "home"]', value)) == ines
    assert after(ines, op("replace", 'manager[value eq "other"]', value)) == ines


def test_several_elements_replaced_by_one_value_become_one() -> None:
    document = {"userName": "u", "emails": [WORK, HOME, {"type": "work", "value": "v@x.example"}]}
    result = after(document, op("replace", 'emails[type eq "work"]', {"value": "n@x.example"}))
    assert result["emails"] == [{"type": "work", "value": "n@x.example"}, HOME]


def test_the_only_untyped_email_is_the_work_email() -> None:
    document = {"userName": "u", "emails": [{"value": "untyped@x.example"}]}
    result = after(document, op("Replace", 'emails[type eq "work"].value', "typed@x.example"))
    assert result["emails"] == [{"type": "work", "value": "typed@x.example"}]


@pytest.mark.parametrize("kind", ["remove", "replace"])
def test_emptying_the_work_email_empties_the_only_untyped_one(kind: str) -> None:
    document = {"userName": "u", "emails": [{"value": "untyped@x.example"}]}
    assert after(document, op(kind, 'emails[type eq "work"].value', "")) == {"userName": "u"}


def test_an_untyped_email_is_not_taken_for_the_home_email() -> None:
    document = {"userName": "u", "emails": [{"value": "untyped@x.example"}]}
    result = after(document, op("Replace", 'emails[type eq "home"].value', "h@x.example"))
    assert result["emails"] == [{"value": "untyped@x.example"}, HOME]
    assert after(document, op("remove", 'emails[type eq "work"]')) == document


def test_adding_appends_unless_the_value_is_there_already() -> None:
    document = {"userName": "u", "emails": [{**WORK, "display": "W"}]}
    same = {"value": "w@x.example", "display": "W", "type": "work"}
    assert after(document, op("add", "emails", [same])) == document
    assert after(document, op("add", "emails", [HOME]))["emails"] == [{**WORK, "display": "W"}, HOME]
    assert after(document, op("add", "emails", HOME))["emails"] == [{**WORK, "display": "W"}, HOME]
    assert after(document, op("add", None, {"emails": [HOME]}))["emails"][1:] == [HOME]


def test_a_pair_of_type_and_value_is_not_repeated() -> None:
    document = {"userName": "u", "emails": [WORK]}
    result = after(document, op("add", "emails", [{**WORK, "value": "W@x.example", "display": "Work"}]))
    assert result["emails"] == [{"type": "work", "value": "W@x.example", "display": "Work"}]


@pytest.mark.parametrize("value", [[], None, "", {}])
def test_adding_nothing_to_a_list_adds_nothing_and_replacing_by_nothing_empties_it(
    value: object, ines: dict[str, Any]
) -> None:
    assert after(ines, op("add", "emails", value)) == ines
    assert "emails" not in after(ines, op("replace", "emails", value))


def test_replacing_a_list_replaces_all_of_it(ines: dict[str, Any]) -> None:
    result = after(ines, op("Replace", "emails", [{"primary": "True", **WORK}, {"type": "home"}, None]))
    assert result["emails"] == [{"primary": True, **WORK}]


def test_a_role_that_is_json_text_is_kept_as_it_is() -> None:
    text = '{"id":"7d1f","value":"team-lead","displayName":"Team Lead"}'
    result = after({"userName": "u"}, op("Add", "roles", [{"value": text}]))
    assert result["roles"] == [{"value": text}]


def test_removing_through_a_filter(ines: dict[str, Any]) -> None:
    assert after(ines, op("remove", 'emails[type eq "HOME"]'))["emails"] == ines["emails"][:1]
    assert after(ines, op("remove", 'emails[type eq "other"]')) == ines
    assert "emails" not in after(ines, op("remove", "emails"))
    assert "emails" not in after(ines, op("remove", "emails[value pr]"))


@pytest.mark.parametrize(
    "operation",
    [
        op("Remove", 'emails[type eq "work"].value', "anything"),
        op("replace", 'emails[type eq "work"].value', ""),
        op("add", 'emails[type eq "work"].value', None),
    ],
)
def test_an_element_with_nothing_left_but_type_and_primary_goes(
    operation: dict[str, Any], ines: dict[str, Any]
) -> None:
    assert after(ines, operation)["emails"] == [{"type": "home", "value": "ines@home.example"}]
    alone = {"userName": "u", "emails": [{"primary": True, **WORK}]}
    assert after(alone, operation) == {"userName": "u"}


def test_an_element_with_something_left_stays() -> None:
    document = {"userName": "u", "roles": [{"primary": True, "value": "lead", "display": "Lead"}]}
    result = after(document, op("remove", 'roles[primary eq "True"].value'))
    assert result["roles"] == [{"primary": True, "display": "Lead"}]


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ([{"value": "w@x.example"}], [HOME]),
        ([{"value": "W@X.example", "type": "work", "primary": True, "display": "as remembered"}], [HOME]),
        ({"value": "h@x.example"}, [WORK]),
        ("h@x.example", [WORK]),
        ([{"type": "home"}], [WORK]),
        ([{"value": "w@x.example", "type": "home"}], [WORK, HOME]),
        ([{"value": "nobody@x.example"}], [WORK, HOME]),
        ([{"colour": "teal"}], [WORK, HOME]),
        ([{"value": "w@x.example"}, {"value": "h@x.example"}], None),
        ([], None),
        (None, None),
    ],
)
def test_a_remove_that_lists_values_removes_just_those(value: object, left: list[Any] | None) -> None:
    document = {"userName": "u", "emails": [WORK, HOME]}
    assert after(document, op("Remove", "emails", value)).get("emails") == left


def test_a_part_of_a_list_without_filter_is_the_primary_elements(ines: dict[str, Any]) -> None:
    result = after(ines, op("replace", "emails.value", "new@x.example"))
    assert [email["value"] for email in result["emails"]] == ["new@x.example", "ines@home.example"]
    assert after({"userName": "u"}, op("add", "emails.value", "a"))["emails"] == [{"value": "a"}]


# Primary


@pytest.mark.parametrize(
    "operation",
    [
        op("replace", 'emails[type eq "home"].primary', "True"),
        op("replace", 'emails[type eq "home"]', {"value": "ines@home.example", "primary": True}),
        op("add", "emails", [{"type": "home", "value": "ines@home.example", "primary": True}]),
        op("replace", None, {'emails[type eq "home"].primary': True}),
    ],
)
def test_one_primary_dethrones_the_other(operation: dict[str, Any], ines: dict[str, Any]) -> None:
    assert [email.get("primary") for email in after(ines, operation)["emails"]] == [False, True]


def test_primary_false_without_a_filter_takes_it_from_whoever_has_it(ines: dict[str, Any]) -> None:
    result = after(ines, op("replace", "emails.primary", "False"))
    assert [email.get("primary") for email in result["emails"]] == [False, None]


def test_an_element_is_only_relabelled_by_a_value_that_holds_nothing_else(ines: dict[str, Any]) -> None:
    result = after(ines, op("replace", 'emails[type eq "home"]', {"primary": True, "type": ""}))
    assert result["emails"][1] == {"type": "home", "value": "ines@home.example", "primary": True}


def test_a_false_primary_is_kept_as_sent(ines: dict[str, Any]) -> None:
    result = after(ines, op("replace", 'emails[type eq "home"].primary', "False"))
    assert [email["primary"] for email in result["emails"]] == [True, False]


def test_a_primary_element_that_comes_to_nothing_dethrones_nobody(ines: dict[str, Any]) -> None:
    assert after(ines, op("add", 'emails[type eq "other"].primary', True)) == ines
