"""A profile whose customer may be NULL: somebody has to fill it, or new people are nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from example_project.lms.scim import tenant
from scim_provisioning.checks import faults
from tests.checks.project import found, use

if TYPE_CHECKING:
    from pytest_django import Settings

TEAM = scim.Reference(f"{scim.ENTERPRISE}:department", "learner.team", within={"organization_id": tenant})
WITHIN = {"learner": scim.RelatedRow(Learner, within={"organization_id": tenant})}


@pytest.fixture
def having(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes an adapter with these members into use, where learners may be without an organization."""
    monkeypatch.setattr(Learner._meta.get_field("organization"), "null", True)

    def find(**members: Any) -> list[Any]:
        use(type("Adapter", (scim.LearnerAdapter,), {"mapping": [TEAM], **members}), settings, monkeypatch)
        return found()

    return find


def test_a_profile_whose_customer_nobody_fills_is_told_the_row_to_declare(having: Any) -> None:
    (message,) = having()
    assert message.id == faults.ROW_WITHOUT_CUSTOMER.id
    assert message.msg.startswith("Nobody fills learner.organization: ")
    assert TEAM.path in message.msg
    written = message.hint.partition("rows = ")[2].partition(" with ")[0].replace("…", "tenant")
    assert having(rows=eval(written, {"scim": scim, "tenant": tenant})) == []  # noqa: S307


def test_two_lines_that_ask_for_one_customer_are_one_message(having: Any) -> None:
    company = scim.Reference(
        f"{scim.ENTERPRISE}:organization", "learner.company", within={"organization": tenant}
    )
    assert len(having(mapping=[TEAM, company])) == 1


@pytest.mark.parametrize("rows", [{}, {"learner": scim.RelatedRow(Learner)}])
def test_a_row_that_says_nothing_of_the_customer_fills_nothing(rows: Any, having: Any) -> None:
    assert [message.id for message in having(rows=rows)] == [faults.ROW_WITHOUT_CUSTOMER.id]


@pytest.mark.parametrize("option", ["within", "defaults"])
@pytest.mark.parametrize("key", ["organization", "organization_id"])
def test_a_row_that_names_the_customer_is_enough(option: str, key: str, having: Any) -> None:
    options: Any = {option: {key: tenant}}
    assert having(rows={"learner": scim.RelatedRow(Learner, **options)}) == []


def test_who_writes_people_in_code_of_their_own_is_believed(having: Any) -> None:
    assert having(save=lambda self: None) == []


def test_a_mapping_without_references_within_a_customer_is_believed(having: Any) -> None:
    assert having(mapping=[scim.Text("title", "learner.job_role")]) == []
