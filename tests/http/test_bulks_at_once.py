"""A bulk request keeps others of its connection waiting while it goes on, and not much longer than it lives."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache.backends import base, locmem
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import tokens
from scim_provisioning.http import lasting, slots
from scim_provisioning.http.throttling import many_operations
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db


class Clock:
    """What the cache and the app take for the time."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "slots"}
    }
    clock = Clock()
    for module in (base, locmem):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=clock))
    monkeypatch.setattr(slots, "monotonic", clock)
    monkeypatch.setattr(lasting, "monotonic", clock)
    yield clock
    locmem.LocMemCache("slots", {}).clear()


def bulk(scim: ScimClient, *names: str) -> Any:
    operations = [
        {"method": "POST", "path": "/Users", "data": person(name), "bulkId": name} for name in names
    ]
    return scim.post("/Bulk", {"Operations": operations})


def test_a_bulk_request_whose_worker_was_killed_holds_up_the_next_for_a_minute_at_most(
    scim: ScimClient, connection: SCIMConnection, clock: Clock
) -> None:
    killed = many_operations(connection)
    # A worker that is killed never leaves it.
    killed.__enter__()
    assert bulk(scim, "too.soon").status_code == 429
    clock.now += 61
    assert bulk(scim, "after.it").status_code == 200


def test_a_bulk_request_that_goes_on_keeps_its_place_however_long_it_takes(
    scim: ScimClient, clock: Clock, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"bulk_seconds": 600}}
    meanwhile: list[int] = []

    def takes_its_time(adapter: Any, learner: Any, *, event: Any) -> None:
        clock.now += 40
        meanwhile.append(bulk(scim, "another.one").status_code)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", takes_its_time)
    assert bulk(scim, "a.one", "b.two", "c.three", "d.four").status_code == 200
    assert meanwhile == [429, 429, 429, 429]


# --- what let it in may end


@pytest.mark.parametrize(("ended", "status"), [("revoked", "401"), ("paused", "503"), ("sso", "403")])
def test_no_operation_begins_more_than_a_second_after_an_administrator_ended_it(
    scim: ScimClient,
    connection: SCIMConnection,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    ended: str,
    status: str,
) -> None:
    def end(adapter: Any, learner: Any, *, event: Any) -> None:
        clock.now += 1
        if ended == "revoked":
            SCIMToken.objects.update(revoked_at=timezone.now())
        elif ended == "paused":
            SCIMConnection.objects.update(paused_at=timezone.now())
        else:
            SSOSettings.objects.update(enabled=False)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", end)
    answer = bulk(scim, "a.one", "b.two", "c.three").json()
    assert [operation["status"] for operation in answer["Operations"]] == ["201", status, status]
    assert ProvisionedUser.objects.count() == 1


def test_a_bulk_request_begins_nothing_more_when_its_time_is_up_and_says_what_was_done(
    scim: ScimClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_its_time(adapter: Any, learner: Any, *, event: Any) -> None:
        clock.now += 12

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", takes_its_time)
    done = bulk(scim, "a.one", "b.two", "c.three", "d.four").json()["Operations"]
    assert [operation["status"] for operation in done] == ["201", "201", "503", "503"]
    assert "Send it again." in done[2]["response"]["detail"]
    assert ProvisioningEvent.objects.filter(error_code="bulk.time").count() == 2


def test_a_database_that_goes_away_between_operations_takes_nothing_back_of_what_is_said_of_the_first(
    scim: ScimClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_its_time(adapter: Any, learner: Any, *, event: Any) -> None:
        clock.now += 2

    def away(token: SCIMToken) -> SCIMToken:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", takes_its_time)
    monkeypatch.setattr(tokens, "confirmed", away)
    answer = bulk(scim, "a.one", "b.two")
    assert answer.status_code == 200, answer.content
    first, second = (operation["status"] for operation in answer.json()["Operations"])
    assert first == "201"
    assert second.startswith("5")
    assert ProvisionedUser.objects.count() == 1
