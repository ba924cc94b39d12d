"""Whatever the host's code does to the transaction: what is answered is what is in the database and in the log."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models.signals import post_save

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration.catalogue import explain
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.client import ScimClient
from tests.faults.breaking import (
    ASKED,
    Send,
    close,
    create,
    deactivate,
    delete,
    logged,
    named,
    reactivate,
    roll_back_by_hand,
    somebody,
    stands,
    swallow_what_django_does_not_see,
    told_the_truth,
    update,
)
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]


@named
def test_what_a_hook_does_to_the_transaction_never_makes_the_answer_a_lie(
    scim: ScimClient,
    fault: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for hook, send in ASKED:
        who = somebody(scim, f"{hook}.{send.__name__}")
        if send is reactivate:
            deactivate(scim, who)
        caplog.clear()
        with monkeypatch.context() as patched, caplog.at_level(logging.ERROR, logger="scim_provisioning"):
            patched.setattr(LearnerAdapter, hook, lambda *args, **kwargs: fault())
            answer = send(scim, who)
        event = told_the_truth(scim, who, send, answer)
        if fault in (close, roll_back_by_hand):
            assert (answer.status_code, event.error_code) == (500, "host.transaction")
            assert event.cause["hook"] == hook
        else:
            # The mistake stays the hook's own; but for PostgreSQL a statement that failed breaks nothing at all.
            assert answer.status_code < 300, (hook, answer.content)
            is_harmless = fault is swallow_what_django_does_not_see and connection.vendor != "postgresql"
            assert event.cause.get("undone", []) == ([] if is_harmless else [hook])
            assert is_harmless or any(hook in record.getMessage() for record in caplog.records)


@named
def test_what_a_signal_does_to_the_transaction_never_makes_the_answer_a_lie(
    scim: ScimClient, fault: Callable[[], None]
) -> None:
    for model in (User, Learner):
        for send in (create, update, deactivate, delete):
            who = somebody(scim, f"{model.__name__}.{send.__name__}".lower())
            with once_after_a_row_is_saved(model, fault):
                answer = send(scim, who)
            event = told_the_truth(scim, who, send, answer)
            assert answer.status_code < 300 or event.error_code == "host.transaction", answer.content


# --- what commits


def sent(statement: str) -> Callable[[], None]:
    def send() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return send


def commit_behind_django() -> None:
    """As a library does that has the driver's connection."""
    if connection.vendor == "sqlite":
        connection.connection.execute("COMMIT")
    else:
        connection.connection.commit()


COMMITS = {"commit": sent("COMMIT"), "commit_behind_django": commit_behind_django}
if connection.vendor == "mysql":
    # Each commits what came before it.
    COMMITS |= {
        "opens_its_own": sent("START TRANSACTION"),
        "alters_a_table": sent("ALTER TABLE lms_team COMMENT = 'altered'"),
        "truncates_a_table": sent("TRUNCATE TABLE django_session"),
        "commits_each_statement": sent("SET autocommit = 1"),
    }
committing = pytest.mark.parametrize("commit", COMMITS.values(), ids=COMMITS)


def said_that_it_may_have_been_made(answer: Any) -> ProvisioningEvent:
    """The refusal in the log, after an answer that does not say that nothing was done."""
    assert answer.status_code == 500, answer.content
    assert "may have been made" in answer.json()["detail"]
    rows = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    refused: ProvisioningEvent = rows.get(outcome="refused")
    assert refused.error_code == "host.transaction"
    assert "Nothing was changed" not in explain(refused.error_code, refused.cause).cause
    return refused


