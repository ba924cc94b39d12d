"""Somebody whom one customer's identity provider has deleted is nobody that another customer's takes over by a name, be
it that all customers share accounts, and be it that the application has switched the account on again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from scim_provisioning.administration import adoption, ownership
from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning.verdicts import Finding
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, make_connection
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def sent(number: str) -> dict[str, Any]:
    return {**person(externalId=number), ENTERPRISE: {}}


@pytest.fixture
def elsewhere(connection: SCIMConnection) -> ScimClient:
    """Another customer's identity provider."""
    return ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)


@pytest.fixture
def ines(scim: ScimClient) -> Any:
    """The account of somebody who was deleted."""
    made = scim.post("/Users", sent("a")).json()["id"]
    account = ProvisionedUser.objects.select_related("user").get(scim_id=made).user
    assert scim.delete(f"/Users/{made}").status_code == 204
    return account


@pytest.mark.parametrize("is_on", [False, True], ids=["as they left", "switched on by hand"])
def test_no_account_of_a_leaver_is_taken_over_by_a_name(
    scim: ScimClient, elsewhere: ScimClient, ines: Any, is_on: bool
) -> None:
    if is_on and hasattr(ines, "is_active"):
        type(ines)._base_manager.filter(pk=ines.pk).update(is_active=True)
    answer = elsewhere.post("/Users", sent("b"))
    living = ProvisionedUser.objects.living().filter(user=ines)
    assert not living.exists()
    assert answer.status_code in (201, 409)
    back = scim.post("/Users", sent("a"))
    assert back.status_code == 201, back.content
    assert living.get().owns_profile


def test_an_administrators_word_lets_a_leaver_in_at_the_next_customer(
    scim: ScimClient, elsewhere: ScimClient, ines: Any
) -> None:
    """One account of a person at all customers: whoever moves from one to the next is refused, and let in by a word."""
    elsewhere.post("/Users", sent("b"))
    event = ProvisioningEvent.objects.latest("pk")
    if event.error_code != "user.owner_left":
        # People have accounts of their own at each customer, or theirs is off for all.
        assert not ProvisionedUser.objects.living().filter(user=ines).exists()
        return
    other = SCIMConnection.objects.get(name="Other")
    # The other customer's administrators are shown nothing of the account.
    (verdict,) = adoption.examine(other, adoption.from_log(other)).verdicts
    assert (verdict.finding, verdict.accounts) == (Finding.LOOK, ())
    account, _owner = ownership.owned_account(other, INES)
    assert ownership.allow_share(other, account, actor=None, name=INES)
    if elsewhere.post("/Users", sent("b")).status_code != 201:
        # Whose account is off for all is somebody's to look at as well.
        assert ProvisioningEvent.objects.latest("pk").error_code == "user.switched_off"
        host().switch(INES, None, True)
        assert elsewhere.post("/Users", sent("b")).status_code == 201
    assert ProvisionedUser.objects.living().get(user=ines).connection == other


def test_no_administrator_of_the_next_customer_links_a_leaver_on_their_own(
    scim: ScimClient, elsewhere: ScimClient, ines: Any
) -> None:
    """Where the application does not say whose an account is, who may see only the next customer decides nothing."""
    if hasattr(ines, "is_active"):
        type(ines)._base_manager.filter(pk=ines.pk).update(is_active=True)
    other = SCIMConnection.objects.get(name="Other")
    account = type(ines)._base_manager.get(pk=ines.pk)
    with pytest.raises(ConnectionRefused):
        queue.link(other, sent("b"), account, keeps_profile=False, actor=None)
    assert not ProvisionedUser.objects.living().filter(user=ines).exists()


def test_no_connection_of_the_customer_lets_a_leaver_in() -> None:
    customer = host().make_customer()
    first = make_connection("First", customer)
    try:
        with transaction.atomic():
            second = make_connection("Second", customer)
    except IntegrityError:
        # The application gives each customer one: then it is another one's.
        second = make_connection("Second")
    client = ScimClient(TokenFactory(connection=first).plaintext)
    made = client.post("/Users", sent("a")).json()["id"]
    account = ProvisionedUser.objects.select_related("user").get(scim_id=made).user
    assert may_sign_in(account, first)
    assert client.delete(f"/Users/{made}").status_code == 204
    account = type(account)._base_manager.get(pk=account.pk)
    assert not may_sign_in(account, first)
    assert not may_sign_in(account, second)
