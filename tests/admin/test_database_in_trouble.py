"""An administrator meets a database in trouble: page, API and command say whether it was done, and are no error."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import databases
from scim_provisioning.administration import connections, disconnection, ownership, setting_up, units
from scim_provisioning.databases import Fault
from scim_provisioning.models import Meaning, ProvisionedUser, ReferenceKey, SCIMConnection
from scim_provisioning.protocol.errors import Unavailable
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import make_administrator
from tests.admin.pages import PASSWORD, text
from tests.api.staff import API
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory, TeamFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

TROUBLES = [
    (databases.unavailable(Fault.BUSY), "Nothing was changed by this step: try again in a moment."),
    (databases.unavailable(Fault.GONE), "The database is busy, or does not answer."),
    (Unavailable("Lost.", code="database.unconfirmed"), "Look before you try again."),
]


@pytest.fixture
def guest(
    scim: ScimClient, other_connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> ProvisionedUser:
    """Somebody whom the second connection shares."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert scim.post("/Users", person()).status_code == 201
    owner = ProvisionedUser.objects.select_related("user").get()
    ownership.allow_share(other_connection, owner.user, name=owner.user_name, actor=None)
    assert (
        ScimClient(TokenFactory(connection=other_connection).plaintext).post("/Users", person()).status_code
        == 201
    )
    return ProvisionedUser.objects.get(connection=other_connection)


@pytest.mark.parametrize(("trouble", "sentence"), TROUBLES)
def test_page_api_and_command_say_whether_it_was_done(
    trouble: Exception,
    sentence: str,
    guest: ProvisionedUser,
    admin_client: Client,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    def fails(work: Any) -> Any:
        raise trouble

    monkeypatch.setattr(ownership, "durable", fails)
    keys = {"object_id": guest.connection_id, "link_id": guest.pk}
    page = reverse("admin:scim_provisioning_scimconnection_own", kwargs=keys)
    answer = admin_client.post(page, {"password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert sentence in text(answer)

    settings.ROOT_URLCONF = "tests.api.urls"
    named = {"user_name": guest.user_name, "password": PASSWORD}
    told = API(make_administrator("vera", is_superuser=True)).post("own", guest.connection_id, **named)
    assert told.status_code == 503, told.content
    assert sentence in told.json()["detail"]

    asked = [f"--connection={guest.connection.name}", f"--user-name={guest.user_name}"]
    with pytest.raises(CommandError, match=sentence):
        call_command("scim_connection", "own", *asked, stdout=StringIO())


def test_what_is_not_the_databases_fault_is_not_taken_for_it(
    guest: ProvisionedUser, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(work: Any) -> Any:
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(ownership, "durable", fails)
    keys = {"object_id": guest.connection_id, "link_id": guest.pk}
    page = reverse("admin:scim_provisioning_scimconnection_own", kwargs=keys)
    with pytest.raises(RuntimeError, match="a fault of the program"):
        admin_client.post(page, {"password": PASSWORD})


def test_settings_set_up_and_connections_paused_from_their_list_say_it_too(
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    admin_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused: list[SCIMConnection] = []

    def is_paused(row: SCIMConnection, **_who: Any) -> bool:
        if paused:
            raise Unavailable("Lost.", code="database.unconfirmed")
        paused.append(row)
        return True

    def set_up(*_args: Any, **_options: Any) -> Any:
        raise databases.unavailable(Fault.GONE)

    monkeypatch.setattr(connections, "pause", is_paused)
    monkeypatch.setattr(setting_up, "set_up_for", set_up)
    chosen = [connection.pk, other_connection.pk]
    listed = reverse("admin:scim_provisioning_scimconnection_changelist")
    body = {"action": "pause_selected", "_selected_action": chosen}
    answer = text(admin_client.post(listed, body, follow=True))
    assert "1 connection was paused." in answer
    assert "it may have been done or not. Look before you try again." in answer

    address = reverse("admin:lms_ssosettings_scim_set_up", args=[SSOSettingsFactory().pk])
    answer = text(admin_client.post(address, follow=True))
    assert "The database is busy, or does not answer. Nothing was changed by this step" in answer


def test_what_was_done_of_several_steps_is_not_said_to_be_undone(
    connection: SCIMConnection, admin_client: Client, monkeypatch: pytest.MonkeyPatch, scim: ScimClient
) -> None:
    """A name is decided on, which is committed; bringing people to it is a transaction of its own."""

    def settle(*_args: Any, **_options: Any) -> int:
        raise databases.unavailable(Fault.GONE)

    assert scim.post("/Users", person(**{ENTERPRISE: {"department": "Bolts"}})).status_code == 201
    TeamFactory(organization=SSOSettings.objects.get(pk=connection.sso_key).organization, name="Locks")
    monkeypatch.setattr(units, "settle", settle)
    key = ReferenceKey.objects.get(name="Bolts")
    keys = {"object_id": connection.pk, "digest": key.digest}
    page = reverse("admin:scim_provisioning_scimconnection_unit", kwargs=keys)
    body = {"verdict": "merge", "unit": "Locks", "password": PASSWORD}
    answer = text(admin_client.post(page, body, follow=True))
    assert "What was done stays done: go on in a moment." in answer
    assert "Nothing was changed" not in answer
    key.refresh_from_db()
    assert key.meaning == Meaning.ALIAS


def test_a_driver_that_loses_its_cursor_on_the_server_is_the_databases_trouble_too(
    connection: SCIMConnection, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django leaves what ``close`` of such a cursor raises as psycopg has it."""
    bare = type("OperationalError", (Exception,), {"__module__": "psycopg"})

    def pause(*_args: Any, **_options: Any) -> Any:
        raise bare("the connection is closed")

    monkeypatch.setattr(connections, "pause", pause)
    page = reverse("admin:scim_provisioning_scimconnection_pause", args=[connection.pk])
    answer = text(admin_client.post(page, {"reason": "Audit"}, follow=True))
    assert "it may have been done or not. Look before you try again." in answer


def test_the_api_says_of_what_was_partly_done_that_it_is_to_go_on(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch, settings: Settings, scim: ScimClient
) -> None:
    def batch(*_args: Any, **_options: Any) -> Any:
        raise databases.unavailable(Fault.GONE)

    assert scim.post("/Users", person()).status_code == 201
    settings.ROOT_URLCONF = "tests.api.urls"
    monkeypatch.setattr(disconnection, "_next_batch", batch)
    body = {"learners": "suspend", "name": connection.name, "password": PASSWORD}
    told = API(make_administrator("vera", is_superuser=True)).post("disconnect", connection.pk, **body)
    assert told.status_code == 503, told.content
    assert told.json()["detail"] == (
        "The database did not let this be done now. What was done stays done: go on in a moment."
    )
    connection.refresh_from_db()
    assert connection.is_archived
