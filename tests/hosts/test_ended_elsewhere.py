"""What a customer's connection had when it ended, another customer's takes over by no name, be it that all customers
share accounts: whoever may see both lets it. The same customer's next connection finds its people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.urls import reverse

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections, keeping
from scim_provisioning.administration.adoption import answers, queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.rules.customers import names_customer
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

ENDS = ("keep", "suspend", "settings deleted")


def end(connection: SCIMConnection, how: str) -> None:
    if how == "settings deleted":
        connection.load_sso().delete()
    else:
        connections.disconnect(connection, actor=None, learners=how)
    connection.refresh_from_db()
    assert connection.is_archived


def client(connection: SCIMConnection) -> ScimClient:
    return ScimClient(TokenFactory(connection=connection).plaintext)


def made(scim: ScimClient, name: str = "ines.okafor") -> Any:
    """The account of somebody who was sent."""
    answer = scim.post("/Users", spelled(person(name)))
    assert answer.status_code == 201, answer.content
    return ProvisionedUser.objects.select_related("user").get(scim_id=answer.json()["id"]).user


def stands(account: Any) -> dict[str, Any]:
    kept: dict[str, Any] = get_user_model()._base_manager.filter(pk=account.pk).values().get()
    return kept


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("is_gone", [False, True], ids=["managed", "deleted"])
def test_what_a_connection_had_that_ended_is_taken_over_by_no_name(
    scim: ScimClient, connection: SCIMConnection, how: str, is_gone: bool
) -> None:
    other, _third = make_connection("Other"), make_connection("Third")
    account = made(scim)
    if is_gone:
        scim.delete(f"/Users/{ProvisionedUser.objects.get(user=account).scim_id}")
        if hasattr(account, "is_active"):
            type(account)._base_manager.filter(pk=account.pk).update(is_active=True)
    end(connection, how)
    before = stands(account)
    answer = client(other).post("/Users", spelled(person()))
    assert answer.status_code in (201, 409)
    assert stands(account) == before
    assert not ProvisionedUser.objects.filter(connection=other, user=account).exists()
    assert not may_sign_in(type(account)._base_manager.get(pk=account.pk), other)


@pytest.mark.parametrize("how", ENDS)
def test_whoever_sees_both_lets_the_next_customer_link_it(
    scim: ScimClient, connection: SCIMConnection, how: str
) -> None:
    other = make_connection("Other")
    account = made(scim)
    end(connection, how)
    client(other).post("/Users", spelled(person()))
    refusal = ProvisioningEvent.objects.latest("pk")
    if refusal.error_code != "user.owner_left":
        # People have accounts of their own at each customer, or theirs is off for all.
        assert not ProvisionedUser.objects.filter(connection=other, user=account).exists()
        return
    browser = SecureBrowser()
    browser.force_login(host().make_administrator("ada", PASSWORD))
    page = reverse(
        "admin:scim_provisioning_scimconnection_share_refused",
        kwargs={"object_id": other.pk, "event_id": refusal.pk},
    )
    assert browser.get(page).status_code == 200
    assert browser.post(page, {"password": PASSWORD}).status_code == 302
    assert client(other).post("/Users", spelled(person())).status_code == 201
    assert ProvisionedUser.objects.living().get(connection=other).user == account


@pytest.mark.parametrize("how", ENDS)
def test_the_same_customers_next_connection_finds_its_people(
    scim: ScimClient, connection: SCIMConnection, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter_class = get_adapter_class()
    if not names_customer(adapter_class, connection):
        # Nothing says whose an account is.
        return
    monkeypatch.setattr(adapter_class, "user_name_is_sso_subject", True)
    customer = host().make_customer()
    first = make_connection("First", customer)
    account = made(client(first))
    end(first, how)
    if how == "suspend":
        # Whoever is off is somebody's to look at, whoever it was.
        host().switch(account.get_username(), customer, True)
    try:
        with transaction.atomic():
            second = make_connection("Second", customer)
    except IntegrityError:
        # The application gives each customer one.
        return
    assert made(client(second)) == account
    assert ProvisionedUser.objects.living().get(connection=second).owns_profile


def test_whom_the_lms_has_moved_is_the_next_customers_though_their_connection_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    adapter_class = get_adapter_class()
    monkeypatch.setattr(adapter_class, "user_name_is_sso_subject", True)
    customer, next_one = host().make_customer(), host().make_customer()
    first, second = make_connection("First", customer), make_connection("Second", next_one)
    account = made(client(first))
    if not host().move(ProvisionedUser.objects.get().user_name, customer, next_one):
        return
    first.load_sso().delete()
    assert made(client(second)) == account


@pytest.mark.parametrize("policy", ["link", "ask"])
@pytest.mark.parametrize("how", ["in use", "deleted", "detached", *ENDS])
def test_who_is_said_to_be_somebody_new_gets_an_account_of_their_own_or_that_is_refused_at_once(
    scim: ScimClient, connection: SCIMConnection, how: str, policy: str
) -> None:
    other, _third = make_connection("Other"), make_connection("Third")
    SCIMConnection.objects.filter(pk=other.pk).update(policies={"existing_learners": policy})
    account = made(scim)
    link = ProvisionedUser.objects.select_related("connection").get(user=account)
    if how == "deleted":
        scim.delete(f"/Users/{link.scim_id}")
    elif how == "detached":
        keeping.detach(link, actor=None)
    elif how != "in use":
        end(connection, how)
    theirs, before = client(other), stands(account)
    if theirs.post("/Users", spelled(person())).status_code == 409:
        refused = ProvisioningEvent.objects.filter(connection=other).latest("pk")
        verdict = queue.look(other, refused).verdict
        try:
            answers.give(other, verdict, "separate", None, actor=None)
        except ConnectionRefused:
            assert theirs.post("/Users", spelled(person())).status_code == 409
            return
        assert theirs.post("/Users", spelled(person())).status_code == 201
    assert ProvisionedUser.objects.get(connection=other).user_id != account.pk
    assert stands(account) == before
