"""Whatever the host is built like: its checks are silent, an administrator connects it, the self-test passes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse

from scim_provisioning.adapters import ENTERPRISE, LearnerAdapter, Reference, References
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.admin import SCIMUnitAdminMixin
from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.checks import TAG
from scim_provisioning.models import Action, ProvisioningEvent, SCIMConnection
from tests.admin.pages import PASSWORD, generate, shown_token, text, url
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, spelled
from tests.people import enterprise, person

UNITS = {"organization": "Harborline Ltd", "division": "Operations", "department": "Platform Security"}


@pytest.fixture
def browser(db: None) -> Client:
    """A superuser's browser."""
    client = SecureBrowser()
    client.force_login(host().make_administrator("ada", PASSWORD))
    return client


def page_of(sso: Any, page: str) -> str:
    options = sso._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{page}", args=[sso.pk])


def test_the_checks_find_nothing_to_mend() -> None:
    assert [message for message in run_checks(tags=[TAG]) if not message.is_silenced()] == []


@pytest.mark.django_db(transaction=True)  # what is written down after the commit is part of the click
def test_an_administrator_sets_up_generates_pauses_and_resumes(browser: Client, sso: Any) -> None:
    assert "SCIM provisioning" in text(browser.get(page_of(sso, "change")))
    assert browser.post(page_of(sso, "scim_set_up")).status_code == HTTPStatus.FOUND
    connection = SCIMConnection.objects.get(sso_key=str(sso.pk))
    scim = ScimClient(shown_token(generate(browser, connection)))
    assert scim.get("/Users").status_code == HTTPStatus.OK
    assert browser.post(url("pause", connection), {"reason": "Moving house"}).status_code == HTTPStatus.FOUND
    assert scim.get("/Users").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Provisioning goes on." in text(browser.post(url("resume", connection), follow=True))
    assert scim.get("/Users").status_code == HTTPStatus.OK
    written_down = set(ProvisioningEvent.objects.values_list("action", flat=True))
    assert {Action.PAUSED, Action.RESUMED} <= written_down


@pytest.mark.django_db
def test_the_self_test_passes_every_stage(connection: SCIMConnection) -> None:
    lines = selftest.run(connection, reach=False)
    assert [line for line in lines if line.result == Result.FAILED] == []
    assert "Delete: access ends" in [line.what for line in lines]


@pytest.mark.django_db
def test_a_learner_and_somebody_refused_are_found_by_their_surnames(
    browser: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", spelled(person("ada.roth"))).json()["id"]
    operations = [{"op": "Replace", "path": "active", "value": "False"}]
    scim.patch(f"/Users/{scim_id}", operations)
    scim.post("/Users", spelled(person("ines.okafor", userName="ada.roth@harborline.example")))
    refused = scim.post("/Users", spelled(person("cleo.berg", userName="c" * 400)))
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    found = {
        term: [card.answer.state for card in browser.get(people, {"q": term}).context["cards"]]
        for term in ("Roth", "Okafor", "Berg", "Nobody")
    }
    assert found == {"Roth": ["inactive"], "Okafor": ["inactive"], "Berg": ["refused"], "Nobody": []}
    assert "Switched off on" in text(browser.get(people, {"q": "Roth"}))


def units_of(people: type[LearnerAdapter]) -> set[str]:
    """Of what ``UNITS`` names, what this host keeps as rows of its own."""
    paths = {entry.path for entry in people.mapping if isinstance(entry, Reference | References)}
    return {name for attribute, name in UNITS.items() if f"{ENTERPRISE}:{attribute}" in paths}


@pytest.mark.django_db
def test_the_hosts_own_page_of_a_unit_says_what_means_it_and_warns_before_it_is_deleted(
    browser: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    assert scim.post("/Users", spelled(person(**enterprise(**UNITS)))).status_code == HTTPStatus.CREATED
    said = set()
    for model in [
        model for model, page in admin.site._registry.items() if isinstance(page, SCIMUnitAdminMixin)
    ]:
        for row in model._base_manager.all():
            if f"{row} {connection.name}" in text(browser.get(page_of(row, "change"))):
                assert "The next who comes makes it again" in text(browser.get(page_of(row, "delete")))
                said.add(str(row))
    assert said == units_of(get_adapter_class())
    assert UNITS["department"] in said
