"""Staff of one customer before lists, bulk actions and addresses of connections that are not theirs, or not there."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from scim_provisioning.models import SCIMConnection
from tests.addresses import EVERY_PERMISSION
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.estate import one_customer_each

OK, MOVED, FORBIDDEN, MISSING = 200, 302, 403, 404


@pytest.fixture(autouse=True)
def _one_customer_each(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = one_customer_each(settings.SCIM_PROVISIONING)


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
    client = administrator(*EVERY_PERMISSION, name="Brightwater")
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


def test_while_the_adapter_is_broken_only_superusers_see_connections(
    administrator: Administrator, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "nowhere.Adapter"}
    assert administrator(name="root").get(url("steps", connection)).status_code == OK
    client = administrator("view_scimconnection", name=connection.name)
    assert client.get(url("steps", connection)).status_code == MISSING
    assert client.get(reverse("admin:index")).status_code == OK
