"""A customer is disconnected while its identity provider writes, and while the server dies: nobody stays active.

Each of those who meet is a process of its own. On SQLite they queue at BEGIN, and must end the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import close_old_connections
from django.db.models import Count
from django.db.models.signals import post_save

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import Candidate, Text
from scim_provisioning.administration import connections, disconnection, ownership
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    Action,
    Disconnection,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.testing.factories import TokenFactory
from tests.batches import batches_of
from tests.client import ScimClient
from tests.faults.forks import Fork, Gate, forks, somebody_waits_for_a_lock, until
from tests.hosts.current import let_share, make_connection
from tests.people import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.usefixtures("shared_database"),
]

Start = Callable[[Callable[[], Any]], Fork]

OFF, ON = ([{"op": "Replace", "path": "active", "value": value}] for value in (False, True))


@pytest.fixture
def start() -> Iterator[Start]:
    with forks() as starts:
        yield starts


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Requests wait there, in their transaction, when the host saves the learner they write."""
    found = Gate()

    def wait(**_signal: Any) -> None:
        found.wait_here()

    post_save.connect(wait, sender=Learner, weak=False)
    yield found
    post_save.disconnect(wait, sender=Learner)


def suspend(connection: SCIMConnection) -> Callable[[], str]:
    """Disconnect as a command on the server does it."""

    def work() -> str:
        found = connections.disconnect(connection, actor=None, learners="suspend")
        return "done" if found.is_done else "not done"

    return work


def active(connection: SCIMConnection) -> list[str]:
    """Who of a connection is let in by the LMS, or wished to be."""
    links = ProvisionedUser.objects.filter(connection=connection)
    wished = links.filter(active=True).values_list("user_name", flat=True)
    return sorted({*wished, *links.filter(user__is_active=True).values_list("user_name", flat=True)})


def is_shut(connection: SCIMConnection) -> bool:
    close_old_connections()
    return SCIMConnection.objects.get(pk=connection.pk).is_archived


# --- a write that was let in before, and commits after the door was shut


def created(scim: ScimClient) -> Callable[[], int]:
    return lambda: scim.post("/Users", person("late.comer", title="Fellow")).status_code


def brought_back(scim: ScimClient) -> Callable[[], int]:
    late = scim.post("/Users", person("late.comer")).json()["id"]
    scim.delete(f"/Users/{late}")
    return lambda: scim.post("/Users", person("late.comer", title="Fellow")).status_code


def activated(scim: ScimClient) -> Callable[[], int]:
    late = scim.post("/Users", person("late.comer", active=False)).json()["id"]
    change = [*ON, {"op": "replace", "path": "title", "value": "Fellow"}]
    return lambda: scim.patch(f"/Users/{late}", change).status_code


def replaced(scim: ScimClient) -> Callable[[], int]:
    late = scim.post("/Users", person("late.comer", active=False)).json()["id"]
    return lambda: scim.put(f"/Users/{late}", person("late.comer", active=True, title="Fellow")).status_code


def in_bulk(scim: ScimClient) -> Callable[[], int]:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "l", "data": person("late.comer", title="Fellow")}
        ],
    }
    return lambda: scim.post("/Bulk", body).status_code


WRITES = [created, brought_back, activated, replaced, in_bulk]


