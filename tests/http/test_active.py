"""``active`` removed by a client: absent from answers, silent about access."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
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


@pytest.mark.parametrize("off", [{"path": "active", "value": False}, {"value": {"active": "False"}}])
@pytest.mark.parametrize(
    "silence",
    [*REMOVE, {"op": "replace", "path": "active", "value": None}, {"op": "add", "value": {"active": ""}}],
)
def test_a_switch_that_the_same_request_removes_again_still_holds(
    scim: ScimClient, off: dict[str, Any], silence: dict[str, Any]
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(f"/Users/{scim_id}", [{"op": "replace", **off}, silence])
    assert (answer.status_code, "active" in answer.json()) == (200, False)
    assert get_user_model().objects.get().is_active is False
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.changes["active"]) == ("deactivated", [True, False])


def test_the_last_word_of_a_request_counts_wherever_the_removal_stands(scim: ScimClient) -> None:
    scim_id = remove_active(scim, True)
    on, off = ({"op": "replace", "path": "active", "value": value} for value in (True, False))
    for operations, active in (
        ([off, *REMOVE], False),
        ([on, *REMOVE], True),
        ([on, off, *REMOVE], False),
        ([*REMOVE, on], True),
        ([off, on, *REMOVE], True),
        ([off, *REMOVE, *REMOVE], False),
    ):
        assert scim.patch(f"/Users/{scim_id}", operations).status_code == 200
        assert get_user_model().objects.get().is_active is active, operations


def test_a_switch_that_is_removed_again_is_kept_where_the_lms_was_quicker(scim: ScimClient) -> None:
    scim_id = remove_active(scim, True)
    get_user_model().objects.update(is_active=False)
    off = {"op": "replace", "path": "active", "value": False}
    assert scim.patch(f"/Users/{scim_id}", [off, *REMOVE]).status_code == 200
    assert ProvisionedUser.objects.get().active is False
