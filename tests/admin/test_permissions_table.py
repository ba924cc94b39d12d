"""Who may do what where: a truth table of user, connection, address and method."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import text, url

OK, MOVED, FORBIDDEN, MISSING = 200, 302, 403, 404


class OneCustomer(LearnerAdapter):
    """A host that gives each customer an administrator of their own, named like the connection."""

    @classmethod
    def connections_for(cls, user: Any) -> QuerySet[SCIMConnection]:
        everything = SCIMConnection.objects.all()
        return everything if user.is_superuser else everything.filter(name=user.username)


#: Each page, and the permission that opens it beside that to view connections.
PAGES = {
    "generate": "generate_token",
    "rotate": "generate_token",
    "rotation": None,
    "rotation_status": None,
    "revoke": "revoke_token",
    "pause": "change_scimconnection",
    "resume": "change_scimconnection",
    "policies": "manage_policy",
    "units": "manage_policy",
    "adopt": "manage_policy",
    "reconcile": "manage_policy",
    "queue": "manage_policy",
    "disconnect": "change_scimconnection",
    "disconnection": "change_scimconnection",
    "restore": "change_scimconnection",
    "steps": None,
    "numbers": None,
    "managers": "view_provisioningevent",
    "privacy": None,
}
WITH_TOKEN = {"rotate", "rotation", "rotation_status", "revoke"}
EVERYTHING = (
    "view_scimconnection",
    "change_scimconnection",
    "add_scimconnection",
    "generate_token",
    "revoke_token",
    "manage_policy",
    "view_provisioningevent",
)


@pytest.fixture(autouse=True)
def _one_customer_each(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.admin.test_permissions_table.OneCustomer",
    }


@pytest.fixture
def rotating(connection: SCIMConnection) -> SCIMToken:
    """The new token of a rotation."""
    old = TokenFactory(connection=connection)
    token: SCIMToken = TokenFactory(connection=connection, replaces=old)
    return token


def address(name: str, connection: SCIMConnection, token: SCIMToken) -> str:
    return url(name, connection, token if name in WITH_TOKEN else None)


def ask(client: Client, method: str, target: str) -> int:
    response = client.get(target) if method == "GET" else client.post(target, {"password": PASSWORD})
    return response.status_code


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    "person",
    ["stranger", "nobody", "learner", "staff without permissions", "viewer", "owner", "superuser"],
)
def test_each_page_opens_for_those_and_only_those_who_may(
    administrator: Administrator,
    connection: SCIMConnection,
    rotating: SCIMToken,
    person: str,
    name: str,
    method: str,
) -> None:
    needed = PAGES[name]
    client, expected = {
        "nobody": lambda: (Client(), {MOVED}),
        "learner": lambda: (administrator(*EVERYTHING, name=connection.name, is_staff=False), {MOVED}),
        "staff without permissions": lambda: (
            administrator("add_logentry", name=connection.name),
            {FORBIDDEN},
        ),
        "viewer": lambda: (
            administrator("view_scimconnection", name=connection.name),
            {OK, MOVED, 405} if needed is None else {FORBIDDEN},
        ),
        "owner": lambda: (
            administrator("view_scimconnection", *filter(None, [needed]), name=connection.name),
            {OK, MOVED},
        ),
        "stranger": lambda: (administrator(*EVERYTHING, name="Brightwater"), {MISSING}),
        "superuser": lambda: (administrator(), {OK, MOVED}),
    }[person]()
    before = (list(SCIMToken.objects.values()), list(SCIMConnection.objects.values()))
    status = ask(client, method, address(name, connection, rotating))
    assert status in expected
    if status in (FORBIDDEN, MISSING) or person in ("nobody", "learner") or method == "GET":
        assert (list(SCIMToken.objects.values()), list(SCIMConnection.objects.values())) == before
        assert not ProvisioningEvent.objects.exists()


def test_signed_out_people_are_sent_to_the_sign_in_page(
    connection: SCIMConnection, rotating: SCIMToken
) -> None:
    for name in PAGES:
        response = Client().get(address(name, connection, rotating))
        assert response.headers["Location"].startswith(reverse("admin:login")), name


def test_every_other_permission_but_the_one_needed_is_not_enough(
    administrator: Administrator, connection: SCIMConnection, rotating: SCIMToken, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "example_project.lms.scim.LearnerAdapter",
    }
    for number, (name, needed) in enumerate(PAGES.items()):
        if needed is None:
            continue
        others = [codename for codename in EVERYTHING if codename != needed]
        if needed == "change_scimconnection":
            others.append("view_scimconnection")
        client = administrator(*others, name=f"person{number}")
        for method in ("GET", "POST"):
            assert ask(client, method, address(name, connection, rotating)) == FORBIDDEN, name


def test_the_list_holds_only_ones_own_connections(
    administrator: Administrator, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    client = administrator("view_scimconnection", name="Brightwater")
    page = text(client.get(reverse("admin:scim_provisioning_scimconnection_changelist")))
    assert "1 SCIM connection" in page
    assert "Brightwater" in page


def test_another_customers_connection_page_and_history_are_not_found(
    administrator: Administrator, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    client = administrator(*EVERYTHING, name="Brightwater")
    for name in ("change", "history"):
        response = client.get(url(name, connection))
        assert response.status_code in (MOVED, MISSING), name
        assert connection.name not in text(response)
    assert client.get(url("change", other_connection)).status_code == OK


def test_a_bulk_action_reaches_only_ones_own_connections(
    administrator: Administrator, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    client = administrator("view_scimconnection", "change_scimconnection", name="Brightwater")
    chosen = {"action": "pause_selected", "_selected_action": [connection.pk, other_connection.pk]}
    client.post(reverse("admin:scim_provisioning_scimconnection_changelist"), chosen)
    assert [row.is_paused for row in SCIMConnection.objects.order_by("name")] == [True, False]


def test_a_viewer_cannot_pause_by_a_bulk_action(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    client = administrator("view_scimconnection", name=connection.name)
    chosen = {"action": "pause_selected", "_selected_action": [connection.pk]}
    client.post(reverse("admin:scim_provisioning_scimconnection_changelist"), chosen)
    connection.refresh_from_db()
    assert not connection.is_paused


def test_nobody_deletes_or_adds_a_connection_here(admin_client: Client, connection: SCIMConnection) -> None:
    assert admin_client.get(url("delete", connection)).status_code == FORBIDDEN
    assert admin_client.post(url("delete", connection), {"post": "yes"}).status_code == FORBIDDEN
    add = reverse("admin:scim_provisioning_scimconnection_add")
    # It leads to the SSO settings, and takes nothing.
    assert admin_client.post(add, {"name": "By hand"}).status_code == HTTPStatus.OK
    assert SCIMConnection.objects.count() == 1


@pytest.mark.parametrize("key", ["0", "999999", "abc", "_2F", "1 or 1=1", "9" * 40])
def test_a_connection_that_does_not_exist_is_a_404(
    admin_client: Client, connection: SCIMConnection, key: str
) -> None:
    target = url("generate", connection).replace(f"/{connection.pk}/", f"/{key}/")
    assert admin_client.get(target).status_code == HTTPStatus.NOT_FOUND


def test_every_changing_page_refuses_a_post_without_a_csrf_token(
    administrator: Administrator, connection: SCIMConnection, rotating: SCIMToken
) -> None:
    client = administrator()
    client.handler.enforce_csrf_checks = True
    for name, needed in PAGES.items():
        if needed is not None:
            assert ask(client, "POST", address(name, connection, rotating)) == FORBIDDEN, name


def test_while_the_adapter_is_broken_only_superusers_see_connections(
    administrator: Administrator, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "nowhere.Adapter"}
    assert administrator(name="root").get(url("steps", connection)).status_code == OK
    client = administrator("view_scimconnection", name=connection.name)
    assert client.get(url("steps", connection)).status_code == MISSING
    assert client.get(reverse("admin:index")).status_code == OK
