"""SailPoint and authentik: what was met in traces of theirs."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, Body, create, patch, read

pytestmark = pytest.mark.django_db


def user(**more: object) -> Body:
    return {
        "schemas": [CORE],
        "userName": "saga.moe@quayside.example",
        "name": {"givenName": "Saga", "familyName": "Moe", "formatted": "Saga Moe"},
        "emails": [{"value": "saga.moe@quayside.example", "primary": True, "type": "other"}],
        "active": True,
        **more,
    }


def test_sailpoint_deactivates_with_a_path_less_add(scim: ScimClient) -> None:
    made = create(scim, user())
    for active in (False, True):
        left = patch(scim, made["id"], [{"op": "add", "value": {"active": active}}])
        assert left["active"] is read(scim, made["id"])["active"] is active


def test_authentik_asks_with_an_unquoted_value_and_gets_an_error_instead_of_everybody(
    scim: ScimClient,
) -> None:
    create(scim, user())
    answer = scim.get("/Users?filter=userName%20eq%20saga.moe")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert "Resources" not in answer.json()


def test_authentik_updates_users_by_put(scim: ScimClient) -> None:
    made = create(scim, user(locale="en"))
    answer = scim.put(f"/Users/{made['id']}", user(displayName="Saga", id=made["id"], photos=[]))
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Saga")
    assert "locale" not in read(scim, made["id"])


def test_authentik_patches_groups_only_and_is_told_to_leave_them(scim: ScimClient) -> None:
    members = [{"value": "1"}]
    answer = scim.patch("/Groups/1", [{"op": "add", "path": "members", "value": members}])
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
        501,
        "application/scim+json",
    )


def test_authentik_reads_the_service_provider_config_first(scim: ScimClient) -> None:
    config = scim.get("/ServiceProviderConfig").json()
    assert config["patch"]["supported"] is True
    assert config["filter"]["supported"] is True
