"""What a host is told of a change: hooks and signals, inside the transaction, with its own rows; calls after the
commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.dispatch import Signal

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import signals
from scim_provisioning.commits import after_commit
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.signals import OF_HOOK
from tests.client import ScimClient
from tests.leavers import OFF
from tests.people import ENTERPRISE, person
from tests.tables import contents

ON = [{"op": "replace", "path": "active", "value": True}]
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
Told = list[tuple[str, dict[str, Any]]]


def replace(path: str, value: object) -> list[dict[str, object]]:
    return [{"op": "replace", "path": path, "value": value}]


def team(name: str) -> list[dict[str, object]]:
    return replace(f"{ENTERPRISE}:department", name)


@contextmanager
def heard_by(signal: Signal, receiver: Callable[..., Any]) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """What hooks and receivers were called with, in their order."""
    calls: Told = []

    def note(hook: str) -> Callable[..., None]:
        def noted(self: LearnerAdapter, **news: Any) -> None:
            calls.append((hook, news))

        return noted

    receivers = []
    for hook, signal in OF_HOOK.items():
        monkeypatch.setattr(LearnerAdapter, hook, note(hook))

        def receive(sender: object, signal: Signal, _name: str = hook[3:], **news: Any) -> None:
            calls.append((_name, {"sender": sender, **news}))

        signal.connect(receive)
        receivers.append((signal, receive))
    yield calls
    for signal, receive in receivers:
        signal.disconnect(receive)


def names(told: Told) -> list[str]:
    found = [name for name, _news in told]
    told.clear()
    return found


@pytest.mark.django_db
def test_each_change_of_a_life_is_told_by_its_hook_and_then_by_its_signal(
    scim: ScimClient, told: Told
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    assert names(told) == ["on_provisioned", "provisioned", "on_team_changed", "team_changed"]
    scim.patch(path, replace("title", "Dean"))
    assert names(told) == ["on_updated", "updated"]
    scim.patch(path, team("Legal"))
    assert names(told) == ["on_updated", "updated", "on_team_changed", "team_changed"]
    scim.patch(path, OFF)
    assert names(told) == ["on_deactivated", "deactivated"]
    scim.patch(path, ON)
    assert names(told) == ["on_reactivated", "reactivated"]
    scim.delete(path)
    assert names(told) == ["on_deactivated", "deactivated", "on_deleted", "deleted"]
    scim.post("/Users", person(**{ENTERPRISE: {"department": "Legal", "organization": "Harborline"}}))
    assert names(told) == ["on_provisioned", "provisioned", "on_company_changed", "company_changed"]


@pytest.mark.django_db
def test_somebody_inactive_who_is_deleted_is_told_of_as_deleted_alone(scim: ScimClient, told: Told) -> None:
    path = f"/Users/{scim.post('/Users', person(active=False)).json()['id']}"
    told.clear()
    assert scim.delete(path).status_code == 204
    assert names(told) == ["on_deleted", "deleted"]


@pytest.mark.django_db
def test_hooks_are_told_what_changed_and_signals_by_whom_too(
    scim: ScimClient, told: Told, connection: SCIMConnection
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    told.clear()
    scim.patch(path, replace("title", "Dean"))
    (_hook, heard), (_signal, sent) = told
    event, learner = ProvisioningEvent.objects.latest("pk"), Learner.objects.get()
    assert heard == {"learner": learner, "event": event, "changes": event.changes}
    assert heard["changes"] == {"title": ["Secure Coding Lead", "Dean"]}
    assert sent == {**heard, "sender": Learner, "connection": connection}


@pytest.mark.django_db
def test_a_team_that_changes_is_told_with_the_rows_of_the_lms(scim: ScimClient, told: Told) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    first = Team.objects.get()
    news = dict(told)["on_team_changed"]
    assert (news["old"], news["new"], news["learner"]) == (None, first, Learner.objects.get())
    told.clear()
    scim.patch(path, team("Legal"))
    news = dict(told)["on_team_changed"]
    assert (news["old"], news["new"]) == (first, Team.objects.get(name="Legal"))
    told.clear()
    scim.patch(path, [{"op": "remove", "path": f"{ENTERPRISE}:department"}])
    news = dict(told)["on_team_changed"]
    assert (news["old"], news["new"]) == (Team.objects.get(name="Legal"), None)


@pytest.mark.django_db
def test_nothing_is_told_of_another_spelling_of_the_same_team_but_the_update(
    scim: ScimClient, told: Told
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    told.clear()
    assert scim.patch(path, team(" platform  SECURITY")).status_code == 200
    assert names(told) == ["on_updated", "updated"]
    Team.objects.update(name="Security of platforms")
    assert scim.patch(path, team(" platform  SECURITY")).status_code == 200
    assert scim.put(path, scim.get(path).json()).status_code == 200
    assert "on_team_changed" not in names(told)


@pytest.mark.django_db
def test_somebody_who_leaves_and_changes_teams_in_one_request_is_told_of_as_both(
    scim: ScimClient, told: Told
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    told.clear()
    scim.patch(path, [*OFF, *team("Alumni")])
    assert names(told) == ["on_deactivated", "deactivated", "on_team_changed", "team_changed"]


@pytest.mark.django_db
def test_a_hook_that_names_less_than_there_is_to_tell_is_called_with_what_it_names(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    def on_updated(self: LearnerAdapter, learner: Learner, *, event: ProvisioningEvent) -> None:
        heard.append(event.changes)

    def on_team_changed(self: LearnerAdapter, *, new: Team) -> None:
        heard.append(new)

    monkeypatch.setattr(LearnerAdapter, "on_updated", on_updated)
    monkeypatch.setattr(LearnerAdapter, "on_team_changed", on_team_changed)
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    heard.clear()
    assert scim.patch(path, team("Legal")).status_code == 200
    assert heard == [ProvisioningEvent.objects.latest("pk").changes, Team.objects.get(name="Legal")]


# --- receivers are treated as hooks are


def rename(sender: object, learner: Learner, **rest: Any) -> None:
    Learner.objects.filter(pk=learner.pk).update(job_role="Changed by a receiver")


@pytest.mark.django_db
@pytest.mark.parametrize("signal", ["updated", "team_changed"])
def test_what_a_receiver_changes_is_in_the_answer(scim: ScimClient, signal: str) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    with heard_by(OF_HOOK[f"on_{signal}"], rename):
        answer = scim.patch(path, team("Legal"))
    assert answer.json()["title"] == "Changed by a receiver"
    assert answer.json() == scim.get(path).json()


def fail(sender: object, **rest: Any) -> None:
    raise LookupError("the enrolment of 7-7-7 is gone")


@pytest.mark.django_db
@pytest.mark.parametrize("signal", ["provisioned", "team_changed"])
def test_what_a_receiver_raises_refuses_the_request_and_leaves_nothing(scim: ScimClient, signal: str) -> None:
    before = {
        name: rows for name, rows in contents().items() if "event" not in name and "payload" not in name
    }
    with heard_by(OF_HOOK[f"on_{signal}"], fail):
        answer = scim.post("/Users", person())
    assert answer.status_code == 500
    assert "7-7-7" not in answer.content.decode()
    assert ProvisionedUser.objects.count() == Learner.objects.count() == 0
    now = {name: rows for name, rows in contents().items() if name in before}
    assert {name for name in before if before[name] != now[name]} <= {"scim_provisioning_refusedname"}
    assert ProvisioningEvent.objects.latest("pk").error_code == "host.hook"


def clash(sender: object, learner: Learner, **rest: Any) -> None:
    # As hosts do it, without a savepoint of their own.
    with suppress(IntegrityError):
        Team.objects.create(organization=learner.organization, name=Team.objects.get().name)


@pytest.mark.django_db
def test_what_a_receiver_wrote_before_an_error_that_it_caught_is_undone_and_the_log_says_so(
    scim: ScimClient,
) -> None:
    path = f"/Users/{scim.post('/Users', person()).json()['id']}"
    with heard_by(signals.updated, clash):
        assert scim.patch(path, replace("title", "Dean")).status_code == 200
    assert ProvisioningEvent.objects.latest("pk").cause["undone"] == ["signals.updated"]
    assert Learner.objects.get().job_role == "Dean"


# --- after the commit


CALLED: list[str] = []


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was called after the commit of somebody's arrival or change."""
    CALLED.clear()

    def later(self: LearnerAdapter, learner: Learner, **rest: Any) -> None:
        after_commit(lambda: CALLED.append(learner.user.username.partition("@")[0]))

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", later)
    monkeypatch.setattr(LearnerAdapter, "on_updated", later)
    return CALLED


