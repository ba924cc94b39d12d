"""From what is said of a connection to the people it is about: in one click, for whoever may do something about it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient
from tests.leavers import learners, leave, let_go_at_most
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INDEX = reverse("admin:index")
LIST = reverse("admin:scim_provisioning_scimconnection_changelist")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
READS = ("view_scimconnection", "view_provisioningevent")


def leads(client: Client, address: str) -> dict[str, str]:
    """The links of a page by what they are called, and where they lead."""
    page = client.get(address).content.decode()
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {re.sub(r"\s+", " ", re.sub("<[^>]*>", "", label)).strip(): where for where, label in found}


@pytest.fixture
def accident(scim: ScimClient, connection: SCIMConnection) -> SCIMConnection:
    """Two went, one was deleted, two are held, one was refused."""
    let_go_at_most(connection, 3)
    ids = learners(scim, 5)
    leave(scim, *ids[:2])
    scim.delete(f"/Users/{ids[2]}")
    leave(scim, *ids[3:])
    assert scim.post("/Users", person("too.long", title="x" * 200)).status_code == 400
    return connection


def test_the_figures_of_the_last_day_lead_to_those_who_are_meant(
    admin_client: Client, accident: SCIMConnection
) -> None:
    found = leads(admin_client, url("change", accident))
    undo = f"{url('undo', accident)}?hours=24"
    assert found["2 (Deactivated)"] == found["1 (Deleted)"] == undo
    assert found["2 (Held)"] == url("held", accident)
    assert found["1 (Refused)"].replace("&amp;", "&") == f"{LOG}?connection={accident.pk}&problems=only"
    assert "0 (Reactivated)" not in found
    assert "3 people were switched off or deleted" in text(admin_client.get(undo))


def test_figures_are_figures_alone_for_who_may_do_nothing_about_them(
    administrator: Administrator, accident: SCIMConnection
) -> None:
    found = leads(administrator("view_scimconnection"), url("change", accident))
    assert not [label for label in found if label[:1].isdigit()]


def test_the_list_leads_to_who_is_held_and_to_who_went(
    admin_client: Client, administrator: Administrator, accident: SCIMConnection
) -> None:
    found = leads(admin_client, LIST)
    assert found["2 held"] == url("held", accident)
    assert found["3 switched off"] == f"{url('undo', accident)}?hours=24"
    reader = administrator(*READS, name="vera")
    assert "2 held 3 switched off" in text(reader.get(LIST))
    assert not {"2 held", "3 switched off"} & leads(reader, LIST).keys()


def test_those_who_are_held_and_those_who_went_before_lead_to_one_another(
    admin_client: Client, accident: SCIMConnection
) -> None:
    held = leads(admin_client, url("held", accident))
    assert held["Who was switched off before it held, and how to take it back"] == url("undo", accident)
    assert leads(admin_client, url("undo", accident))["Decide (Held leavers)"] == url("held", accident)
    assert leads(admin_client, url("change", accident))["Who was switched off"] == url("undo", accident)


def test_who_is_back_is_not_counted_as_switched_off_and_their_return_is_counted(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    """The list counts as the page does to which it leads."""
    leave(scim, *learners(scim, 3))
    assert "3 switched off" in leads(admin_client, LIST)

    def undo(**fields: Any) -> None:
        page = admin_client.get(url("undo", connection))
        data = {**page.context["form"].initial, "password": PASSWORD, **fields}
        admin_client.post(url("undo", connection), data)

    first = connection.events.filter(action="deactivated").earliest("pk")
    undo(ticked=[first.pk], whom="ticked")
    assert "2 switched off" in leads(admin_client, LIST)
    undo()
    assert "switched off" not in text(admin_client.get(LIST))
    figures = admin_client.get(url("change", connection)).context["scim"]["activity"].figures
    assert {figure.action: figure.count for figure in figures}["reactivated"] == 3
    written = LogEntry.objects.filter(object_id=str(connection.pk)).order_by("pk")
    assert [entry.change_message for entry in written] == [
        "1 person was reactivated.",
        "2 people were reactivated.",
    ]
    row = text(admin_client.get(f"{LOG}?action=reactivated"))
    assert "Reactivated active ada" in row


def test_many_connections_with_departures_take_the_statements_of_two(admin_client: Client) -> None:
    def more(count: int) -> None:
        for _number in range(count):
            one = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
            theirs = ScimClient(TokenFactory(connection=one).plaintext)
            leave(theirs, *learners(theirs, 1))

    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            shown = text(admin_client.get(LIST))
        assert shown.count("1 switched off") == SCIMConnection.objects.count()
        return len(asked)

    more(2)
    few = statements()
    more(4)
    assert statements() == few


def test_the_log_of_who_was_switched_off_says_so_and_that_whoever_is_back_is_not_in_it(
    admin_client: Client, accident: SCIMConnection
) -> None:
    page = admin_client.get(f"{LOG}?left=24")
    assert page.context["title"] == "Who was switched off in the last 24 hours"
    assert "Whoever is back is not listed." in text(page)
    assert admin_client.get(f"{LOG}?left=1").context["title"] == "Who was switched off in the last hour"
    for other in ("", "?left=7"):
        assert "is not listed" not in text(admin_client.get(LOG + other))


def test_the_names_in_the_banner_lead_to_the_connection_and_a_link_to_the_decision(
    admin_client: Client, administrator: Administrator, accident: SCIMConnection
) -> None:
    for address in (INDEX, LIST):
        found = leads(admin_client, address)
        assert found[accident.name] == url("change", accident)
        assert found[f"Decide ({accident.name})"] == url("held", accident)
    reader = administrator(*READS, name="vera")
    assert url("held", accident) not in reader.get(INDEX).content.decode()


def test_the_list_says_what_its_figures_are(admin_client: Client, accident: SCIMConnection) -> None:
    problems = f"{LOG}?connection={accident.pk}&amp;problems=only"
    assert leads(admin_client, LIST)["1 refused"] == problems


def test_the_banner_leads_to_who_went_whoever_may_take_it_back(
    admin_client: Client, administrator: Administrator, accident: SCIMConnection
) -> None:
    label = f"Who was switched off ({accident.name})"
    for address in (INDEX, LIST):
        assert f'<a href="{url("undo", accident)}">' in admin_client.get(address).content.decode()
    assert leads(admin_client, LIST)[label] == url("undo", accident)
    reader = administrator(*READS, name="vera")
    assert "on hold" in text(reader.get(INDEX))
    assert label not in leads(reader, INDEX)


def test_the_index_asks_why_somebody_has_no_account(
    admin_client: Client, administrator: Administrator, accident: SCIMConnection
) -> None:
    """Once on each page, in a form of its own, and for nobody who may not read the log."""
    for address in (INDEX, LIST):
        page = admin_client.get(address).content.decode()
        assert page.count('id="scim-person"') == page.count('id="scim-find-form"') == 1
        assert page.count("Why has this person no account?") == 1
        assert f'action="{PEOPLE}"' in page
    other = administrator("view_scimconnection", name="vera").get(INDEX).content.decode()
    assert "scim-find" not in other


def test_what_is_asked_every_day_stands_before_what_is_asked_once(
    admin_client: Client, connection: SCIMConnection
) -> None:
    links: list[Any] = admin_client.get(url("change", connection)).context["scim"]["links"]
    names = [str(link.label) for link in links]
    assert names[:5] == [
        "Provisioning log",
        "Who was switched off",
        "Companies, business units, teams",
        "Compare with the directory",
        "People who are here already",
    ]
    assert names[-1] == "Personal data"


def test_the_index_says_of_few_connections_whether_they_work_and_leads_to_what_is_asked_every_day(
    admin_client: Client, administrator: Administrator, connection: SCIMConnection
) -> None:
    """Which learners does the directory not know, and which two names are one team: on the second click."""
    questions = {
        "Who was switched off": f"{url('undo', connection)}?hours=24",
        "Compare with the directory": url("reconcile", connection),
        "Companies, business units, teams": url("units", connection),
        "Who is it?": url("queue", connection),
    }
    found = leads(admin_client, INDEX)
    assert {name: found.get(f"{name} ({connection.name})") for name in questions} == questions
    assert f"Not set up {connection.name}" in text(admin_client.get(INDEX))
    looks = administrator("view_scimconnection", name="vera")
    assert f"Not set up {connection.name}" in text(looks.get(INDEX))
    assert not [label for label in leads(looks, INDEX) if label.endswith(f"({connection.name})")]


def test_the_banner_leads_to_the_refusals_that_it_counts(
    admin_client: Client, administrator: Administrator, scim: ScimClient, connection: SCIMConnection
) -> None:
    for name in ("ann", "bob"):
        assert scim.post("/Users", person(name, title="x" * 200)).status_code == 400
    SCIMToken.objects.update(last_used_at=timezone.now())
    problems = f"{LOG}?connection={connection.pk}&amp;problems=only"
    for address in (INDEX, LIST):
        assert leads(admin_client, address)[f"Open the log ({connection.name})"] == problems
    looks = administrator("view_scimconnection", name="vera")
    assert "were refused. The log says why." in text(looks.get(INDEX))
    assert "Open the log" not in text(looks.get(INDEX))


def test_of_many_connections_the_index_says_how_many_work_and_of_very_many_it_has_the_list(
    admin_client: Client, connection: SCIMConnection
) -> None:
    def more(count: int) -> str:
        for _number in range(count):
            ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
        page: str = admin_client.get(INDEX).content.decode()
        return page

    few = more(4)
    assert few.count("Compare with the directory") == few.count("scim-badge") == 5
    assert "<details>" not in few
    SCIMConnection.objects.filter(pk=connection.pk).update(paused_at=timezone.now())
    many = more(1)
    assert many.count("Compare with the directory") == 6
    assert "SCIM connections (6) Not set up: 5 Paused: 1" in text(admin_client.get(INDEX))
    assert "scim-glance" not in more(45)


def test_the_departures_of_all_connections_are_one_click_from_the_index(
    admin_client: Client, administrator: Administrator, connection: SCIMConnection, scim: ScimClient
) -> None:
    """Whoever has one connection finds them there."""
    everybody = "Who was switched off in the last 24 hours, on all connections"
    assert everybody not in leads(admin_client, INDEX)
    ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
    found = leads(admin_client, INDEX)[everybody]
    leave(scim, *learners(scim, 1))
    assert leads(admin_client, found)[f"Reactivate this person ({connection.name})"].startswith(
        url("undo", connection)
    )
    looks = administrator("view_scimconnection", "view_provisioningevent", name="vera")
    assert everybody not in leads(looks, INDEX)


def test_the_departure_of_one_person_leads_to_those_of_everybody(
    admin_client: Client, accident: SCIMConnection
) -> None:
    found = leads(admin_client, f"{PEOPLE}?q=p0")
    (one,) = [unescape(where) for label, where in found.items() if label.startswith("Take it back")]
    assert "Only “p0@harborline.example” is shown." in text(admin_client.get(one))
    everybody = url("undo", accident) + leads(admin_client, one)["Show everybody"]
    shown = text(admin_client.get(everybody))
    assert "3 people were switched off or deleted" in shown
    assert "is shown" not in shown


def test_an_operation_is_called_by_what_happened_to_whom(
    admin_client: Client, accident: SCIMConnection
) -> None:
    gone = accident.events.filter(action="deactivated").earliest("pk")
    page = admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[gone.pk]))
    assert page.context["title"] == "Deactivated: p0@harborline.example"


def test_the_index_shows_nobody_another_customers_connection(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    page = administrator("view_learner", name="vera").get(INDEX).content.decode()
    assert "scim-glance" not in page
    assert connection.name not in page