@pytest.mark.parametrize("write", WRITES)
def test_whom_a_write_in_flight_leaves_active_is_suspended_all_the_same(
    write: Callable[[ScimClient], Callable[[], int]],
    connection: SCIMConnection,
    scim: ScimClient,
    start: Start,
    request: pytest.FixtureRequest,
) -> None:
    """It is let in, and writes; the connection is disconnected; then it commits."""
    for n in range(5):
        scim.post("/Users", person(f"p{n}.x"))
    work = write(scim)
    gate = request.getfixturevalue("gate")
    late = start(work)
    gate.until_reached()
    ending = start(suspend(connection))
    until(somebody_waits_for_a_lock)
    gate.open()
    assert late.result() in (200, 201)
    assert ending.result() == "done"
    assert active(connection) == []
    assert User.objects.filter(username__startswith="late.comer").count() == 1


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_was_let_in_before_and_begins_after_is_refused(
    write: Callable[[ScimClient], Callable[[], int]],
    connection: SCIMConnection,
    scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its token was good when it was looked at; before its transaction begins, all has been done."""
    scim.post("/Users", person())
    work = write(scim)

    def end(connection: SCIMConnection) -> bool:
        assert suspend(connection)() == "done"
        return True

    monkeypatch.setattr(LearnerAdapter, "tenant_enabled", staticmethod(end))
    # The answer to a bulk request is 200; each of its operations has its own.
    assert work() == (200 if write is in_bulk else 401)
    assert active(connection) == []
    refused = ProvisioningEvent.objects.filter(outcome="refused").values_list("error_code", flat=True)
    assert list(refused) == ["auth.revoked"]


@pytest.mark.parametrize("attempt", range(3))
def test_whatever_is_written_while_a_customer_is_disconnected_nobody_is_active_in_the_end(
    connection: SCIMConnection, token: str, scim: ScimClient, start: Start, attempt: int
) -> None:
    people = {n: scim.post("/Users", person(f"p{n}.x")).json()["id"] for n in range(12)}

    def write(worker: int) -> Callable[[], list[int]]:
        def work() -> list[int]:
            client, answers = ScimClient(token), []
            for turn in range(400):
                one = people[(worker * 5 + turn) % len(people)]
                kind = (turn + worker) % 4
                if kind == 0:
                    answer = client.post("/Users", person(f"new{worker}.{turn}"))
                elif kind == 1:
                    answer = client.patch(f"/Users/{one}", OFF)
                elif kind == 2:
                    answer = client.patch(f"/Users/{one}", ON)
                else:
                    answer = client.delete(f"/Users/{one}")
                    answer = client.post("/Users", person(f"p{(worker * 5 + turn) % len(people)}.x"))
                answers.append(answer.status_code)
                if answer.status_code == 401:
                    break
            return answers

        return work

    writers = [start(write(worker)) for worker in range(3)]
    until(lambda: ProvisioningEvent.objects.count() > 40)
    assert suspend(connection)() == "done"
    for writer in writers:
        answers = writer.result()
        assert answers[-1] == 401
        assert 500 not in answers
    assert active(connection) == []


# --- killed, resumed, twice at once


def crowd(scim: ScimClient, count: int = 7) -> None:
    for n in range(count):
        assert scim.post("/Users", person(f"p{n}.x")).status_code == 201


def suspensions() -> dict[str, int]:
    """How often the log says of somebody that they were suspended."""
    events = ProvisioningEvent.objects.filter(action=Action.DEACTIVATED).order_by()
    return dict(events.values_list("user_name").annotate(n=Count("pk")))


@pytest.mark.parametrize("is_called_for_each", [False, True])
def test_a_worker_that_is_killed_leaves_whole_batches_and_the_next_one_goes_on(
    connection: SCIMConnection,
    token: str,
    scim: ScimClient,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    is_called_for_each: bool,
) -> None:
    crowd(scim)
    gate = Gate()
    protects = LearnerAdapter.is_protected

    def is_protected(adapter: Any, user: Any) -> bool:
        if user.username.startswith("p4."):
            gate.wait_here()
        return protects(adapter, user)

    if is_called_for_each:
        monkeypatch.setattr(LearnerAdapter, "on_deactivated", lambda self, learner, *, event: None)
    batches_of(3, monkeypatch)
    monkeypatch.setattr(LearnerAdapter, "is_protected", is_protected)
    worker = start(suspend(connection))
    gate.until_reached()
    worker.kill()
    monkeypatch.setattr(LearnerAdapter, "is_protected", protects)

    assert is_shut(connection)
    assert ScimClient(token).get("/Users").status_code == 401
    assert len(active(connection)) == 4
    found = Disconnection.objects.get()
    assert (found.handled, found.changed, found.is_finished) == (3, 3, False)

    out = StringIO()
    call_command("scim_connection", "disconnect", "--connection", connection.name, "--resume", stdout=out)
    assert "7 learners were suspended." in out.getvalue()
    assert active(connection) == []
    assert set(suspensions().values()) == {1}
    assert len(suspensions()) == 7


def test_two_who_go_on_at_once_handle_everybody_once(
    connection: SCIMConnection, scim: ScimClient, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(scim)
    batches_of(2, monkeypatch)
    connections.disconnect(connection, actor=None, learners="suspend", seconds=0)
    both = [start(lambda: disconnection.go_on(connection).is_done) for _ in range(2)]
    assert [one.result() for one in both] == [True, True]
    assert active(connection) == []
    assert suspensions() == {person(f"p{n}.x")["userName"]: 1 for n in range(7)}
    found = Disconnection.objects.get()
    assert (found.handled, found.changed) == (7, 7)


def test_of_two_clicks_one_disconnects_and_the_other_finds_it_done(
    connection: SCIMConnection, scim: ScimClient, start: Start
) -> None:
    crowd(scim, 3)

    def click() -> str:
        try:
            connections.disconnect(connection, actor=None, learners="suspend")
        except ConnectionRefused as refusal:
            return refusal.code
        return "done"

    both = [start(click) for _ in range(2)]
    assert sorted(one.result() for one in both) == ["connection.archived", "done"]
    assert set(suspensions().values()) == {1}
    assert ProvisioningEvent.objects.filter(action=Action.DISCONNECTED).count() == 1


def test_a_connection_that_is_restored_meanwhile_has_nobody_suspended_afterwards(
    connection: SCIMConnection, scim: ScimClient, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(scim)
    gate = Gate()
    protects = LearnerAdapter.is_protected

    def is_protected(adapter: Any, user: Any) -> bool:
        if user.username.startswith("p1."):
            gate.wait_here()
        return protects(adapter, user)

    def end() -> str:
        try:
            connections.disconnect(connection, actor=None, learners="suspend")
        except ConnectionRefused as refusal:
            return refusal.code
        return "done"

    batches_of(3, monkeypatch)
    monkeypatch.setattr(LearnerAdapter, "is_protected", is_protected)
    worker = start(end)
    gate.until_reached()
    restoring = start(lambda: connections.restore(SCIMConnection.objects.get(pk=connection.pk), actor=None))
    until(somebody_waits_for_a_lock)
    gate.open()
    restoring.result()
    assert worker.result() in ("connection.restored", "done")
    suspended = len(suspensions())
    assert suspended % 3 == 0 or suspended == 7
    assert len(active(connection)) == 7 - suspended
    assert not is_shut(connection)
    assert not Disconnection.objects.exists()


# --- who adopts, who shares


@pytest.mark.parametrize("names_accounts", [True, False])
def test_an_account_that_two_requests_of_one_connection_adopt_is_linked_once(
    connection: SCIMConnection,
    token: str,
    start: Start,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    names_accounts: bool,
) -> None:
    """The host knows people by their address; two requests give one address and two user names."""
    if not names_accounts:
        own = [Text("userName", "learner.job_role"), *LearnerAdapter.mapping[1:4]]
        monkeypatch.setattr(LearnerAdapter, "mapping", own)
    address = "ines@harborline.example"
    ines = User.objects.create_user("ines", email=address)
    monkeypatch.setattr(
        LearnerAdapter, "find_learner", lambda adapter, document: [Candidate(ines, strong=True)]
    )

    def post(name: str) -> Callable[[], int]:
        body = person(name, emails=[{"type": "work", "value": address}])
        return lambda: ScimClient(token).post("/Users", body).status_code

    first = start(post("one.x"))
    gate.until_reached()
    second = start(post("two.x"))
    until(somebody_waits_for_a_lock)
    gate.open()
    assert (first.result(), second.result()) == (201, 409)
    assert ProvisionedUser.objects.filter(user=ines).count() == 1


def test_an_account_that_is_renamed_while_it_is_adopted_is_left_alone(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ines = User.objects.create_user("ines.okafor@harborline.example")

    def find(adapter: Any, document: Any) -> list[Candidate]:
        User.objects.filter(pk=ines.pk).update(username="somebody.else@harborline.example")
        return [Candidate(ines, strong=True)]

    monkeypatch.setattr(LearnerAdapter, "find_learner", find)
    assert scim.post("/Users", person()).status_code == 409
    assert not ProvisionedUser.objects.exists()


def test_an_account_that_is_protected_while_it_is_adopted_is_left_alone(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ines = User.objects.create_user("ines.okafor@harborline.example")
    asked: list[bool] = []

    def is_protected(adapter: Any, user: Any) -> bool:
        asked.append(True)
        return len(asked) > 2

    monkeypatch.setattr(LearnerAdapter, "find_learner", lambda *_asked: [Candidate(ines, strong=True)])
    monkeypatch.setattr(LearnerAdapter, "is_protected", is_protected)
    answer = scim.post("/Users", person())
    assert (answer.status_code, len(asked)) == (409, 3)
    assert ProvisioningEvent.objects.get().error_code == "user.exists_unmanaged"
    assert not ProvisionedUser.objects.exists()


def test_whoever_returns_finds_their_account_taken_by_another_of_the_connection(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.delete(f"/Users/{scim.post('/Users', person()).json()['id']}")
    ines = ProvisionedUser.objects.get().user
    assert ines is not None
    User.objects.update(is_active=True)
    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, "find_learner", lambda *_asked: [Candidate(ines, strong=True)])
        assert scim.post("/Users", person("another.name")).status_code == 201
    assert scim.post("/Users", person()).status_code == 409
    assert ProvisionedUser.objects.living().filter(user=ines).count() == 1


@pytest.fixture
def adopting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose accounts are linked by their name, whichever customer sends them."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    everybody = classmethod(lambda cls, connection: User.objects.all())
    monkeypatch.setattr(LearnerAdapter, "tenant_users", everybody)


def owners() -> list[str]:
    """The connections that own Ines' account."""
    links = ProvisionedUser.objects.living().filter(owns_profile=True, connection__archived_at__isnull=True)
    return list(links.values_list("connection__name", flat=True))


@pytest.mark.usefixtures("adopting")
def test_an_account_that_another_connection_takes_over_while_its_own_is_restored_has_one_owner(
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
    start: Start,
    request: pytest.FixtureRequest,
) -> None:
    scim.post("/Users", person())
    connections.disconnect(connection, actor=None, learners="keep")
    other = ScimClient(TokenFactory(connection=make_connection("Other", organization)).plaintext)
    gate = request.getfixturevalue("gate")
    adopting = start(lambda: other.post("/Users", person(title="Fellow")).status_code)
    gate.until_reached()
    ended = SCIMConnection.objects.get(pk=connection.pk)
    restoring = start(lambda: connections.restore(ended, actor=None))
    until(somebody_waits_for_a_lock)
    gate.open()
    assert adopting.result() == 201
    restoring.result()
    assert owners() == ["Other"]


@pytest.mark.usefixtures("adopting")
def test_an_account_that_somebody_else_has_taken_over_meanwhile_is_not_handed_on(
    connection: SCIMConnection, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.post("/Users", person())
    let_share(person()["userName"], make_connection("Second").name)
    second, third = (
        ScimClient(TokenFactory(connection=found).plaintext)
        for found in (SCIMConnection.objects.get(name="Second"), make_connection("Third"))
    )
    assert second.post("/Users", person()).status_code == 201
    with monkeypatch.context() as patched:
        # The door is shut, and nobody has gone on yet.
        patched.setattr(disconnection, "go_on", lambda *_connection, **_seconds: None)
        connections.disconnect(connection, actor=None, learners="keep")
    assert owners() == []
    taking = SCIMConnection.objects.get(name="Third")
    account = ProvisionedUser.objects.get(connection=connection).user
    ownership.allow_share(taking, account, actor=None, name="ines")
    assert third.post("/Users", person()).status_code == 201
    assert ownership.move_ownership(ProvisionedUser.objects.get(connection=taking), actor=None)
    disconnection.go_on(connection)
    assert owners() == ["Third"]


def test_an_administrators_word_on_an_account_waits_for_a_change_of_it_and_the_change_not_for_the_word(
    connection: SCIMConnection, token: str, scim: ScimClient, start: Start, request: pytest.FixtureRequest
) -> None:
    link = ProvisionedUser.objects.get(scim_id=scim.post("/Users", person()).json()["id"])
    gate = request.getfixturevalue("gate")
    change = [{"op": "replace", "path": "title", "value": "Fellow"}]
    changing = start(lambda: ScimClient(token).patch(f"/Users/{link.scim_id}", change).status_code)
    gate.until_reached()
    moving = start(lambda: ownership.move_ownership(link, actor=None))
    until(somebody_waits_for_a_lock)
    gate.open()
    assert (changing.result(), moving.result()) == (200, False)
