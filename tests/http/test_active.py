"""``active`` removed by a client: absent from answers, silent about access."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

REMOVE = [{"op": "remove", "path": "active"}]


def remove_active(scim: ScimClient, active: bool) -> str:
    scim_id: str = scim.post("/Users", person(active=active)).json()["id"]
    answer = scim.patch(f"/Users/{scim_id}", REMOVE)
    assert answer.status_code == 200
    assert "active" not in answer.json()
    return scim_id


def total(scim: ScimClient, text: str) -> int:
    found: int = scim.get("/Users?filter=" + text.replace(" ", "+")).json()["totalResults"]
    return found


@pytest.mark.parametrize("active", [True, False])
def test_removing_active_neither_locks_out_nor_revives(scim: ScimClient, active: bool) -> None:
    scim_id = remove_active(scim, active)
    assert get_user_model().objects.get().is_active is active
    assert "active" not in scim.get(f"/Users/{scim_id}").json()
    assert ProvisioningEvent.objects.latest("pk").action == "updated"


def test_filters_see_what_is_shown(scim: ScimClient) -> None:
    remove_active(scim, True)
    assert [total(scim, f"active {rest}") for rest in ("pr", "eq true", "eq false", "ne true")] == [
        0,
        0,
        0,
        1,
    ]


def test_a_put_without_active_leaves_it_unassigned(scim: ScimClient) -> None:
    scim_id = remove_active(scim, False)
    answer = scim.put(f"/Users/{scim_id}", person(active=None))
    assert "active" not in answer.json()
    assert get_user_model().objects.get().is_active is False


@pytest.mark.parametrize("active", [True, False])
def test_setting_it_again_means_what_it_says(scim: ScimClient, active: bool) -> None:
    scim_id = remove_active(scim, True)
    answer: Any = scim.patch(f"/Users/{scim_id}", [{"op": "add", "path": "active", "value": active}])
    assert answer.json()["active"] is active
    assert get_user_model().objects.get().is_active is active


def test_deleting_somebody_without_active_still_ends_their_access(scim: ScimClient) -> None:
    scim_id = remove_active(scim, True)
    assert scim.delete(f"/Users/{scim_id}").status_code == 204
    assert get_user_model().objects.get().is_active is False
