"""Accounts that are known by their e-mail address, and hidden rather than deleted."""

from __future__ import annotations

import pytest

from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.hosts.academy.models import Customer, User
from tests.hosts.academy.scim import LearnerAdapter
from tests.hosts.current import let_share, make_connection, spelled
from tests.people import person
from tests.vendors.asking import Body, create

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def ines() -> Body:
    body: Body = spelled(person())
    return body


def test_a_new_account_belongs_to_the_customer_of_the_token(scim: ScimClient, organization: Customer) -> None:
    create(scim, ines())
    account = User.objects.get(email=INES)
    assert account.customer == organization
    assert not account.has_usable_password()


# --- a user name that is an address cannot be made unique by adding to it


def test_an_address_of_another_customer_is_refused_and_no_address_is_invented(
    scim: ScimClient, other: ScimClient
) -> None:
    create(other, ines())
    answer = scim.post("/Users", ines())
    assert answer.status_code == 409
    assert answer.json()["scimType"] == "uniqueness"
    assert [user.email for user in User.everybody.all()] == [INES]


def test_nobody_is_renamed_to_an_address_of_another_customer(scim: ScimClient, other: ScimClient) -> None:
    create(other, ines())
    olaf = create(scim, spelled(person("olaf.berg")))["id"]
    answer = scim.patch(f"/Users/{olaf}", [{"op": "replace", "path": "userName", "value": INES}])
    assert answer.status_code == 409
    assert {user.email for user in User.everybody.all()} == {INES, "olaf.berg@harborline.example"}
    assert scim.get(f"/Users/{olaf}").json()["userName"] == "olaf.berg@harborline.example"


def test_a_hidden_account_keeps_its_address_from_other_customers(scim: ScimClient, other: ScimClient) -> None:
    scim_id = create(other, ines())["id"]
    other.delete(f"/Users/{scim_id}")
    assert scim.post("/Users", ines()).status_code == 409
    assert User.everybody.get().deleted_at is not None


# --- an address that is given again


def test_without_a_host_that_says_how_the_old_account_keeps_the_address_and_the_newcomer_is_refused(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LearnerAdapter, "step_aside")
    first = create(scim, {**ines(), "externalId": "e1"})
    scim.delete(f"/Users/{first['id']}")
    answer = scim.post("/Users", {**ines(), "externalId": "e2"})
    assert answer.status_code == 409
    assert ProvisioningEvent.objects.latest("pk").error_code == "user.identity_conflict"
    assert User.everybody.get().email == INES


def test_where_the_host_says_how_the_old_account_steps_aside_for_somebody_new_at_once(
    scim: ScimClient,
) -> None:
    first = create(scim, {**ines(), "externalId": "e1"})
    old = User.objects.get()
    scim.delete(f"/Users/{first['id']}")
    second = create(scim, {**ines(), "externalId": "e2"})
    assert second["id"] != first["id"]
    new = User.objects.get(email=INES)
    assert new.pk != old.pk
    old = User.everybody.get(pk=old.pk)
    assert (old.email, old.is_active) == (f"{old.pk}@left.invalid", False)
    question = IdentityQuestion.objects.get()
    assert (question.newcomer.user_id, question.earlier.user_id) == (new.pk, old.pk)


def test_an_old_account_steps_aside_for_somebody_who_is_given_its_address_as_for_a_newcomer(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = create(scim, ines())
    old = User.objects.get()
    olaf = create(scim, spelled(person("olaf.berg")))["id"]
    scim.delete(f"/Users/{first['id']}")
    rename = [{"op": "replace", "path": "userName", "value": INES}]
    with monkeypatch.context() as without:
        without.delattr(LearnerAdapter, "step_aside")
        assert scim.patch(f"/Users/{olaf}", rename).status_code == 409
        assert ProvisioningEvent.objects.latest("pk").error_code == "user.identity_conflict"
        assert User.everybody.get(pk=old.pk).email == INES
    assert scim.patch(f"/Users/{olaf}", rename).status_code == 200
    assert User.objects.get(email=INES).pk != old.pk
    assert User.everybody.get(pk=old.pk).email == f"{old.pk}@left.invalid"


# --- hidden accounts


def test_a_delete_hides_the_account_and_deletes_nothing(scim: ScimClient) -> None:
    scim_id = create(scim, ines())["id"]
    assert scim.delete(f"/Users/{scim_id}").status_code == 204
    assert not User.objects.exists()
    hidden = User.everybody.get()
    assert (hidden.email, hidden.is_active) == (INES, False)


def test_somebody_who_returns_after_a_delete_is_shown_again(scim: ScimClient) -> None:
    first = create(scim, ines())
    before = User.objects.get()
    scim.delete(f"/Users/{first['id']}")
    assert create(scim, ines())["id"] == first["id"]
    returned = User.objects.get(email=INES)
    assert returned.pk == before.pk
    assert returned.is_active


def test_somebody_whom_the_academy_hid_is_found_by_address_and_shown_again(
    scim: ScimClient, organization: Customer
) -> None:
    veteran = User.objects.create_user(INES, customer=organization, level="L", job_title="Founder")
    veteran.soft_delete()
    create(scim, ines())
    returned = User.objects.get(email=INES)
    assert returned.pk == veteran.pk
    assert returned.is_active
    assert (returned.level, returned.job_title) == ("L", "Secure Coding Lead")


def test_a_hidden_person_of_another_customer_stays_hidden(scim: ScimClient) -> None:
    stranger = User.objects.create_user(INES, customer=make_connection("Other").sso.customer)
    stranger.soft_delete()
    assert scim.post("/Users", ines()).status_code == 409
    stranger = User.everybody.get(pk=stranger.pk)
    assert stranger.deleted_at is not None
    assert not ProvisionedUser.objects.filter(user=stranger).exists()


def test_a_manager_whom_the_academy_hid_is_still_somebodys_manager(scim: ScimClient) -> None:
    boss = create(scim, spelled(person("boss.one")))["id"]
    report = create(scim, ines())["id"]
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    scim.patch(f"/Users/{report}", [{"op": "add", "path": manager, "value": boss}])
    User.objects.get(email="boss.one@harborline.example").soft_delete()
    title = {"op": "replace", "path": "title", "value": "Fellow"}
    assert scim.patch(f"/Users/{report}", [title]).status_code == 200
    assert User.everybody.get(email=INES).manager_id is not None


def test_a_delete_does_not_hide_whom_another_connection_manages(scim: ScimClient, other: ScimClient) -> None:
    first = create(scim, ines())
    let_share(INES)
    second = create(other, ines())
    scim.delete(f"/Users/{first['id']}")
    assert User.objects.get(email=INES).is_active
    other.delete(f"/Users/{second['id']}")
    assert User.everybody.get(email=INES).deleted_at is not None
