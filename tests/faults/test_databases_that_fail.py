"""The database in trouble: what passes is waited for, the rest is 503 with Retry-After, and nothing is half done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, connections, transaction
from django.db.models.signals import post_save, pre_save
from pytest_django import Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol.constants import BULK_REQUEST as BULK
from scim_provisioning.provisioning.managers import GIVEN_AT_ONCE
from tests.client import ScimClient
from tests.faults.proxy import in_between
from tests.people import enterprise, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

on_a_server = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server that could fail")
on_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="only SQLite can be told how large it may be"
)
WAIT = 30


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def promote(scim: ScimClient, scim_id: str, title: str = "Changed") -> Any:
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "title", "value": title}])


def job_roles() -> set[str]:
    return set(Learner.objects.values_list("job_role", flat=True))


def refused_with(answer: Any, code: str) -> None:
    """The answer is 503 with Retry-After; the log, where it could be written, has one row that says why."""
    assert answer.status_code == 503, answer.content
    assert answer.headers["Content-Type"].startswith("application/scim+json")
    assert int(answer.headers["Retry-After"]) > 0
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert {event.error_code for event in events} <= {code}
    assert len(events) <= 1


# --- locks


def wait_for_locks_only_shortly() -> None:
    """For the connection of this thread, as a host's settings may say."""
    if connection.vendor == "sqlite":
        statement = "PRAGMA busy_timeout = 100"
    elif connection.vendor == "postgresql":
        statement = "SET lock_timeout = '200ms'"
    else:
        statement = "SET SESSION innodb_lock_wait_timeout = 1"
    with connection.cursor() as cursor:
        cursor.execute(statement)


class Holder(threading.Thread):
    """Somebody else who has locked all links, until they are told to let go or so many seconds are over."""

    def __init__(self, seconds: float) -> None:
        super().__init__(daemon=True)
        self.seconds, self.holds, self.may_go = seconds, threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                ProvisionedUser.objects.update(version=1)
                self.holds.set()
                self.may_go.wait(self.seconds)
        finally:
            connections.close_all()

    def __enter__(self) -> Holder:
        self.start()
        assert self.holds.wait(WAIT)
        return self

    def __exit__(self, *exception: object) -> None:
        self.may_go.set()
        self.join(WAIT)


def test_a_lock_that_is_held_for_long_is_503_and_nothing_is_changed(scim: ScimClient, ines: str) -> None:
    wait_for_locks_only_shortly()
    with Holder(WAIT):
        answer = promote(scim, ines)
    refused_with(answer, "database.busy")
    assert job_roles() == {person()["title"]}
    assert promote(scim, ines).status_code == 200


@on_a_server
def test_a_hook_that_hangs_until_the_hosts_time_limit_is_503_once_and_nothing_is_changed(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_postgresql = connection.vendor == "postgresql"
    hanging = (
        "SELECT pg_sleep(60)"
        if is_postgresql
        else "SELECT MAX(a.seq * b.seq) FROM seq_1_to_999999 a, seq_1_to_999999 b"
    )
    limit = "SET statement_timeout = '300ms'" if is_postgresql else "SET SESSION max_statement_time = 0.3"
    calls = []

    def on_updated(self: Any, learner: Learner, *, event: ProvisioningEvent) -> None:
        calls.append(event)
        with connection.cursor() as cursor:
            cursor.execute(hanging)

    monkeypatch.setattr(LearnerAdapter, "on_updated", on_updated)
    with connection.cursor() as cursor:
        cursor.execute(limit)
    refused_with(promote(scim, ines), "database.slow")
    assert (len(calls), "Changed" in job_roles()) == (1, False)
    connection.close()


def test_a_lock_that_is_given_up_soon_costs_a_moment_and_no_change(scim: ScimClient, ines: str) -> None:
    wait_for_locks_only_shortly()
    # Longer than one wait for the lock, shorter than all three tries.
    with Holder(1.2 if connection.vendor == "mysql" else 0.25):
        answer = promote(scim, ines)
    assert answer.status_code == 200
    assert job_roles() == {"Changed"}
    assert [event.action for event in ProvisioningEvent.objects.filter(link__scim_id=ines)][:1] == ["updated"]


@on_a_server
def test_edits_of_the_lms_in_the_other_order_deadlock_nobody_out(scim: ScimClient, ines: str) -> None:
    """The LMS saves the profile first and the account second; a PATCH the account first."""
    for number in range(3):
        with an_edit_of_the_lms():
            operations = [
                {"op": "replace", "path": "name.givenName", "value": f"Ines {number}"},
                {"op": "replace", "path": "title", "value": f"Role {number}"},
            ]
            answer = scim.patch(f"/Users/{ines}", operations)
        assert answer.status_code == 200, answer.content
        assert job_roles() == {f"Role {number}"}


@contextlib.contextmanager
def an_edit_of_the_lms() -> Iterator[None]:
    """Somebody edits the only learner: the profile is locked before a PATCH begins, the account once it has begun."""
    locked, go_on = threading.Event(), threading.Event()

    def edit() -> None:
        try:
            # Whichever of the two the database ends; the LMS would show its administrator an error.
            with contextlib.suppress(Exception), transaction.atomic():
                Learner.objects.update(job_role="Of the LMS")
                locked.set()
                go_on.wait(WAIT)
                User.objects.update(first_name="Of the LMS")
        finally:
            connections.close_all()

    def go(**kwargs: Any) -> None:
        go_on.set()

    thread = threading.Thread(target=edit, daemon=True)
    thread.start()
    assert locked.wait(WAIT)
    post_save.connect(go, sender=User)
    try:
        yield
    finally:
        post_save.disconnect(go, sender=User)
        go_on.set()
        thread.join(WAIT)


# --- a connection that is dropped


def own_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_backend_pid()" if connection.vendor == "postgresql" else "SELECT CONNECTION_ID()"
        )
        return int(cursor.fetchone()[0])


