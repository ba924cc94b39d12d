"""A connection's life through the API: set up, paused, resumed, its policies chosen, as on the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_sso(settings: Settings) -> None:
    """A host without SSO settings."""
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SSO_MODEL": None, "REQUIRE_SSO": False}


def seen_only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the host show connections of these names only."""
    own = SCIMConnection.objects.filter(name__in=names)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: own.all()))


# --- set up -------------------------------------------------------------------------------------------------------


def test_scim_is_set_up_once_for_sso_settings(boss: API, sso: SSOSettings) -> None:
    first = boss.post("connections", sso_key=str(sso.pk))
    again = boss.post("connections", sso_key=str(sso.pk))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == SCIMConnection.objects.get().pk
    assert first.json()["sso_key"] == str(sso.pk)
    assert first.json()["tenant_url"].endswith("/scim/v2")
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.actor and event.actor.username) == ("connected", "boss")
    assert LogEntry.objects.get().change_message == "Set up SCIM."


@pytest.mark.usefixtures("no_sso")
def test_a_host_without_sso_settings_gives_a_name(boss: API) -> None:
    assert boss.post("connections", name="Acme").status_code == 201
    assert boss.post("connections", name="Acme").status_code == 200
    assert SCIMConnection.objects.get().sso_key is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"sso_key": "1", "name": "Acme"}, "non_field_errors"),
        ({"sso_key": "4711"}, "sso_key"),
        ({"sso_key": ""}, "sso_key"),
        ({"name": "Acme"}, "detail"),
    ],
)
def test_what_names_no_sso_settings_sets_nothing_up(body: dict[str, str], field: str, boss: API) -> None:
    response = boss.post("connections", **body)

    assert response.status_code == 400
    assert field in response.json()
    assert not SCIMConnection.objects.exists()


def test_a_disconnected_connection_is_restored_rather_than_made_anew(
    boss: API, connection: SCIMConnection
) -> None:
    SCIMConnection.objects.update(archived_at=timezone.now(), disconnected_at=timezone.now())

    response = boss.post("connections", sso_key=connection.sso_key)

    assert response.status_code == 409
    assert "Restore it" in response.json()["detail"]


@pytest.mark.parametrize("lacking", ["view_scimconnection", "add_scimconnection", "change_ssosettings"])
def test_setting_up_needs_every_permission_that_it_needs_on_the_pages(
    lacking: str, staff: Staff, sso: SSOSettings
) -> None:
    needed = {"view_scimconnection", "add_scimconnection", "change_ssosettings"}

    for key in (str(sso.pk), "4711"):
        assert staff(*needed - {lacking}).post("connections", sso_key=key).status_code == 403
    assert not SCIMConnection.objects.exists()
    assert staff(*needed).post("connections", sso_key=str(sso.pk)).status_code == 201


