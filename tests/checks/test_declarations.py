"""What stands in mapping, rows and extensions although it is no declaration: one message, and how to write it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Group

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner, Organization
from scim_provisioning.checks import faults
from scim_provisioning.protocol.schema import Attribute, Schema
from tests.checks.project import configure, found, use

if TYPE_CHECKING:
    from pytest_django import Settings

FIRST = scim.Text("name.givenName", "first_name")
LAST = scim.Text("name.familyName", "last_name")
TEAM = f"{scim.ENTERPRISE}:department"
LEARNERS = {"learner": scim.RelatedRow(Learner, within={"organization_id": 1})}


def tenant(connection: Any) -> int:
    return 1


@pytest.fixture
def having(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes an adapter with these members into use and returns what the checks find."""

    def find(**members: Any) -> list[Any]:
        use(type("Adapter", (scim.LearnerAdapter,), {"mapping": [FIRST], **members}), settings, monkeypatch)
        return found()

    return find


def written(hint: str) -> Any:
    """What the hint says to write, evaluated as the host's module would: as much of it as is Python."""
    code = re.sub(r"^Write (?:a line such as |\w+ ?= ?)?", "", hint).replace(", …", "")
    for end in (end for end in range(len(code), 0, -1) if code[end - 1] in ")]}"):
        with suppress(SyntaxError, AttributeError, NameError):
            return eval(code[:end], {"scim": scim, "Learner": Learner, "tenant": tenant})  # noqa: S307
    raise AssertionError(hint)


# -- the adapter as a whole


def test_the_base_class_itself_is_no_adapter(settings: Settings, having: Any) -> None:
    configure(settings, ADAPTER="scim_provisioning.adapters.LearnerAdapter")
    assert found() == [faults.ADAPTER_IS_THE_BASE.at()]
    assert having() == []


def test_an_adapter_without_a_mapping(having: Any) -> None:
    (message,) = having(mapping=[])
    assert message.id == faults.MAPPING_IS_EMPTY.id
    assert having(mapping=[written(message.hint)[0]]) == []


@pytest.mark.parametrize("method", ["mapping_for", "read", "write", "to_dict", "from_dict"])
def test_who_overrides_what_the_mapping_is_for_needs_none(method: str, having: Any) -> None:
    assert having(mapping=[], **{method: classmethod(lambda cls, given: [FIRST])}) == []


# -- lines of the mapping


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (("title", "first_name"), "('title', 'first_name')"),
        (["title", "first_name"], "['title', 'first_name']"),
        ({"title": "first_name"}, "{'title': 'first_name'}"),
        (None, "None"),
        (7, "7"),
        (Learner._meta.get_field("job_role"), "<django.db.models.fields.CharField: job_role>"),
    ],
)
def test_a_line_that_is_no_declaration_is_one_message_with_its_position(
    line: object, shown: str, having: Any
) -> None:
    (message,) = having(mapping=[FIRST, line], rows=LEARNERS)
    assert message.id == faults.NO_DECLARATION.id
    assert message.msg == (
        f"The adapter's mapping[1] is {shown}, where a line such as scim.Text(path, target) is expected."
    )
    assert having(mapping=[FIRST, written(message.hint)], rows=LEARNERS) == []


def test_a_class_instead_of_a_line(having: Any) -> None:
    (message,) = having(mapping=[FIRST, scim.Manager])
    assert "mapping[1] is the class Manager" in message.msg
    assert message.hint.startswith("Write scim.Manager(…)")
    assert having(mapping=[FIRST, scim.Manager("learner.manager")], rows=LEARNERS) == []


def test_a_text_instead_of_a_line(having: Any) -> None:
    (message,) = having(mapping=["title"])
    assert """Write scim.Text('title', "…")""" in message.hint
    assert having(mapping=[scim.Text("title", "first_name")]) == []


def test_a_list_of_lines_inside_the_list(having: Any) -> None:
    names = [FIRST, LAST]
    (message,) = having(mapping=[names])
    assert message.hint.startswith("Put a * before it")
    assert having(mapping=[*names]) == []


def test_a_target_that_is_no_text(having: Any) -> None:
    (message,) = having(mapping=[scim.Text("title", Learner.job_role)], rows=LEARNERS)  # type: ignore[arg-type]
    assert "mapping[0] is Text('title', <" in message.msg
    assert having(mapping=[scim.Text("title", "learner.job_role")], rows=LEARNERS) == []


def test_forty_seven_slips_of_one_kind_are_one_message(having: Any) -> None:
    (message,) = having(mapping=[("title", "first_name")] * 47)
    assert message.msg.endswith(
        " So it is with mapping[1], mapping[2], mapping[3], mapping[4], mapping[5] and 41 more."
    )


@pytest.mark.parametrize(
    "mapping",
    [None, FIRST, {"title": "first_name"}, "title", {FIRST}, (line for line in [FIRST]), property(list)],
)
def test_a_mapping_that_is_no_list(mapping: object, having: Any) -> None:
    (message,) = having(mapping=mapping)
    assert message.msg.startswith("The adapter's mapping is ")
    assert message.msg.endswith(", where a list is expected.")
    assert having(mapping=written(message.hint), rows=LEARNERS) == []


