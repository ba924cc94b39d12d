"""A page of Django's admin that saves a whole row, while somebody else writes other columns of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin, StackedInline
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from example_project.lms.admin import AccountAdmin
from example_project.lms.models import Learner
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.leavers import OFF
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """What is done once after a page has read its row, and before it is saved."""

    def before_it_is_saved(done: Callable[[], object]) -> None:
        save_form, waiting = ModelAdmin.save_form, [done]

        def saved(page: Any, *about: Any, **more: Any) -> Any:
            if waiting:
                waiting.pop()()
            return save_form(page, *about, **more)

        monkeypatch.setattr(ModelAdmin, "save_form", saved)

    return before_it_is_saved


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.select_related("user").get()


def save_account(browser: Client, user: User, **changed: str) -> None:
    """What an administrator does on Django's own page about an account that is on."""
    form = {"is_active": "on", "date_joined_0": "2026-01-02", "date_joined_1": "03:04:05", **changed}
    answer = browser.post(reverse("admin:auth_user_change", args=[user.pk]), form)
    assert answer.status_code == 302, text(answer)


def test_who_is_switched_off_while_their_account_is_saved_is_off(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, meanwhile: Meanwhile
) -> None:
    account = User.objects.get(pk=ines.user_id)
    off = [
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "name.familyName", "value": "Fischer"},
    ]
    meanwhile(lambda: scim.patch(f"/Users/{ines.scim_id}", off))
    save_account(admin_client, account, is_superuser="on", is_staff="on")
    account.refresh_from_db()
    assert (account.is_active, account.last_name, account.is_staff) == (False, "Fischer", True)
    shown = scim.get(f"/Users/{ines.scim_id}").json()
    assert (shown["active"], shown["name"]["familyName"]) == (False, "Fischer")


def test_whoever_switches_somebody_off_there_means_it(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, meanwhile: Meanwhile
) -> None:
    account = User.objects.get(pk=ines.user_id)
    name = [{"op": "replace", "path": "name.familyName", "value": "Fischer"}]
    meanwhile(lambda: scim.patch(f"/Users/{ines.scim_id}", name))
    save_account(admin_client, account, is_active="")
    account.refresh_from_db()
    assert (account.is_active, account.last_name) == (False, "Fischer")


def test_nobody_is_switched_on_by_a_page_that_was_open_when_they_were_switched_off(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    account = User.objects.get(pk=ines.user_id)
    page = admin_client.get(reverse("admin:auth_user_change", args=[account.pk])).content.decode()
    opened = re.search(r'<input type="hidden" name="initial-is_active" value="(\w+)"', page)
    assert opened is not None
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "replace", "path": "active", "value": False}])
    save_account(admin_client, account, is_staff="on", **{"initial-is_active": opened[1]})
    account.refresh_from_db()
    assert (account.is_active, account.is_staff) == (False, True)
    # Whoever sees that somebody is off, and switches them on, means it.
    save_account(admin_client, account, **{"initial-is_active": "False"})
    account.refresh_from_db()
    assert account.is_active


def test_a_team_that_is_sent_while_the_profile_is_saved_is_kept(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, meanwhile: Meanwhile
) -> None:
    learner = Learner.objects.get()
    moved = [{"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Bolts"}]
    meanwhile(lambda: scim.patch(f"/Users/{ines.scim_id}", moved))
    form = {"user": learner.user_id, "organization": learner.organization_id}
    form |= {"progress-TOTAL_FORMS": 0, "progress-INITIAL_FORMS": 0}
    answer = admin_client.post(reverse("admin:lms_learner_change", args=[learner.pk]), form)
    assert answer.status_code == 302, text(answer)
    learner.refresh_from_db()
    assert str(learner.team) == "Bolts"


class LearnerInline(StackedInline):  # type: ignore[type-arg]
    model = Learner
    fk_name = "user"
    fields = ("organization", "job_role", "team")


