"""PingFederate and PingOne: PUT only, and a filter whose operator is spelled ``Eq``."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, ENTERPRISE, Body, create, read

pytestmark = pytest.mark.django_db


def ping_user(**more: object) -> Body:
    return {
        "schemas": [CORE, ENTERPRISE],
        "userName": "pim.roos@quayside.example",
        "name": {"givenName": "Pim", "familyName": "Roos"},
        "emails": [{"value": "pim.roos@quayside.example", "type": "work"}],
        "active": True,
        **more,
    }


def test_filter_with_the_operator_spelled_eq_with_a_capital(scim: ScimClient) -> None:
    made = create(scim, ping_user())
    answer = scim.get("/Users?filter=userName%20Eq%20%22pim.roos%40quayside.example%22")
    assert [user["id"] for user in answer.json()["Resources"]] == [made["id"]]


def test_user_may_be_created_disabled(scim: ScimClient) -> None:
    made = create(scim, ping_user(active=False))
    assert made["active"] is read(scim, made["id"])["active"] is False


def test_put_replaces_the_whole_user(scim: ScimClient) -> None:
    made = create(scim, ping_user(title="Diver", **{ENTERPRISE: {"department": "Hulls"}}))
    answer = scim.put(f"/Users/{made['id']}", ping_user(displayName="Pim Roos"))
    assert answer.status_code == 200
    left = read(scim, made["id"])
    assert left["displayName"] == "Pim Roos"
    assert "title" not in left
    assert ENTERPRISE not in left


@pytest.mark.parametrize("action", ["disable", "delete"])
def test_remove_action(scim: ScimClient, action: str) -> None:
    made = create(scim, ping_user())
    if action == "disable":
        assert scim.put(f"/Users/{made['id']}", ping_user(active=False)).json()["active"] is False
    else:
        assert scim.delete(f"/Users/{made['id']}").status_code == 204


def test_groups_are_matched_by_listing_all(scim: ScimClient) -> None:
    assert scim.get("/Groups").json()["Resources"] == []
