"""The self-test looks into the host's own table: access has to end there, and come back, whatever SCIM answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import post_save

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Line, Result
from scim_provisioning.models import SCIMConnection
from tests.tables import contents

pytestmark = pytest.mark.django_db

DEACTIVATED = "Deactivated: access has ended in the application’s table"
ACTIVATED = "Activated: access is back in the application’s table"
DELETED = "Deleted: access has ended in the application’s table"
STILL_IN = "is_active holds True: the learner is still let in."
STILL_OUT = "is_active holds False: the learner is not let in."


def run(connection: SCIMConnection) -> dict[str, Line]:
    return {line.what: line for line in selftest.run(connection, reach=False)}


def broken(connection: SCIMConnection) -> dict[str, str]:
    """What the lines found that look into the table and failed."""
    lines = run(connection)
    assert all(lines[what].mend for what in lines if lines[what].result == Result.FAILED)
    asked = (DEACTIVATED, ACTIVATED, DELETED)
    return {what: lines[what].found for what in asked if lines[what].result == Result.FAILED}


def test_a_sound_host_has_switched_its_own_field_each_time(connection: SCIMConnection) -> None:
    lines = run(connection)
    assert [(lines[what].result, lines[what].found) for what in (DEACTIVATED, ACTIVATED, DELETED)] == [
        (Result.PASSED, "is_active")
    ] * 3


def test_a_set_active_that_does_nothing(connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers 204 to the DELETE, and the learner is still let in."""
    monkeypatch.setattr(LearnerAdapter, "set_active", lambda self, active: None)
    assert broken(connection) == {DEACTIVATED: STILL_IN, DELETED: STILL_IN}


def test_a_set_active_that_never_switches_on_again(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = LearnerAdapter.set_active

    def set_active(self: LearnerAdapter, active: bool) -> None:
        original(self, active and self.link._state.adding)

    monkeypatch.setattr(LearnerAdapter, "set_active", set_active)
    assert broken(connection) == {ACTIVATED: STILL_OUT}


def test_a_delete_of_the_hosts_own_that_forgets_to_switch(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "delete", lambda self: None)
    assert broken(connection) == {DELETED: STILL_IN}


@pytest.mark.parametrize(
    ("hook", "active", "found"),
    [
        ("on_deactivated", True, {DEACTIVATED: STILL_IN, DELETED: STILL_IN}),
        ("on_reactivated", False, {ACTIVATED: STILL_OUT}),
        ("revoke_access", True, {DEACTIVATED: STILL_IN, DELETED: STILL_IN}),
    ],
)
def test_a_hook_that_undoes_it_past_the_model(
    hook: str,
    active: bool,
    found: dict[str, str],
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def undo(self: LearnerAdapter, learner: Any, **event: Any) -> None:
        User.objects.filter(pk=learner.user_id).update(is_active=active)

    monkeypatch.setattr(LearnerAdapter, hook, undo)
    assert broken(connection) == found


@pytest.fixture
def _eager() -> Iterator[None]:
    def let_in(instance: User, **kwargs: Any) -> None:
        User.objects.filter(pk=instance.pk).update(is_active=True)

    post_save.connect(let_in, sender=User)
    yield
    post_save.disconnect(let_in, sender=User)


@pytest.mark.usefixtures("_eager")
def test_a_signal_that_lets_everybody_in_again(connection: SCIMConnection) -> None:
    assert broken(connection) == {DEACTIVATED: STILL_IN, DELETED: STILL_IN}


def test_a_deactivation_that_was_refused_is_said_once(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: LearnerAdapter, learner: Any, *, event: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(LearnerAdapter, "on_deactivated", refuse)
    lines = run(connection)
    assert lines["Deactivate (“False” as text)"].result == Result.FAILED
    assert DEACTIVATED not in lines


def test_whoever_is_erased_has_no_access(connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: learner.user.delete())
    SCIMConnection.objects.update(policies={"on_delete": "erase"})
    assert broken(SCIMConnection.objects.get()) == {}


def test_nothing_of_it_stays(connection: SCIMConnection) -> None:
    before = contents()
    run(connection)
    assert contents() == before


# --- what a host may raise before anything is tried


def boom(*args: Any) -> Any:
    raise ZeroDivisionError("no seats to divide")


@pytest.mark.parametrize(
    ("method", "what", "mend"),
    [
        ("tenant_enabled", "Requests are served", "tenant_enabled()"),
        ("mapping_for", "The mapping is complete", "the adapter's mapping"),
    ],
)
def test_a_question_to_the_host_that_raises_is_a_failed_line(
    method: str, what: str, mend: str, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, method, classmethod(boom))
    line = run(connection)[what]
    assert line.result == Result.FAILED
    assert line.found == "ZeroDivisionError: no seats to divide"
    assert mend in line.mend
