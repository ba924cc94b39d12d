"""How much one connection may ask for: reads and writes apart, and nobody else pays for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.cache import cache
from pytest_django import Settings

from scim_provisioning.http import throttling
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few_a_second_and_time_stands_still(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 3, "writes": 2}}
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_000.0))


def test_burst_is_429_with_a_whole_number_of_seconds_and_writes_nothing(scim: ScimClient) -> None:
    answers = [scim.post("/Users", person(f"p{n}.x")) for n in range(2)]
    before, events = contents(), ProvisioningEvent.objects.count()
    answers += [scim.post("/Users", person(f"p{n}.x")) for n in range(2, 4)]
    assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
    refused = answers[-1]
    assert int(refused.headers["Retry-After"]) >= 1
    assert (refused.json()["status"], refused.headers["Content-Type"][:21]) == (
        "429",
        "application/scim+json",
    )
    assert contents() == before
    # A client that keeps on asking must not fill the log.
    assert ProvisioningEvent.objects.count() == events


def test_reads_and_writes_are_counted_apart(scim: ScimClient) -> None:
    assert [scim.get("/Users").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert scim.post("/Users", person()).status_code == 201


def test_next_second_is_another_one(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [scim.get("/Users").status_code for _ in range(4)][-1] == 429
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_001.0))
    assert scim.get("/Users").status_code == 200


def test_one_connection_does_not_slow_another(scim: ScimClient) -> None:
    other = ConnectionFactory(sso_key=str(SSOSettingsFactory().pk))
    neighbour = ScimClient(TokenFactory(connection=other).plaintext)
    assert [scim.get("/Users").status_code for _ in range(4)][-1] == 429
    assert neighbour.get("/Users").status_code == 200


def test_tokens_of_one_connection_share_its_allowance(scim: ScimClient, connection: object) -> None:
    second = ScimClient(TokenFactory(connection=connection).plaintext)
    assert [client.get("/Users").status_code for client in (scim, second, scim, second)][-1] == 429


def test_flood_of_unknown_tokens_costs_a_good_one_nothing(scim: ScimClient) -> None:
    for _ in range(20):
        assert ScimClient("lmsscim_nobody").get("/Users").status_code == 401
    assert scim.get("/Users").status_code == 200


def test_window_that_ends_between_two_looks_at_the_cache_lets_through(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(key: str) -> int:
        raise ValueError(key)

    scim.get("/Users")
    monkeypatch.setattr(cache, "incr", gone)
    assert scim.get("/Users").status_code == 200
