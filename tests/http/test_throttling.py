"""How much one connection may ask for: reads and writes apart, and nobody else pays for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, NoReturn
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.administration import connections
from scim_provisioning.http import throttling
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from scim_provisioning.tokens.text import checksum
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


def test_a_page_counts_by_its_size(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 3, "writes": 200}}
    for n in range(25):
        scim.post("/Users", person(f"p{n}.x"))
    # Twenty-five people are a read and two more.
    assert [scim.get("/Users?count=25").status_code for _ in range(2)] == [200, 429]
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_060.0))
    assert [scim.get("/Users?count=9").status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("parameter", ["attributes", "excludedAttributes"])
def test_a_page_counts_by_what_is_compared_to_leave_parts_of_it_out(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, parameter: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 3, "writes": 200}}
    for n in range(9):
        scim.post("/Users", person(f"p{n}.x", roles=[{"value": f"role {role}"} for role in range(12)]))
    many = ",".join(f'roles[value co "q{n}"]' for n in range(20))
    # Nine people with twelve roles, twenty comparisons each: a read and two more.
    assert [scim.get(f"/Users?count=9&{parameter}={quote(many)}").status_code for _ in range(2)] == [200, 429]
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_060.0))
    few = quote('emails[type eq "work"],roles[value co "q"]')
    paged = [scim.get(f"/Users?count=9&{parameter}={few}").status_code for _ in range(4)]
    assert paged == [200, 200, 200, 429]


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


# --- before anybody has proved to be somebody


@pytest.fixture
def few_failures(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"failures": 3}}


def stranger(number: int = 0) -> ScimClient:
    """Somebody whose token is written as ours are, and is none."""
    text = f"lmsscim_{number:051}"
    return ScimClient(text + checksum(text))


@pytest.mark.usefixtures("few_failures")
def test_an_address_that_fails_often_is_refused_before_any_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    answers = [stranger(number).get("/Users").status_code for number in range(3)]
    assert answers == [401] * 3
    # One a second is looked at all the same: a new token has to get in from an address that others flood.
    assert stranger(4).get("/Users").status_code == 401
    with django_assert_num_queries(0):
        refused = stranger(5).get("/Users")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")


@pytest.mark.usefixtures("few_failures")
def test_a_flood_does_not_shut_out_a_token_that_was_let_in_before_nor_for_long_a_new_one(
    scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scim.get("/Users").status_code == 200
    for number in range(10):
        stranger(number).get("/Users")
    assert stranger().get("/Users").status_code == 429
    assert [scim.get("/Users").status_code for _ in range(3)] == [200] * 3
    fresh = ScimClient(TokenFactory(connection=connection).plaintext)
    assert fresh.get("/Users").status_code == 429
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_001.0))
    assert fresh.get("/Users").status_code == 200
    assert fresh.get("/Users").status_code == 200


@pytest.mark.usefixtures("few_failures")
def test_a_token_in_use_for_days_passes_a_flood_at_any_moment_and_an_idle_one_waits_its_turn(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Days go by in it, as nobody can have them do in another process.
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    hour = 3_500
    now = [1_900_000_000.0]
    clock = SimpleNamespace(time=lambda: now[0])
    monkeypatch.setattr(throttling, "time", clock)
    for where in ("base", "locmem"):
        monkeypatch.setattr(f"django.core.cache.backends.{where}.time", clock)
    for hours in range(80):
        # An identity provider that works calls every hour; the flood is before its next call.
        now[0] += 1
        assert scim.get("/Users").status_code == 200
        now[0] += hour - 1
        for number in range(6):
            stranger(number).get("/Users")
        assert scim.get("/Users").status_code == 200, hours
    now[0] += 3 * 86_400
    for number in range(6):
        stranger(number).get("/Users")
    assert scim.get("/Users").status_code == 429


@pytest.mark.usefixtures("few_failures")
@pytest.mark.parametrize("flood", [stranger(1).token, "lmsscim_nobody{}", "eyJhbGciOiJSUzI1NiJ9.{}.c2ln", ""])
def test_in_a_flood_what_can_be_no_token_and_what_has_failed_takes_no_new_tokens_place(
    scim: ScimClient, flood: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The floods that happen: an identity provider, at an address that others share, that was given a wrong secret."""
    callers = [ScimClient(flood.format(number)) for number in range(20)]
    assert [caller.get("/Users").status_code for caller in callers[:3]] == [401] * 3
    with django_assert_num_queries(0):
        assert [caller.get("/Users").status_code for caller in callers] == [429] * 20
    # In the same second still, at the first try.
    assert scim.get("/Users").status_code == 200


def test_a_token_is_looked_at_again_once_the_flood_is_over(
    scim: ScimClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"failures": 3}}
    assert [stranger(1).get("/Users").status_code for _ in range(4)] == [401, 401, 401, 429]
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_061.0))
    assert stranger(1).get("/Users").status_code == 401


