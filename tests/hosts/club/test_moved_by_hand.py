"""Whose switch an administrator has moved, as the log of Django's admin tells it of somebody in two clubs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from scim_provisioning.administration import reactivation
from scim_provisioning.administration.adoption import undoing
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules import by_hand
from tests.admin.pages import text
from tests.client import ScimClient
from tests.hosts.club.models import Club, Membership, Role
from tests.hosts.club.test_answered_invitations import (
    INES,
    OFF,
    Status,
    answers,
    browser,
    comes_in,
    invited,
    notify,
    on_page,
)
from tests.people import person
from tests.vendors.asking import create, patch

pytestmark = pytest.mark.django_db
__all__ = ["browser"]


class Memberships(admin.TabularInline):
    model = Membership
    extra = 0


@pytest.fixture(autouse=True)
def beside_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memberships stand on the account's own page."""
    monkeypatch.setattr(admin.site._registry[User], "inlines", [Memberships], raising=False)


def elsewhere(user: User) -> Membership:
    """The same person is invited into another club."""
    club = Club.objects.create(name="Elsewhere")
    role = Role.objects.create(club=club, name="Guest")
    return Membership.objects.create(user=user, club=club, role=role, status=Status.INVITED)


def on_account_page(browser: Client, row: Membership, status: str) -> None:
    page = reverse("admin:auth_user_change", args=[row.user_id])
    shown = browser.get(page)
    sent = {
        name: value for name, value in shown.context["adminform"].form.initial.items() if value is not None
    }
    for name in ("date_joined", "is_staff", "is_superuser", "last_login", "password"):
        sent.pop(name, None)
    sent |= {"date_joined_0": "2026-01-02", "date_joined_1": "03:04:05", "is_active": "on"}
    sent |= {"groups": [], "user_permissions": []}
    rows = shown.context["inline_admin_formsets"][0].formset
    sent |= {f"{rows.prefix}-TOTAL_FORMS": len(rows.forms), f"{rows.prefix}-INITIAL_FORMS": len(rows.forms)}
    for number, form in enumerate(rows.forms):
        values = {**form.initial, "id": form.instance.pk, "user": row.user_id}
        values |= {"status": status} if form.instance.pk == row.pk else {}
        sent |= {f"{rows.prefix}-{number}-{name}": value or "" for name, value in values.items()}
    answer: Any = browser.post(page, sent)
    assert answer.status_code == 302, text(answer)


def here(club: Club) -> Membership:
    return Membership.objects.get(club=club)


def test_an_edit_of_another_membership_on_the_account_page_lets_nobody_in(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    other = elsewhere(invited(organization))
    patch(scim, create(scim, person())["id"], OFF)
    Membership.objects.filter(club=organization).update(status=Status.ACTIVE)
    on_account_page(browser, other, Status.ACTIVE)
    other.refresh_from_db()
    assert other.status == Status.ACTIVE
    assert comes_in(connection) == {False}
    notify()
    assert here(organization).status == Status.SUSPENDED


def test_an_edit_of_this_membership_on_the_account_page_does(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    elsewhere(invited(organization))
    patch(scim, create(scim, person())["id"], OFF)
    on_account_page(browser, here(organization), Status.ACTIVE)
    assert comes_in(connection) == {True}
    notify()
    assert here(organization).status == Status.ACTIVE


def test_so_does_an_edit_of_the_only_membership_whatever_it_was_called_then(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    patch(scim, create(scim, person())["id"], OFF)
    on_account_page(browser, here(organization), Status.ACTIVE)
    Club.objects.update(name="Renamed")
    assert comes_in(connection) == {True}


@pytest.mark.parametrize("whose", ["this", "another"])
def test_a_departure_is_taken_back_unless_this_membership_was_switched_off_since(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection, whose: str
) -> None:
    create(scim, person())
    other = elsewhere(User.objects.get(username=INES))
    patch(scim, ProvisionedUser.objects.get().scim_id, OFF)
    if whose == "this":
        on_account_page(browser, here(organization), Status.ACTIVE)
        on_account_page(browser, here(organization), Status.SUSPENDED)
    else:
        on_account_page(browser, other, Status.ACTIVE)
    done = reactivation.undo(connection, reactivation.departures(connection, 24), actor=None)
    assert done.back == (whose == "another")


@pytest.mark.parametrize("then", [Status.ACTIVE, Status.SUSPENDED])
def test_of_two_memberships_of_one_name_either_may_keep_somebody_off_and_neither_lets_them_in(
    browser: Client,
    scim: ScimClient,
    organization: Club,
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
    then: str,
) -> None:
    monkeypatch.setattr(Membership, "__str__", lambda self: "Member")
    elsewhere(invited(organization))
    link = create(scim, person())["id"]
    if then == Status.ACTIVE:
        patch(scim, link, OFF)
        on_account_page(browser, here(organization), Status.ACTIVE)
        assert comes_in(connection) == {False}
        return
    Membership.objects.filter(club=organization).update(status=Status.ACTIVE)
    patch(scim, link, OFF)
    on_account_page(browser, here(organization), Status.ACTIVE)
    on_account_page(browser, here(organization), Status.SUSPENDED)
    done = reactivation.undo(connection, reactivation.departures(connection, 24), actor=None)
    assert done.back == 0


def test_however_much_else_is_edited_afterwards_whom_an_administrator_let_in_comes_in(
    browser: Client, scim: ScimClient, organization: Club, connection: SCIMConnection
) -> None:
    invited(organization)
    patch(scim, create(scim, person())["id"], OFF)
    on_page(browser, status=Status.ACTIVE)
    for number in range(25):
        on_page(browser, job_role=f"Guide {number}")
    assert comes_in(connection) == {True}
    notify()
    assert here(organization).status == Status.ACTIVE


@pytest.mark.parametrize(("read", "field"), [(200, "Job role"), (3, "Status")])
def test_however_much_else_is_edited_afterwards_whom_an_administrator_switched_off_stays_off(
    browser: Client,
    scim: ScimClient,
    organization: Club,
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
    read: int,
    field: str,
) -> None:
    monkeypatch.setattr(by_hand, "_ENTRIES", read)
    user = invited(organization)
    answers()
    other = elsewhere(user)
    patch(scim, create(scim, person())["id"], OFF)
    on_page_of(browser, here(organization), Status.ACTIVE)
    on_page_of(browser, here(organization), Status.SUSPENDED)
    edit = {"name": "membership", "object": str(other), "fields": [field]}
    for _time in range(25):
        LogEntry.objects.create(
            user=user,
            content_type=ContentType.objects.get_for_model(User),
            object_id=str(user.pk),
            action_flag=CHANGE,
            change_message=json.dumps([{"changed": edit}]),
        )
    undoing.undo(ProvisionedUser.objects.get(), actor=None)
    assert here(organization).status == Status.SUSPENDED


def on_page_of(browser: Client, row: Membership, status: str) -> None:
    """An administrator edits one of several memberships on its own page."""
    asked = {"user": row.user_id, "club": row.club_id, "role": row.role_id, "job_role": row.job_role}
    answer: Any = browser.post(
        reverse("admin:club_membership_change", args=[row.pk]), {**asked, "status": status}
    )
    assert answer.status_code == 302, text(answer)
