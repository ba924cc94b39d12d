"""The JSON API: the admin's permissions and rules, for hosts with a front end of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.models.token import TOKEN_PATTERN
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory, UserFactory
from tests.api.staff import API, PASSWORD, Staff, url
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = pytest.mark.django_db


def test_it_is_off_unless_its_urls_are_included(settings: Settings) -> None:
    settings.ROOT_URLCONF = "example_project.urls"

    with pytest.raises(NoReverseMatch):
        reverse("scim_provisioning_api:connections")


# --- connections --------------------------------------------------------------------------------------------------


def test_connections_come_with_their_health(boss: API, connection: SCIMConnection) -> None:
    (row,) = boss.get("connections").json()["results"]

    assert row["name"] == "Entra"
    assert row["health"]["badge"] == "not_set_up"
    assert row["tenant_url"].endswith("/scim/v2")


def test_one_connection_says_what_the_identity_provider_has_done(
    boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    scim.post("/Users", person())

    ticks = boss.get("connection", connection.pk).json()["first_contact"]

    assert [tick["at"] is not None for tick in ticks] == [True, False, True, False, False]


# --- tokens -------------------------------------------------------------------------------------------------------


def test_a_new_token_is_answered_once_and_works(boss: API, connection: SCIMConnection) -> None:
    response = boss.post("tokens", connection.pk, label="Entra ID", expires_in_days=90, password=PASSWORD)

    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store, private"
    secret = response.json()["secret"]
    assert TOKEN_PATTERN.fullmatch(secret)
    assert ScimClient(secret).get("/Users").status_code == 200
    assert secret not in boss.get("tokens", connection.pk).content.decode()
    event = ProvisioningEvent.objects.get(action="token_generated")
    assert event.actor is not None
    assert event.actor.username == "boss"
    assert secret not in json.dumps(list(ProvisioningEvent.objects.values()), default=str)


def test_the_usual_life_and_label_need_not_be_sent(boss: API, connection: SCIMConnection) -> None:
    assert boss.post("tokens", connection.pk, password=PASSWORD).json()["label"] == "Entra ID"


@pytest.mark.parametrize("body", [{"password": "wrong"}, {}])
def test_without_the_right_password_no_token_is_made(
    body: dict[str, str], boss: API, connection: SCIMConnection
) -> None:
    response = boss.post("tokens", connection.pk, **body)

    assert response.status_code == 400
    assert "password" in response.json()
    assert not SCIMToken.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires_in_days": 5}, "expires_in_days"),
        ({"expires_in_days": None}, "expires_in_days"),
        ({"allowed_networks": ["nowhere"]}, "allowed_networks"),
        ({"label": ""}, "label"),
    ],
)
def test_what_the_admin_does_not_offer_is_refused_here_too(
    body: dict[str, Any], field: str, boss: API, connection: SCIMConnection
) -> None:
    response = boss.post("tokens", connection.pk, password=PASSWORD, **body)

    assert response.status_code == 400
    assert field in response.json()


def test_the_cap_and_sso_that_is_off_are_conflicts(
    boss: API, connection: SCIMConnection, sso: SSOSettings
) -> None:
    for _number in range(2):
        boss.post("tokens", connection.pk, password=PASSWORD)

    response = boss.post("tokens", connection.pk, password=PASSWORD)

    assert response.status_code == 409
    assert "Two tokens are already live" in response.json()["detail"]
    SCIMToken.objects.all().delete()
    sso.enabled = False
    sso.save()
    assert boss.post("tokens", connection.pk, password=PASSWORD).status_code == 409


def test_the_same_nonce_makes_one_token_only(boss: API, connection: SCIMConnection) -> None:
    body = {"password": PASSWORD, "nonce": "n" * 24}

    assert boss.post("tokens", connection.pk, **body).status_code == 201
    assert boss.post("tokens", connection.pk, **body).status_code == 409
    assert SCIMToken.objects.count() == 1


def test_a_nonce_of_another_connection_is_a_conflict(boss: API, connection: SCIMConnection) -> None:
    other = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    body = {"password": PASSWORD, "nonce": "n" * 24}
    assert boss.post("tokens", connection.pk, **body).status_code == 201
    refused = boss.post("tokens", other.pk, **body)
    assert (refused.status_code, SCIMToken.objects.filter(connection=other).count()) == (409, 0)
    assert "Open it again" in refused.json()["detail"]


def test_rotate_use_and_revoke(boss: API, connection: SCIMConnection) -> None:
    old = TokenFactory(connection=connection)
    ScimClient(old.plaintext).get("/Users")

    new = boss.post("rotate", connection.pk, old.pk, password=PASSWORD).json()
    assert boss.get("rotation", connection.pk, new["id"]).json()["state"] == "waiting"
    ScimClient(new["secret"]).get("/Users")
    assert boss.get("rotation", connection.pk, new["id"]).json()["state"] == "safe"

    assert boss.post("revoke", connection.pk, old.pk).json()["state"] == "revoked"
    assert ScimClient(old.plaintext).get("/Users").status_code == 401
    assert ScimClient(new["secret"]).get("/Users").status_code == 200


def test_a_rotated_token_is_numbered_and_keeps_the_networks_unless_others_are_sent(
    boss: API, connection: SCIMConnection
) -> None:
    old = TokenFactory(connection=connection, label="Night shift", allowed_networks=["203.0.113.0/24"])

    new = boss.post("rotate", connection.pk, old.pk, password=PASSWORD).json()

    assert (new["label"], new["allowed_networks"]) == ("Night shift 2", ["203.0.113.0/24"])
    SCIMToken.objects.filter(pk=new["id"]).delete()
    body = {"label": "Day shift", "allowed_networks": [], "password": PASSWORD}
    new = boss.post("rotate", connection.pk, old.pk, **body).json()
    assert (new["label"], new["allowed_networks"]) == ("Day shift", [])


def test_the_only_live_token_wants_its_label(boss: API, connection: SCIMConnection) -> None:
    row = TokenFactory(connection=connection, label="Entra ID")

    assert boss.post("revoke", connection.pk, row.pk).status_code == 400
    assert not SCIMToken.objects.get().is_revoked
    assert boss.post("revoke", connection.pk, row.pk, label="Entra ID").status_code == 200


# --- events -------------------------------------------------------------------------------------------------------


def test_events_are_explained_and_look_ups_hidden(
    boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    scim.post("/Users", person())
    scim.post("/Users", person())
    scim.get("/Users/nobody")

    rows = boss.get("events", connection.pk).json()["results"]

    assert [row["action"] for row in rows] == ["refused", "created"]
    assert rows[0]["sentence"].endswith("The userName belongs to another learner.")
    assert rows[0]["cause"]
    assert rows[0]["what_to_do"]
    assert len(boss.get("events", connection.pk, lookups="show").json()["results"]) == 3
    assert len(boss.get("events", connection.pk, problems="only").json()["results"]) == 1


def test_events_are_searched_as_in_the_admin(boss: API, connection: SCIMConnection, scim: ScimClient) -> None:
    scim.post("/Users", person())
    scim.post("/Users", person("sam.reyes"))

    rows = boss.get("events", connection.pk, q="ines oka").json()["results"]

    assert [row["user_name"] for row in rows] == ["ines.okafor@harborline.example"]
    assert len(boss.get("events", connection.pk, scim_id=rows[0]["scim_id"]).json()["results"]) == 1
    assert boss.get("events", connection.pk, token="x").json()["results"] == []


def test_values_and_messages_need_their_permission(
    staff: Staff, boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "title", "value": "Head of Keys"}])
    event = ProvisioningEvent.objects.latest("pk")
    reader = staff("view_scimconnection", "view_provisioningevent")

    masked = reader.get("event", connection.pk, event.pk).json()
    clear = boss.get("event", connection.pk, event.pk).json()

    assert masked["changes"]["title"] == ["••••••", "••••••"]
    assert masked["request"] is None
    assert clear["changes"]["title"] == ["Secure Coding Lead", "Head of Keys"]
    assert "Head of Keys" in clear["request"]


def test_what_the_database_said_needs_the_same_permission(
    staff: Staff, boss: API, connection: SCIMConnection, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = UserFactory(user_name="somebody.else@another.example")
    monkeypatch.setattr(LearnerAdapter, "accounts_named", lambda self, name: [somebody])
    monkeypatch.setattr(
        LearnerAdapter, "account_name", lambda self, user_name: "somebody.else@another.example"
    )
    scim.post("/Users", person())
    event = ProvisioningEvent.objects.latest("pk")
    reader = staff("view_scimconnection", "view_provisioningevent")

    masked = reader.get("event", connection.pk, event.pk).json()
    clear = boss.get("event", connection.pk, event.pk).json()

    assert masked["cause"] == clear["cause"]
    assert masked["cause"].startswith("userName must be unique in this application")
    assert masked["database"] == "••••••"
    assert "username" in clear["database"]


# --- self-test ----------------------------------------------------------------------------------------------------


def test_the_self_test_answers_its_lines(
    boss: API, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "scim_provisioning.administration.selftest.prerequisites.of_the_tenant_url", lambda: []
    )

    report = boss.post("selftest", connection.pk).json()

    assert report["passed"] is True
    assert "Create a learner" in [line["what"] for line in report["lines"]]


# --- who may ------------------------------------------------------------------------------------------------------


def test_the_list_has_the_connections_that_the_host_shows_to_the_caller(
    boss: API, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    own = SCIMConnection.objects.filter(pk=connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: own.all()))

    assert [row["id"] for row in boss.get("connections").json()["results"]] == [connection.pk]


def test_a_scim_token_does_not_open_the_api(connection: SCIMConnection, token: str) -> None:
    response = Client().get(url("connections"), headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 403


@pytest.mark.parametrize("name", ["q", "action", "error", "request_id", "scim_id"])
def test_what_no_database_can_store_is_no_failure(boss: API, connection: SCIMConnection, name: str) -> None:
    answer = boss.get("events", connection.pk, **{name: "\x00"})
    assert answer.status_code == 400
    assert name in answer.json()


# --- OpenAPI ------------------------------------------------------------------------------------------------------


def test_drf_spectacular_describes_it() -> None:
    """As a host would: its settings are read when the views are imported, so in a process of its own."""
    pytest.importorskip("drf_spectacular")
    command = ["manage.py", "spectacular", "--format", "openapi-json", "--fail-on-warn", "--validate"]
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.api.spectacular_settings"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    paths = document["paths"]
    assert not any(path.startswith("/scim/") for path in paths)
    created = paths["/api/scim/connections/{connection_id}/tokens/"]["post"]["responses"]["201"]
    schema = created["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "secret" in document["components"]["schemas"][schema]["properties"]


# --- what nobody sends but by mistake, or to see what happens


@pytest.mark.parametrize("cursor", ["cD0%3D", "cD0weDA%3D", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk%3D"])
def test_a_cursor_that_was_made_up_is_404(boss: API, connection: SCIMConnection, cursor: str) -> None:
    assert boss.client.get(f"{url('connections')}?cursor={cursor}").status_code == 404


@pytest.mark.parametrize("text", ["half \ud800", "zero \x00"])
def test_a_text_that_no_database_can_store_is_400(boss: API, connection: SCIMConnection, text: str) -> None:
    answer = boss.post("tokens", connection.pk, label=text, expires_in_days=90, password=PASSWORD)
    assert answer.status_code == 400
    answer = boss.post("tokens", connection.pk, label="Entra", expires_in_days=90, password=text)
    assert answer.status_code == 400
