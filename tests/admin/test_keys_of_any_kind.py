"""A host's keys are numbers, texts or UUIDs: pages, logs and answers take any."""

from __future__ import annotations

import logging
import uuid
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import log_words
from scim_provisioning.events import lines
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.admin.pages import text
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

KEY = uuid.UUID("6f1e0f5e-6b0e-4b7c-9a0d-0d9f5a3d7c11")


@pytest.fixture
def text_keys(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.admin.text_keys"
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "SSO_MODEL": "sessions.Session",
        "SSO_KEY_FIELD": "pk",
        "SSO_ENABLED": {},
    }


def test_the_audit_line_of_an_administrator_whose_key_is_a_uuid_is_written(
    caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with (
        caplog.at_level(logging.INFO, logger="scim_provisioning.audit"),
        django_capture_on_commit_callbacks(execute=True),
    ):
        lines.audit({"action": "paused", "connection": 7, "actor": KEY})

    (record,) = caplog.records
    assert record.getMessage() == f'action="paused" connection=7 actor="{KEY}"'
    # Whatever writes records as JSON takes it too.
    assert vars(record)["actor"] == str(KEY)


@pytest.mark.usefixtures("text_keys")
@pytest.mark.parametrize("key", ["acme", "acme/eu", "acme_2Feu", str(KEY)])
def test_scim_is_set_up_for_sso_settings_whose_key_is_a_text(admin_client: Client, key: str) -> None:
    Session.objects.create(session_key=key, expire_date=timezone.now())
    page = admin_client.get(f"/admin/sessions/session/{quote(key)}/change/")
    set_up = page.context_data["scim_panel"]["set_up_url"]

    response = admin_client.post(set_up, follow=True)

    assert response.status_code == HTTPStatus.OK
    assert SCIMConnection.objects.get().sso_key == key


@pytest.mark.usefixtures("text_keys")
def test_a_banner_finds_its_row_by_the_key_as_a_page_quotes_it(
    admin_client: Client, connection: SCIMConnection
) -> None:
    link = ProvisionedUserFactory(connection=connection, user_name="ana_b")
    Session.objects.create(session_key="ana_b", expire_date=timezone.now())

    page = admin_client.get("/people/sessions/session/ana_5Fb/change/")

    assert [found.link for found in page.context_data["scim_managed_by"]] == [link]


@pytest.mark.usefixtures("text_keys")
def test_a_key_that_the_hosts_field_cannot_hold_does_not_take_the_list_away(
    admin_client: Client, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SSO_KEY_FIELD": "expire_date"}
    ConnectionFactory(name="Of an earlier build", sso_key="not a date")

    page = admin_client.get("/admin/scim_provisioning/scimconnection/")

    assert page.status_code == HTTPStatus.OK
    assert "Of an earlier build" in text(page)


@pytest.mark.parametrize("value", [KEY, date(2026, 3, 1), Decimal("1.50")])
def test_a_value_that_json_has_no_form_for_is_shown_and_answered_as_text(
    value: object, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    to_dict = LearnerAdapter.to_dict

    def with_value(self: LearnerAdapter) -> dict[str, Any]:
        return {**to_dict(self), "title": value}

    monkeypatch.setattr(LearnerAdapter, "to_dict", with_value)

    assert scim.get(f"/Users/{scim_id}").json()["title"] == str(value)
    assert log_words.shown(value) == str(value)
    assert log_words.shown([value]) == f'["{value}"]'
