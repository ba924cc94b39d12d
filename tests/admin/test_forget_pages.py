"""The pages on which somebody is forgotten, and the one that says what is kept of people."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core import mail
from django.db.models import ForeignKey
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoCaptureOnCommitCallbacks

from scim_provisioning.administration import leaver_brake, privacy
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
)
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient
from tests.leavers import held_one
from tests.people import person
from tests.test_scim_forget import Erasing, patch

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
DPO = ("view_scimconnection", "view_provisioningevent", "forget_learner")


def page(name: str, connection: SCIMConnection, **keys: int) -> str:
    return reverse(
        f"admin:scim_provisioning_scimconnection_{name}", kwargs={"object_id": connection.pk, **keys}
    )


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    """Switched off."""
    scim.patch(f"/Users/{scim.post('/Users', person()).json()['id']}", patch("active", False))
    return ProvisionedUser.objects.get()


def confirmed(browser: Client, address: str, **more: str) -> HttpResponse:
    return browser.post(address, {"name": INES, "password": PASSWORD, **more})


def test_who_answers_for_data_protection_finds_somebody_and_has_them_forgotten(
    administrator: Administrator,
    ines: ProvisionedUser,
    connection: SCIMConnection,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    browser = administrator(*DPO, name="dora")
    (card,) = browser.get(PEOPLE, {"q": "ines", "connection": connection.pk}).context["cards"]
    (address,) = (link.url for link in card.links if link.label == "Forget this person")
    asked = text(browser.get(address))
    assert INES in asked
    assert "Provisioning payloads 0" in asked
    assert ProvisionedUser.objects.get().document, "to look changes nothing"
    with django_capture_on_commit_callbacks(execute=True):
        done = confirmed(browser, address)
    assert done.headers["Location"] == url("privacy", connection)
    ines.refresh_from_db()
    said = text(browser.get(url("privacy", connection)))
    assert f"In the log they are “{ines.user_name}” now." in said
    event = ProvisioningEvent.objects.get(action=Action.FORGOTTEN)
    assert (event.actor.username, event.link) == ("dora", ines)  # type: ignore[union-attr]
    assert "ines" not in f"{event.__dict__} {mail.outbox[0].body} {mail.outbox[0].subject}".casefold()
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize(
    "typed",
    [{"name": "ines"}, {"password": "wrong"}, {"password": ""}, {"name": "Ines.Okafor@harborline.example"}],
)
def test_without_the_name_and_the_password_nothing_is_erased(
    admin_client: Client, ines: ProvisionedUser, connection: SCIMConnection, typed: dict[str, str]
) -> None:
    answer = confirmed(admin_client, page("forget", connection, link_id=ines.pk), **typed)
    assert answer.status_code == 200
    assert ProvisionedUser.objects.get().document


def test_an_active_learner_takes_a_tick_and_the_account_stays(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    link = ProvisionedUser.objects.get()
    address = page("forget", connection, link_id=link.pk)
    assert "even_if_active" in confirmed(admin_client, address).context["form"].errors
    assert ProvisionedUser.objects.living().exists()
    assert confirmed(admin_client, address, even_if_active="on").status_code == 302
    assert not ProvisionedUser.objects.living().exists()
    assert User.objects.get(pk=link.user_id).is_active


def test_whoever_was_held_and_may_go_is_active_still(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    ids = held_one(scim, connection)
    leaver_brake.allow(connection, [HeldLeaver.objects.get().pk], actor=None)
    address = page("forget", connection, link_id=ProvisionedUser.objects.get(scim_id=ids[1]).pk)
    assert "even_if_active" in confirmed(admin_client, address).context["form"].errors


def test_what_becomes_of_who_is_sent_again_is_said_as_it_is(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, ines: ProvisionedUser
) -> None:
    with_account = text(admin_client.get(page("forget", connection, link_id=ines.pk)))
    assert (
        "whoever it sends under their name is met like anybody who has an account here already"
        in with_account
    )
    assert "is somebody new" not in with_account
    confirmed(admin_client, page("forget", connection, link_id=ines.pk))
    ines.refresh_from_db()
    (card,) = admin_client.get(PEOPLE, {"q": ines.user_name}).context["cards"]
    assert card.answer.todo.startswith("Whoever is sent under this name is met as if for the first time")
    assert scim.post("/Users", person("ada.roth", emails="nonsense")).status_code == 400
    refusal = ProvisioningEvent.objects.latest("pk")
    without = text(admin_client.get(page("forget_refused", connection, event_id=refusal.pk)))
    assert "whoever it sends under their name is somebody new" in without


def test_whoever_was_only_refused_is_forgotten_from_the_answer_about_them(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    assert scim.post("/Users", person(emails="nonsense")).status_code == 400
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    (address,) = (link.url for link in card.links if link.label == "Forget this person")
    assert confirmed(admin_client, address).status_code == 302
    assert not ProvisioningPayload.objects.exists()
    assert admin_client.get(address).status_code == 404
    assert admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"] == []


def test_the_learners_page_leads_there(
    admin_client: Client, administrator: Administrator, ines: ProvisionedUser, connection: SCIMConnection
) -> None:
    assert ines.user is not None
    address = reverse("admin:lms_learner_change", args=[ines.user.learner.pk])
    target = page("forget", connection, link_id=ines.pk)
    assert target in admin_client.get(address).content.decode()
    viewer = administrator("view_scimconnection", "view_learner", name="vera")
    assert target not in viewer.get(address).content.decode()


def test_the_application_is_asked_to_erase_them_only_where_it_can(
    admin_client: Client, ines: ProvisionedUser, connection: SCIMConnection, settings: Any
) -> None:
    address = page("forget", connection, link_id=ines.pk)
    assert "erase" not in admin_client.get(address).context["form"].fields
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": f"{Erasing.__module__}.{Erasing.__name__}",
    }
    assert "erase" in admin_client.get(address).context["form"].fields
    assert confirmed(admin_client, address, erase="on").status_code == 302
    assert not User.objects.filter(pk=ines.user_id).exists()


def test_nobody_without_the_permission_and_nobody_of_another_customer_gets_there(
    administrator: Administrator,
    scim: ScimClient,
    ines: ProvisionedUser,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    admin_client: Client,
) -> None:
    scim.post("/Users", person("rui.sousa", emails="nonsense"))
    refused = ProvisioningEvent.objects.latest("pk").pk
    everything_else = ("view_scimconnection", "view_provisioningevent", "view_payload", "manage_policy")
    viewer = administrator(*everything_else, name="vera")
    for name, keys in (("forget", {"link_id": ines.pk}), ("forget_refused", {"event_id": refused})):
        assert viewer.get(page(name, connection, **keys)).status_code == 403
        assert confirmed(viewer, page(name, connection, **keys)).status_code == 403
        # By the address of a connection that is theirs to see.
        assert confirmed(admin_client, page(name, other_connection, **keys)).status_code == 404
    (card,) = viewer.get(PEOPLE, {"q": INES}).context["cards"]
    assert "Forget this person" not in [link.label for link in card.links]
    assert ProvisionedUser.objects.get().document


def test_what_is_kept_is_said_with_the_periods_that_are_set(
    administrator: Administrator, ines: ProvisionedUser, connection: SCIMConnection, settings: Any
) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "RETENTION": {"payload_days": 11, "event_days": 222, "decided_days": 33},
    }
    browser = administrator("view_scimconnection", name="vera")
    said = text(browser.get(url("privacy", connection)))
    for period in ("11 days; the latest 50000", "222 days", "33 days after the answer", "30 days"):
        assert period in said, period
    assert "Can view values and messages in the provisioning log" in said
    assert "has not run for three days" in said
    assert "okafor" not in said.casefold(), "it names nobody"
    assert "It needs the permission “Can have people forgotten" in said


def test_the_page_names_every_table_that_holds_something_of_a_person() -> None:
    """Whatever has a text or a list, or belongs to one learner or account, is either there or about no learner."""
    about_no_learner = {
        "CommandRun",
        "ConfirmationAttempts",
        "DailyFigure",
        "Disconnection",
        "LeaverBrake",
        "Reconciliation",
        "SCIMConnection",
        "SCIMToken",
        "SeatLock",
    }
    named = {model.__name__ for row in privacy.kept() for model in row.models}
    everything = {model.__name__ for model in apps.get_app_config("scim_provisioning").get_models()}
    assert named | about_no_learner == everything
    for model in apps.get_app_config("scim_provisioning").get_models():
        links = [
            f for f in model._meta.fields if isinstance(f, ForeignKey) and f.related_model is ProvisionedUser
        ]
        assert not links or model.__name__ in named


def test_in_german_nothing_is_left_in_english(
    admin_client: Client, ines: ProvisionedUser, connection: SCIMConnection, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "de"
    with translation.override("de"):
        forget = text(admin_client.get(page("forget", connection, link_id=ines.pk)))
        kept = text(admin_client.get(url("privacy", connection)))
    assert "Diese Person vergessen" in forget
    assert "Wenn jemand vergessen wird" in kept
    for said in (forget, kept):
        assert " the " not in said.replace("Can view values and messages in the provisioning log", "")
