"""Who lets a connection share an account: nobody whom the LMS has taken it from, and no guest."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD
from tests.hosts.current import host
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


def again(customer: Customer) -> Customer:
    """Another connection of the customer."""
    sso = host().make_sso(customer.organization)
    connection = ConnectionFactory(name="Second", sso_key=str(sso.pk))
    return Customer(customer.organization, sso, connection, TokenFactory(connection=connection).plaintext)


def sees(monkeypatch: pytest.MonkeyPatch, *customers: Customer) -> None:
    keys = [customer.connection.pk for customer in customers]
    mine = classmethod(lambda cls, user: SCIMConnection.objects.filter(pk__in=keys))
    monkeypatch.setattr(LearnerAdapter, "connections_for", mine)


def post(customer: Customer, status: int = 201) -> Any:
    answer = customer.scim.post("/Users", person())
    assert answer.status_code == status, answer.content
    return answer.json().get("id")


def page(connection: SCIMConnection, name: str, **keys: Any) -> str:
    kwargs = {"object_id": connection.pk, **keys}
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", kwargs=kwargs)


def account() -> Any:
    return get_user_model().objects.get(username=person()["userName"])


@pytest.mark.parametrize("has_left", [False, True])
def test_an_old_refusal_gives_nobody_the_account_that_the_lms_has_moved_to_another_customer(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, has_left: bool
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    first, other = Customer.make(), Customer.make()
    second = again(first)
    hers = post(first)
    if has_left:
        ownership.allow_share(second.connection, account(), actor=None, name="ines")
        first.scim.delete(f"/Users/{hers}")
    post(second, 409)
    refusal = ProvisioningEvent.objects.latest("pk")
    assert refusal.error_code == ("user.owner_left" if has_left else "user.owned_elsewhere")
    SharedAccount.objects.all().delete()
    Learner.objects.update(organization=other.organization, company=None, team=None, business_unit=None)
    get_user_model().objects.filter(pk=account().pk).update(is_active=True)
    post(other)
    sees(monkeypatch, first, second)
    browser = administrator("view_scimconnection", "view_provisioningevent", "manage_policy")
    asked = page(second.connection, "share_refused", event_id=refusal.pk)
    assert browser.get(asked).status_code == 404
    assert browser.post(asked, {"password": PASSWORD}).status_code == 404
    operation = reverse("admin:scim_provisioning_provisioningevent_change", args=[refusal.pk])
    assert asked not in browser.get(operation).content.decode()
    assert not SharedAccount.objects.exists()


def test_an_old_refusal_names_nobody_who_shares_by_now_what_another_customer_owns(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    first, other = Customer.make(), Customer.make()
    second = again(first)
    post(first)
    post(second, 409)
    refusal = ProvisioningEvent.objects.latest("pk")
    ownership.allow_share(other.connection, account(), actor=None, name="ines")
    ownership.move_ownership(ProvisionedUser.objects.get(scim_id=post(other)), actor=None)
    sees(monkeypatch, first, second)
    browser = administrator("view_scimconnection", "view_provisioningevent", "manage_policy")
    asked = page(second.connection, "share_refused", event_id=refusal.pk)
    assert browser.get(asked).status_code == 404
    assert browser.post(asked, {"password": PASSWORD}).status_code == 404
    assert not SharedAccount.objects.filter(connection=second.connection).exists()


def test_who_has_asked_of_one_owner_gives_nothing_of_the_next(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = Customer.make(), Customer.make()
    second = again(first)
    post(first)
    user, actor = account(), administrator("view_scimconnection", "manage_policy")
    clerk = get_user_model().objects.get(pk=actor.session["_auth_user_id"])
    sees(monkeypatch, first, second)
    ProvisionedUser.objects.update(connection=other.connection)
    Learner.objects.update(organization=other.organization, company=None, team=None, business_unit=None)
    with pytest.raises(ConnectionRefused, match="No other connection owns"):
        ownership.allow_share(second.connection, user, actor=clerk, name="ines")
    assert not SharedAccount.objects.exists()
    sees(monkeypatch, first, second, other)
    assert ownership.allow_share(second.connection, user, actor=clerk, name="ines")


@pytest.mark.parametrize("has_left", [False, True])
def test_a_guest_gives_another_customers_account_to_nobody(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch, has_left: bool
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    owner, guest = Customer.make(), Customer.make()
    third = again(guest)
    hers = post(owner)
    ownership.allow_share(guest.connection, account(), actor=None, name="ines")
    theirs = ProvisionedUser.objects.get(scim_id=post(guest))
    if has_left:
        owner.scim.delete(f"/Users/{hers}")
    sees(monkeypatch, guest, third)
    browser = administrator("view_scimconnection", "manage_policy")
    asked = page(guest.connection, "share", link_id=theirs.pk)
    assert browser.get(asked).status_code == 404
    said = {"connection": str(third.connection.pk), "password": PASSWORD}
    assert browser.post(asked, said).status_code == 404
    assert not SharedAccount.objects.filter(connection=third.connection).exists()
    sees(monkeypatch, owner, guest, third)
    assert browser.post(asked, said).status_code == 302
    assert SharedAccount.objects.filter(connection=third.connection).exists()
    told = {
        event.link.connection_id for event in ProvisioningEvent.objects.filter(action="shared") if event.link
    }
    assert told == {owner.connection.pk}


def test_what_the_owner_wrote_is_on_no_page_of_who_may_share(
    administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    owner, guest = Customer.make(), Customer.make()
    post(owner)
    get_user_model().objects.update(email="secret@owner.example", first_name="Secretia")
    ownership.allow_share(guest.connection, account(), actor=None, name="ines")
    sees(monkeypatch, guest)
    permissions = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")
    browser = administrator(*permissions)

    def shown(name: str, verb: str, **keys: Any) -> str:
        line = f"userPrincipalName\n{person()['userName']}\n"
        body = {"verb": verb, "user_name": "userPrincipalName", "external_id": ""}
        file = SimpleUploadedFile("users.csv", line.encode(), "text/csv")
        answer = browser.post(page(guest.connection, name), {**body, "file": file})
        return b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()

    found = shown("adopt", "file")
    assert "Certain" in found
    seen = [found, shown("reconcile", "file"), shown("reconcile", "show")]
    get_user_model().objects.filter(pk=account().pk).update(is_active=False)
    post(guest, 409)
    refusal = ProvisioningEvent.objects.latest("pk")
    answers = page(guest.connection, "answer", event_id=refusal.pk)
    seen += [shown("adopt", "show"), browser.get(answers).content.decode()]
    seen.append(browser.get(page(guest.connection, "queue")).content.decode())
    get_user_model().objects.filter(pk=account().pk).update(is_active=True)
    post(guest)
    seen += [shown("reconcile", "file"), shown("adopt", "file")]
    for each in seen:
        assert "secret@owner.example" not in each
        assert "Secretia" not in each
