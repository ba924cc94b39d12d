"""Whoever is found by what they were called before is told of with that name; and what to do about an account that may
be somebody's who came up as well."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scim_provisioning.administration import times
from tests.admin.conftest import Administrator
from tests.admin.pages import text
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
NEW = "hugo.sonnenberg@harborline.example"


def cards(client: Client, term: str) -> list[Any]:
    found: list[Any] = client.get(PEOPLE, {"q": term}).context["cards"]
    return found


def notes(client: Client, term: str) -> tuple[str, ...]:
    (card,) = cards(client, term)
    said: tuple[str, ...] = card.answer.notes
    return said


def was(name: str) -> tuple[str]:
    return (f"Was called “{name}” until {times.written(timezone.now(), 'day')}.",)


@pytest.fixture
def married(scim: ScimClient) -> None:
    """Hugo Albrecht is Hugo Sonnenberg by now, and signs in by that name."""
    scim_id = scim.post("/Users", person("hugo.albrecht")).json()["id"]
    changed = {
        "userName": NEW,
        "displayName": "Hugo Sonnenberg",
        "name.familyName": "Sonnenberg",
        "emails": [{"type": "work", "value": NEW, "primary": True}],
    }
    assert scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "value": changed}]).status_code == 200


@pytest.mark.parametrize("term", ["Albrecht", "hugo albrecht", "ALBRECHT, Hugo", "albr"])
def test_a_former_name_is_said_with_the_day(admin_client: Client, married: None, term: str) -> None:
    assert notes(admin_client, term) == was("Hugo Albrecht")


@pytest.mark.parametrize("term", ["hugo.albrecht@", "albrecht@harb"])
def test_a_former_user_name_is_said(admin_client: Client, married: None, term: str) -> None:
    assert notes(admin_client, term) == was("hugo.albrecht@harborline.example")


@pytest.mark.parametrize("term", ["Sonnenberg", "hugo", "hugo.sonn", "hugosonnenberg", "HL-20417"])
def test_nothing_is_said_of_whoever_is_called_so_today(
    admin_client: Client, married: None, term: str
) -> None:
    for card in cards(admin_client, term):
        assert card.answer.notes == ()


def test_who_may_not_see_values_is_told_former_user_names_alone(
    administrator: Administrator, married: None
) -> None:
    client = administrator("view_scimconnection", "view_provisioningevent")
    for term in ("albrecht", "hugo.albr"):
        assert notes(client, term) == was("hugo.albrecht@harborline.example")
        assert "Hugo Albrecht" not in text(client.get(PEOPLE, {"q": term}))


def test_of_an_account_that_may_be_somebodys_who_came_up_the_comparison_is_what_to_do(
    admin_client: Client, scim: ScimClient, organization: Any
) -> None:
    LearnerFactory(
        organization=organization,
        user__username="ameyer",
        user__first_name="Anna",
        user__last_name="Meyer",
        user__email="anna@home.example",
    )
    (alone,) = cards(admin_client, "ameyer")
    assert alone.answer.todo.startswith("Assign the person to this application")
    assert scim.post("/Users", person("anna.meyer")).status_code == 201
    todo = {card.answer.user_name: card.answer.todo for card in cards(admin_client, "anna meyer")}
    assert todo["ameyer"].startswith("Compare it with the other account.")
    assert todo["anna.meyer@harborline.example"] == ""


def test_of_somebody_whose_account_is_protected_that_is_the_cause(
    admin_client: Client, scim: ScimClient, organization: Any
) -> None:
    known = {"user__username": "boss.berg@harborline.example", "user__is_staff": True}
    learner = LearnerFactory(organization=organization, **known)
    assert scim.post("/Users", person("boss.berg")).status_code == 409
    (card,) = cards(admin_client, "boss berg")
    assert card.answer.cause == "The account is staff or protected otherwise: it is never linked by itself."
    assert card.action.label == "Who is it?"
    type(learner.user).objects.filter(pk=learner.user.pk).update(is_staff=False)
    (card,) = cards(admin_client, "boss berg")
    assert "not strong enough to link it" in card.answer.cause
