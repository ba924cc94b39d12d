"""A hook that changes the learner: the answer, what the log keeps of it, and the next GET say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningPayload
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

Hook = Callable[..., None]
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def saving(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
    learner.job_role = "Changed by the LMS"
    learner.save()


def past_the_model(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
    Learner.objects.filter(pk=learner.pk).update(job_role="Changed by the LMS")


def another_instance(self: LearnerAdapter, learner: Learner, **event: Any) -> None:
    other = Learner.objects.get(pk=learner.pk)
    other.job_role = "Changed by the LMS"
    other.save()


ROADS = [saving, past_the_model, another_instance]


@pytest.fixture(params=["on_provisioned", "on_updated", "on_deactivated", "on_reactivated", "revoke_access"])
def operation(request: pytest.FixtureRequest, scim: ScimClient) -> tuple[str, dict[str, Any]]:
    """A hook, and what makes the host be called with it: method, path and data as in a bulk request."""
    hook: str = request.param
    if hook == "on_provisioned":
        return hook, {"method": "POST", "path": "/Users", "bulkId": "new", "data": person()}
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    change: dict[str, Any] = {"op": "replace", "path": "active", "value": hook == "on_reactivated"}
    if hook == "on_reactivated":
        scim.patch(path, [{"op": "replace", "path": "active", "value": False}])
    if hook == "on_updated":
        change = {"op": "replace", "path": "displayName", "value": "I. Okafor"}
    schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
    return hook, {"method": "PATCH", "path": path, "data": {"schemas": schemas, "Operations": [change]}}


def logged() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(ProvisioningPayload.objects.latest("pk").response)
    return kept


@pytest.mark.parametrize("road", ROADS)
def test_the_answer_the_log_and_the_next_read_are_equal(
    road: Hook, operation: tuple[str, dict[str, Any]], scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, sent = operation
    monkeypatch.setattr(LearnerAdapter, hook, road)

    answer = scim.request(sent["method"], sent["path"], sent["data"])

    read = scim.get(f"/Users/{answer.json()['id']}")
    assert read.json()["title"] == "Changed by the LMS"
    assert answer.json() == logged() == read.json()
    assert answer.headers["ETag"] == read.headers["ETag"] == logged()["meta"]["version"]


@pytest.mark.parametrize("road", ROADS)
def test_in_bulk_the_version_and_the_log_are_those_of_the_next_read(
    road: Hook, operation: tuple[str, dict[str, Any]], scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, sent = operation
    monkeypatch.setattr(LearnerAdapter, hook, road)

    answer = scim.post("/Bulk", {"schemas": [BULK], "Operations": [sent]})

    (result,) = answer.json()["Operations"]
    read = scim.get(f"/Users/{result['location'].rpartition('/')[2]}")
    assert read.json()["title"] == "Changed by the LMS"
    assert logged() == read.json()
    assert result["version"] == read.headers["ETag"]


@pytest.mark.parametrize("road", ROADS)
def test_a_put_answers_with_what_the_hook_made_of_it(
    road: Hook, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    monkeypatch.setattr(LearnerAdapter, "on_updated", road)

    answer = scim.put(path, person(displayName="I. Okafor"))

    assert answer.json() == logged() == scim.get(path).json()
