"""The pages on which an administrator says what the names of companies, business units and teams mean."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.administration import units as verdicts
from scim_provisioning.administration.attribute_words import unit_word
from scim_provisioning.models import Meaning, NewUnits, ProvisioningEvent, ReferenceKey, SCIMConnection
from scim_provisioning.provisioning import units
from scim_provisioning.testing.factories import ConnectionFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"


def join(scim: ScimClient, name: str, team: str) -> str:
    return str(scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}})).json()["id"])


def move(scim: ScimClient, scim_id: str, team: str) -> None:
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": DEPARTMENT, "value": team}])


@pytest.fixture
def reviewed(connection: SCIMConnection) -> SCIMConnection:
    connection.policies = {"new_units": {DEPARTMENT: "review"}}
    connection.save()
    return connection


def unit_url(connection: SCIMConnection, name: str) -> str:
    key = ReferenceKey.objects.get(name=name)
    return reverse(
        "admin:scim_provisioning_scimconnection_unit",
        kwargs={"object_id": connection.pk, "digest": key.digest},
    )


def decide(
    client: Client, connection: SCIMConnection, name: str, verdict: str, unit: str = "", **more: Any
) -> Any:
    data = {"verdict": verdict, "unit": unit, "password": PASSWORD, **more}
    return client.post(unit_url(connection, name), data, follow=True)


def teams() -> dict[str, str | None]:
    learners = Learner.objects.select_related("user", "team")
    return {one.user.username.partition("@")[0]: one.team.name if one.team else None for one in learners}


def test_units_first_seen_this_week_are_listed_with_who_brought_them(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Here Before")
    join(scim, "ines.okafor", "Harborlien")
    join(scim, "rui.sousa", "Here Before")
    page = text(admin_client.get(url("units", connection)))
    assert "Harborlien" in page
    assert "created by provisioning" in page
    assert "ines.okafor@harborline.example" in page
    assert "Here Before" not in page
    assert "Here Before" in text(admin_client.get(url("units", connection) + "?show=all"))
    assert "Here Before" in text(admin_client.get(url("units", connection) + "?q=before"))


def test_where_nothing_is_new_all_names_are_there_at_once(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Port Logistics")
    join(scim, "rui.sousa", "Port-Logistics")
    ReferenceKey.objects.update(heard_at=timezone.now() - timedelta(days=30))
    page = text(admin_client.get(url("units", connection)))
    assert "Port-Logistics looks like “Port Logistics” · merge" in page
    assert "looks like" not in text(admin_client.get(url("units", connection) + "?show=week"))


def test_the_connection_page_says_how_many_names_wait_and_leads_there(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Locsk")
    page = admin_client.get(url("change", reviewed))
    assert "Companies, business units, teams 1 new name waits for you." in text(page)
    assert url("units", reviewed) in page.content.decode()


@pytest.mark.parametrize(
    ("verdict", "unit", "team", "meaning"),
    [
        ("create", "", "Locsk", Meaning.NAME),
        ("alias", "locks", "Locks", Meaning.ALIAS),
        ("leave_out", "", None, Meaning.LEFT_OUT),
    ],
)
def test_a_name_that_waits_is_decided_on_with_the_password(
    admin_client: Client,
    scim: ScimClient,
    reviewed: SCIMConnection,
    organization: Organization,
    verdict: str,
    unit: str,
    team: str | None,
    meaning: Meaning,
) -> None:
    Team.objects.create(organization=organization, name="Locks")
    join(scim, "ines.okafor", "Locsk")
    decide(admin_client, reviewed, "Locsk", verdict, unit, password="wrong")
    assert ReferenceKey.objects.get(name="Locsk").meaning == Meaning.WAITING
    answer = decide(admin_client, reviewed, "Locsk", verdict, unit)
    assert "Decided." in text(answer)
    assert teams()["ines.okafor"] == team
    assert ReferenceKey.objects.get(name="Locsk").meaning == meaning
    event = ProvisioningEvent.objects.filter(action="unit_decided").get()
    assert "Locsk" in event.detail
    assert event.actor is not None


def test_a_merger_from_the_page_holds_and_can_be_taken_back(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "R&D")
    rui = join(scim, "rui.sousa", "R & D")
    assert (
        "“R&amp;D” looks much the same." in admin_client.get(unit_url(connection, "R & D")).content.decode()
    )
    answer = decide(admin_client, connection, "R & D", "merge", "R&D")
    assert "“R &amp; D” was merged into “R&amp;D”. 1 person was moved." in text(answer)
    assert set(teams().values()) == {"R&D"}
    # What was decided is not undone by who only looks.
    assert admin_client.get(unit_url(connection, "R & D")).context["form"]["verdict"].value() == ""
    move(scim, rui, "Elsewhere")
    move(scim, rui, "R & D")
    assert teams()["rui.sousa"] == "R&D"
    decide(admin_client, connection, "R & D", "forget")
    move(scim, rui, "Elsewhere")
    move(scim, rui, "R & D")
    assert teams()["rui.sousa"] == "R & D"


def test_whoever_became_an_administrator_while_they_waited_is_given_nothing(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Locks")
    join(scim, "rui.sousa", "Locks")
    User.objects.filter(username__startswith="ines").update(is_staff=True)
    decide(admin_client, reviewed, "Locks", "create")
    assert teams() == {"ines.okafor": None, "rui.sousa": "Locks"}


def test_the_few_are_offered_to_be_merged_into_the_many(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    for name, team in (("ann.x", "Finance"), ("ben.x", "Finance"), ("cara.x", "Finanace")):
        join(scim, name, team)
    page = admin_client.get(f"{url('units', connection)}?show=all")
    offered = {row["unit"].name: bool(row["merge"]) for row in page.context["rows"]}
    assert offered == {"Finance": False, "Finanace": True}


def test_many_who_come_from_one_team_to_a_new_name_are_offered_as_one_rename(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Locks")
    ids = [join(scim, f"p{n}.x", "Locks") for n in range(4)]
    team = Team.objects.get()
    for scim_id in ids[:3]:
        move(scim, scim_id, "Fasteners")
    page = text(admin_client.get(unit_url(reviewed, "Fasteners")))
    assert "3 people came from “Locks” to this name within a week." in page
    decide(admin_client, reviewed, "Fasteners", "rename", "Locks")
    team.refresh_from_db()
    assert team.name == "Fasteners"
    assert set(teams().values()) == {"Fasteners"}
    assert Team.objects.count() == 1
    # Whoever Entra has not sent anew yet is where they were, and its old name means the team still.
    join(scim, "late.x", "Locks")
    assert Team.objects.count() == 1


def test_names_that_differ_in_hyphens_look_much_the_same_and_a_renamed_unit_is_said_to_be(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Locks and Bolts")
    join(scim, "rui.sousa", "Locks-and-Bolts")
    assert "“Locks and Bolts” looks much the same." in text(
        admin_client.get(unit_url(connection, "Locks-and-Bolts"))
    )
    Team.objects.filter(name="Locks-and-Bolts").update(name="Locks-und-Bolts")
    assert "renamed here" in text(admin_client.get(url("units", connection)))


def test_a_rename_that_the_lms_does_not_take_is_refused_in_words(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Locks")
    join(scim, "ines.okafor", "Keys")
    Team.objects.create(organization=organization, name="Keys")
    answer = decide(admin_client, reviewed, "Keys", "rename", "Locks")
    assert "another unit may be called so. Merge the two." in text(answer)
    assert Team.objects.filter(name="Locks").exists()


def test_what_becomes_of_new_names_is_chosen_for_each_attribute(
    admin_client: Client, connection: SCIMConnection
) -> None:
    paths = [line.path for line in units.lines(connection)]
    data = {**dict.fromkeys(paths, "create"), DEPARTMENT: "never", "password": PASSWORD}
    answer = admin_client.post(url("units", connection), data, follow=True)
    assert "It was changed." in text(answer)
    connection.refresh_from_db()
    assert connection.policies["new_units"] == {DEPARTMENT: "never"}
    event = ProvisioningEvent.objects.get(action="policy_changed")
    assert event.changes == {DEPARTMENT: ["create", "never"]}


def test_nobody_sees_or_names_the_units_of_another_customer(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection
) -> None:
    other = OrganizationFactory()
    theirs = ConnectionFactory(name="Theirs", sso_key=str(SSOSettingsFactory(organization=other).pk))
    Team.objects.create(organization=other, name="Secret Works")
    join(scim, "ines.okafor", "Locsk")
    digest = ReferenceKey.objects.get(name="Locsk").digest
    foreign = reverse(
        "admin:scim_provisioning_scimconnection_unit", kwargs={"object_id": theirs.pk, "digest": digest}
    )
    assert admin_client.get(foreign).status_code == 404
    assert "Locsk" not in text(admin_client.get(url("units", theirs) + "?show=all"))
    assert "Secret Works" not in admin_client.get(unit_url(reviewed, "Locsk")).content.decode()
    answer = decide(admin_client, reviewed, "Locsk", "alias", "Secret Works")
    assert "There is no unit of this name here." in text(answer)


def test_looking_changes_nothing_and_needs_the_permission(
    administrator: Administrator, scim: ScimClient, reviewed: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Locsk")
    vera = administrator("view_scimconnection", name="vera")
    assert vera.get(url("units", reviewed)).status_code == 403
    assert vera.get(unit_url(reviewed, "Locsk")).status_code == 403
    paul = administrator("view_scimconnection", "manage_policy", name="paul")
    before = list(ReferenceKey.objects.values())
    assert paul.get(unit_url(reviewed, "Locsk")).status_code == 200
    assert list(ReferenceKey.objects.values()) == before


def test_what_no_database_stores_is_asked_of_none(admin_client: Client, connection: SCIMConnection) -> None:
    units = reverse("admin:scim_provisioning_scimconnection_units", args=[connection.pk])
    assert admin_client.get(units, {"q": "\x00", "show": "all"}).status_code == 200
    assert admin_client.get(f"{units}%00/").status_code == 404


@pytest.mark.parametrize(
    ("here", "sent"),
    [
        ("R&D", "R & D"),
        ("Sales-West", "Sales West"),
        ("Marketing", "Marketting"),
        ("Customer Support", "Custmoer Support"),
    ],
)
def test_two_spellings_of_one_are_marked_in_the_list_and_merged_from_there(
    here: str,
    sent: str,
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
) -> None:
    Team.objects.create(organization=organization, name=here)
    join(scim, "ines.okafor", sent)
    page = admin_client.get(url("units", connection))
    assert f"{html.escape(sent)} looks like “{html.escape(here)}” · merge" in text(page)
    (merge,) = re.findall(r'href="([^"]*verdict=merge[^"]*)"', page.content.decode())
    form = admin_client.get(html.unescape(merge)).context["form"]
    assert (form["verdict"].value(), form["unit"].value()) == ("merge", here)
    told = text(decide(admin_client, connection, sent, **form.initial))
    assert f"“{html.escape(sent)}” stays in this application, with nobody in it: delete it there" in told
    assert teams() == {"ines.okafor": here}
    page = admin_client.get(url("units", connection) + "?show=all")
    assert "looks like" not in text(page)
    assert f"{html.escape(here)} “{html.escape(sent)}” was merged into it, and is empty" in text(page)
    row = reverse("admin:lms_team_change", args=[Team.objects.get(name=sent).pk])
    assert row in admin_client.get(unit_url(connection, sent)).content.decode()
    Team.objects.filter(name=sent).delete()
    assert "is empty" not in text(admin_client.get(url("units", connection) + "?show=all"))


@pytest.mark.parametrize(
    ("here", "sent"),
    [("Team 1", "Team 2"), ("Sales A", "Sales B"), ("East", "West"), ("Training I", "Training II")],
)
def test_units_that_are_called_one_after_the_other_look_like_none(
    here: str,
    sent: str,
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
) -> None:
    Team.objects.create(organization=organization, name=here)
    join(scim, "ines.okafor", sent)
    assert "looks like" not in text(admin_client.get(url("units", connection)))


def test_a_name_that_waits_is_offered_as_another_name_of_what_it_looks_like(
    admin_client: Client, scim: ScimClient, reviewed: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Warehouse")
    join(scim, "ines.okafor", "Warehuose")
    page = admin_client.get(url("units", reviewed)).content.decode()
    assert "verdict=alias&amp;unit=Warehouse" in page
    decide(admin_client, reviewed, "Warehuose", "alias", "Warehouse")
    assert teams() == {"ines.okafor": "Warehouse"}


def test_the_pages_of_units_speak_of_companies_and_teams_and_not_of_attributes(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person("ines.okafor", **{ENTERPRISE: {"department": "Locks", "division": "Retail"}}))
    page = admin_client.get(url("units", connection))
    assert re.search(r"Locks Team ", text(page))
    assert re.search(r"Retail Business unit ", text(page))
    legends = re.findall(r"<legend>(.*?)</legend>", page.content.decode())
    assert legends == ["Company", "Business unit", "Team"]
    assert "Unicode" not in text(page)
    assert "Kind Team" in text(admin_client.get(unit_url(connection, "Locks")))


def test_a_unit_is_called_as_the_application_calls_it() -> None:
    field = models.ForeignKey(Team, models.CASCADE, verbose_name="squad", name="team")
    assert unit_word(DEPARTMENT, field) == "Squad"


def test_what_somebody_else_chooses_for_other_names_while_the_page_is_open_stays(
    admin_client: Client, connection: SCIMConnection
) -> None:
    paths = [line.path for line in verdicts.choosable(connection)]
    form = admin_client.get(url("units", connection)).context["form"]
    sent = {name: str(form[name].value()) for name in form.fields} | {"password": PASSWORD}
    elsewhere = SCIMConnection.objects.get(pk=connection.pk)
    verdicts.choose(elsewhere, {paths[-1]: NewUnits.NEVER}, actor=None)
    answer = admin_client.post(url("units", connection), {**sent, paths[0]: "review"}, follow=True)
    assert "It was changed." in text(answer)
    connection.refresh_from_db()
    assert connection.policies["new_units"] == {paths[0]: "review", paths[-1]: "never"}
    # What both have changed, the second one is told.
    answer = admin_client.post(url("units", connection), {**sent, paths[-1]: "review"}, follow=True)
    assert "Somebody else has changed this since the page was shown: Team" in text(answer)
    connection.refresh_from_db()
    assert connection.policies["new_units"] == {paths[0]: "review", paths[-1]: "never"}
