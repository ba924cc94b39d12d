"""A clock that goes back two hours, as one does whose machine was set wrongly: nobody's history is turned round."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from scim_provisioning.administration import confirmations, connections, health, numbers, selftest
from scim_provisioning.administration.confirmations import Counter, Door
from scim_provisioning.administration.doctor import databases as doctors_databases
from scim_provisioning.administration.selftest import Result
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

TWO_HOURS = timedelta(hours=2)
SetClock = Callable[[timedelta], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Lets Django's clock stand so far ahead of the true one."""

    def put(ahead: timedelta) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + ahead

        monkeypatch.setattr(timezone, "datetime", Clock)

    put(TWO_HOURS)
    return put


def retitled(title: str) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "title", "value": title}]


def test_what_was_modified_is_never_told_to_be_older_than_before(
    scim: ScimClient, set_clock: SetClock
) -> None:
    made = scim.post("/Users", person()).json()
    answers = [made, scim.patch(f"/Users/{made['id']}", retitled("Fellow")).json()]
    for ahead in (timedelta(0), -TWO_HOURS, timedelta(minutes=1), TWO_HOURS * 2):
        set_clock(ahead)
        answers.append(scim.patch(f"/Users/{made['id']}", retitled(f"Fellow {ahead}")).json())
        answers.append(scim.put(f"/Users/{made['id']}", person(title=f"Lead {ahead}")).json())
        answers.append(scim.get(f"/Users/{made['id']}").json())
    told = [answer["meta"]["lastModified"] for answer in answers]
    assert told == sorted(told)
    assert {answer["meta"]["created"] for answer in answers} == {made["meta"]["created"]}
    assert min(told) >= made["meta"]["created"]
    assert told[-1] > told[0], "time goes on where the clock does"


def test_who_asks_for_what_changed_since_the_last_answer_finds_it(
    scim: ScimClient, set_clock: SetClock
) -> None:
    before = scim.post("/Users", person()).json()
    set_clock(timedelta(0))
    scim.patch(f"/Users/{before['id']}", retitled("Fellow"))
    since = before["meta"]["lastModified"]
    found = scim.get(f"/Users?filter=meta.lastModified+ge+%22{since}%22").json()
    assert [user["title"] for user in found["Resources"]] == ["Fellow"]


def test_nobody_is_deleted_or_suspended_before_they_were_made(
    scim: ScimClient, set_clock: SetClock, connection: SCIMConnection
) -> None:
    ids = [scim.post("/Users", person(name)).json()["id"] for name in ("ines.okafor", "rui.sousa")]
    set_clock(timedelta(0))
    assert scim.delete(f"/Users/{ids[0]}").status_code == 204
    connections.disconnect(connection, actor=None, learners="suspend")
    deleted, suspended = (ProvisionedUser.objects.get(scim_id=scim_id) for scim_id in ids)
    assert deleted.deleted_at is not None
    assert suspended.active is False
    assert deleted.created_at <= deleted.modified_at == deleted.deleted_at
    assert suspended.created_at <= suspended.modified_at


def test_the_last_use_of_a_token_is_noted_all_the_same(
    scim: ScimClient, connection: SCIMConnection, set_clock: SetClock
) -> None:
    scim.get("/Users")
    ahead = SCIMToken.objects.get().last_used_at
    set_clock(timedelta(0))
    scim.get("/Users")
    now = SCIMToken.objects.get().last_used_at
    assert ahead is not None
    assert now is not None
    assert now < ahead - timedelta(minutes=100)


def test_refusals_of_before_and_after_are_not_counted_together(
    connection: SCIMConnection, set_clock: SetClock
) -> None:
    stale = ScimClient(TokenFactory(connection=connection, revoked_at=timezone.now()).plaintext)
    for _ in range(3):
        stale.get("/Users")
    set_clock(timedelta(0))
    for _ in range(2):
        stale.get("/Users")
    refused = ProvisioningEvent.objects.filter(error_code="auth.revoked")
    assert sorted(refused.values_list("times", flat=True)) == [2, 3]


def test_who_was_shut_out_for_15_minutes_does_not_wait_for_two_hours(
    admin_user: Any, set_clock: SetClock
) -> None:
    counter = Counter.of(admin_user, "a session", timezone.now())
    doors = [counter.attempt() for _ in range(confirmations.SESSION_ATTEMPTS + 1)]
    assert doors[-1] is Door.SESSION_CLOSED
    set_clock(TWO_HOURS - timedelta(seconds=1))
    assert counter.attempt() is Door.SESSION_CLOSED, "two machines never agree to the second"
    set_clock(timedelta(0))
    assert counter.attempt() is Door.OPEN


@pytest.mark.parametrize("ahead", [0, 7200, -7200])
def test_the_self_test_says_that_the_clocks_of_application_and_database_differ(
    ahead: int, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_clock = time.time
    monkeypatch.setattr(doctors_databases, "time", SimpleNamespace(time=lambda: true_clock() + ahead))
    (line,) = [line for line in selftest.run(connection, reach=False) if line.what == "The clocks agree"]
    assert line.result == (Result.WARNING if ahead else Result.PASSED)
    assert not ahead or "differ by 7" in line.found


def test_days_that_a_clock_took_for_over_are_counted_when_they_are(
    scim: ScimClient, connection: SCIMConnection, set_clock: SetClock
) -> None:
    set_clock(timedelta(0))
    assert scim.post("/Users", person("ana")).status_code == 201
    set_clock(timedelta(hours=49))
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    set_clock(timedelta(0))
    for name in ("rui", "mia"):
        assert scim.post("/Users", person(name)).status_code == 201

    def joined() -> int:
        return numbers.of([connection]).totals[0]

    assert joined() == 3
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    set_clock(timedelta(hours=49))
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    assert joined() == 3


def test_a_refusal_that_is_still_to_come_says_nothing_of_the_connection(
    scim: ScimClient, connection: SCIMConnection, set_clock: SetClock
) -> None:
    stale = ScimClient(TokenFactory(connection=connection, revoked_at=timezone.now()).plaintext)
    set_clock(timedelta(hours=24))
    assert stale.get("/Users").status_code == 401
    set_clock(timedelta(0))
    assert scim.post("/Users", person("ana")).status_code == 201
    (judged,) = health.of_connections([connection]).values()
    assert judged.badge != health.FAILING
