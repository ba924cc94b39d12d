"""A bulk request in trouble: what is said of each operation is what is in the tables and in the log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.constants import BULK_REQUEST
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.faults.test_databases_that_fail import WAIT, drop, on_a_server, own_number
from tests.leavers import established
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

NAMES = [f"p{number}.x" for number in range(1, 9)]
ROUNDS = 4

Operation = dict[str, Any]


def bulk(scim: ScimClient, operations: list[Operation]) -> Any:
    return scim.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [operation["status"] for operation in json.loads(answer.content)["Operations"]]


# --- the connection is lost in the middle


@on_a_server
@pytest.mark.parametrize("times", [1, WAIT])
def test_connection_that_is_lost_in_the_fifth_of_eight_operations_takes_nothing_back_that_was_said(
    scim: ScimClient, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: all eight are done. Each time: what came before it stands, and is all that is said to be done."""
    met: list[str] = []

    def dropped(self: LearnerAdapter, learner: Learner, *, event: ProvisioningEvent) -> None:
        if self.link.user_name.startswith("p5.") and len(met) < times:
            met.append(self.link.user_name)
            drop(own_number())

    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, "on_provisioned", dropped)
        answer = bulk(
            scim, [{"method": "POST", "path": "/Users", "bulkId": one, "data": person(one)} for one in NAMES]
        )
    assert statuses(answer) == (["201"] * 8 if times == 1 else ["201"] * 4 + ["503"] * 4)
    assert len(met) == min(times, 3)
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    logged = {event.path.partition("#")[2].split()[0]: event for event in events}
    assert len(logged) == len(events), "two rows for one operation"
    for number, result in enumerate(answer.json()["Operations"]):
        name, event = f"{NAMES[number]}@harborline.example", logged[str(number)]
        is_done = result["status"] == "201"
        assert event.outcome == ("applied" if is_done else "refused")
        assert User.objects.filter(username=name).exists() is is_done
        assert ProvisionedUser.objects.filter(user_name=name).exists() is is_done
        if is_done:
            assert scim.get(f"/Users/{result['location'].rpartition('/')[2]}").status_code == 200
        else:
            assert event.error_code == result["response"].get("code", "database.gone")


# --- two meet over the same people


def changes(ids: list[str], path: str, value: Any) -> list[Operation]:
    change = {"Operations": [{"op": "replace", "path": path, "value": value}]}
    return [{"method": "PATCH", "path": f"/Users/{scim_id}", "data": change} for scim_id in ids]


def sent(token: str, operations: list[Operation]) -> Callable[[], Any]:
    return lambda: bulk(ScimClient(token), operations)


def logged_as_applied(ids: list[str]) -> dict[str, int]:
    said = ProvisioningEvent.objects.filter(scim_id__in=ids, outcome="applied")
    return Counter(said.values_list("scim_id", flat=True))


def test_two_bulks_of_one_connection_in_opposite_order_do_what_they_say(
    scim: ScimClient, token: str, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"bulks_at_once": 2}}
    ids = [scim.post("/Users", person(name)).json()["id"] for name in NAMES]
    for number in range(ROUNDS):
        before = logged_as_applied(ids)
        there, back = at_once(
            sent(token, changes(ids, "title", f"There {number}")),
            sent(token, changes(ids[::-1], "nickName", f"Back {number}")),
        )
        assert (statuses(there), statuses(back)) == (["200"] * 8, ["200"] * 8)
        for scim_id in ids:
            found = scim.get(f"/Users/{scim_id}").json()
            assert (found["title"], found["nickName"]) == (f"There {number}", f"Back {number}")
        assert logged_as_applied(ids) == {scim_id: before[scim_id] + 2 for scim_id in ids}
    assert set(Learner.objects.values_list("job_role", flat=True)) == {f"There {ROUNDS - 1}"}


@pytest.fixture
def guests(connection: SCIMConnection) -> Callable[[], list[str]]:
    """The same people in another connection of the customer's, which shares their accounts."""

    def share() -> list[str]:
        other = ConnectionFactory(
            name="Guests", sso_key=str(SSOSettingsFactory(organization=connection.sso.organization).pk)
        )
        return [
            str(
                ProvisionedUser.objects.create(
                    connection=other,
                    user=link.user,
                    user_name=link.user_name,
                    user_name_key=link.user_name_key,
                    document={"userName": link.user_name, "active": True},
                    owns_profile=False,
                    version=1,
                ).scim_id
            )
            for link in ProvisionedUser.objects.filter(connection=connection).order_by("pk")
        ]

    return share


def test_two_connections_that_switch_the_same_people_in_opposite_order_agree_in_the_end(
    scim: ScimClient, token: str, guests: Callable[[], list[str]]
) -> None:
    ids = [scim.post("/Users", person(name)).json()["id"] for name in NAMES]
    shared = guests()
    established()
    other = TokenFactory(connection=SCIMConnection.objects.get(name="Guests")).plaintext
    accounts = User.objects.filter(learner__isnull=False)
    for number in range(ROUNDS):
        before = logged_as_applied(ids + shared)
        wanted = bool(number % 2)
        ours, theirs = at_once(
            sent(token, changes(ids, "active", wanted)),
            sent(other, changes(shared[::-1], "active", wanted)),
        )
        assert (statuses(ours), statuses(theirs)) == (["200"] * 8, ["200"] * 8)
        assert set(accounts.values_list("is_active", flat=True)) == {wanted}, f"round {number}"
        assert logged_as_applied(ids + shared) == {one: before[one] + 1 for one in ids + shared}
