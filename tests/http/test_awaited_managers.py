"""Managers who return: given to the people who wait for them, and no request pays for all of those."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from example_project.lms.models import Learner
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.managers import GIVEN_AT_ONCE
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.people import ENTERPRISE, enterprise, person

pytestmark = pytest.mark.django_db

BOSS = person("boss.one")


def manage(said: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("scim_managers", *said.split(), stdout=out)
    return out.getvalue().strip()


def leave(scim: ScimClient, body: Any = BOSS) -> str:
    """Somebody who is deleted; their SCIM id."""
    scim_id: str = scim.post("/Users", body).json()["id"]
    assert scim.delete(f"/Users/{scim_id}").status_code == 204
    return scim_id


def waiting(scim: ScimClient, manager: str, count: int, prefix: str = "p") -> list[str]:
    """People who were sent with a manager who is not here; their SCIM ids."""
    bodies = (person(f"{prefix}{n}.x", **enterprise(manager={"value": manager})) for n in range(count))
    return [scim.post("/Users", body).json()["id"] for body in bodies]


def managed() -> int:
    return Learner.objects.filter(manager__isnull=False).count()


def set_manager(scim: ScimClient, scim_id: str, manager: str) -> Any:
    path = f"{ENTERPRISE}:manager"
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": path, "value": manager}])


# --- how much one request does


def test_a_request_gives_a_manager_to_a_hundred_people_and_the_command_to_the_others(
    scim: ScimClient,
) -> None:
    boss = leave(scim)
    waiting(scim, boss, GIVEN_AT_ONCE + 5)
    with CaptureQueriesContext(database) as sent:
        assert scim.post("/Users", BOSS).json()["id"] == boss
    assert managed() == GIVEN_AT_ONCE == 100
    assert len(sent) < 2 * GIVEN_AT_ONCE + 40
    assert manage("--dry-run") == "5 people wait for a manager who is here."
    assert manage("") == "Gave 5 people their manager."
    assert managed() == GIVEN_AT_ONCE + 5
    assert manage("") == "Gave 0 people their manager."


def test_all_operations_of_a_bulk_request_share_the_hundred(scim: ScimClient) -> None:
    bosses = [person(f"boss.{n}") for n in range(2)]
    for n, boss in enumerate(bosses):
        waiting(scim, leave(scim, boss), 60, prefix=f"p{n}")
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": boss} for n, boss in enumerate(bosses)
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert scim.post("/Bulk", body).status_code == 200
    assert managed() == GIVEN_AT_ONCE
    assert manage("") == "Gave 20 people their manager."


def test_whoever_is_changed_before_the_command_runs_has_their_manager_at_once(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = leave(scim)
    (report,) = waiting(scim, boss, 1)
    monkeypatch.setattr("scim_provisioning.provisioning.verbs.give", lambda *arguments: None)
    scim.post("/Users", BOSS)
    assert managed() == 0
    scim.patch(f"/Users/{report}", [{"op": "replace", "path": "title", "value": "Fellow"}])
    assert managed() == 1
    assert manage("") == "Gave 0 people their manager."


def test_a_version_that_bulk_reports_is_the_one_of_somebody_whose_manager_returned_after_it(
    scim: ScimClient,
) -> None:
    boss = leave(scim)
    (report,) = waiting(scim, boss, 1)
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Fellow"}],
    }
    operations = [
        {"method": "PATCH", "path": f"/Users/{report}", "data": patch},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": BOSS},
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    found = scim.post("/Bulk", body).json()["Operations"]
    assert [result["status"] for result in found] == ["200", "201"]
    assert managed() == 1
    assert found[0]["version"] == scim.get(f"/Users/{report}").headers["ETag"]


def test_people_who_were_given_a_manager_are_read_again_once_and_not_with_each_later_operation(
    scim: ScimClient,
) -> None:
    boss = leave(scim)
    reports = waiting(scim, boss, 10)
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Fellow"}],
    }
    changes = [{"method": "PATCH", "path": f"/Users/{report}", "data": patch} for report in reports]
    arrival = {"method": "POST", "path": "/Users", "bulkId": "b", "data": BOSS}

    def newcomers(prefix: str) -> list[dict[str, object]]:
        people = [person(f"{prefix}.{n}") for n in range(10)]
        return [
            {"method": "POST", "path": "/Users", "bulkId": f"{prefix}{n}", "data": data}
            for n, data in enumerate(people)
        ]

    def statements(operations: list[dict[str, object]]) -> int:
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": operations,
        }
        with CaptureQueriesContext(database) as sent:
            found = scim.post("/Bulk", body).json()["Operations"]
        assert {result["status"] for result in found} <= {"200", "201"}
        return len(sent)

    alone = statements(newcomers("alone"))
    # Each of the ten is written, and read again for its version: no more.
    assert statements([*changes, arrival, *newcomers("after")]) < alone + len(reports) * 25 + 40
    assert managed() == 10


# --- what is written


def test_of_somebody_who_waits_the_reference_is_written_and_nothing_that_is_others(scim: ScimClient) -> None:
    boss = leave(scim)
    (report,) = waiting(scim, boss, 1)
    before = scim.get(f"/Users/{report}")
    # What the LMS has changed is the LMS's, and no request of the identity provider's brings it into its document.
    Learner.objects.filter(manager__isnull=True).update(job_role="Edited in the LMS")
    with CaptureQueriesContext(database) as sent:
        scim.post("/Users", BOSS)
    learner = Learner.objects.get(manager__isnull=False)
    written = [
        {name for name, _id in re.findall(r"[`\"](\w+)[`\"] = (?!\S+[`\"]\.[`\"])(\S)", query["sql"])}
        for query in sent
        if query["sql"].startswith("UPDATE")
    ]
    assert {"manager_id", "id"} in written
    own = {"document", "search", "awaited_manager", "modified_at", "version"}
    assert any(own <= names <= own | {"id", "connection_id"} for names in written), written
    link = ProvisionedUser.objects.get(scim_id=report)
    assert (learner.job_role, link.document["title"]) == ("Edited in the LMS", "Secure Coding Lead")
    after = scim.get(f"/Users/{report}")
    assert after.json()[ENTERPRISE]["manager"]["$ref"].endswith(boss)
    assert after.headers["ETag"] != before.headers["ETag"]


def test_somebody_who_returns_as_their_own_manager_is_answered_as_they_stand(scim: ScimClient) -> None:
    boss = leave(scim)
    answer = scim.post("/Users", {**BOSS, **enterprise(manager={"value": boss})})
    # What was sent, and no address: nobody is given themselves.
    assert answer.json()[ENTERPRISE]["manager"] == {"value": boss}
    assert managed() == 0
    read = scim.get(f"/Users/{boss}")
    assert (read.json(), read.headers["ETag"]) == (answer.json(), answer.headers["ETag"])


# --- what happens between finding somebody and locking them


class Meanwhile:
    """Calls something once those who wait are found, before they are locked."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call: Callable[[], Any] | None = call

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if (
            (call := self.call)
            and sql.startswith("SELECT")
            and "awaited_manager" in sql.partition("WHERE")[2]
        ):
            self.call = None
            call()
        return result


