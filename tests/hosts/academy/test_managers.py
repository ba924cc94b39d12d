"""People who have managers, where an account's key is a UUID."""

from __future__ import annotations

import pytest

from tests.client import ScimClient
from tests.hosts.academy.test_facts import ENTERPRISE, employee

pytestmark = pytest.mark.django_db


def test_a_page_shows_several_managers(scim: ScimClient) -> None:
    ids = [scim.post("/Users", employee(f"p{n}")).json()["id"] for n in range(4)]
    for report, manager in ((ids[2], ids[0]), (ids[3], ids[1])):
        change = [{"op": "add", "path": f"{ENTERPRISE}:manager", "value": manager}]
        assert scim.patch(f"/Users/{report}", change).status_code == 200
    page = scim.get("/Users").json()
    managers = [user.get(ENTERPRISE, {}).get("manager", {}).get("value") for user in page["Resources"]]
    assert managers == [None, None, ids[0], ids[1]]
