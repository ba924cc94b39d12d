"""When the simulated Entra gives a job up, and whom it tries again: by the figures that Microsoft publishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from django.test import Client

from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing import send_through
from scim_provisioning.testing.simulators import Answer, EntraSimulator, Job, Person, Step
from tests.leavers import established, let_go_at_most


def step(verdict: str = "", method: str = "PATCH", *, is_reference: bool = False) -> Step:
    return Step(
        method,
        "https://lms.example/Users/1",
        200,
        1,
        "it",
        not verdict,
        "no",
        verdict,
        is_reference=is_reference,
    )


def job(good: int = 0, failed: int = 0, references: int = 0) -> Job:
    found = Job()
    for count, one in (
        (good, step()),
        (failed, step("retry")),
        (references, step("retry", is_reference=True)),
    ):
        for _ in range(count):
            found.count(one)
    return found


@pytest.mark.parametrize(
    ("good", "failed", "references", "is_stopped"),
    [
        (0, 4_999, 0, False),
        (0, 5_000, 0, True),
        (7_500, 5_000, 0, False),
        (7_499, 5_000, 0, True),
        (5_000, 30_000, 0, True),
        (100_000, 40_000, 0, False),
        (100_000, 40_001, 0, True),
        (0, 0, 60_000, False),
        (100_000, 40_000, 20_001, True),
    ],
)
def test_a_job_is_stopped_by_its_failures_above_both_limits_and_by_managers_only_in_the_end(
    good: int, failed: int, references: int, is_stopped: bool
) -> None:
    assert bool(job(good, failed, references).quarantine) is is_stopped


def test_what_was_found_by_a_look_up_is_no_operation_and_somebody_who_could_not_be_read_is_one() -> None:
    found = Job(least=1)
    found.count(step("", "GET"))
    assert (found.operations, found.quarantine) == (0, "")
    found.count(step("retry", "GET"))
    assert found.quarantine == "1 of 1 operations failed"


def test_bad_credentials_stop_the_job_at_once_until_a_good_run() -> None:
    token = {"is": "revoked"}

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if token["is"] == "revoked":
            return Answer(
                401, {"content-type": "application/scim+json"}, b'{"detail": "This token was revoked."}'
            )
        none = b'{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0}'
        return Answer(200, {"content-type": "application/scim+json"}, none)

    entra = EntraSimulator("https://lms.example", "t", send)
    entra.test_connection()
    assert entra.job.quarantine.endswith("credentials refused: This token was revoked.")
    token["is"] = "good"
    entra.test_connection()
    assert entra.job.quarantine
    entra.job.begin_cycle()
    entra.test_connection()
    assert entra.job.quarantine == ""


@pytest.mark.django_db
def test_who_could_not_be_changed_or_deleted_is_tried_again_until_it_goes_well(
    token: str, connection: SCIMConnection, client: Client
) -> None:
    entra = EntraSimulator(tenant_url(), token, send_through(client), job=Job(least=2))
    ann, bob, cara = (
        Person(userPrincipalName=f"{name}@harborline.example", displayName=name)
        for name in ("ann", "bob", "cara")
    )
    entra.initial_cycle([ann, bob, cara])
    established()
    let_go_at_most(connection, 1)
    entra.job.begin_cycle()
    entra.disable(ann)
    entra.disable(bob)
    entra.delete(cara)
    assert set(entra.failures) == {bob.objectId, cara.objectId}
    assert entra.job.quarantine == "2 of 3 operations failed"

    let_go_at_most(connection, 10)
    ProvisionedUser.objects.get(user_name_key="bob@harborline.example").held_leaver.delete()
    ProvisionedUser.objects.get(user_name_key="cara@harborline.example").held_leaver.delete()
    entra.job.begin_cycle()
    steps = entra.try_again()
    assert [(each.method, each.status) for each in steps] == [("GET", 200), ("PATCH", 200), ("DELETE", 204)]
    assert (entra.failures, entra.job.quarantine) == ({}, "")
    assert cara.objectId not in entra.anchors
    entra.incremental([replace(bob, accountEnabled=False)])
    assert entra.steps[-1].method == "GET"