def drop(number: int) -> None:
    """End a connection of the server's, as a restart does, from another one."""

    def end() -> None:
        try:
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
                else:
                    cursor.execute(f"KILL {number}")
        finally:
            connections.close_all()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join(WAIT)


@on_a_server
def test_connection_that_was_dropped_between_two_requests_is_opened_again(
    scim: ScimClient, ines: str
) -> None:
    drop(own_number())
    assert scim.get(f"/Users/{ines}").status_code == 200
    drop(own_number())
    assert promote(scim, ines).status_code == 200
    assert job_roles() == {"Changed"}


@on_a_server
@pytest.mark.parametrize("times", [1, WAIT])
@pytest.mark.parametrize("hook", ["on_updated", "validate_dict", "save"])
def test_connection_that_is_dropped_in_the_middle_of_a_change(
    scim: ScimClient, ines: str, hook: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: it is done again, and done. Each time: 503, and nothing of it stays."""
    original: Callable[..., Any] = getattr(LearnerAdapter, hook)
    met = []

    def dropped(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        met.append(hook)
        if len(met) <= times:
            drop(own_number())
        return result

    monkeypatch.setattr(LearnerAdapter, hook, dropped)
    answer = promote(scim, ines)
    monkeypatch.undo()
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    if times == 1:
        assert (answer.status_code, len(met)) == (200, 2), answer.content
        assert job_roles() == {"Changed"}
        assert [event.outcome for event in events] == ["applied"]
    else:
        refused_with(answer, "database.gone")
        assert len(met) == 3
        assert job_roles() == {person()["title"]}


# --- a server that is not there


@contextlib.contextmanager
def nobody_there(folder: Path) -> Iterator[None]:
    """Whoever connects from now on finds no server; nor a folder, where the database is a file."""
    settings = connection.settings_dict
    before = {name: settings[name] for name in ("NAME", "PORT", "HOST")}
    connection.close()
    if connection.vendor == "sqlite":
        settings["NAME"] = str(folder / "gone" / "db.sqlite3")
    else:
        settings["HOST"], settings["PORT"] = "127.0.0.1", "9"
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


def test_server_that_is_not_there_is_503_and_no_failed_authentication(
    scim: ScimClient, ines: str, settings: Settings, tmp_path: Path
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"failures": 2}}
    with nobody_there(tmp_path):
        answers = [scim.get(f"/Users/{ines}"), promote(scim, ines), scim.post("/Users", person("new.comer"))]
    for answer in answers:
        refused_with(answer, "database.gone")
        assert "changed" not in answer.json()["detail"] or answer is not answers[0]
    assert scim.get(f"/Users/{ines}").status_code == 200
    assert promote(scim, ines).status_code == 200


@on_sqlite
def test_full_disk_is_503_and_nothing_is_changed(scim: ScimClient, ines: str) -> None:
    with connection.cursor() as cursor:
        # What earlier tests have left free would be used first.
        free, size = (
            cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size")
        )
        cursor.execute("CREATE TABLE filler (what BLOB)")
        cursor.execute("INSERT INTO filler VALUES (zeroblob(%s))", [free * size])
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    names = [f"p{number}" for number in range(40)]
    answers = [scim.post("/Users", person(name, nickName="x" * 2000)) for name in names]
    made = [answer for answer in answers if answer.status_code == 201]
    full = [answer for answer in answers if answer.status_code != 201]
    assert full, "the disk was never full"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
        cursor.execute("DROP TABLE filler")
    for answer in full:
        refused_with(answer, "database.full")
    assert (
        ProvisionedUser.objects.count() == User.objects.filter(learner__isnull=False).count() == 1 + len(made)
    )
    assert scim.post("/Users", person("after.wards")).status_code == 201


# --- the log's row of a refusal


@contextlib.contextmanager
def dropped_when_the_refusal_is_written(times: int) -> Iterator[list[str]]:
    """The connection is dropped at the moment at which the log's row is to be written; yields those moments."""
    met: list[str] = []

    def receive(instance: ProvisioningEvent, **kwargs: Any) -> None:
        met.append(instance.error_code)
        if len(met) <= times:
            drop(own_number())

    pre_save.connect(receive, sender=ProvisioningEvent)
    try:
        yield met
    finally:
        pre_save.disconnect(receive, sender=ProvisioningEvent)


@on_a_server
def test_refusal_whose_row_meets_a_dropped_connection_is_in_the_log_all_the_same(
    scim: ScimClient, ines: str
) -> None:
    with dropped_when_the_refusal_is_written(1) as met:
        answer = scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "userName", "value": ""}])
    assert (answer.status_code, len(met)) == (400, 2)
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert [(event.outcome, event.status) for event in events] == [("refused", 400)]


