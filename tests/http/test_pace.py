"""How fast a connection may go: its pace is never refused, and whoever is told to wait is served after that long."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from scim_provisioning.conf import DEFAULT_THROTTLE
from scim_provisioning.http import pace, throttling
from tests.client import ScimClient
from tests.people import person
from tests.processes import ROOT

PACE = 5
NOON = 1_900_000_000.0


class Clock:
    """The time by which requests are counted."""

    def __init__(self) -> None:
        self.now = NOON

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=clock.time))
    return clock


@pytest.fixture(autouse=True)
def _five_a_second(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "THROTTLE": {"reads": PACE, "writes": PACE},
    }


# --- at exactly the pace


def _held_up(number: int) -> float:
    return number / PACE + random.Random(number).random() * (1 - 1 / PACE)  # noqa: S311 - a rhythm, no secret


@pytest.mark.django_db
@pytest.mark.parametrize("begins", [0.0, 0.1, 0.5, 0.999], ids=str)
@pytest.mark.parametrize(
    "leaves",
    [lambda number: number / PACE, lambda number: number // PACE, _held_up],
    ids=["evenly", "all at once", "held up on the way"],
)
def test_a_client_at_exactly_the_pace_is_never_refused(
    scim: ScimClient, clock: Clock, begins: float, leaves: Callable[[int], float]
) -> None:
    for moment in sorted(leaves(number) for number in range(6 * PACE)):
        clock.now = NOON + begins + moment
        assert scim.get("/Users").status_code == 200, moment


@given(st.lists(st.integers(0, 1_000_000 - 1_000_000 // PACE), min_size=1, max_size=120))
def test_no_client_at_exactly_the_pace_is_refused_whatever_is_held_up_on_the_way(late: list[int]) -> None:
    """A request each fifth of a second, each late by so many microseconds."""
    cache.clear()
    for moment in sorted(number * 1_000_000 // PACE + held for number, held in enumerate(late)):
        assert pace.wait("anybody", PACE, NOON + moment / 1_000_000) == 0


@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=120))
def test_no_client_that_keeps_to_the_pace_in_any_second_is_refused(gaps: list[int]) -> None:
    """Whatever its rhythm: gaps in microseconds, and where the second before is full it waits for its end."""
    cache.clear()
    moments: list[int] = []
    for gap in gaps:
        earliest = moments[-PACE] + 1_000_000 if len(moments) >= PACE else 0
        moments.append(max((moments[-1] if moments else 0) + gap, earliest))
    for moment in moments:
        assert pace.wait("anybody", PACE, NOON + moment / 1_000_000) == 0


# --- too fast


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_whoever_waits_for_as_long_as_told_is_served(scim: ScimClient, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a rhythm, no secret
    told = 0
    for _ in range(60):
        clock.now += chance.random() / 20
        answer = scim.get("/Users")
        if answer.status_code == 429:
            told += 1
            clock.now += int(answer.headers["Retry-After"])
            assert scim.get("/Users").status_code == 200
    assert told


@pytest.mark.django_db
def test_after_a_bulk_request_is_waited_for_as_long_as_it_takes_at_the_pace(
    scim: ScimClient, clock: Clock
) -> None:
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": person(f"p{n}.x")}
        for n in range(3 * PACE)
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert scim.post("/Bulk", body).status_code == 200

    refused = scim.post("/Users", person("one.more"))

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3"
    clock.now += 3
    assert scim.post("/Users", person("one.more")).status_code == 201


@pytest.mark.django_db
def test_whoever_does_not_wait_gets_no_more_than_the_pace_and_no_less(scim: ScimClient, clock: Clock) -> None:
    served = 0
    for number in range(200):
        clock.now = NOON + number / 20
        served += scim.get("/Users").status_code == 200

    # Ten seconds: as many at once as in one, then the pace; a quarter more at most.
    assert 10 * PACE <= served <= 10 * PACE * 5 // 4 + PACE


@pytest.mark.django_db
def test_a_long_pause_saves_up_one_second_and_no_more(scim: ScimClient, clock: Clock) -> None:
    assert scim.get("/Users").status_code == 200
    clock.now += 3600
    assert [scim.get("/Users").status_code for _ in range(PACE + 1)] == [200] * PACE + [429]


# --- what is given by default


@pytest.mark.parametrize("begins", [0.0, 0.35, 0.7, 0.999], ids=str)
def test_an_initial_cycle_of_eight_connections_at_once_does_not_meet_the_default(begins: float) -> None:
    """Eight clients, each a look-up and a POST in turn of 17 ms at least: 470 requests a second."""
    chance = random.Random(begins)  # noqa: S311 - a rhythm, no secret
    moments = []
    for _ in range(8):
        now = NOON + begins
        for number in range(120):
            now += 0.017 + chance.random() / 100
            moments.append((now, "reads" if number % 2 else "writes"))
    for moment, kind in sorted(moments):
        assert pace.wait(kind, DEFAULT_THROTTLE[kind], moment) == 0


# --- many processes

_BURST = f"""
import django; django.setup()
from scim_provisioning.http import pace
print(sum(pace.wait("burst", 100, {NOON}) == 0 for _ in range(200)))
"""


@pytest.mark.skipif(
    "Redis" not in django_settings.CACHES["default"]["BACKEND"], reason="needs a cache that processes share"
)
def test_processes_that_share_a_cache_let_just_as_many_through_together() -> None:
    own = {
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
        "REDIS_URL": django_settings.CACHES["default"]["LOCATION"],
    }
    command = [sys.executable, "-c", _BURST]
    processes = [
        subprocess.Popen(command, env={**os.environ, **own}, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    served = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(served) == 100, served
