"""A host that does not say whose an account is, with several connections: no customer's administrator is shown the
staff of all, nor whom another customer's identity provider has deleted, and links none of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import adoption, connections, keeping, people, reconciliation
from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, make_connection
from tests.hosts.custom_user.models import User
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def other() -> SCIMConnection:
    return make_connection("Other")


@pytest.fixture
def leaver(other: SCIMConnection) -> User:
    """Somebody whom the other customer's identity provider has deleted, and the application has switched on again."""
    scim = ScimClient(TokenFactory(connection=other).plaintext)
    made = scim.post("/Users", person("ben.leaver")).json()["id"]
    assert scim.delete(f"/Users/{made}").status_code == 204
    account: User = ProvisionedUser.objects.get(scim_id=made).user
    User.objects.filter(pk=account.pk).update(is_active=True)
    account.refresh_from_db()
    return account


@pytest.fixture
def root(other: SCIMConnection) -> Any:
    return host().make_administrator("root", "root-pw")


@pytest.fixture
def staff(other: SCIMConnection) -> User:
    return User.objects.create_user("staff", "staff@harborline.example", "pw", is_staff=True)


def shown(connection: SCIMConnection, account: Any) -> list[str]:
    """What the pages show that are asked for this account."""
    verdict = queue.look_for(connection, "evil@harborline.example", [str(account.pk)])
    by_key = [one.username for one in verdict.accounts] if verdict else []
    called = [one.username for one in queue.accounts_called(connection, account.username)]
    compared = [line.name for line in reconciliation.examine(connection).lines]
    return [*by_key, *called, *(name for name in compared if name == account.username)]


@pytest.mark.parametrize("whom", ["leaver", "root"])
def test_nobody_is_shown_who_is_not_the_customers(
    connection: SCIMConnection, whom: str, request: pytest.FixtureRequest
) -> None:
    assert shown(connection, request.getfixturevalue(whom)) == []


def export(name: str, mail: str) -> bytes:
    return f"userPrincipalName,mail\n{name},{mail}\n".encode()


@pytest.mark.parametrize(
    ("name", "mail"),
    [("root", "x@harborline.example"), ("evil@harborline.example", "root@example.org")],
    ids=["by name", "by address"],
)
def test_nobody_is_shown_the_staff_of_all_whatever_leads_to_them(
    connection: SCIMConnection, scim: ScimClient, root: Any, name: str, mail: str
) -> None:
    """What was sent and refused, a name that nobody has sent, and an export."""
    User.objects.filter(pk=root.pk).update(email="root@example.org")
    emails = [{"type": "work", "primary": True, "value": mail}]
    scim.post("/Users", person("evil", userName=name, emails=emails))
    directory = adoption.from_csv(connection, export(name, mail))
    looked_for = queue.look_for(connection, name)
    verdicts = [
        *(one.verdict for one in queue.waiting(connection)),
        *([looked_for] if looked_for else []),
        *adoption.examine(connection, directory).verdicts,
    ]
    lines = reconciliation.examine(connection, directory).lines
    assert [account for one in (*verdicts, *lines) for account in one.accounts] == []
    assert not any("root@example.org" in line.account for line in lines)


def test_somebody_whom_nobody_has_managed_is_shown(connection: SCIMConnection, other: SCIMConnection) -> None:
    old = User.objects.create_user("old", "old@harborline.example", "pw")
    assert shown(connection, old) == ["old"] * 3


def test_no_staff_let_themselves_in_as_the_administrator_of_all(
    connection: SCIMConnection, root: Any, staff: User
) -> None:
    document = {**person("evil"), "active": True}
    with pytest.raises(ConnectionRefused, match="Only a superuser"):
        queue.link(connection, document, root, keeps_profile=False, actor=staff)
    assert not may_sign_in(root, connection)


def test_no_staff_link_whom_another_customer_has_deleted(
    connection: SCIMConnection, leaver: User, staff: User
) -> None:
    document = {**person("evil"), "active": True}
    with pytest.raises(ConnectionRefused):
        queue.link(connection, document, leaver, keeps_profile=False, actor=staff)
    assert not may_sign_in(leaver, connection)