def test_one_state_that_is_no_tuple_is_one_message(having: Any) -> None:
    states: Any = {"on": "active", "off": "suspended"}
    (message,) = having(
        mapping=[scim.Switch("learner.job_role", never_from="invited", **states)], rows=LEARNERS
    )
    assert message.id == faults.NO_DECLARATION.id
    assert (
        message.msg
        == "The adapter's mapping[0].never_from is 'invited', where a tuple of states is expected."
    )
    assert message.hint == "Write never_from=('invited',)."
    right = scim.Switch("learner.job_role", never_from=("invited",), **states)
    assert having(mapping=[right], rows=LEARNERS) == []


# -- within


@pytest.mark.parametrize("within", ["organization_id", ("organization_id", 1), {1: 1}, tenant])
def test_a_within_that_is_no_dict_by_names(within: Any, having: Any) -> None:
    (message,) = having(mapping=[scim.Reference(TEAM, "learner.team", within=within)], rows=LEARNERS)
    assert message.msg.startswith("The adapter's mapping[0].within is ")
    right = written(message.hint)
    assert having(mapping=[scim.Reference(TEAM, "learner.team", within=right)], rows=LEARNERS) == []


def test_a_class_as_the_value_of_a_within(having: Any) -> None:
    within: Any = {"organization": Organization}
    (message,) = having(rows={"learner": scim.RelatedRow(Learner, within=within)})
    assert "rows['learner'].within['organization'] is the class Organization" in message.msg
    assert "a function of the connection" in message.hint
    assert having(rows={"learner": scim.RelatedRow(Learner, within={"organization": tenant})}) == []


# -- rows


@pytest.mark.parametrize("row", [Learner, "lms.Learner", scim.RelatedRow, ("lms.Learner", "user"), None])
def test_a_row_that_is_no_related_row(row: object, having: Any) -> None:
    (message,) = having(rows={"learner": row})
    assert message.msg.startswith("The adapter's rows['learner'] is ")
    assert having(rows={"learner": written(message.hint)}) == []


@pytest.mark.parametrize("rows", [None, [scim.RelatedRow(Learner)], scim.RelatedRow(Learner)])
def test_rows_that_are_no_dict(rows: object, having: Any) -> None:
    (message,) = having(rows=rows)
    assert message.msg.startswith("The adapter's rows is ")
    assert having(rows=written(message.hint)) == []


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        ("Learner", 'Write "lms.Learner".'),
        ("nowhere.Learner", 'Write "lms.Learner".'),
        ("lms.Lerner", 'Write "lms.Learner".'),
        ("a.b.c", 'Write it as "app_label.ModelName".'),
        ("shop.Basket", 'Write it as "app_label.ModelName".'),
    ],
)
def test_a_row_whose_model_is_not_installed(model: str, hint: str, having: Any) -> None:
    (message,) = having(rows={"learner": scim.RelatedRow(model)})
    assert message.msg.endswith("where an installed model is expected.")
    assert message.hint == hint
    assert having(rows={"learner": scim.RelatedRow("lms.Learner")}) == []


def test_a_row_whose_model_is_none(having: Any) -> None:
    (message,) = having(rows={"learner": scim.RelatedRow(LEARNERS)})  # type: ignore[arg-type]
    assert "rows['learner'].model is " in message.msg


@pytest.mark.parametrize("user_field", ["job_role", "organization", "usr", "account", None])
def test_a_row_whose_user_field_does_not_lead_to_the_account_is_one_message_with_the_one_that_does(
    user_field: Any, having: Any
) -> None:
    mapping = [scim.Text("title", "learner.job_role"), scim.Manager("learner.manager")]
    within = {"organization_id": 1}
    (message,) = having(
        mapping=mapping, rows={"learner": scim.RelatedRow(Learner, user_field=user_field, within=within)}
    )
    assert message.msg == (
        f"The adapter's rows['learner'].user_field is {user_field!r}, where a foreign key to auth.User is expected."
    )
    assert message.hint == 'Write user_field="user".'
    assert having(mapping=mapping, rows=LEARNERS) == []


def test_a_row_of_a_model_that_nothing_leads_from_to_the_account(having: Any) -> None:
    (message,) = having(rows={"learner": scim.RelatedRow(Organization)})
    assert "rows['learner'].user_field is 'user'" in message.msg
    assert message.hint == "Name another model: lms.Organization has no foreign key to auth.User."


# -- extensions


@pytest.mark.parametrize("extensions", [["urn:acme:2.0:User"], "urn:acme:2.0:User", [Schema], {"urn": 1}])
def test_extensions_that_are_no_schemas(extensions: object, having: Any) -> None:
    (message,) = having(extensions=extensions)
    assert message.msg.startswith("The adapter's extensions")
    right = Schema("urn:acme:2.0:User", "Acme", "Of Acme", (Attribute(name="badge"),))
    assert having(extensions=[right]) == []


def test_each_of_the_three_has_its_message_and_nothing_follows(having: Any) -> None:
    messages = having(mapping=["title"], rows={"learner": Group}, extensions=["urn"])
    assert [message.id for message in messages] == [faults.NO_DECLARATION.id] * 3


# -- what else may go wrong


class Broken(scim.Text):
    """A kind of the host's own whose table of fields is wrong."""

    field_types = None  # type: ignore[assignment]


def test_a_kind_of_the_hosts_own_that_fails_is_one_message(having: Any) -> None:
    (message,) = having(mapping=[Broken("name.givenName", "first_name"), LAST])
    assert message.id == faults.MAPPING_FAILS.id
    assert "TypeError: " in message.msg
    assert "Adapter.mapping_problems()" in message.hint
