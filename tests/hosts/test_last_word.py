"""Two connections use one account, and one of them had switched the person off: when the other one ends, by whatever
verb, nobody is left on by a wish that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections, erasure, keeping, ownership
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host, make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

OFF = [{"op": "Replace", "path": "active", "value": "False"}]


def detach(link: ProvisionedUser) -> None:
    keeping.detach(link, actor=None)


def disconnect(link: ProvisionedUser) -> None:
    connections.disconnect(link.connection, actor=None, learners="keep")


def end_settings(link: ProvisionedUser) -> None:
    link.connection.sso.delete()


def forget(link: ProvisionedUser) -> None:
    erasure.forget(erasure.Person(link.connection, link=link), actor=None, even_if_active=True)


ENDS = {"detached": detach, "disconnected": disconnect, "settings deleted": end_settings, "forgotten": forget}


class Two:
    """The owner's link and another connection's, of one account."""

    def __init__(self, *, same: bool) -> None:
        self.customer = customer = host().make_customer()
        owner = make_connection("Owner", customer)
        try:
            with transaction.atomic():
                self.other = make_connection("Other", customer if same else None)
        except IntegrityError:
            pytest.skip("the application gives each customer one connection")
        clients = [ScimClient(TokenFactory(connection=one).plaintext) for one in (owner, self.other)]
        self.owner, self.scim = clients
        body = spelled(person("ann"))
        self.owned = self.owner.post("/Users", body).json()["id"]
        account = ProvisionedUser.objects.get(scim_id=self.owned).user
        assert ownership.allow_share(self.other, account, actor=None, name=body["userName"])
        self.shared = self.scim.post("/Users", body).json()["id"]
        self.is_one = ProvisionedUser.objects.get(scim_id=self.shared).user_id == account.pk

    def link(self, scim_id: str) -> ProvisionedUser:
        return ProvisionedUser.objects.select_related("user", "connection").get(scim_id=scim_id)

    @property
    def account(self) -> Any:
        account = self.link(self.shared).user
        return type(account)._base_manager.get(pk=account.pk)


@pytest.mark.parametrize("same", [True, False], ids=["one customer", "two customers"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whom_the_other_had_switched_off_does_not_come_back_when_the_owner_ends(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[ProvisionedUser], None], same: bool
) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True, raising=False)
    two = Two(same=same)
    off = two.scim.patch(f"/Users/{two.shared}", OFF)
    assert off.json()["active"] is False
    assert not may_sign_in(two.account, two.other)
    end(two.link(two.owned))
    assert not may_sign_in(two.account, two.other)
    answer = two.scim.get(f"/Users/{two.shared}")
    assert answer.status_code == 404 or answer.json()["active"] is False


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whom_the_other_wants_on_stays_on_when_the_owner_ends(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[ProvisionedUser], None]
) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True, raising=False)
    two = Two(same=True)
    end(two.link(two.owned))
    assert may_sign_in(two.account, two.other)
    assert two.scim.get(f"/Users/{two.shared}").json()["active"] is True


def test_whom_the_lms_had_switched_on_by_hand_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both identity providers wanted the person off: it was not by the wish of the one that ends."""
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True, raising=False)
    two = Two(same=True)
    if not two.is_one or get_adapter_class().compiled(two.other).active is None:
        pytest.skip("people have accounts of their own at each connection")
    two.scim.patch(f"/Users/{two.shared}", OFF)
    two.owner.patch(f"/Users/{two.owned}", OFF)
    host().switch(two.account.get_username(), two.customer, True)
    assert may_sign_in(two.account, two.other)
    disconnect(two.link(two.owned))
    assert may_sign_in(two.account, two.other)


def test_the_log_of_the_other_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", True, raising=False)
    two = Two(same=True)
    two.scim.patch(f"/Users/{two.shared}", OFF)
    if not may_sign_in(two.account):
        pytest.skip("people have a switch of their own at each connection")
    disconnect(two.link(two.owned))
    event = ProvisioningEvent.objects.filter(connection=two.other).latest("pk")
    assert (event.action, event.actor) == ("deactivated", None)
    assert "Another connection, which has ended" in event.detail
