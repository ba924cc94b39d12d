"""Google Workspace: automated provisioning through catalogue entries that customers re-use."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.vendors.asking import CORE, CORE_1, ENTERPRISE, Body, create, look_up, read

pytestmark = pytest.mark.django_db


def google_user() -> Body:
    """The SCIM 1 URN stands beside the 2.0 one."""
    return {
        "schemas": [CORE_1, CORE, ENTERPRISE],
        "userName": "gwen.ito@quayside.example",
        "externalId": "113059000000000000000",
        "name": {"givenName": "Gwen", "familyName": "Ito"},
        "displayName": "Gwen Ito",
        "emails": [{"value": "gwen.ito@quayside.example", "primary": True, "type": "work"}],
        "phoneNumbers": [],
        "active": True,
    }


def test_create_with_the_scim_1_urn_is_answered_with_the_schemas_in_use(scim: ScimClient) -> None:
    made = create(scim, google_user())
    assert made["schemas"] == [CORE]
    assert (made["userName"], made["externalId"]) == ("gwen.ito@quayside.example", "113059000000000000000")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_suspension_keeps_the_user_readable(scim: ScimClient, method: str) -> None:
    made = create(scim, google_user())
    if method == "PUT":
        answer = scim.put(f"/Users/{made['id']}", google_user() | {"active": False})
    else:
        answer = scim.patch(f"/Users/{made['id']}", [{"op": "replace", "path": "active", "value": False}])
    assert answer.status_code == 200
    assert read(scim, made["id"])["active"] is False


def test_deletion_after_the_delay_and_a_return_some_hours_later(scim: ScimClient) -> None:
    made = create(scim, google_user())
    scim.delete(f"/Users/{made['id']}")
    assert look_up(scim, 'userName eq "gwen.ito@quayside.example"')["totalResults"] == 0
    assert create(scim, google_user())["id"] == made["id"]