@pytest.mark.usefixtures("few_failures")
def test_a_database_that_does_not_answer_is_nobodys_failed_authentication(scim: ScimClient) -> None:
    def lost(execute: Any, sql: str, params: Any, many: bool, context: Any) -> NoReturn:
        raise OperationalError("server closed the connection unexpectedly")

    with database.execute_wrapper(lost):
        assert [scim.get("/Users").status_code for _ in range(5)] == [500] * 5
    assert [stranger(number).get("/Users").status_code for number in range(3)] == [401] * 3


@pytest.mark.usefixtures("few_failures")
def test_addresses_are_counted_apart_and_an_ipv6_network_is_one(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": ["127.0.0.1"]}
    for number in range(5):
        stranger(number).get("/Users", x_forwarded_for=f"2001:db8::{number}")
    assert stranger().get("/Users", x_forwarded_for="2001:db8::ffff").status_code == 429
    assert stranger().get("/Users", x_forwarded_for="2001:db8:0:1::1").status_code == 401
    assert stranger().get("/Users", x_forwarded_for="203.0.113.7").status_code == 401


class Gone(LocMemCache):
    """A cache whose server does not answer."""

    def _refuse(self, *args: object, **options: object) -> NoReturn:
        raise ConnectionError("connection refused")

    add = get = set = incr = get_many = _refuse  # type: ignore[assignment]


@pytest.mark.usefixtures("few_failures")
def test_without_a_cache_everybody_is_served_and_nobody_counted(scim: ScimClient, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Gone", "LOCATION": "gone"}}
    assert [scim.get("/Users").status_code for _ in range(5)] == [200] * 5
    assert [stranger().get("/Users").status_code for _ in range(5)] == [401] * 5


# --- a token that is not let in


def test_refusals_of_a_token_are_one_row_a_minute_with_a_count(
    scim: ScimClient, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 1000}}
    connection.tokens.update(revoked_at=timezone.now())
    for _ in range(12):
        assert scim.get("/Users").status_code == 401
    row = ProvisioningEvent.objects.get(connection=connection)
    assert (row.error_code, row.times) == ("auth.revoked", 12)
    ProvisioningEvent.objects.update(created_at=timezone.now() - timedelta(seconds=61))
    scim.get("/Users")
    assert sorted(ProvisioningEvent.objects.values_list("times", flat=True)) == [1, 12]


def test_a_token_is_one_row_a_minute_however_many_other_refusals_come_in_between(
    scim: ScimClient, connection: SCIMConnection, settings: Settings
) -> None:
    """A sync that is refused meanwhile, and more dead tokens that call in turn than anybody would look at."""
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"reads": 1000, "failures": 1000}}
    issued = [TokenFactory(connection=connection, revoked_at=timezone.now()) for _ in range(25)]
    for turn in range(1, 4):
        for token in issued:
            assert ScimClient(token.plaintext).get("/Users").status_code == 401
        assert scim.post("/Users", {"schemas": []}).status_code == 400
        rows = ProvisioningEvent.objects.filter(connection=connection, error_code="auth.revoked")
        assert {(row.token_id, row.times) for row in rows} == {(token.pk, turn) for token in issued}
        assert len(rows) == len(issued)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda connection: connection.tokens.update(expires_at=timezone.now()), "auth.expired"),
        (lambda connection: connection.tokens.update(allowed_networks=["192.0.2.0/24"]), "auth.ip"),
        (lambda connection: connections.pause(connection, actor=None), "conn.paused"),
        (lambda connection: SSOSettings.objects.update(enabled=False), "conn.sso_off"),
    ],
)
def test_refusals_of_a_token_use_up_the_connections_allowance(
    scim: ScimClient, connection: SCIMConnection, spoil: Callable[[SCIMConnection], object], code: str
) -> None:
    spoil(connection)
    statuses = [scim.get("/Users").status_code for _ in range(5)]
    assert statuses[3:] == [429, 429]
    assert 429 not in statuses[:3]
    row = ProvisioningEvent.objects.get(connection=connection, outcome="refused")
    assert (row.error_code, row.times) == (code, 3)


def test_whoever_holds_a_token_that_was_revoked_takes_nothing_from_the_live_one(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    leaked = ScimClient(TokenFactory(connection=connection).plaintext)
    assert leaked.get("/Users").status_code == 200
    connection.tokens.filter(pk=connection.tokens.latest("pk").pk).update(revoked_at=timezone.now())
    assert [leaked.get("/Users").status_code for _ in range(5)] == [401] * 3 + [429] * 2
    assert [scim.get("/Users").status_code for _ in range(2)] == [200, 200]


def test_a_refusal_inside_is_a_row_each(scim: ScimClient, connection: SCIMConnection) -> None:
    for _ in range(2):
        assert scim.post("/Users", {"schemas": []}).status_code == 400
    assert ProvisioningEvent.objects.filter(connection=connection, times=1).count() == 2


# --- bulk


def test_each_operation_of_bulk_is_a_write(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "THROTTLE": {"writes": 5}}
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": person(f"p{n}.x")} for n in range(5)
    ]
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    assert scim.post("/Bulk", body).status_code == 200
    assert scim.post("/Users", person("one.more")).status_code == 429