@pytest.fixture
def with_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page about accounts as many applications have it: the profile stands on it."""
    monkeypatch.setattr(admin.site._registry[User], "inlines", (LearnerInline,))


def profile_form(browser: Client, learner: Learner) -> dict[str, str]:
    """What a browser would post of the profile on the page as it stands."""
    page = browser.get(reverse("admin:auth_user_change", args=[learner.user_id])).content.decode()
    found = re.findall(r'<input[^>]*name="((?:initial-)?learner-[^"]+)"[^>]*?value="([^"]*)"', page)
    form = {name: value for name, value in found if "__prefix__" not in name}
    assert form["learner-INITIAL_FORMS"] == "1"
    chosen = {"organization": learner.organization_id, "team": learner.team_id or ""}
    return form | {f"learner-0-{name}": str(key) for name, key in chosen.items()}


@pytest.mark.usefixtures("with_profile")
def test_a_team_that_is_sent_while_the_profile_is_saved_on_the_page_of_the_account_is_kept(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = Learner.objects.get()
    moved = [{"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Bolts"}]
    save_model = ModelAdmin.save_model

    def saved(page: Any, *about: Any) -> None:
        assert scim.patch(f"/Users/{ines.scim_id}", moved).status_code == 200
        save_model(page, *about)

    monkeypatch.setattr(ModelAdmin, "save_model", saved)
    form = profile_form(admin_client, learner) | {"learner-0-job_role": "Welder"}
    save_account(admin_client, User.objects.get(pk=ines.user_id), **form)
    learner.refresh_from_db()
    assert (str(learner.team), learner.job_role) == ("Bolts", "Welder")


@pytest.mark.usefixtures("with_profile")
def test_nobody_is_moved_back_by_a_profile_that_stood_on_an_open_page(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    learner = Learner.objects.get()
    form = profile_form(admin_client, learner) | {"learner-0-job_role": "Welder"}
    moved = [{"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Bolts"}]
    assert scim.patch(f"/Users/{ines.scim_id}", moved).status_code == 200
    save_account(admin_client, User.objects.get(pk=ines.user_id), **form)
    learner.refresh_from_db()
    assert (str(learner.team), learner.job_role) == ("Bolts", "Welder")


def test_a_connection_that_ends_while_it_is_renamed_has_ended(
    admin_client: Client, connection: SCIMConnection, meanwhile: Meanwhile
) -> None:
    other = SCIMConnection.objects.get(pk=connection.pk)
    meanwhile(lambda: connections.disconnect(other, actor=None, learners="keep"))
    admin_client.post(url("change", connection), {"name": "Harborline"})
    connection.refresh_from_db()
    assert connection.name == "Harborline"
    assert connection.is_archived
    assert connection.disconnected_at is not None


def test_the_log_of_a_connection_says_what_it_was_called_when_it_was_renamed(
    admin_client: Client, connection: SCIMConnection, meanwhile: Meanwhile
) -> None:
    meanwhile(lambda: admin_client.post(url("change", connection), {"name": "Brightwater"}))
    admin_client.post(url("change", connection), {"name": "Harborline"})
    told = ProvisioningEvent.objects.filter(changes__has_key="name").order_by("pk")
    assert [event.changes["name"] for event in told] == [
        [connection.name, "Brightwater"],
        ["Brightwater", "Harborline"],
    ]


def test_a_connection_that_is_paused_while_it_is_renamed_is_paused(
    admin_client: Client, connection: SCIMConnection, meanwhile: Meanwhile
) -> None:
    other = SCIMConnection.objects.get(pk=connection.pk)
    meanwhile(lambda: connections.pause(other, actor=None, reason="Audit"))
    admin_client.post(url("change", connection), {"name": "Harborline"})
    connection.refresh_from_db()
    assert (connection.name, connection.is_paused, connection.pause_reason) == ("Harborline", True, "Audit")


@pytest.fixture
def the_list(monkeypatch: pytest.MonkeyPatch, admin_client: Client) -> Callable[[], dict[str, str]]:
    """What a browser would post of a list of accounts, on which they are switched, as it stands."""
    monkeypatch.setattr(AccountAdmin, "list_display", ("username", "is_active", "is_staff"))
    monkeypatch.setattr(AccountAdmin, "list_editable", ("is_active", "is_staff"), raising=False)

    def opened() -> dict[str, str]:
        formset = admin_client.get(reverse("admin:auth_user_changelist")).context["cl"].formset
        fields = [formset.management_form, *formset.forms]
        inputs = re.findall(r"<input[^>]*>", "".join(str(form) for form in fields))
        named = [
            (one, re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]+)"', one)) for one in inputs
        ]
        checked = [found for found in named if 'type="checkbox"' not in found[0] or " checked" in found[0]]
        return {name[1]: value[1] if value else "on" for _input, name, value in checked if name}

    return opened


def switch_in(form: dict[str, str], user_id: int | None, field: str) -> dict[str, str]:
    """The list, with a tick more in this account's row."""
    row = next(
        name for name, value in form.items() if re.fullmatch(r"form-\d-id", name) and value == str(user_id)
    )
    return {**form, row.replace("-id", f"-{field}"): "on", "_save": "Save"}


def test_nobody_is_switched_on_by_a_list_that_was_open_when_they_were_switched_off(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser, the_list: Callable[[], dict[str, str]]
) -> None:
    form = the_list()
    scim.patch(f"/Users/{ines.scim_id}", OFF)
    account = User.objects.get(pk=ines.user_id)
    url_of_list = reverse("admin:auth_user_changelist")
    assert admin_client.post(url_of_list, switch_in(form, ines.user_id, "is_staff")).status_code == 302
    account.refresh_from_db()
    assert (account.is_active, account.is_staff) == (False, True)
    admin_client.post(url_of_list, switch_in(the_list(), ines.user_id, "is_active"))
    account.refresh_from_db()
    assert account.is_active


def test_a_name_that_is_sent_while_the_list_is_saved_is_kept(
    admin_client: Client,
    scim: ScimClient,
    ines: ProvisionedUser,
    the_list: Callable[[], dict[str, str]],
    meanwhile: Meanwhile,
) -> None:
    name = [{"op": "replace", "path": "name.familyName", "value": "Fischer"}]
    form = switch_in(the_list(), ines.user_id, "is_staff")
    meanwhile(lambda: scim.patch(f"/Users/{ines.scim_id}", name))
    assert admin_client.post(reverse("admin:auth_user_changelist"), form).status_code == 302
    account = User.objects.get(pk=ines.user_id)
    assert (account.last_name, account.is_staff) == ("Fischer", True)


def test_who_is_switched_off_while_the_list_is_saved_is_off(
    admin_client: Client,
    scim: ScimClient,
    ines: ProvisionedUser,
    the_list: Callable[[], dict[str, str]],
    meanwhile: Meanwhile,
) -> None:
    form = switch_in(the_list(), ines.user_id, "is_staff")
    meanwhile(lambda: scim.patch(f"/Users/{ines.scim_id}", OFF))
    assert admin_client.post(reverse("admin:auth_user_changelist"), form).status_code == 302
    account = User.objects.get(pk=ines.user_id)
    assert (account.is_active, account.is_staff) == (False, True)
