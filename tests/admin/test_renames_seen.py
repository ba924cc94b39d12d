"""A team that the identity provider has renamed is offered as one rename: in the list of names, in the mail, and on the
index and the list of connections."""

from __future__ import annotations

import html
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Organization, Team
from scim_provisioning.administration import renames, unit_findings
from scim_provisioning.models import ReferenceKey, SCIMConnection, SentNotice
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"
INDEX = reverse("admin:index")
LIST = reverse("admin:scim_provisioning_scimconnection_changelist")
CAME = "3 people came from “Locks” to “Fasteners”, which is new here."
BANNER = "many people came from one unit to “Fasteners”"


def move(scim: ScimClient, scim_id: str, team: str) -> None:
    operation = {"op": "Replace", "path": DEPARTMENT, "value": team}
    assert scim.patch(f"/Users/{scim_id}", [operation]).status_code == 200


def join(scim: ScimClient, name: str, team: str) -> str:
    return str(scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}})).json()["id"])


def notify() -> str:
    out = StringIO()
    call_command("scim_notify", stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def moved(scim: ScimClient, connection: SCIMConnection, organization: Organization) -> ReferenceKey:
    """Three of the four of Locks are Fasteners now."""
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    Team.objects.create(organization=organization, name="Locks")
    for scim_id in [join(scim, f"p{n}.x", "Locks") for n in range(4)][:3]:
        move(scim, scim_id, "Fasteners")
    key: ReferenceKey = ReferenceKey.objects.get(name="Fasteners")
    return key


def test_the_list_of_names_says_so_and_leads_to_the_name(
    admin_client: Client, connection: SCIMConnection, moved: ReferenceKey
) -> None:
    page = admin_client.get(url("units", connection))
    assert "3 people came from “Locks” · its new name?" in text(page)
    assert f'/units/{moved.digest}/">its new name?' in page.content.decode()


def test_the_mail_says_so_once(connection: SCIMConnection, moved: ReferenceKey) -> None:
    assert CAME in notify()
    assert CAME in " ".join(mail.outbox[0].body.split())
    SentNotice.objects.filter(kind="digest").delete()
    assert CAME not in notify()


def test_the_index_and_the_list_say_so_for_a_week_once_it_was_looked_for(
    admin_client: Client, administrator: Administrator, connection: SCIMConnection, moved: ReferenceKey
) -> None:
    assert BANNER not in text(admin_client.get(INDEX))
    notify()
    for address in (INDEX, LIST):
        page = admin_client.get(address)
        assert f"{connection.name}: {BANNER}" in text(page)
        assert f'/units/{moved.digest}/"' in page.content.decode()
    # Who may not decide is not asked.
    assert BANNER not in text(administrator("view_scimconnection", name="vera").get(INDEX))
    for hours, is_said in ((7 * 24 - 1, True), (7 * 24 + 1, False)):
        SentNotice.objects.update(sent_at=timezone.now() - timedelta(hours=hours))
        notify()
        assert (BANNER in text(admin_client.get(INDEX))) is is_said


def test_connections_without_contacts_have_the_banner_too(
    admin_client: Client, connection: SCIMConnection, moved: ReferenceKey
) -> None:
    SCIMConnection.objects.update(policies={})
    notify()
    assert not mail.outbox
    assert BANNER in text(admin_client.get(INDEX))


def test_what_was_decided_is_asked_no_more(
    admin_client: Client, connection: SCIMConnection, moved: ReferenceKey
) -> None:
    notify()
    address = reverse("admin:scim_provisioning_scimconnection_unit", args=[connection.pk, moved.digest])
    answer = {"verdict": "merge", "unit": "Locks", "password": PASSWORD}
    assert admin_client.post(address, answer).status_code == 302
    assert BANNER not in text(admin_client.get(INDEX))
    assert renames.lately(connection) == []


def test_a_unit_that_is_spread_over_several_names_was_not_renamed(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    """As the first sync does with a team that the LMS had."""
    Team.objects.create(organization=organization, name="Care")
    ids = [join(scim, f"p{n}.x", "Care") for n in range(12)]
    for number, scim_id in enumerate(ids):
        move(scim, scim_id, ("North", "South", "East")[number % 3])
    assert renames.lately(connection) == []
    page = text(admin_client.get(url("units", connection)))
    assert "came from" not in page


def test_another_customers_connection_hears_nothing_of_it(
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    django_user_model: type[User],
    moved: ReferenceKey,
) -> None:
    assert renames.lately(other_connection) == []
    notify()
    superuser = django_user_model.objects.create_superuser("root")
    assert [one.connection for one in unit_findings.seen_by(superuser)] == [connection]


def test_a_new_name_that_looks_like_another_units_is_two_clicks_away_from_the_index(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="R&D")
    join(scim, "p0.x", "R & D")
    assert "looks like" not in text(admin_client.get(INDEX))
    notify()
    page = admin_client.get(INDEX)
    said = html.unescape(text(page)).replace("” ,", "”,")
    assert f"{connection.name}: “R & D”, which is new, looks like the name of another unit." in said
    digest = ReferenceKey.objects.get(name="R & D").digest
    address = reverse("admin:scim_provisioning_scimconnection_unit", args=[connection.pk, digest])
    assert f'href="{address}"' in page.content.decode()
    initial = admin_client.get(address).context["form"].initial
    assert (initial["verdict"], initial["unit"]) == ("merge", "R&D")
    admin_client.post(address, {**initial, "password": PASSWORD})
    assert "looks like" not in text(admin_client.get(INDEX))
    assert Team.objects.get(name="R&D").learners.count() == 1


def test_a_page_without_new_names_asks_nothing_of_the_log(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    django_assert_num_queries: object,
) -> None:
    Team.objects.create(organization=organization, name="Locks")
    join(scim, "p0.x", "Locks")
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert renames.of(connection, ReferenceKey.objects.none()) == {}


def test_of_very_many_new_names_the_latest_are_looked_at(
    connection: SCIMConnection, organization: Organization, moved: ReferenceKey
) -> None:
    for n in range(300):
        for name in (f"Works {n} a", f"Works {n} b"):
            team = Team.objects.create(organization=organization, name=name)
            digest = f"{team.pk:064}"
            facts = {one: getattr(moved, one) for one in ("scope", "brought_by", "made")}
            ReferenceKey.objects.create(
                digest=digest, name=name, target=str(team.pk), heard_at=timezone.now(), **facts
            )
    names = list(renames.new_names(connection))
    assert (len(names), names[0].digest, moved in names) == (500, digest, False)
