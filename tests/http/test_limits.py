"""What is stored stays small, whatever way it came: POST, PUT, PATCH, bulk."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from scim_provisioning.administration import log_words
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.people import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def roles(first: int, count: int) -> list[str]:
    return [f"role {number}" for number in range(first, first + count)]


def add(first: int, count: int) -> dict[str, Any]:
    return {"op": "add", "path": "roles", "value": roles(first, count)}


@pytest.fixture
def ines(scim: ScimClient) -> str:
    """Somebody with as many roles as are kept of one person."""
    scim_id: str = scim.post("/Users", person(roles=roles(0, 100))).json()["id"]
    return scim_id


def kept(scim_id: str) -> int:
    return len(ProvisionedUser.objects.get(scim_id=scim_id).document["roles"])


def test_a_patch_does_not_grow_a_list_above_the_cap_and_says_which(scim: ScimClient, ines: str) -> None:
    answer = scim.patch(f"/Users/{ines}", [add(100, 1)])
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "roles" in answer.json()["detail"]
    assert "100" in answer.json()["detail"]
    assert kept(ines) == 100


def test_a_list_that_is_sent_too_long_is_named_in_the_answer_and_in_the_log(scim: ScimClient) -> None:
    sent = person(entitlements=[{"value": f"e{n}"} for n in range(101)])
    answer = scim.post("/Users", sent)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidSyntax")
    assert '"entitlements" has 101 items, at most 100' in answer.json()["detail"]
    event = ProvisioningEvent.objects.latest("pk")
    said = log_words.explanation(event, in_clear=True).cause
    assert said == "The list entitlements holds more than 100 items, which is what LIMITS allows."


def test_many_operations_do_not_grow_it_either(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(f"/Users/{scim_id}", [add(number * 60, 60) for number in range(3)])
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    one_by_one = [{"op": "add", "path": f'roles[value eq "r{n}"].display', "value": "x"} for n in range(50)]
    answers = [scim.patch(f"/Users/{scim_id}", one_by_one).status_code for _ in range(2)]
    assert answers == [200, 200]
    assert kept(scim_id) == 50


def test_a_list_at_the_cap_can_be_changed_and_exchanged(scim: ScimClient, ines: str) -> None:
    swap = [{"op": "remove", "path": "roles", "value": roles(0, 10)}, add(100, 10)]
    assert scim.patch(f"/Users/{ines}", swap).status_code == 200
    assert kept(ines) == 100
    assert (
        scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "roles", "value": roles(0, 5)}]).status_code
        == 200
    )
    assert kept(ines) == 5


def test_a_list_that_was_longer_before_the_setting_may_shrink_and_change_but_not_grow(
    scim: ScimClient, ines: str, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"elements": 60}}
    assert scim.patch(f"/Users/{ines}", [add(100, 1)]).status_code == 400
    shrink = {"op": "remove", "path": "roles", "value": roles(0, 20)}
    assert scim.patch(f"/Users/{ines}", [shrink]).status_code == 200
    assert scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "title", "value": "X"}]).status_code == 200
    assert kept(ines) == 80


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_does_not_grow_one_through_the_keys_of_a_filtered_path(
    scim: ScimClient, settings: Settings, method: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"elements": 4}}
    scim_id = scim.post("/Users", person()).json()["id"]
    paths = {f'roles[value eq "r{n}"].display': "x" for n in range(5)}
    path, body = ("/Users", person("rui")) if method == "POST" else (f"/Users/{scim_id}", person())
    answer = scim.request(method, path, body | paths)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "roles" in answer.json()["detail"]


def bulk(scim: ScimClient, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    answer = scim.post("/Bulk", {"schemas": [BULK], "Operations": list(operations)})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["Operations"]
    return results


def test_inside_bulk_a_list_may_hold_no_more_than_outside(scim: ScimClient, ines: str) -> None:
    results = bulk(
        scim,
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": person("long", roles=roles(0, 101))},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": person("fits", roles=roles(0, 100))},
        {
            "method": "PATCH",
            "path": f"/Users/{ines}",
            "data": {"schemas": [PATCH_OP], "Operations": [add(100, 1)]},
        },
    )
    assert [result["status"] for result in results] == ["400", "201", "400"]
    assert "101 items" in results[0]["response"]["detail"]
    assert kept(ines) == 100


def test_an_operation_of_bulk_is_held_to_the_limits_of_a_request_of_its_own(scim: ScimClient) -> None:
    many = {f"k{n}": n for n in range(201)}
    results = bulk(
        scim,
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": person("many") | many},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": person("few")},
    )
    assert [result["status"] for result in results] == ["400", "201"]
    assert "200 members" in results[0]["response"]["detail"]
