"""A host that does not say whose an account is, with several connections: no customer's administrator is shown the
staff of all, nor whom another customer's identity provider has deleted, and links none of them."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.administration import adoption, reconciliation
from scim_provisioning.administration.adoption import queue
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
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
