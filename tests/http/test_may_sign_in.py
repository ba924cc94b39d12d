"""``scim_provisioning.sso.may_sign_in``: what the host's sign-in asks, and what the example LMS does about it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters
from scim_provisioning.administration import connections, erasure
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
PASSWORD = "a password of her own"
OFF = [{"op": "Replace", "path": "active", "value": False}]


@pytest.fixture
def ines(scim: ScimClient) -> User:
    assert scim.post("/Users", person()).status_code == 201
    return User.objects.get()


def path(connection: SCIMConnection) -> str:
    return f"/Users/{ProvisionedUser.objects.get(connection=connection).scim_id}"


@pytest.fixture
def second(ines: User) -> SCIMConnection:
    """Another connection that shares her account."""
    other = make_connection("Other")
    let_share(INES)
    assert ScimClient(TokenFactory(connection=other).plaintext).post("/Users", person()).status_code == 201
    return other


def test_whoever_is_active_may_and_one_query_tells(
    ines: User, connection: SCIMConnection, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert may_sign_in(ines)
    # Whose the connection is, is told by its SSO row, which is read once.
    with django_assert_num_queries(2):
        assert may_sign_in(ines, connection)
    with django_assert_num_queries(1):
        assert may_sign_in(ines, connection)


def test_whom_provisioning_does_not_know_is_the_hosts_business(
    connection: SCIMConnection, organization: Organization
) -> None:
    assert may_sign_in(User.objects.create_user("rui"))
    assert may_sign_in(LearnerFactory(organization=organization, user__username="mia").user, connection)
    assert may_sign_in(User(username="about to be made"), connection)


def test_one_customers_identity_provider_lets_nobody_of_another_in_whatever_name_it_asserts(
    ines: User, connection: SCIMConnection, organization: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    other = make_connection("Other")
    colleague = LearnerFactory(organization=organization, user__username="mia").user
    root = User.objects.create_superuser("root")
    assert [may_sign_in(user, connection) for user in (ines, colleague)] == [True, True]
    assert [may_sign_in(user, other) for user in (ines, colleague, root)] == [False, False, False]
    assert "of another customer" in caplog.text


def test_whom_another_connection_of_the_customer_has_switched_off_comes_in_by_none_of_them(
    scim: ScimClient, ines: User, connection: SCIMConnection, organization: Organization
) -> None:
    second = make_connection("Second", organization)
    scim.patch(path(connection), OFF)
    ines.refresh_from_db()
    assert not may_sign_in(ines, connection)
    assert not may_sign_in(ines, second)


def test_where_nothing_tells_customers_apart_an_unknown_account_is_the_hosts_business(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "rows", {})
    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("userName", "username")])
    assert may_sign_in(User.objects.create_user("rui"), connection)


def test_where_nothing_tells_customers_apart_none_of_several_lets_anybody_in_as_staff(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "rows", {})
    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("userName", "username")])
    root = User.objects.create_superuser("root")
    # A company's own LMS, whose staff are in its directory.
    assert may_sign_in(root, connection)
    make_connection("Other")
    assert not may_sign_in(root, connection)
    # Django's own sign-in names no customer.
    assert may_sign_in(root)


def test_whoever_is_inactive_or_deleted_may_not_and_the_log_says_why(
    scim: ScimClient, ines: User, connection: SCIMConnection, caplog: pytest.LogCaptureFixture
) -> None:
    scim.patch(path(connection), OFF)
    ines.refresh_from_db()
    assert not may_sign_in(ines)
    assert not may_sign_in(ines, connection)
    assert "inactive" in caplog.text
    scim.delete(path(connection))
    # Even where the LMS has switched the account on again.
    User.objects.update(is_active=True)
    ines.refresh_from_db()
    assert not may_sign_in(ines)
    assert not may_sign_in(ines, connection)
    assert "deleted by the identity provider" in caplog.text


def test_whoever_is_deleted_in_one_connection_and_living_in_another_may_there(
    scim: ScimClient, ines: User, connection: SCIMConnection, second: SCIMConnection
) -> None:
    scim.delete(path(connection))
    assert may_sign_in(ines)
    assert may_sign_in(ines, second)
    assert not may_sign_in(ines, connection)


def test_whoever_is_kept_active_by_another_connection_may_there_only(
    scim: ScimClient, ines: User, connection: SCIMConnection, second: SCIMConnection
) -> None:
    scim.patch(path(connection), OFF)
    ines.refresh_from_db()
    assert ines.is_active
    assert may_sign_in(ines)
    assert may_sign_in(ines, second)
    assert not may_sign_in(ines, connection)


def test_the_people_of_a_customer_whom_the_host_does_not_serve_may_not(
    ines: User, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "tenant_enabled", classmethod(lambda cls, connection: False))
    assert not may_sign_in(ines)
    assert not may_sign_in(ines, connection)


def test_the_people_of_a_paused_connection_may_unless_the_host_says_otherwise(
    ines: User, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections.pause(connection, actor=None)
    assert may_sign_in(ines, connection)

    def locked(cls: type, connection: SCIMConnection) -> bool:
        return not connection.is_paused

    monkeypatch.setattr(LearnerAdapter, "tenant_may_sign_in", classmethod(locked))
    assert not may_sign_in(ines, connection)
    assert not may_sign_in(ines)


def test_a_connection_that_was_disconnected_says_nothing(
    scim: ScimClient, ines: User, connection: SCIMConnection
) -> None:
    scim.patch(path(connection), OFF)
    connections.disconnect(connection, actor=None, learners="keep")
    assert may_sign_in(ines)


# --- the example LMS


def sign_in(client: Client) -> bool:
    return client.login(username=INES, password=PASSWORD)


def who(client: Client) -> str:
    return client.get("/whoami/").content.decode()


def test_the_example_lets_nobody_in_whom_the_identity_provider_has_deleted(
    scim: ScimClient, ines: User, connection: SCIMConnection
) -> None:
    ines.set_password(PASSWORD)
    ines.save()
    assert sign_in(Client())
    scim.delete(path(connection))
    User.objects.update(is_active=True)
    assert not sign_in(Client())


def test_in_the_example_a_session_ends_at_its_next_request_when_the_customer_is_disabled(
    ines: User, connection: SCIMConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = "tests.http.whoami_urls"
    browser: Any = Client()
    browser.force_login(ines)
    assert who(browser) == INES
    monkeypatch.setattr(LearnerAdapter, "tenant_enabled", classmethod(lambda cls, connection: False))
    assert who(browser) == "nobody"


@pytest.mark.parametrize("verb", ["deleted", "switched off"])
def test_whom_nobody_knows_any_more_after_a_departure_is_kept_out_by_the_account_itself(
    scim: ScimClient, ines: User, connection: SCIMConnection, verb: str
) -> None:
    ines.set_password(PASSWORD)
    ines.save()
    link = ProvisionedUser.objects.select_related("connection").get()
    left = scim.delete(path(connection)) if verb == "deleted" else scim.patch(path(connection), OFF)
    assert left.status_code in (200, 204)
    erasure.forget(erasure.Person(connection, link=link), actor=None)
    ines.refresh_from_db()
    assert (may_sign_in(ines), may_sign_in(ines, connection), ines.is_active) == (True, True, False)
    assert not Client().login(username=ines.username, password=PASSWORD)
