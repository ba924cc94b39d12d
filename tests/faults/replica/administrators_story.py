"""Played by ``test_replicas.py``, with the settings of ``story``: what administrators ask for, in whichever way."""

from __future__ import annotations

from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import Learner, Organization, SSOSettings, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import keeping, takeover
from scim_provisioning.administration.adoption import queue
from scim_provisioning.models import ProvisionedUser, ReferenceKey, SCIMConnection
from tests.api.staff import API, PASSWORD
from tests.client import ScimClient
from tests.faults.replica.routers import PrimaryReplicaRouter
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db(databases=["default", "primary", "replica"])

INES = "ines.okafor@harborline.example"
DEPARTMENT = f"{ENTERPRISE}:department"


@pytest.fixture
def boss(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> User:
    """Somebody of whom, and of whose session, the replica knows: it is behind with the LMS's learners alone."""

    def db_for_read(self: PrimaryReplicaRouter, model: Any, **hints: Any) -> str:
        return "replica" if model._meta.app_label == "lms" else "primary"

    monkeypatch.setattr(PrimaryReplicaRouter, "db_for_read", db_for_read)
    settings.ROOT_URLCONF = "tests.api.urls"
    boss: User = User.objects.create_superuser("boss", password=PASSWORD)
    return boss


def ran(name: str, *arguments: str) -> str:
    """What a command says, whether or not people are to be looked at."""
    out = StringIO()
    with suppress(CommandError):
        call_command(name, *arguments, stdout=out)
    return out.getvalue()


def in_teams(scim: ScimClient, **people: str) -> None:
    for name, team in people.items():
        body = person(name, **{ENTERPRISE: {"department": team}})
        assert scim.post("/Users", body).status_code == 201


def test_commands_know_the_lms_of_a_moment_ago(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    for name in (INES, "ines"):
        LearnerFactory(organization=organization, user__username=name, user__email=INES)
    of, export = f"--connection={connection.name}", tmp_path / "people.csv"
    export.write_text(f"userPrincipalName\n{INES}\n")
    said = ran("scim_adopt", of, f"--from={export}", "--apply")
    assert "may be one person's" in said
    assert "Linked 1 accounts" in said
    assert scim.post("/Users", person()).status_code == 201
    assert "0 of 1 learners are otherwise here" in ran("scim_reconcile", of)


def test_an_account_of_a_moment_ago_is_linked_and_let_go_of(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    account = LearnerFactory(organization=organization, user__username=INES, user__email=INES).user
    assert scim.post("/Users", person()).status_code == 409
    link = queue.link(connection, {"userName": INES}, account, keeps_profile=False, actor=None)
    assert scim.post("/Users", person()).status_code == 201
    assert ProvisionedUser.objects.get().user_id == account.pk == link.user_id


def test_values_are_shown_as_they_stand(scim: ScimClient, connection: SCIMConnection) -> None:
    in_teams(scim, ines="Bolts")
    link = ProvisionedUser.objects.select_related("connection").get()
    assert [str(value.here) for value in keeping.values(link) if value.path == DEPARTMENT] == ["Bolts"]


def test_a_unit_of_a_moment_ago_can_be_named(
    scim: ScimClient, connection: SCIMConnection, boss: User
) -> None:
    in_teams(scim, ines="Bolts", rui="Locks")
    digest = ReferenceKey.objects.get(name="Bolts").digest
    body = {"verdict": "merge", "unit": "Locks", "password": PASSWORD}
    done = API(boss).post("unit", connection.pk, digest, **body)
    assert done.json() == {"written": 1, "is_unfinished": False}
    assert Learner.objects.using("primary").filter(team__name="Locks").count() == 2


def test_a_page_names_it_too(scim: ScimClient, connection: SCIMConnection, boss: User) -> None:
    in_teams(scim, ines="Bolts", rui="Locks")
    line = {"object_id": connection.pk, "digest": ReferenceKey.objects.get(name="Bolts").digest}
    page = reverse("admin:scim_provisioning_scimconnection_unit", kwargs=line)
    browser = Client()
    browser.force_login(boss)
    shown = browser.get(page)
    assert shown.status_code == 200
    assert Team.objects.using("primary").count() == 2
    assert b"Locks" in shown.content


def test_new_settings_take_over_whose_learners_are_this_customers(
    scim: ScimClient, connection: SCIMConnection, organization: Organization, boss: User
) -> None:
    in_teams(scim, ines="Bolts")
    old, new = SSOSettings.objects.using("primary").get(), SSOSettingsFactory(organization=organization)
    old.delete()
    browser = Client()
    browser.force_login(boss)
    page = reverse("admin:lms_ssosettings_scim_take_over", args=(new.pk,))
    assert connection.name.encode() in browser.get(page).content
    connection.refresh_from_db()
    assert not takeover.take_over_for(boss, connection, new).is_archived