def test_another_customers_sso_settings_are_answered_like_none(
    boss: API, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether SCIM is set up for them or not: neither is seen, and neither is left behind."""
    fresh = SSOSettingsFactory()
    seen_only(monkeypatch, "Ours")
    unknown = boss.post("connections", sso_key="4711")

    for key in (connection.sso_key, str(fresh.pk)):
        response = boss.post("connections", sso_key=key)
        assert response.status_code == unknown.status_code == 400
        assert response.json() == {"sso_key": [f"There are no SSO settings with the key “{key}”."]}
    assert SCIMConnection.objects.get() == connection
    assert not ProvisioningEvent.objects.exists()


# --- pause and resume ---------------------------------------------------------------------------------------------


def test_a_paused_connection_answers_503_until_it_is_resumed(
    boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    paused = boss.post("pause", connection.pk, reason="Term break")

    assert (paused.json()["is_paused"], paused.json()["pause_reason"]) == (True, "Term break")
    assert scim.get("/Users").status_code == 503
    assert boss.post("pause", connection.pk, reason="Another").json()["pause_reason"] == "Term break"
    resumed = boss.post("resume", connection.pk)
    assert (resumed.json()["is_paused"], resumed.json()["pause_reason"]) == (False, "")
    assert scim.get("/Users").status_code == 200
    actions = ProvisioningEvent.objects.filter(operation="admin").order_by("pk")
    assert [event.action for event in actions] == ["paused", "resumed"]
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_archived_connection_is_a_conflict(verb: str, boss: API, connection: SCIMConnection) -> None:
    SCIMConnection.objects.update(archived_at=timezone.now())

    response = boss.post(verb, connection.pk)

    assert response.status_code == 409
    assert response.json() == {"detail": "This connection is archived: nothing can be changed."}


# --- policies -----------------------------------------------------------------------------------------------------


def test_policies_stand_with_what_may_be_chosen(boss: API, connection: SCIMConnection) -> None:
    shown = boss.get("policies", connection.pk).json()

    assert (shown["contacts"], shown["networks"]) == ([], [])
    assert (shown["existing_learners"], shown["on_delete"]) == ("link", "deactivate")
    offered = {choice["name"]: [o["value"] for o in choice["options"]] for choice in shown["choices"]}
    # The example's adapter has no "erase".
    assert offered == {
        "existing_learners": ["link", "refuse"],
        "same_address": ["ask", "create"],
        "on_delete": ["deactivate"],
    }
    assert shown["choices"][0]["options"][1]["label"] == "Never link by itself"


def test_some_are_chosen_the_others_stay_and_the_contacts_are_told(
    boss: API,
    connection: SCIMConnection,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = {"networks": ["203.0.113.0/24"], "contacts": ["old@customer.example"]}
    SCIMConnection.objects.update(policies=before)
    body: dict[str, Any] = {
        "existing_learners": "refuse",
        "contacts": ["it@customer.example", "IT@customer.example"],
    }

    with django_capture_on_commit_callbacks(execute=True):
        response = boss.patch("policies", connection.pk, password=PASSWORD, **body)

    assert response.status_code == 200
    assert response.json()["existing_learners"] == "refuse"
    assert SCIMConnection.objects.get().policies == {
        "networks": ["203.0.113.0/24"],
        "existing_learners": "refuse",
        "contacts": ["it@customer.example"],
    }
    event = ProvisioningEvent.objects.get()
    assert event.detail == "Changed policies: contacts, existing_learners (link → refuse)."
    assert event.changes["existing_learners"] == ["link", "refuse"]
    assert LogEntry.objects.get().change_message == event.detail
    assert [mail.to for mail in mailoutbox] == [["old@customer.example"]]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"existing_learners": "everybody"}, "existing_learners", "Choose one of these: link, refuse."),
        ({"on_delete": "erase"}, "on_delete", "Choose one of these: deactivate."),
        ({"contacts": ["nobody"]}, "contacts", "“nobody” is not an e-mail address."),
        ({"contacts": "it@customer.example"}, "contacts", "list"),
        ({"networks": ["nowhere"]}, "networks", "“nowhere” is not an address or network."),
        ({"seats": 12}, "seats", "There is no policy of this name."),
    ],
)
def test_what_is_not_offered_changes_nothing_and_costs_no_attempt_at_the_password(
    body: dict[str, Any], field: str, said: str, boss: API, connection: SCIMConnection
) -> None:
    for _number in range(6):
        response = boss.patch("policies", connection.pk, password="wrong", **body)
        assert response.status_code == 400
        assert said in " ".join(response.json()[field])
    assert boss.patch("policies", connection.pk, password=PASSWORD).status_code == 200
    assert SCIMConnection.objects.get().policies == {}


@pytest.mark.parametrize("password", [{}, {"password": "wrong"}])
def test_policies_ask_for_the_password(
    password: dict[str, str], boss: API, connection: SCIMConnection
) -> None:
    response = boss.patch("policies", connection.pk, existing_learners="refuse", **password)

    assert response.status_code == 400
    assert list(response.json()) == ["password"]
    assert SCIMConnection.objects.get().policies == {}


# --- who may ------------------------------------------------------------------------------------------------------


def test_a_back_end_that_knows_single_rows_is_asked_about_the_sso_settings(
    staff: Staff, sso: SSOSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SSOSettingsFactory()
    has_perm = User.has_perm

    def of_rows(self: User, permission: str, row: object = None) -> bool:
        return row == sso if row is not None else has_perm(self, permission)

    monkeypatch.setattr(User, "has_perm", of_rows)
    client = staff("view_scimconnection", "add_scimconnection")

    assert client.post("connections", sso_key=str(other.pk)).status_code == 403
    assert client.post("connections", sso_key=str(sso.pk)).status_code == 201
    assert not Permission.objects.filter(user__isnull=False, codename="change_ssosettings").exists()
