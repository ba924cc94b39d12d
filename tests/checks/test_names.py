"""A model of which references make rows: a constraint has to keep two of one name apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import models
from django.db.models.functions import Lower

import scim_provisioning.adapters as scim
from example_project.lms.models import Company, Team
from example_project.lms.scim import tenant
from scim_provisioning.checks import faults
from tests.checks.project import found, use

if TYPE_CHECKING:
    from pytest_django import Settings

DEPARTMENT, DIVISION = f"{scim.ENTERPRISE}:department", f"{scim.ENTERPRISE}:division"
WITHIN = {"organization_id": tenant}
TEAM = scim.Reference(DEPARTMENT, "learner.team", within=WITHIN)


@pytest.fixture
def having(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes an adapter of these lines into use, where teams have these constraints."""

    def find(*constraints: models.UniqueConstraint, lines: Any = (TEAM,), **meta: Any) -> list[Any]:
        for name, value in {"constraints": list(constraints), **meta}.items():
            monkeypatch.setattr(Team._meta, name, value)
        rows = {"learner": scim.RelatedRow("lms.Learner", within=WITHIN)}
        use(
            type("Adapter", (scim.LearnerAdapter,), {"mapping": list(lines), "rows": rows}),
            settings,
            monkeypatch,
        )
        return found()

    return find


def test_a_model_without_a_constraint_is_told_the_one_to_add(having: Any) -> None:
    (message,) = having()
    assert message.id == faults.NAMES_NOT_UNIQUE.id
    assert "rows of lms.Team" in message.msg
    assert DEPARTMENT in message.msg
    written = message.hint.partition("add ")[2].partition(" to its")[0]
    assert having(eval(written, {"models": models})) == []  # noqa: S307


@pytest.mark.parametrize(
    "enough",
    [
        models.UniqueConstraint(fields=["organization", "name"], name="a"),
        models.UniqueConstraint(fields=["name"], name="b"),
        models.UniqueConstraint("organization", Lower("name"), name="c"),
        models.UniqueConstraint(Lower("name").desc(), "organization", name="d"),
        models.UniqueConstraint(fields=["organization", "name"], condition=models.Q(pk__gt=0), name="e"),
    ],
    ids=lambda constraint: constraint.name,
)
def test_a_constraint_of_the_name_within_the_customer_is_enough(enough: Any, having: Any) -> None:
    assert having(enough) == []


@pytest.mark.parametrize(
    "other",
    [
        models.UniqueConstraint(fields=["organization"], name="a"),
        models.UniqueConstraint(fields=["organization", "name", "id"], name="b"),
        models.CheckConstraint(condition=~models.Q(name=""), name="c"),
    ],
    ids=lambda constraint: constraint.name,
)
def test_a_constraint_of_something_else_is_none(other: Any, having: Any) -> None:
    assert [message.id for message in having(other)] == [faults.NAMES_NOT_UNIQUE.id]


def test_unique_together_and_a_unique_field_count(having: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert having(unique_together=[("name", "organization")]) == []
    monkeypatch.setitem(vars(Team._meta.get_field("name")), "unique", True)
    assert having(unique_together=[]) == []


def test_one_model_is_one_message_and_one_that_is_constrained_is_none(having: Any) -> None:
    lines = [TEAM, scim.Reference("title", "learner.team", within=WITHIN)]
    company = scim.Reference(DIVISION, "learner.company", within=WITHIN)
    (message,) = having(lines=[*lines, company])
    assert Company._meta.label not in message.msg


def test_rows_that_are_never_made_need_no_constraint(having: Any) -> None:
    never = scim.Reference(DEPARTMENT, "learner.team", within=WITHIN, create="never")
    assert having(lines=[never, scim.Manager("learner.manager")]) == []