@committing
def test_commit_by_hand_is_a_failure_that_does_not_say_that_nothing_was_done(
    scim: ScimClient, commit: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for hook, send in ASKED:
        who = somebody(scim, f"{hook}.{send.__name__}")
        if send is reactivate:
            deactivate(scim, who)
        called = Mock(side_effect=lambda *args, **news: commit())
        with monkeypatch.context() as patched:
            patched.setattr(LearnerAdapter, hook, called)
            answer = send(scim, who)
        # What came before stands, and is not done a second time.
        assert stands(who, send), hook
        assert called.call_count == 1, hook
        assert said_that_it_may_have_been_made(answer).cause["hook"] == hook
        rows = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
        assert [event.outcome for event in rows.order_by("pk")] == ["applied", "refused"]


@committing
@pytest.mark.parametrize("send", [create, update, deactivate, delete])
def test_commit_in_a_signal_is_named_by_its_line_and_nothing_follows_it(
    scim: ScimClient, commit: Callable[[], None], send: Send
) -> None:
    who = somebody(scim)
    with once_after_a_row_is_saved(Learner if send is update else User, commit) as met:
        answer = send(scim, who)
    refused = said_that_it_may_have_been_made(answer)
    assert len(met) == 1
    # What the driver is told alone nobody hears of.
    is_heard = commit is not commit_behind_django
    assert refused.cause.get("place", "").startswith(f"{__name__.replace('.', '/')}.py:") == is_heard
    # What came before stands, and nothing of what would have come afterwards.
    is_half = connection.vendor != "mysql" or commit is not COMMITS.get("commits_each_statement")
    rows = ProvisioningEvent.objects.filter(request_id=answer.headers["X-Request-ID"])
    assert [event.outcome for event in rows.order_by("pk")] == ["applied", "refused"][is_half:]


def test_a_transaction_that_a_hook_begins_inside_ours_is_no_lie_either(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django refuses it; so does SQLite, PostgreSQL takes no notice, and on MariaDB it is a COMMIT (see above)."""

    def insists(*args: Any, **news: Any) -> None:
        with transaction.atomic(durable=True):
            User.objects.create(username="by a hook")

    def begins(*args: Any, **news: Any) -> None:
        sent("BEGIN")()

    for begin in (insists, begins) if connection.vendor != "mysql" else (insists,):
        who = somebody(scim, begin.__name__)
        with monkeypatch.context() as patched:
            patched.setattr(LearnerAdapter, "on_updated", begin)
            answer = update(scim, who)
        event = told_the_truth(scim, who, update, answer)
        if answer.status_code != 200:
            assert (event.error_code, bool(event.cause["place"])) == ("host.hook", True)
        assert not User.objects.filter(username="by a hook").exists()


@contextlib.contextmanager
def once_after_a_row_is_saved(model: type, fault: Callable[[], None]) -> Iterator[list[Any]]:
    met: list[Any] = []

    def receiver(**kwargs: Any) -> None:
        if not met:
            met.append(kwargs["instance"])
            fault()

    post_save.connect(receiver, sender=model)
    try:
        yield met
    finally:
        post_save.disconnect(receiver, sender=model)


def test_what_a_hook_writes_beside_an_error_that_it_catches_under_a_savepoint_stays(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careful(self: Any, learner: Any, *, event: Any) -> None:
        with contextlib.suppress(DatabaseError), transaction.atomic():
            User.objects.create(username=User.objects.order_by("pk")[0].username)
        User.objects.create(username="written by a hook")

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", careful)
    answer = scim.post("/Users", person())
    assert answer.status_code == 201
    assert User.objects.filter(username="written by a hook").exists()
    assert "undone" not in logged(answer).cause


def test_erasing_that_would_be_undone_is_no_erasing(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, connection: SCIMConnection
) -> None:
    who = somebody(scim)
    connection.policies = {"on_delete": "erase"}
    connection.save()

    def erase(self: Any, learner: Any) -> None:
        self.obj.delete()
        transaction.set_rollback(True)

    monkeypatch.setattr(LearnerAdapter, "erase", erase)
    answer = delete(scim, who)
    event = told_the_truth(scim, who, delete, answer)
    assert (answer.status_code, event.error_code, event.cause["hook"]) == (500, "host.transaction", "erase")


# --- after the commit


def test_callback_that_fails_after_the_commit_changes_no_answer_and_is_logged(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def notify(self: Any, learner: Any, *, event: Any) -> None:
        def fail() -> None:
            raise RuntimeError("the mail server is down")

        transaction.on_commit(fail)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", notify)
    with caplog.at_level(logging.ERROR, logger="scim_provisioning"):
        answer = scim.post("/Users", person())
    assert answer.status_code == 201
    assert logged(answer).action == "created"
    assert any("after a change was committed" in record.getMessage() for record in caplog.records)


_REFUSE_UPDATES = {
    "sqlite": [
        "CREATE TRIGGER stuck BEFORE UPDATE ON scim_provisioning_scimtoken BEGIN SELECT RAISE(ABORT, 'stuck'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stuck'; END $$",
        "CREATE TRIGGER stuck BEFORE UPDATE ON scim_provisioning_scimtoken FOR EACH ROW EXECUTE FUNCTION stuck()",
    ],
    "mysql": [
        "CREATE TRIGGER stuck BEFORE UPDATE ON scim_provisioning_scimtoken FOR EACH ROW "
        "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stuck'"
    ],
}
_AND_AGAIN = {
    "sqlite": ["DROP TRIGGER stuck"],
    "postgresql": ["DROP TRIGGER stuck ON scim_provisioning_scimtoken", "DROP FUNCTION stuck"],
    "mysql": ["DROP TRIGGER stuck"],
}


@contextlib.contextmanager
def tokens_that_cannot_be_written() -> Iterator[None]:
    with connection.cursor() as cursor:
        for statement in _REFUSE_UPDATES[connection.vendor]:
            cursor.execute(statement)
        try:
            yield
        finally:
            for statement in _AND_AGAIN[connection.vendor]:
                cursor.execute(statement)


def test_use_of_a_token_that_cannot_be_noted_is_no_failure_of_what_was_done(scim: ScimClient) -> None:
    with tokens_that_cannot_be_written():
        made = scim.post("/Users", person())
        found = scim.get(f"/Users/{made.json()['id']}")
        gone = scim.delete(f"/Users/{made.json()['id']}")
    assert (made.status_code, found.status_code, gone.status_code) == (201, 200, 204)
    outcomes = ProvisioningEvent.objects.filter(request_id=made.headers["X-Request-ID"])
    assert [event.outcome for event in outcomes] == ["applied"]


def test_read_that_fails_says_nothing_of_a_change(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    who = somebody(scim)

    def boom(self: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(LearnerAdapter, "read", boom)
    for answer in (scim.get(f"/Users/{who.scim_id}"), scim.get("/Users")):
        assert answer.status_code == 500
        assert "change" not in answer.json()["detail"]
    assert "the change was not made" in update(scim, who).json()["detail"]
