"""Locking a learner's value, unlocking it and detaching the learner, as JSON."""

from __future__ import annotations

import pytest

from example_project.lms.models import Learner
from scim_provisioning.models import LockedValue, ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
TITLE = {"user_name": INES, "attribute": "title"}


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.get()


def test_a_value_is_locked_listed_and_given_back(
    boss: API, ines: ProvisionedUser, connection: SCIMConnection, scim: ScimClient
) -> None:
    assert boss.post("lock", connection.pk, **TITLE).json() == {"reason": ["This field is required."]}
    locked = [boss.post("lock", connection.pk, **TITLE, reason="Agreed with HR").json() for _ in range(2)]
    assert locked == [{"changed": True}, {"changed": False}]
    (one,) = boss.get("locks", connection.pk).json()["results"]
    assert {name: one[name] for name in ("user_name", "attribute", "reason", "locked_by")} == {
        **TITLE,
        "reason": "Agreed with HR",
        "locked_by": "boss",
    }
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "replace", "path": "title", "value": "Analyst"}])
    assert Learner.objects.get().job_role == "Secure Coding Lead"
    unlocked = [boss.post("unlock", connection.pk, **TITLE) for _ in range(2)]
    assert [answer.json() for answer in unlocked] == [{"changed": True}, {"changed": False}]
    assert Learner.objects.get().job_role == "Analyst"


def test_an_attribute_that_cannot_be_locked_is_refused_with_those_that_can(
    boss: API, ines: ProvisionedUser, connection: SCIMConnection
) -> None:
    answer = boss.post("lock", connection.pk, user_name=INES, attribute="active", reason="x")
    assert answer.status_code == 409
    assert "title" in answer.json()["detail"]


def test_detaching_needs_the_password(boss: API, ines: ProvisionedUser, connection: SCIMConnection) -> None:
    assert boss.post("detach", connection.pk, user_name=INES).status_code == 400
    assert boss.post("detach", connection.pk, user_name=INES, password=PASSWORD).json() == {"changed": True}
    assert not ProvisionedUser.objects.living().exists()
    assert boss.post("detach", connection.pk, user_name=INES, password=PASSWORD).status_code == 409


@pytest.mark.parametrize("verb", ["lock", "unlock", "detach"])
def test_it_takes_the_permission_and_ones_own_connection(
    staff: Staff, boss: API, ines: ProvisionedUser, connection: SCIMConnection, verb: str
) -> None:
    body = {**TITLE, "reason": "x", "password": PASSWORD}
    assert staff("view_scimconnection").post(verb, connection.pk, **body).status_code == 403
    assert staff("view_scimconnection").get("locks", connection.pk).status_code == 403
    assert boss.post(verb, ConnectionFactory(name="Brightwater").pk, **body).status_code == 409
    assert boss.post(verb, 4711, **body).status_code == 404
    assert not LockedValue.objects.exists()
    assert ProvisionedUser.objects.living().exists()