def post(name: str, **changes: Any) -> dict[str, object]:
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": person(name, **changes)}


@pytest.mark.django_db(transaction=True)
def test_of_a_bulk_request_what_was_done_is_followed_up_and_what_was_undone_is_not(
    scim: ScimClient, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: LearnerAdapter, learner: Learner, **rest: Any) -> None:
        if learner.user.username.startswith("b"):
            raise LookupError

    monkeypatch.setattr(LearnerAdapter, "on_team_changed", refuse)
    body = {"schemas": [BULK], "Operations": [post("a.x"), post("b.x"), post("c.x")]}
    found = scim.post("/Bulk", body).json()["Operations"]
    assert [result["status"] for result in found] == ["201", "500", "201"]
    assert calls == ["a.x", "c.x"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_called_before_the_commit_of_the_whole(scim: ScimClient, calls: list[str]) -> None:
    with transaction.atomic():
        assert scim.post("/Users", person("a.x")).status_code == 201
        assert calls == []
    assert calls == ["a.x"]
    with transaction.atomic():
        scim.post("/Users", person("b.x"))
        transaction.set_rollback(True)
    assert calls == ["a.x"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dress", [lambda call: call, partial], ids=["function", "partial"])
def test_a_call_that_fails_is_logged_keeps_no_other_from_being_called_and_changes_no_answer(
    scim: ScimClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    dress: Callable[[Any], Any],
) -> None:
    called: list[str] = []

    def unreachable() -> None:
        raise ConnectionError("the doors do not answer")

    def later(self: LearnerAdapter, **news: Any) -> None:
        after_commit(dress(unreachable))
        after_commit(lambda: called.append("the next one"))

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", later)
    with caplog.at_level(logging.ERROR, "scim_provisioning"):
        answer = scim.post("/Users", person())
    assert answer.status_code == 201
    assert called == ["the next one"]
    assert ["failed after the commit; the change was made" in r.getMessage() for r in caplog.records] == [
        True
    ]
    assert caplog.records[0].exc_info[0] is ConnectionError  # type: ignore[index]


@pytest.mark.django_db(transaction=True)
def test_what_a_hook_asked_for_before_its_work_was_undone_is_not_called(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def later(self: LearnerAdapter, **news: Any) -> None:
        after_commit(lambda: called.append("never"))
        transaction.set_rollback(True)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", later)
    assert scim.post("/Users", person()).status_code == 201
    assert called == []