def return_while(scim: ScimClient, call: Callable[[], Any]) -> None:
    meanwhile = Meanwhile(call)
    with database.execute_wrapper(meanwhile):
        assert scim.post("/Users", BOSS).status_code == 201
    assert meanwhile.call is None


def test_whoever_is_deleted_in_the_meantime_stays_deleted_and_can_return(scim: ScimClient) -> None:
    boss = leave(scim)
    (report,) = waiting(scim, boss, 1)
    return_while(scim, lambda: scim.delete(f"/Users/{report}"))
    assert (scim.get(f"/Users/{report}").status_code, managed()) == (404, 0)
    back = scim.post("/Users", person("p0.x"))
    assert (back.status_code, back.json()["id"]) == (201, report)


def test_whoever_is_changed_in_the_meantime_keeps_the_change(scim: ScimClient) -> None:
    boss = leave(scim)
    first, second = waiting(scim, boss, 2)

    def change() -> None:
        scim.patch(f"/Users/{first}", [{"op": "replace", "path": "nickName", "value": "Nan"}])
        assert set_manager(scim, second, first).status_code == 200

    return_while(scim, change)
    assert scim.get(f"/Users/{first}").json()["nickName"] == "Nan"
    managers = [scim.get(f"/Users/{one}").json()[ENTERPRISE]["manager"]["value"] for one in (first, second)]
    assert managers == [boss, first]


# --- the command


def test_the_command_gives_nobody_to_whom_nobody_may(scim: ScimClient) -> None:
    other = make_connection("Other")
    elsewhere = ScimClient(TokenFactory(connection=other).plaintext)
    boss = leave(scim)
    protected, foreign, named = waiting(scim, boss, 3)
    account = ProvisionedUser.objects.get(scim_id=protected).user
    account.is_staff = True
    account.save()
    # A manager is a person of the same connection; one who was deleted again is nobody.
    set_manager(scim, foreign, elsewhere.post("/Users", person("far.away")).json()["id"])
    set_manager(scim, named, "Somebody by name")
    scim.post("/Users", BOSS)
    assert (managed(), manage("")) == (0, "Gave 0 people their manager.")
    scim.delete(f"/Users/{boss}")
    waiting(scim, boss, 1, prefix="later")
    assert manage("") == "Gave 0 people their manager."


def test_a_connection_that_shares_an_account_does_not_write_its_manager(scim: ScimClient) -> None:
    other = make_connection("Other")
    elsewhere = ScimClient(TokenFactory(connection=other).plaintext)
    scim.post("/Users", person("p0.x"))
    let_share(person("p0.x")["userName"])
    boss = leave(elsewhere)
    waiting(elsewhere, boss, 1)
    elsewhere.post("/Users", BOSS)
    assert (managed(), manage("")) == (0, "Gave 0 people their manager.")


def test_the_command_leaves_paused_and_archived_connections_alone(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = leave(scim)
    waiting(scim, boss, 2)
    monkeypatch.setattr("scim_provisioning.provisioning.verbs.give", lambda *arguments: None)
    scim.post("/Users", BOSS)
    connections.pause(connection, actor=None)
    assert manage("") == "Gave 0 people their manager."
    connections.resume(connection, actor=None)
    SCIMConnection.objects.update(archived_at=timezone.now())
    assert manage("") == "Gave 0 people their manager."
    SCIMConnection.objects.update(archived_at=None)
    assert manage(f"--connection={connection.name}") == "Gave 2 people their manager."


def test_people_who_waited_before_there_was_a_column_for_it_are_found(scim: ScimClient) -> None:
    boss = leave(scim)
    waiting(scim, boss, 2)
    set_manager(
        scim, waiting(scim, boss, 1, prefix="named")[0], "Somebody by a name that is longer than an id"
    )
    ProvisionedUser.objects.update(awaited_manager=None)
    migration = importlib.import_module("scim_provisioning.migrations.0008_people_who_wait")
    migration.note_who_waits(apps, SimpleNamespace(connection=database))
    scim.post("/Users", BOSS)
    assert managed() == 2
