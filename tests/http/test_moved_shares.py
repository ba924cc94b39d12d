"""What an administrator said of one customer's account says nothing once the LMS has moved it to another customer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, ownership, takeover
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host
from tests.leavers import OFF
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def second(organization: Any) -> SCIMConnection:
    """Another connection of the first customer."""
    connection: SCIMConnection = ConnectionFactory(
        name="Second", sso_key=str(host().make_sso(organization).pk)
    )
    return connection


@pytest.fixture
def again(second: SCIMConnection) -> ScimClient:
    return ScimClient(TokenFactory(connection=second).plaintext)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def account() -> Any:
    return get_user_model().objects.get(username=person()["userName"])


def share(connection: SCIMConnection, client: ScimClient) -> str:
    ownership.allow_share(connection, account(), actor=None, name="ines")
    answer = client.post("/Users", person())
    assert answer.status_code == 201, answer.content
    scim_id: str = answer.json()["id"]
    return scim_id


def move(customer: Any) -> None:
    Learner.objects.update(organization=customer, company=None, team=None, business_unit=None)


def assert_gone(client: ScimClient, connection: SCIMConnection, scim_id: str) -> None:
    """Neither read, nor changed, nor let in."""
    before = get_user_model().objects.values().get()
    assert not may_sign_in(account(), connection)
    evil = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "evil@x.example"}]
    assert client.get(f"/Users/{scim_id}").status_code == 404
    assert client.get("/Users").json()["Resources"] == []
    assert client.patch(f"/Users/{scim_id}", evil).status_code == 404
    assert client.patch(f"/Users/{scim_id}", OFF).status_code == 404
    assert client.delete(f"/Users/{scim_id}").status_code == 404
    assert get_user_model().objects.values().get() == before


def switched_off_by(other: Customer, scim_id: str) -> bool:
    assert other.scim.patch(f"/Users/{scim_id}", OFF).json()["active"] is False
    return not account().is_active and not may_sign_in(account())


@pytest.mark.parametrize("owner_is", ["first", "second"])
def test_two_connections_of_the_customer_that_was_left_are_out_both(
    scim: ScimClient,
    again: ScimClient,
    ines: str,
    connection: SCIMConnection,
    second: SCIMConnection,
    other: Customer,
    owner_is: str,
) -> None:
    guest = share(second, again)
    if owner_is == "second":
        ownership.move_ownership(ProvisionedUser.objects.get(scim_id=guest), actor=None)
    move(other.organization)
    assert_gone(again, second, guest)
    assert_gone(scim, connection, ines)
    answer = other.scim.post("/Users", person())
    assert answer.status_code == 201, answer.content
    assert switched_off_by(other, answer.json()["id"])
    assert again.post("/Users", person()).status_code == 409


def test_who_shared_and_is_the_learners_customer_now_owns_alone(
    scim: ScimClient, ines: str, connection: SCIMConnection, other: Customer
) -> None:
    theirs = share(other.connection, other.scim)
    move(other.organization)
    ownership.move_ownership(ProvisionedUser.objects.get(scim_id=theirs), actor=None)
    assert_gone(scim, connection, ines)
    assert ProvisionedUser.objects.get(scim_id=theirs).owns_profile
    assert switched_off_by(other, theirs)


def test_a_connection_that_lost_somebody_is_given_nobody(
    ines: str, other: Customer, connection: SCIMConnection
) -> None:
    theirs = share(other.connection, other.scim)
    ownership.move_ownership(ProvisionedUser.objects.get(scim_id=theirs), actor=None)
    move(Customer.make().organization)
    with pytest.raises(ConnectionRefused, match="moved this learner to another customer"):
        ownership.move_ownership(ProvisionedUser.objects.get(scim_id=ines), actor=None)


def test_who_lost_somebody_does_not_hold_back_their_erasure(
    scim: ScimClient, ines: str, other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[int] = []
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: erased.append(learner.pk))
    other.connection.policies = {"on_delete": "erase"}
    other.connection.save()
    scim.patch(f"/Users/{ines}", OFF)
    get_user_model().objects.update(is_active=True)
    move(other.organization)
    theirs = other.scim.post("/Users", person()).json()["id"]
    assert other.scim.delete(f"/Users/{theirs}").status_code == 204
    assert len(erased) == 1


def test_a_restored_connection_shares_nothing_with_who_lost_them(
    scim: ScimClient, ines: str, organization: Any, connection: SCIMConnection, other: Customer
) -> None:
    move(other.organization)
    theirs = other.scim.post("/Users", person()).json()["id"]
    connections.disconnect(connection, learners="keep", actor=None)
    move(organization)
    connection.refresh_from_db()
    connections.restore(connection, actor=None)
    move(other.organization)
    assert other.scim.get(f"/Users/{theirs}").status_code == 200
    assert switched_off_by(other, theirs)
    assert not may_sign_in(account(), connection)


def test_new_settings_own_whom_another_customer_has_lost_to_theirs(
    ines: str, organization: Any, connection: SCIMConnection, other: Customer
) -> None:
    connection.load_sso().delete()
    move(other.organization)
    assert other.scim.post("/Users", person()).status_code == 201
    move(organization)
    connection.refresh_from_db()
    takeover.take_over(connection, host().make_sso(organization), actor=None)
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    renamed = [{"op": "Replace", "path": "name.givenName", "value": "Renamed"}]
    assert scim.patch(f"/Users/{ines}", renamed).status_code == 200
    assert account().first_name == "Renamed"


def test_the_word_counts_again_once_it_is_given_again(
    scim: ScimClient, ines: str, organization: Any, other: Customer
) -> None:
    theirs = share(other.connection, other.scim)
    third = Customer.make()
    move(third.organization)
    assert other.scim.get(f"/Users/{theirs}").status_code == 404
    assert third.scim.post("/Users", person()).status_code == 201
    assert other.scim.post("/Users", person()).status_code == 409
    assert ownership.allow_share(other.connection, account(), actor=None, name="ines")
    answer = other.scim.post("/Users", person())
    assert (answer.status_code, answer.json()["id"]) == (201, theirs)


def test_an_account_that_the_host_offers_to_one_customer_and_counts_among_anothers_is_refused_at_once(
    other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = get_user_model().objects.create(username=person()["userName"])
    Learner.objects.create(user=user, organization=Customer.make().organization)
    everybody = classmethod(lambda cls, connection: cls.all_accounts())
    monkeypatch.setattr(LearnerAdapter, "tenant_users", everybody)
    answer = other.scim.post("/Users", person())
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
    assert not ProvisionedUser.objects.exists()
    # Whose customer no row says, is whoever's the host says.
    Learner.objects.all().delete()
    made = other.scim.post("/Users", person())
    assert made.status_code == 201
    assert other.scim.get(f"/Users/{made.json()['id']}").status_code == 200
