"""Accounts of several customers: that somebody is a member here says nothing of what they were elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import connections, keeping, people
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, make_connection
from tests.hosts.membership.models import Membership
from tests.people import person

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def hers() -> ProvisionedUser:
    """Somebody of another customer."""
    scim = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    made = scim.post("/Users", person("jo.both")).json()["id"]
    return ProvisionedUser.objects.select_related("user", "connection").get(scim_id=made)


@pytest.fixture
def browser(connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> SecureBrowser:
    """Of this customer's staff."""
    mine = classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=connection.pk))
    monkeypatch.setattr(get_adapter_class(), "connections_for", mine)
    account = User.objects.create_user("clerk", "clerk@harborline.example", PASSWORD, is_staff=True)
    account.user_permissions.set(Permission.objects.filter(content_type__app_label="scim_provisioning"))
    client = SecureBrowser()
    client.force_login(account)
    return client


def deleted(link: ProvisionedUser) -> None:
    client = ScimClient(TokenFactory(connection=link.connection).plaintext)
    assert client.delete(f"/Users/{link.scim_id}").status_code == 204


def detached(link: ProvisionedUser) -> None:
    keeping.detach(link, actor=None)


def disconnected(link: ProvisionedUser) -> None:
    connections.disconnect(link.connection, actor=None, learners="keep")


LOSE = (deleted, detached, disconnected)


def try_to_link(browser: SecureBrowser, connection: SCIMConnection, account: Any) -> list[ProvisionedUser]:
    page = f"{url('person', connection)}?name=evil@harborline.example&q={account.username}"
    browser.post(page, {"answer": "link", "account": account.pk, "password": PASSWORD})
    return list(ProvisionedUser.objects.filter(connection=connection, user=account))


@pytest.mark.parametrize("lose", LOSE)
def test_staff_of_one_customer_alone_link_nobody_whom_another_one_had(
    connection: SCIMConnection, hers: ProvisionedUser, browser: SecureBrowser, lose: Any
) -> None:
    lose(hers)
    account = User.objects.get(pk=hers.user_id)
    Membership.objects.create(user=account, organization_id=connection.sso.organization_id)
    assert try_to_link(browser, connection, account) == []


@pytest.mark.parametrize("lose", LOSE)
def test_staff_link_whom_the_application_has_moved_to_their_customer(
    connection: SCIMConnection, hers: ProvisionedUser, browser: SecureBrowser, lose: Any
) -> None:
    lose(hers)
    account = User.objects.get(pk=hers.user_id)
    Membership.objects.filter(user=account).update(
        organization_id=connection.sso.organization_id, is_active=True
    )
    assert len(try_to_link(browser, connection, account)) == 1


def test_that_an_account_is_the_staffs_is_not_said_to_a_customer_whose_it_is_not(
    connection: SCIMConnection, scim: ScimClient, browser: SecureBrowser
) -> None:
    host().make_administrator("root@platform.example", PASSWORD)
    assert scim.post("/Users", person("evil", userName="root@platform.example")).status_code == 409
    export = SimpleUploadedFile("people.csv", b"userPrincipalName\nroot@platform.example\n", "text/csv")
    given = {"verb": "file", "file": export, "user_name": "userPrincipalName", "external_id": ""}
    answer = browser.post(url("adopt", connection), given)
    said = b"".join(answer.streaming_content).decode() if answer.streaming else text(answer)
    assert "root@platform.example" in said
    seen = SCIMConnection.objects.filter(pk=connection.pk)
    (found,) = people.ask("root@platform.example", seen, in_clear=True).people
    for words in (said, found.sentence, found.cause, found.todo, *found.notes):
        assert "rotected" not in words


def test_that_an_account_of_the_customers_is_the_staffs_is_said(
    connection: SCIMConnection, scim: ScimClient, browser: SecureBrowser
) -> None:
    staff = User.objects.create_user("ada@harborline.example", is_staff=True)
    Membership.objects.create(user=staff, organization_id=connection.sso.organization_id)
    assert scim.post("/Users", person("ada")).status_code == 409
    seen = SCIMConnection.objects.filter(pk=connection.pk)
    assert any(
        "rotected" in one.cause for one in people.ask("ada@harborline.example", seen, in_clear=True).people
    )
