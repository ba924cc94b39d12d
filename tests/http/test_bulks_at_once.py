"""A bulk request keeps others of its connection waiting while it goes on, and not much longer than it lives."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache.backends import base, locmem
from pytest_django import Settings

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.http import slots
from scim_provisioning.http.throttling import many_operations
from scim_provisioning.models import SCIMConnection
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
    scim: ScimClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile: list[int] = []

    def takes_its_time(adapter: Any, learner: Any, *, event: Any) -> None:
        clock.now += 40
        meanwhile.append(bulk(scim, "another.one").status_code)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", takes_its_time)
    assert bulk(scim, "a.one", "b.two", "c.three", "d.four").status_code == 200
    assert meanwhile == [429, 429, 429, 429]
