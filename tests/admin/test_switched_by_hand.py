"""Somebody in the LMS moved a switch that the identity provider had set: the learner's page and the log say so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import Learner
from scim_provisioning.administration import suspension
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import move_switch, text, url
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

OFF = [{"op": "Replace", "path": "active", "value": False}]
BY_HAND = "Switched on in the LMS on"


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    scim.post("/Users", person())
    return ProvisionedUser.objects.get()


def learner_page(link: ProvisionedUser) -> str:
    return reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user).pk])


def history(link: ProvisionedUser) -> str:
    return reverse("admin:scim_provisioning_provisioningevent_changelist") + f"?learner={link.pk}"


def test_the_banner_and_the_history_say_what_the_account_says_and_who_did_it(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    assert isinstance(admin.site._registry[User], UserAdmin)
    move_switch(admin_client, User.objects.get(pk=ines.user_id), on=True)
    for address in (learner_page(ines), history(ines)):
        shown = text(admin_client.get(address))
        assert "— Entra Active" in shown, shown
        assert BY_HAND in shown
        assert "by ada, although the identity provider had switched off." in shown
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    shown = text(admin_client.get(learner_page(ines)))
    assert "— Entra Inactive" in shown
    assert BY_HAND not in shown


def test_the_operation_that_meets_it_says_so(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    move_switch(admin_client, User.objects.get(pk=ines.user_id), on=True)
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    event = ProvisioningEvent.objects.latest("pk")
    assert event.action == "deactivated"
    assert event.cause["switched_in_lms"]["on"] is True
    assert event.cause["switched_in_lms"]["by"] == "ada"
    page = reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])
    assert BY_HAND in text(admin_client.get(page))


def test_an_lms_in_german_knows_who_did_it_too(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "de"
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    move_switch(admin_client, User.objects.get(pk=ines.user_id), on=True)
    shown = text(admin_client.get(learner_page(ines)))
    assert "von ada im LMS eingeschaltet, obwohl" in shown, shown
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    assert ProvisioningEvent.objects.latest("pk").cause["switched_in_lms"]["by"] == "ada"


def test_a_switch_whose_name_is_not_in_ascii_is_found_in_the_log_too(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User._meta.get_field("is_active"), "verbose_name", "zugänglich („an“)")
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    move_switch(admin_client, User.objects.get(pk=ines.user_id), on=True)
    assert "by ada, although" in text(admin_client.get(learner_page(ines)))


def test_a_row_beside_the_account_with_a_field_of_the_same_name_explains_nothing(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    user = User.objects.get(pk=ines.user_id)
    User.objects.filter(pk=user.pk).update(is_active=True)
    edit = {"name": "progress", "object": "Safety", "fields": ["Active"]}
    LogEntry.objects.create(
        user=User.objects.get(username="ada"),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        action_flag=CHANGE,
        change_message=json.dumps([{"changed": edit}]),
    )
    shown = text(admin_client.get(learner_page(ines)))
    assert "Switched on in the LMS, although" in shown
    assert "by ada" not in shown


@pytest.mark.parametrize("how", ["PATCH", "DELETE"])
def test_where_nobody_knows_who_did_it_that_it_was_done_is_said(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, how: str
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    User.objects.filter(pk=ines.user_id).update(is_active=True)
    assert "Switched on in the LMS, although" in text(admin_client.get(learner_page(ines)))
    answer: Any = (
        scim.delete(f"/Users/{ines.scim_id}")
        if how == "DELETE"
        else scim.patch(f"/Users/{ines.scim_id}", OFF)
    )
    assert answer.status_code in (200, 204)
    assert ProvisioningEvent.objects.latest("pk").cause["switched_in_lms"] == {"on": True}


def test_an_edit_from_before_the_identity_provider_switched_explains_nothing(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    move_switch(admin_client, User.objects.get(pk=ines.user_id), on=False)
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "active", "value": True}])
    User.objects.filter(pk=ines.user_id).update(is_active=False)
    shown = text(admin_client.get(learner_page(ines)))
    assert "Switched off in the LMS, although the identity provider had switched on." in shown


def test_where_nothing_differs_nothing_is_said(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Fellow"}])
    assert "in the LMS" not in text(admin_client.get(learner_page(ines)))
    assert ProvisioningEvent.objects.latest("pk").cause == {}


def test_the_counts_of_a_disconnection_are_of_what_is_shown(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, connection: SCIMConnection
) -> None:
    scim.post("/Users", person("rui.sousa"))
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    assert suspension.count(connection) == (2, 1)
    User.objects.filter(pk=ines.user_id).update(is_active=True)
    assert suspension.count(connection) == (2, 0)
    assert "2 managed learners (2 active, 0 inactive)" in text(
        admin_client.get(url("disconnect", connection))
    )
    answer = admin_client.post(url("disconnect", connection), {"learners": "suspend"})
    assert "2 active learners are suspended at once" in text(answer)