# --- accounts that another connection has lost


def detached(link: ProvisionedUser) -> None:
    keeping.detach(link, actor=None)


def disconnected(link: ProvisionedUser) -> None:
    connections.disconnect(link.connection, actor=None, learners="keep")


def deleted_and_disconnected(link: ProvisionedUser) -> None:
    ScimClient(TokenFactory(connection=link.connection).plaintext).delete(f"/Users/{link.scim_id}")
    User.objects.filter(pk=link.user_id).update(is_active=True)
    disconnected(link)


def deleted_and_settings_gone(link: ProvisionedUser) -> None:
    deleted_and_disconnected(link)
    link.connection.load_sso().delete()


WAYS = (detached, disconnected, deleted_and_disconnected, deleted_and_settings_gone)


@pytest.fixture
def hers(other: SCIMConnection) -> ProvisionedUser:
    """The link of another customer's person."""
    scim = ScimClient(TokenFactory(connection=other).plaintext)
    made = scim.post("/Users", person("ben.theirs")).json()["id"]
    return ProvisionedUser.objects.select_related("user", "connection").get(scim_id=made)


@pytest.fixture
def third() -> SCIMConnection:
    return make_connection("Third")


def staff_browser(
    monkeypatch: pytest.MonkeyPatch, *sees: SCIMConnection, name: str = "clerk"
) -> SecureBrowser:
    """Of somebody who may do everything about these connections but is no superuser."""
    keys = [one.pk for one in sees]
    mine = classmethod(lambda cls, user: SCIMConnection.objects.filter(pk__in=keys))
    monkeypatch.setattr(get_adapter_class(), "connections_for", mine)
    account = User.objects.create_user(name, f"{name}@harborline.example", PASSWORD, is_staff=True)
    permissions = Permission.objects.filter(content_type__app_label="scim_provisioning")
    account.user_permissions.set(permissions)
    browser = SecureBrowser()
    browser.force_login(account)
    return browser


@pytest.mark.parametrize("lose", WAYS)
def test_no_staff_link_whom_another_connection_has_lost(
    connection: SCIMConnection,
    hers: ProvisionedUser,
    third: SCIMConnection,
    lose: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = hers.user
    lose(hers)
    browser = staff_browser(monkeypatch, connection)
    page = f"{url('person', connection)}?name=evil@harborline.example&q={account.username}"
    assert [one.name for one in browser.get(page).context["candidates"]] == []
    browser.post(page, {"answer": "link", "account": account.pk, "password": PASSWORD})
    assert not ProvisionedUser.objects.filter(connection=connection).exists()
    with pytest.raises(ConnectionRefused):
        queue.link(connection, {**person("evil"), "active": True}, account, keeps_profile=False, actor=None)
    assert shown(connection, account) == []


@pytest.mark.parametrize("lose", WAYS)
def test_no_other_customers_identity_provider_signs_in_whom_a_connection_has_lost(
    connection: SCIMConnection, hers: ProvisionedUser, third: SCIMConnection, lose: Any
) -> None:
    lose(hers)
    account = User.objects.get(pk=hers.user_id)
    assert account.is_active
    assert not may_sign_in(account, connection)


@pytest.mark.parametrize("lose", WAYS)
def test_nobody_is_told_of_an_account_that_is_on_that_it_is_off_or_how_it_was_lost(
    connection: SCIMConnection,
    scim: ScimClient,
    hers: ProvisionedUser,
    third: SCIMConnection,
    lose: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose(hers)
    refused = scim.post("/Users", person("ben.theirs"))
    if refused.status_code == 201:
        # Where no evidence meets the account, the newcomer gets one of their own.
        assert ProvisionedUser.objects.get(connection=connection).user_id != hers.user_id
        return
    assert refused.status_code == 409
    assert "belongs to another connection of the application, or did" in refused.json()["detail"]
    event = ProvisioningEvent.objects.latest("pk")
    page = reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])
    words = text(staff_browser(monkeypatch, connection).get(page))
    assert "The account belongs to another connection, or did." in words
    assert "deactivated" not in words
    assert "has let the person go" not in words


