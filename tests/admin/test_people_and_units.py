"""The search box for people finds companies, business units and teams as well, on whichever connection they came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ReferenceKey, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
READS_LOG = ("view_scimconnection", "view_provisioningevent")


def join(scim: ScimClient, name: str, team: str) -> None:
    sent = person(name, **{ENTERPRISE: {"department": team}})
    assert scim.post("/Users", sent).status_code == 201


def ask(client: Client, term: str, **parameters: Any) -> HttpResponse:
    answer = client.get(PEOPLE, {"q": term, **parameters})
    assert answer.status_code == 200
    return answer


def units(client: Client, term: str, **parameters: Any) -> list[str]:
    return [unit.name for unit, _url, _merge in ask(client, term, **parameters).context["units"]]


def of_another_customer(team: str) -> SCIMConnection:
    other = make_connection()
    join(ScimClient(TokenFactory(connection=other).plaintext), f"ana{other.pk}", team)
    return other


def test_two_spellings_of_one_team_are_merged_in_three_steps_from_the_search_box(
    admin_client: Client, scim: ScimClient, organization: Organization
) -> None:
    for number in range(8):
        of_another_customer(f"Warehouse {number}")
    Team.objects.create(organization=organization, name="Marketing")
    join(scim, "ines.okafor", "Marketing")
    join(scim, "jo.park", "Marketting")
    assert "a company, a business unit or a team" in text(ask(admin_client, "x"))
    assert "or a team" in admin_client.get(reverse("admin:index")).content.decode()
    answer = ask(admin_client, "market")
    assert "looks like “Marketing”: merge “Marketting” into “Marketing”" in text(answer)
    assert "Nobody like" not in text(answer)
    assert units(admin_client, "market") == ["Marketing", "Marketting"]
    (url,) = [f"{url}?{merge}" for unit, url, merge in answer.context["units"] if unit.alike == "Marketing"]
    form = admin_client.get(url).context["form"]
    assert (form["verdict"].value(), form["unit"].value()) == ("merge", "Marketing")
    admin_client.post(url, {**form.initial, "password": PASSWORD})
    assert {learner.team.name for learner in Learner.objects.filter(organization=organization)} == {
        "Marketing"
    }
    # What was merged is an alias now, and nothing is to be asked.
    assert "looks like" not in text(ask(admin_client, "market"))


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("emea", True),
        ("sales", True),
        ("sales em", True),
        ("r & d", True),
        ("R&D", True),
        ("SALES", True),
        ("ales", False),
        ("sales x", False),
    ],
)
def test_a_name_is_found_by_the_beginnings_of_its_words(
    admin_client: Client, scim: ScimClient, term: str, found: bool
) -> None:
    join(scim, "ines.okafor", "Sales EMEA (R&D)")
    assert (units(admin_client, term) == ["Sales EMEA (R&D)"]) is found


def test_what_is_called_shortest_comes_first_and_ten_are_an_answer(
    admin_client: Client, scim: ScimClient
) -> None:
    for number in range(11):
        join(scim, f"ana{number}", f"Sales of region {number:02}")
    join(scim, "jo.park", "Sales")
    assert units(admin_client, "sales") == ["Sales", *(f"Sales of region {number:02}" for number in range(9))]


def test_only_who_decides_on_names_finds_them_and_nobody_those_of_other_customers(
    administrator: Callable[..., Client], scim: ScimClient, connection: SCIMConnection, monkeypatch: Any
) -> None:
    join(scim, "ines.okafor", "Sales")
    other = of_another_customer("Sales of others")
    may = administrator(*READS_LOG, "manage_policy")
    assert units(may, "sales") == ["Sales", "Sales of others"]
    assert units(may, "sales", connection=connection.pk) == ["Sales"]
    reader = administrator(*READS_LOG, name="vera")
    assert units(reader, "sales") == []
    assert "or a team" not in text(ask(reader, "sales"))
    monkeypatch.setattr(
        LearnerAdapter, "connections_for", lambda user: SCIMConnection.objects.exclude(pk=other.pk)
    )
    assert units(may, "sales") == ["Sales"]
    monkeypatch.undo()
    SCIMConnection.objects.filter(pk=other.pk).update(archived_at=connection.created_at)
    assert units(may, "sales") == ["Sales"]


def test_people_are_told_of_where_the_units_cannot_be_and_nothing_is_asked_for_nothing(
    admin_client: Client, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(scim, "sales.okafor", "Sales")
    assert units(admin_client, "\u200b") == units(admin_client, ",") == []

    def breaks(*_anything: Any) -> Any:
        raise RuntimeError("of the host's own")

    monkeypatch.setattr("scim_provisioning.provisioning.units.lines", breaks)
    assert [card.answer.name for card in ask(admin_client, "sales").context["cards"]] == ["Sales Okafor"]
    assert units(admin_client, "sales") == []


def test_the_number_of_questions_does_not_grow_with_the_names_found(
    admin_client: Client, scim: ScimClient
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(database) as queries:
            ask(admin_client, "sales")
        return len(queries)

    join(scim, "ana0", "Sales 0")
    asked()
    one = asked()
    for number in range(1, 6):
        join(scim, f"ana{number}", f"Sales {number}")
    assert ReferenceKey.objects.filter(name__startswith="Sales").count() == 6
    assert asked() == one