@on_sqlite
def test_refusal_whose_row_meets_a_lock_is_in_the_log_all_the_same(scim: ScimClient, ines: str) -> None:
    wait_for_locks_only_shortly()
    with Holder(0.25):
        answer = scim.post("/Users", "no JSON")
    assert answer.status_code == 400
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert [(event.outcome, event.status) for event in events] == [("refused", 400)]


# --- what is done again


def test_another_try_gives_a_manager_who_returns_to_as_many_people_as_the_first(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bulk(*bodies: Any) -> Any:
        posts = [
            {"method": "POST", "path": "/Users", "bulkId": body["userName"], "data": body} for body in bodies
        ]
        return scim.post("/Bulk", {"schemas": [BULK], "Operations": posts}).json()["Operations"]

    scim.delete(f"/Users/{ines}")
    waiting = GIVEN_AT_ONCE // 2 + 1
    bulk(*[person(f"p{number}.x", **enterprise(manager={"value": ines})) for number in range(waiting)])
    met = []

    def in_the_way(self: Any, learner: Any, *, event: Any) -> None:
        met.append(learner)
        if len(met) == 1:
            raise OperationalError("database is locked")

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", in_the_way)
    assert [result["status"] for result in bulk(person())] == ["201"]
    assert len(met) == 2
    assert Learner.objects.filter(manager__isnull=False).count() == waiting


# --- an answer that is lost


@on_a_server
@pytest.mark.parametrize("verb", ["POST", "PATCH", "DELETE", "Bulk"])
def test_lost_answer_to_commit_says_that_it_may_have_been_made(
    scim: ScimClient, ines: str, verb: str
) -> None:
    with in_between() as proxy:
        scim.get(f"/Users/{ines}")
        proxy.loses_the_answer.set()
        if verb == "POST":
            answer = scim.post("/Users", person("new.comer"))
        elif verb == "PATCH":
            answer = promote(scim, ines)
        elif verb == "DELETE":
            answer = scim.delete(f"/Users/{ines}")
        else:
            operation = {"method": "POST", "path": "/Users", "bulkId": "b", "data": person("new.comer")}
            answer = scim.post("/Bulk", {"schemas": [BULK], "Operations": [operation]})
        proxy.loses_the_answer.clear()
    refusal = answer.json()["Operations"][0]["response"] if verb == "Bulk" else answer.json()
    assert refusal["status"] == "503"
    assert "may have been made" in refusal["detail"]
    # It was: and nothing was asked for twice.
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"], outcome="applied")
    assert [event.action for event in events] == [
        {"POST": "created", "PATCH": "updated", "DELETE": "deleted", "Bulk": "created"}[verb]
    ]


@on_a_server
def test_lost_answer_to_commit_of_a_refusal_leaves_one_row(scim: ScimClient, ines: str) -> None:
    with in_between() as proxy:
        scim.get(f"/Users/{ines}")
        proxy.loses_the_answer.set()
        answer = scim.post("/Users", "no JSON")
        proxy.loses_the_answer.clear()
    assert answer.status_code == 400
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert [event.status for event in events] == [400]


@on_a_server
def test_refusal_whose_commit_comes_to_its_end_only_during_the_next_try_leaves_one_row(
    scim: ScimClient, ines: str
) -> None:
    with in_between() as proxy:
        scim.get(f"/Users/{ines}")
        proxy.is_late.set()
        answer = scim.post("/Users", "no JSON")
        assert not proxy.is_late.is_set()
    assert answer.status_code == 400
    events = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert [(event.status, hasattr(event, "payload")) for event in events] == [(400, True)]


@pytest.mark.skipif(connection.vendor != "mysql", reason="elsewhere nothing is sent after COMMIT")
def test_a_connection_that_is_lost_just_after_commit_is_let_go_of(
    scim: ScimClient, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = type(connections["default"])
    original = wrapper._set_autocommit
    lost: list[bool] = []

    def lose_once(database: Any, autocommit: bool) -> None:
        if autocommit and not lost:
            lost.append(True)
            database.connection.close()
        original(database, autocommit)

    monkeypatch.setattr(wrapper, "_set_autocommit", lose_once)
    promote(scim, ines, "Lost or made")
    assert lost
    for title in ("First", "Second"):
        assert promote(scim, ines, title).status_code == 200
        assert scim.get(f"/Users/{ines}").json()["title"] == title
    assert not connection.in_atomic_block
