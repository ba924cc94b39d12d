"""A link of a customer whose person the LMS has moved decides neither who may sign in nor whom an undo brings back.
And no guest's identity provider takes the owner's customer its last administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership, reactivation
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from tests.client import ScimClient
from tests.leavers import OFF
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


class WithAdministrators(LearnerAdapter):
    """A host whose customers' administrators are in a group of their own."""

    @classmethod
    def administrators(cls, connection: SCIMConnection) -> QuerySet[User]:
        name = f"Administrators {connection.sso.organization_id}"
        return User.objects.filter(is_active=True, groups__name=name)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def account() -> User:
    return User.objects.exclude(username="bob").get()


def move(customer: Any) -> None:
    Learner.objects.update(organization=customer, company=None, team=None, business_unit=None)


def test_who_was_moved_may_come_in_by_the_new_customer_before_it_provisions_them(
    ines: str, other: Customer, connection: SCIMConnection
) -> None:
    assert not may_sign_in(account(), other.connection)
    move(other.organization)
    assert may_sign_in(account(), other.connection)
    assert not may_sign_in(account(), connection)


def test_the_customer_that_was_left_lets_nobody_in_whom_the_new_one_has_deleted(
    ines: str, other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    move(other.organization)
    theirs = other.scim.post("/Users", person()).json()["id"]
    assert other.scim.delete(f"/Users/{theirs}").status_code == 204
    # As it stands where nothing has acted on the account since the LMS moved it.
    ProvisionedUser.objects.filter(scim_id=ines).update(
        deleted_at=None, active=True, user_name_key=person()["userName"].casefold()
    )
    User.objects.update(is_active=True)
    assert not may_sign_in(account())


@pytest.mark.parametrize("is_listed_before", [True, False])
def test_an_undo_makes_no_second_account_of_who_was_moved(
    scim: ScimClient, ines: str, other: Customer, connection: SCIMConnection, is_listed_before: bool
) -> None:
    assert scim.delete(f"/Users/{ines}").status_code == 204
    listed = list(reactivation.departures(connection, 1))
    assert len(listed) == 1
    move(other.organization)
    if not is_listed_before:
        listed = list(reactivation.departures(connection, 1))
        assert listed == []
    done = reactivation.undo(connection, listed, actor=None)
    assert (done.back, len(done.failed)) == (0, int(is_listed_before))
    assert not account().is_active


@pytest.mark.parametrize("owner", ["off", "deleted"])
def test_a_guest_switches_off_no_last_administrator_of_the_owners_customer(
    scim: ScimClient, ines: str, other: Customer, organization: Any, settings: Any, owner: str
) -> None:
    adapter = f"{__name__}.WithAdministrators"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    group = Group.objects.create(name=f"Administrators {organization.pk}")
    group.user_set.add(account())
    ownership.allow_share(other.connection, account(), actor=None, name="ines")
    theirs = other.scim.post("/Users", person()).json()["id"]
    # Wanted by the guest still, so that she stays on.
    answer = scim.patch(f"/Users/{ines}", OFF) if owner == "off" else scim.delete(f"/Users/{ines}")
    assert answer.status_code in (200, 204)
    for answer in (other.scim.patch(f"/Users/{theirs}", OFF), other.scim.delete(f"/Users/{theirs}")):
        assert (answer.status_code, account().is_active) == (403, True)
    group.user_set.add(User.objects.create(username="bob"))
    assert other.scim.patch(f"/Users/{theirs}", OFF).status_code == 200
    assert not account().is_active