def test_where_no_other_customer_is_left_an_ended_connections_people_come_in(
    connection: SCIMConnection, hers: ProvisionedUser
) -> None:
    """New settings of the one customer that there is: nobody is locked out until they are sent."""
    hers.connection.load_sso().delete()
    assert may_sign_in(User.objects.get(pk=hers.user_id), connection)


def allow(connection: SCIMConnection, account: User) -> None:
    call_command("scim_connection", "share", "--connection", connection.name, "--user-name", account.username)


@pytest.mark.parametrize("lose", WAYS)
def test_by_the_word_of_whoever_sees_both_the_identity_provider_finds_it(
    connection: SCIMConnection, scim: ScimClient, hers: ProvisionedUser, lose: Any
) -> None:
    account = hers.user
    lose(hers)
    allow(connection, account)
    assert scim.post("/Users", person("ben.theirs")).status_code == 201
    assert ProvisionedUser.objects.get(connection=connection).user == account


def test_by_the_word_of_whoever_sees_both_staff_link_it(
    connection: SCIMConnection, hers: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = hers.user
    deleted_and_disconnected(hers)
    allow(connection, account)
    browser = staff_browser(monkeypatch, connection)
    page = f"{url('person', connection)}?name=ben@harborline.example&q={account.username}"
    browser.post(page, {"answer": "link", "account": account.pk, "password": PASSWORD})
    assert ProvisionedUser.objects.get(connection=connection).user == account


def test_that_an_account_is_the_staffs_is_said_to_no_customers_staff(
    connection: SCIMConnection, scim: ScimClient, root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(pk=root.pk).update(email="root@example.org")
    browser = staff_browser(monkeypatch, connection)
    rows = b"userPrincipalName,mail\nroot,x@harborline.example\nevil@harborline.example,root@example.org\n"
    given = {
        "verb": "file",
        "file": SimpleUploadedFile("people.csv", rows, "text/csv"),
        "user_name": "userPrincipalName",
        "external_id": "",
    }
    answer = browser.post(url("adopt", connection), given)
    said = b"".join(answer.streaming_content).decode() if answer.streaming else text(answer)
    assert "evil@harborline.example" in said
    assert "rotected" not in said
    scim.post("/Users", person("evil", userName="root"))
    seen = SCIMConnection.objects.filter(pk=connection.pk)
    for found in people.ask("root", seen, in_clear=True).people:
        assert "rotected" not in found.cause


@pytest.mark.parametrize("lose", [detached, deleted_and_disconnected, deleted_and_settings_gone])
def test_the_page_of_the_refusal_leads_whoever_sees_both_to_the_word(
    connection: SCIMConnection,
    scim: ScimClient,
    hers: ProvisionedUser,
    lose: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = hers.user
    lose(hers)
    assert scim.post("/Users", person("ben.theirs")).status_code == 409
    refusal = ProvisioningEvent.objects.latest("pk")
    assert refusal.error_code == "user.owner_left"
    keys = {"object_id": connection.pk, "event_id": refusal.pk}
    page = reverse("admin:scim_provisioning_scimconnection_share_refused", kwargs=keys)
    operation = reverse("admin:scim_provisioning_provisioningevent_change", args=[refusal.pk])
    one_side = staff_browser(monkeypatch, connection)
    assert one_side.get(page).status_code == 404
    assert page not in one_side.get(operation).content.decode()
    browser = staff_browser(monkeypatch, connection, hers.connection, name="both")
    assert page in browser.get(operation).content.decode()
    assert account.username in text(browser.get(page))
    assert browser.post(page, {"password": PASSWORD}).status_code == 302
    assert scim.post("/Users", person("ben.theirs")).status_code == 201
    assert ProvisionedUser.objects.get(connection=connection).user == account
