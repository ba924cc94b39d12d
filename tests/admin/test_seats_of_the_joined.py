"""Whom joining two accounts lets in takes a seat, as whoever is sent does."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.admin.pages import PASSWORD, text
from tests.admin.test_given_on_by_whom import page
from tests.client import ScimClient
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(organization: Organization) -> User:
    """The account that was here before."""
    learner = LearnerFactory(organization=organization, user__username="ameyer", user__last_name="Meyer")
    user: User = learner.user
    return user


@pytest.fixture
def link(scim: ScimClient, old: User) -> ProvisionedUser:
    """Hers, and one of somebody else, who has a seat."""
    for name in ("anna.meyer", "rui.sousa"):
        assert scim.post("/Users", person(name)).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get(user_name__startswith="anna")


def sell(monkeypatch: pytest.MonkeyPatch, seats: int) -> None:
    monkeypatch.setattr(LearnerAdapter, "seats", classmethod(lambda cls, connection: seats))


def join(browser: Client, connection: SCIMConnection, link: ProvisionedUser, other: User, into: Any) -> str:
    address = f"{page(connection, 'join')}?account={link.user_id}&other={other.pk}"
    return text(browser.post(address, {"into": into, "met": link.pk, "password": PASSWORD}, follow=True))


def test_who_was_off_and_comes_in_by_the_account_that_goes_on_needs_a_seat(
    admin_client: Client,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Switched off by hand, in the LMS.
    User.objects.filter(pk=link.user_id).update(is_active=False)
    sell(monkeypatch, 1)
    assert "No licences are left." in join(admin_client, connection, link, old, old.pk)
    link.refresh_from_db()
    assert link.user_id != old.pk
    sell(monkeypatch, 2)
    assert "goes on, with the progress of both" in join(admin_client, connection, link, old, old.pk)
    link.refresh_from_db()
    assert link.user_id == old.pk


def test_whom_the_hosts_merge_switches_on_needs_a_seat(
    admin_client: Client,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    User.objects.update(is_active=False)
    User.objects.filter(is_superuser=True).update(is_active=True)
    User.objects.filter(username__startswith="rui").update(is_active=True)

    def merge(self: Any, into: Any, other: Any) -> None:
        User.objects.filter(pk=into.user.pk).update(is_active=True)

    monkeypatch.setattr(LearnerAdapter, "merge", merge)
    sell(monkeypatch, 1)
    assert "No licences are left." in join(admin_client, connection, link, old, link.user_id)
    assert not User.objects.get(pk=link.user_id).is_active


@pytest.mark.parametrize("goes_on", ["old", "new"])
def test_who_has_a_seat_keeps_it_however_few_there_are_by_now(
    admin_client: Client,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: User,
    goes_on: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sell(monkeypatch, 1)
    into = old.pk if goes_on == "old" else link.user_id
    assert "goes on, with the progress of both" in join(admin_client, connection, link, old, into)


def test_who_left_needs_no_seat(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    link: ProvisionedUser,
    old: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert scim.patch(f"/Users/{link.scim_id}", OFF).status_code == 200
    sell(monkeypatch, 1)
    assert "goes on, with the progress of both" in join(admin_client, connection, link, old, old.pk)
    old.refresh_from_db()
    assert not old.is_active
