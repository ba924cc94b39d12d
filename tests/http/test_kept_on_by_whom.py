"""Reads, filters and writes agree on whom another connection keeps on, also of somebody whom the LMS has moved."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, ownership
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.provisioning import leaving
from scim_provisioning.sso import may_sign_in
from tests.client import ScimClient
from tests.leavers import OFF, ON
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


def account() -> Any:
    return get_user_model().objects.get(username=person()["userName"])


def guest_of(scim: ScimClient, other: Customer) -> str:
    """The second customer's link to somebody of the first one's, which it wants off."""
    assert scim.post("/Users", person()).status_code == 201
    ownership.allow_share(other.connection, account(), actor=None, name="ines")
    scim_id: str = other.scim.post("/Users", person()).json()["id"]
    assert other.scim.patch(f"/Users/{scim_id}", OFF).json()["active"] is False
    assert account().is_active
    return scim_id


def shown(client: ScimClient, scim_id: str) -> tuple[bool, bool, bool, bool]:
    """What a look-up, a list, and two filters say of ``active``."""
    listed = [one["active"] for one in client.get("/Users").json()["Resources"]]
    found = [
        [one["id"] for one in client.get(f"/Users?filter=active+eq+{value}").json()["Resources"]] == [scim_id]
        for value in ("true", "false")
    ]
    return client.get(f"/Users/{scim_id}").json()["active"], listed[0], found[0], not found[1]


def move(customer: Any) -> None:
    Learner.objects.update(organization=customer, company=None, team=None, business_unit=None)


def test_whom_the_owner_keeps_on_is_shown_as_the_guest_wished(scim: ScimClient, other: Customer) -> None:
    theirs = guest_of(scim, other)
    assert shown(other.scim, theirs) == (False,) * 4


def test_a_customer_that_the_learner_was_moved_from_keeps_nobody_on_for_reads_either(
    scim: ScimClient, other: Customer
) -> None:
    theirs = guest_of(scim, other)
    move(other.organization)
    # On, and by nobody's wish: the identity provider sees what it has to mend.
    assert shown(other.scim, theirs) == (True,) * 4
    assert may_sign_in(account(), other.connection)
    assert other.scim.patch(f"/Users/{theirs}", OFF).json()["active"] is False
    assert not account().is_active
    assert shown(other.scim, theirs) == (False,) * 4
    events = ProvisioningEvent.objects.count()
    assert other.scim.patch(f"/Users/{theirs}", OFF).status_code == 200
    assert ProvisioningEvent.objects.count() == events


def test_a_third_connection_that_an_administrator_lets_share_keeps_the_moved_learner_on(
    scim: ScimClient, other: Customer
) -> None:
    theirs, third = guest_of(scim, other), Customer.make()
    move(other.organization)
    ownership.move_ownership(ProvisionedUser.objects.get(scim_id=theirs), actor=None)
    ownership.allow_share(third.connection, account(), actor=None, name="ines")
    assert third.scim.post("/Users", person()).status_code == 201
    assert shown(other.scim, theirs) == (False,) * 4
    assert other.scim.patch(f"/Users/{theirs}", OFF).json()["active"] is False
    assert account().is_active


def test_a_customer_to_whom_the_learner_was_moved_back_keeps_them_on_as_before(
    scim: ScimClient, organization: Any, other: Customer
) -> None:
    theirs = guest_of(scim, other)
    move(Customer.make().organization)
    move(organization)
    assert shown(other.scim, theirs) == (False,) * 4


@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_a_suspension_leaves_no_wish_behind_of_whom_the_lms_had_switched_off(
    scim: ScimClient, connection: Any, other: Customer, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "may_go_together", lambda *_: together)
    theirs = guest_of(scim, other)
    get_user_model().objects.update(is_active=False)
    connections.disconnect(connection, actor=None, learners="suspend")
    connections.restore(connection, actor=None)
    get_user_model().objects.update(is_active=True)
    assert other.scim.patch(f"/Users/{theirs}", ON).json()["active"] is True
    assert other.scim.patch(f"/Users/{theirs}", OFF).json()["active"] is False
    assert not account().is_active


def test_who_was_suspended_while_off_is_let_in_again_by_no_guest(
    scim: ScimClient, connection: Any, other: Customer
) -> None:
    theirs = guest_of(scim, other)
    get_user_model().objects.update(is_active=False)
    connections.disconnect(connection, actor=None, learners="suspend")
    answer = other.scim.patch(f"/Users/{theirs}", ON)
    assert answer.status_code == 409, answer.content
    assert not account().is_active
