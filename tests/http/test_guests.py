"""A guest of another customer's account stays a guest, whoever has let go of it and however the guest comes back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, ownership, reactivation
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=[True, False], ids=["by what they sign in with", "by nothing strong"])
def _subject(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", request.param)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


@pytest.fixture
def ines(scim: ScimClient) -> dict[str, Any]:
    made: dict[str, Any] = scim.post("/Users", person()).json()
    return made


def account(made: dict[str, Any]) -> Any:
    return get_user_model().objects.get(pk=ProvisionedUser.objects.get(scim_id=made["id"]).user_id)


def share(other: Customer, ines: dict[str, Any]) -> dict[str, Any]:
    ownership.allow_share(other.connection, account(ines), actor=None, name="ines")
    answer = other.scim.post("/Users", person())
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def takes_over(other: Customer, scim_id: str, ines_account: Any) -> bool:
    change = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "thief@example.org"}]
    other.scim.patch(f"/Users/{scim_id}", change)
    ines_account.refresh_from_db()
    return ines_account.email == "thief@example.org"


def test_a_guest_who_deletes_and_creates_again_owns_nothing(
    scim: ScimClient, ines: dict[str, Any], other: Customer
) -> None:
    who, guest = account(ines), share(other, ines)
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    assert not takes_over(other, guest["id"], who)
    assert other.scim.delete(f"/Users/{guest['id']}").status_code == 204
    again = other.scim.post("/Users", person())
    if again.status_code == 201:
        assert not takes_over(other, again.json()["id"], who)


def test_a_guest_who_is_restored_owns_nothing(
    scim: ScimClient, ines: dict[str, Any], other: Customer, connection: SCIMConnection
) -> None:
    guest = share(other, ines)
    connections.disconnect(other.connection, learners="keep", actor=None)
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    other.connection.refresh_from_db()
    connections.restore(other.connection, actor=None)
    assert not ProvisionedUser.objects.get(scim_id=guest["id"]).owns_profile


def test_a_guest_who_comes_after_the_owner_left_owns_nothing(
    scim: ScimClient, ines: dict[str, Any], other: Customer, connection: SCIMConnection
) -> None:
    who = account(ines)
    ownership.allow_share(other.connection, who, actor=None, name="ines")
    connections.disconnect(connection, learners="keep", actor=None)
    answer = other.scim.post("/Users", person())
    if answer.status_code == 201:
        assert not takes_over(other, answer.json()["id"], who)


def test_a_guest_deleted_before_the_owner_left_owns_nothing(
    scim: ScimClient, ines: dict[str, Any], other: Customer, connection: SCIMConnection
) -> None:
    who, guest = account(ines), share(other, ines)
    assert other.scim.delete(f"/Users/{guest['id']}").status_code == 204
    connections.disconnect(connection, learners="keep", actor=None)
    answer = other.scim.post("/Users", person())
    if answer.status_code == 201:
        assert not takes_over(other, answer.json()["id"], who)


def test_an_undone_guest_owns_nothing(scim: ScimClient, ines: dict[str, Any], other: Customer) -> None:
    who, guest = account(ines), share(other, ines)
    other.scim.delete(f"/Users/{guest['id']}")
    scim.delete(f"/Users/{ines['id']}")
    reactivation.undo(other.connection, list(reactivation.departures(other.connection, 1)), actor=None)
    link = ProvisionedUser.objects.get(scim_id=guest["id"])
    who.refresh_from_db()
    assert not link.owns_profile, (link.active, who.is_active)


def test_a_guest_erases_nobody_when_the_owner_has_let_go(
    scim: ScimClient, ines: dict[str, Any], other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[Any] = []
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: erased.append(learner))
    other.connection.policies = {"on_delete": "erase"}
    other.connection.save()
    guest = share(other, ines)
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    assert other.scim.delete(f"/Users/{guest['id']}").status_code == 204
    assert erased == []


def test_a_guest_who_is_disconnected_takes_nobodys_password(
    scim: ScimClient, ines: dict[str, Any], other: Customer
) -> None:
    who = account(ines)
    who.set_password("correct horse battery")
    who.save()
    share(other, ines)
    connections.disconnect(other.connection, learners="sso_only", actor=None)
    who.refresh_from_db()
    assert who.has_usable_password()


def test_nothing_is_revoked_when_a_guest_leaves_whom_the_owner_keeps_on(
    scim: ScimClient, ines: dict[str, Any], other: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked: list[Any] = []
    monkeypatch.setattr(LearnerAdapter, "revoke_access", lambda self, learner: revoked.append(learner))
    guest = share(other, ines)
    assert other.scim.delete(f"/Users/{guest['id']}").status_code == 204
    assert (revoked, account(ines).is_active) == ([], True)
    assert scim.delete(f"/Users/{ines['id']}").status_code == 204
    assert len(revoked) == 1


@pytest.mark.parametrize("odd", ["\u00ednes.okafor", "\u0130nes.okafor", "\u0131nes.okafor"])
def test_a_share_is_taken_by_that_very_name_only(ines: dict[str, Any], other: Customer, odd: str) -> None:
    """Some columns take it for the shared person's."""
    owned = ProvisionedUser.objects.get(scim_id=ines["id"])
    ownership.allow_share(other.connection, account(ines), actor=None, name="ines")
    name = odd + ines["userName"].removeprefix("ines.okafor")
    answer = other.scim.post("/Users", person("somebody", userName=name))
    linked = ProvisionedUser.objects.filter(connection=other.connection).first()
    assert linked is None or linked.user != owned.user, answer.content
