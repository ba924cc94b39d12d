"""Unusual changes: many names, addresses or teams that change within an hour are said, and nothing is held."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import churn
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.admin.conftest import make_administrator
from tests.admin.pages import text
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

TEAM = f"{ENTERPRISE}:department"


@pytest.fixture
def told(connection: SCIMConnection) -> SCIMConnection:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    return connection


@pytest.fixture
def people(scim: ScimClient, told: SCIMConnection) -> list[str]:
    """Forty learners, all in one team."""
    return [
        scim.post("/Users", person(f"p{n}", **{ENTERPRISE: {"department": "Safety"}})).json()["id"]
        for n in range(40)
    ]


def notify(**options: Any) -> str:
    out = StringIO()
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("scim_notify", stdout=out, stderr=StringIO(), **options)
    # Other notices, such as of new teams, are none of this.
    return "".join(line for line in out.getvalue().splitlines() if "Within an hour" in line)


def change(scim: ScimClient, ids: list[str], path: str, value: str) -> None:
    for n, scim_id in enumerate(ids):
        operation = {"op": "Replace", "path": path, "value": value.replace("%n", str(n))}
        assert scim.patch(f"/Users/{scim_id}", [operation]).status_code == 200


def warnings() -> list[str]:
    return [message.body for message in mail.outbox if "unusual changes" in message.subject]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("name.familyName", "Doe %n", "Within an hour the names of 25 of 40 learners changed."),
        ("userName", "n%n@x.example", "Within an hour the names of 25 of 40 learners changed."),
        (
            'emails[type eq "work"].value',
            "n%n@x.example",
            "Within an hour the e-mail addresses of 25 of 40 learners changed.",
        ),
        (TEAM, "Another", "Within an hour “department” of 25 of 40 learners changed."),
    ],
)
def test_many_alike_are_said_once_by_mail_in_the_log_and_on_the_page(
    scim: ScimClient,
    people: list[str],
    told: SCIMConnection,
    admin_client: Client,
    path: str,
    value: str,
    sentence: str,
) -> None:
    change(scim, people[:25], path, value)
    assert sentence in notify()
    notify()

    assert [body.count(sentence) for body in warnings()] == [1]
    line = ProvisioningEvent.objects.get(action="churn")
    assert (line.connection_id, line.detail) == (told.pk, sentence)
    page = admin_client.get(f"/admin/scim_provisioning/scimconnection/{told.pk}/change/").content.decode()
    assert sentence in page
    for name in ("admin:index", "admin:scim_provisioning_scimconnection_changelist"):
        banner = text(admin_client.get(reverse(name)))
        assert f"{told.name} : {sentence}" in banner, name
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(days=2))
    assert sentence not in text(admin_client.get(reverse("admin:index")))


def test_who_does_not_see_the_connection_is_not_told_of_it(
    scim: ScimClient, people: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(scim, people, "name.familyName", "Doe")
    notify()
    vera = make_administrator("vera", "view_scimconnection")
    assert len(churn.seen_by(vera)) == 1
    none = SCIMConnection.objects.none()
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: none))
    assert churn.seen_by(vera) == []
    assert churn.seen_by(make_administrator("otto")) == []


def test_what_was_changed_stays_changed(scim: ScimClient, people: list[str]) -> None:
    change(scim, people, "name.familyName", "Doe")
    notify()
    assert scim.get(f"/Users/{people[0]}").json()["name"]["familyName"] == "Doe"
    assert (
        scim.patch(f"/Users/{people[0]}", [{"op": "Replace", "path": "title", "value": "x"}]).status_code
        == 200
    )


def test_fewer_than_that_are_an_ordinary_day(scim: ScimClient, people: list[str]) -> None:
    change(scim, people[:24], "name.familyName", "Doe")
    change(scim, people[:24], TEAM, "Another")
    assert notify() == ""


def test_one_person_who_changes_often_is_one_person(scim: ScimClient, people: list[str]) -> None:
    for n in range(30):
        change(scim, people[:1], "name.familyName", f"Doe {n}")
    assert notify() == ""


def test_a_first_value_and_another_spelling_do_not_count(scim: ScimClient, told: SCIMConnection) -> None:
    unsorted: dict[str, Any] = {ENTERPRISE: {"employeeNumber": "1"}}
    ids = [scim.post("/Users", person(f"p{n}", **unsorted)).json()["id"] for n in range(30)]
    change(scim, ids, TEAM, "Safety")
    change(scim, ids, TEAM, "SAFETY")
    assert notify() == ""


def test_who_is_emptied_counts(scim: ScimClient, people: list[str]) -> None:
    for scim_id in people:
        assert scim.patch(f"/Users/{scim_id}", [{"op": "Remove", "path": TEAM}]).status_code == 200
    assert "“department” of 40 of 40" in notify()


def test_what_is_older_than_an_hour_is_over(scim: ScimClient, people: list[str]) -> None:
    change(scim, people, "name.familyName", "Doe")
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert notify() == ""


def test_a_dry_run_writes_nothing_down(scim: ScimClient, people: list[str]) -> None:
    change(scim, people, "name.familyName", "Doe")
    notify(dry_run=True)
    assert not ProvisioningEvent.objects.filter(action="churn").exists()
    assert mail.outbox == []


def test_another_customers_changes_are_theirs(scim: ScimClient, people: list[str]) -> None:
    other_connection = make_connection("Other")
    change(scim, people, "name.familyName", "Doe")
    notify(connection=other_connection.name)
    assert not ProvisioningEvent.objects.filter(action="churn").exists()
