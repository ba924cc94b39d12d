"""Whatever of the host's code breaks the transaction, and wherever it is called: the log names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration.catalogue import explain
from scim_provisioning.events import Caller
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.provisioning.merging import merge
from scim_provisioning.signals import OF_HOOK
from tests.client import ScimClient
from tests.faults.breaking import (
    ASKED,
    Send,
    close,
    create,
    deactivate,
    delete,
    named,
    reactivate,
    roll_back_by_hand,
    somebody,
    succeed,
    swallow_what_django_does_not_see,
    told_the_truth,
    update,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]


def is_harmless(fault: Callable[[], None]) -> bool:
    """For PostgreSQL alone a statement that failed breaks anything."""
    return fault is swallow_what_django_does_not_see and database.vendor != "postgresql"


@named
def test_receiver_of_a_signal_that_breaks_the_transaction_is_named(
    scim: ScimClient, fault: Callable[[], None]
) -> None:
    for hook, send in ASKED:
        if hook not in OF_HOOK:
            continue
        who = somebody(scim, f"{hook}.{send.__name__}")
        if send is reactivate:
            deactivate(scim, who)

        def receiver(**news: Any) -> None:
            fault()

        OF_HOOK[hook].connect(receiver)
        try:
            answer = send(scim, who)
        finally:
            OF_HOOK[hook].disconnect(receiver)
        event = told_the_truth(scim, who, send, answer)
        name = f"signals.{hook.removeprefix('on_')}"
        if fault in (close, roll_back_by_hand):
            assert (event.error_code, event.cause["hook"]) == ("host.transaction", name)
        else:
            assert event.cause.get("undone", []) == ([] if is_harmless(fault) else [name])


#: What the adapter is asked while something is done, and what is done.
QUESTIONS: list[tuple[str, Send]] = [
    ("find_learner", create),
    ("same_address", create),
    ("validate_dict", create),
    ("from_dict", create),
    ("seats", create),
    ("is_protected", update),
    ("validate_dict", update),
    ("is_protected", deactivate),
    ("administrators", deactivate),
    ("seats", reactivate),
    ("is_protected", delete),
    ("delete", delete),
]


@named
def test_code_of_the_host_that_runs_under_no_savepoint_is_named_by_its_line(
    scim: ScimClient, fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for question, send in QUESTIONS:
        who = somebody(scim, f"{question}.{send.__name__}".replace("_", ""))
        if send is reactivate:
            deactivate(scim, who)
        with monkeypatch.context() as patched:
            called = _breaks(patched, question, fault)
            answer = send(scim, who)
        event = told_the_truth(scim, who, send, answer)
        assert called, question
        if not is_harmless(fault):
            assert (answer.status_code, event.error_code) == (500, "host.transaction"), (question, send)
            assert event.cause["place"].startswith("tests/faults/breaking.py:"), question
            assert event.cause["place"] in explain(event.error_code, event.cause).cause


def _breaks(patched: pytest.MonkeyPatch, question: str, fault: Callable[[], None]) -> list[int]:
    """Have the adapter break the transaction before it answers; return what counts the calls."""
    called: list[int] = []
    original = getattr(LearnerAdapter, question)
    is_of_class = hasattr(original, "__self__")

    def asked(owner: Any, *arguments: Any) -> Any:
        called.append(1)
        fault()
        return original(*arguments) if is_of_class else original(owner, *arguments)

    patched.setattr(LearnerAdapter, question, classmethod(asked) if is_of_class else asked)
    return called


@named
def test_step_aside_that_would_be_undone_refuses_the_newcomer_and_is_named(
    scim: ScimClient, fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = somebody(scim)
    original = LearnerAdapter.step_aside

    def step_aside(self: LearnerAdapter, account: Any) -> None:
        original(self, account)
        fault()

    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, "step_aside", step_aside)
        answer = succeed(scim, who)
    event = told_the_truth(scim, who, succeed, answer)
    if not is_harmless(fault):
        assert (answer.status_code, event.cause["hook"]) == (500, "step_aside")
    assert succeed(scim, who).status_code in (201, 409)


@named
def test_merge_that_would_be_undone_joins_nobody_and_is_named(
    scim: ScimClient, connection: SCIMConnection, fault: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    succeed(scim, somebody(scim))
    question = IdentityQuestion.objects.get()

    def joined(self: LearnerAdapter, into: Learner, other: Learner) -> None:
        Learner.objects.filter(pk=into.pk).update(job_role="Joined")
        fault()

    monkeypatch.setattr(LearnerAdapter, "merge", joined)
    try:
        merge(Caller(connection, None), question.newcomer, question.earlier, detail="")
        refused = None
    except SCIMError as error:
        refused = error
    is_joined = Learner.objects.filter(job_role="Joined").exists()
    assert is_joined is (refused is None) is is_harmless(fault)
    assert refused is None or (refused.code, refused.params["hook"]) == ("host.transaction", "merge")
    assert ProvisionedUser.objects.filter(user=None).exists() is is_joined
    assert ProvisioningEvent.objects.filter(action="merged").exists() is is_joined
