"""JumpCloud: its activation makes a test user and a test group and deletes both, again and again."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, ERROR, Body, create, look_up, patch, read

pytestmark = pytest.mark.django_db


def jumpcloud_user(name: str = "connector.test") -> Body:
    return {
        "schemas": [CORE],
        "userName": f"{name}@quayside.example",
        "name": {"givenName": "Connector", "familyName": "Test"},
        "displayName": "Connector Test",
        "emails": [{"value": f"{name}@quayside.example", "type": "work", "primary": True}],
        "active": True,
    }


def test_activation_can_be_repeated_as_often_as_the_connector_is_edited(scim: ScimClient) -> None:
    for _ in range(3):
        assert look_up(scim, 'userName eq "connector.test@quayside.example"')["totalResults"] == 0
        made = create(scim, jumpcloud_user())
        assert scim.delete(f"/Users/{made['id']}").status_code == 204


def test_activation_whose_user_is_only_deactivated_finds_it_again(scim: ScimClient) -> None:
    made = create(scim, jumpcloud_user())
    patch(scim, made["id"], [{"op": "replace", "path": "active", "value": False}])
    found = look_up(scim, 'userName eq "connector.test@quayside.example"')["Resources"]
    assert [(user["id"], user["active"]) for user in found] == [(made["id"], False)]
    assert patch(scim, made["id"], [{"op": "replace", "path": "active", "value": True}])["active"] is True


def test_test_group_is_refused_with_a_clean_error_and_users_go_on(scim: ScimClient) -> None:
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "SCIM Test Group"}
    answer = scim.post("/Groups", group)
    assert (answer.status_code, answer.json()["schemas"], answer.json()["status"]) == (501, [ERROR], "501")
    assert scim.get("/Groups?filter=displayName%20eq%20%22SCIM%20Test%20Group%22").json()["totalResults"] == 0
    assert create(scim, jumpcloud_user())["active"] is True


def test_update_and_deprovision(scim: ScimClient) -> None:
    made = create(scim, jumpcloud_user())
    answer = scim.put(f"/Users/{made['id']}", jumpcloud_user() | {"displayName": "Renamed"})
    assert answer.json()["displayName"] == "Renamed"
    answer = scim.put(f"/Users/{made['id']}", jumpcloud_user() | {"active": False})
    assert read(scim, made["id"])["active"] is answer.json()["active"] is False
