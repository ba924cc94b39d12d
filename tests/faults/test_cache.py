"""The cache is gone, or hangs: SCIM goes on, nobody waits for it for long, and it is said."""

from __future__ import annotations

import logging
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.http import counting, throttling
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SignIn
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import let_share, make_connection
from tests.people import person
from tests.servers import free_port, running

pytestmark = pytest.mark.django_db

#: As docs/deployment.md says: a cache that hangs may cost one request so much, in seconds.
TIMEOUT = 0.2


@pytest.fixture
def few(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "THROTTLE": {"reads": 2, "writes": 100, "failures": 3},
    }


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moves the clock by which the cache is left alone."""
    moved = 0.0

    def move(seconds: float) -> None:
        nonlocal moved
        moved += seconds

    true_clock = counting.monotonic
    monkeypatch.setattr(counting, "monotonic", lambda: true_clock() + moved)
    return move


def use_redis(settings: Settings, port: int) -> None:
    pytest.importorskip("redis")
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"redis://127.0.0.1:{port}/0",
            "OPTIONS": {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT},
        }
    }


class Silent:
    """A server that takes every connection and never says a word; ``met`` is how many it took."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                self._held.append(self._listener.accept()[0])
            except OSError:
                return

    @property
    def met(self) -> int:
        return len(self._held)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for connection in self._held:
            connection.close()


@pytest.fixture
def silent(settings: Settings) -> Iterator[Silent]:
    with closing(Silent()) as server:
        use_redis(settings, server.port)
        yield server


@pytest.fixture
def redis(settings: Settings, tmp_path: Path) -> Iterator[Any]:
    """A Redis of this test's own, as the cache."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("needs redis-server")
    port = free_port()
    command = [server, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with running(command, port, tmp_path / "redis") as process:
        use_redis(settings, port)
        yield process


def said(caplog: pytest.LogCaptureFixture) -> int:
    """How often the log says that the cache is gone."""
    lines = [record for record in caplog.records if "cache does not answer" in record.getMessage()]
    assert {record.levelno for record in lines} <= {logging.WARNING}
    return len(lines)


def story(scim: ScimClient, name: str) -> None:
    """Entra's usual day, each request answered as if nothing were wrong."""
    found = scim.get(f"/Users?filter=userName+eq+%22{name}%22")
    made = scim.post("/Users", person(name))
    path = f"/Users/{made.json()['id']}"
    changed = scim.patch(path, [{"op": "replace", "path": "active", "value": False}])
    gone = scim.delete(path)
    codes = [answer.status_code for answer in (found, made, changed, gone)]
    assert codes == [200, 201, 200, 204]


def codes_of(scim: ScimClient, times: int) -> set[int]:
    return {scim.get("/Users").status_code for _ in range(times)}


@pytest.mark.usefixtures("few")
def test_a_cache_that_is_stopped_and_started_holds_up_nobody_and_counts_again(
    redis: Any,
    scim: ScimClient,
    caplog: pytest.LogCaptureFixture,
    later: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: 1_900_000_000.0))
    assert 429 in codes_of(scim, 10)
    redis.send_signal(signal.SIGSTOP)
    story(scim, "ines.okafor")
    assert codes_of(scim, 10) == {200}
    assert said(caplog) == 1
    redis.send_signal(signal.SIGCONT)
    later(counting.REST)
    assert 429 in codes_of(scim, 10)
    redis.kill()
    redis.wait(10)
    story(scim, "rui.sousa")
    assert codes_of(scim, 10) == {200}
    assert said(caplog) == 1, "a minute has not passed"
    assert ProvisionedUser.objects.count() == 2


@pytest.mark.usefixtures("few")
def test_a_cache_that_never_answers_is_asked_once_in_a_while_however_many_requests_there_are(
    silent: Silent, scim: ScimClient, later: Any
) -> None:
    story(scim, "ines.okafor")
    once = silent.met
    assert once >= 1
    story(scim, "rui.sousa")
    assert codes_of(scim, 5) == {200}
    assert {ScimClient("lmsscim_nobody").get("/Users").status_code for _ in range(5)} == {401}
    assert silent.met == once
    later(counting.REST)
    story(scim, "maya.lind")
    assert silent.met == 2 * once


def test_of_many_threads_one_waits_for_a_cache_that_hangs(silent: Silent, later: Any) -> None:
    counting.counted("first", seconds=5)
    once = silent.met
    later(counting.REST)
    together = threading.Barrier(8)

    def count() -> None:
        together.wait(10)
        counting.counted("more", seconds=5)

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert silent.met == 2 * once


def test_it_is_said_once_a_minute_and_again_after_it(
    scim: ScimClient, settings: Settings, caplog: pytest.LogCaptureFixture, later: Any
) -> None:
    use_redis(settings, free_port())
    for _ in range(11):
        assert scim.get("/Users").status_code == 200
        later(counting.REST)
    assert said(caplog) == 1
    later(counting.REST)
    scim.get("/Users")
    assert said(caplog) == 2


CACHE_LINE = "Requests are counted in a cache that all processes share"


def test_the_self_test_says_that_the_cache_answers(redis: Any, connection: SCIMConnection) -> None:
    lines = {line.what: line for line in selftest.run(connection, reach=False)}
    assert lines[CACHE_LINE].result == Result.PASSED


def test_the_self_test_says_that_the_cache_is_gone_and_fails_nobody_for_it(
    connection: SCIMConnection, settings: Settings
) -> None:
    use_redis(settings, free_port())
    lines = {line.what: line for line in selftest.run(connection, reach=False)}
    assert lines[CACHE_LINE].result == Result.WARNING
    assert lines[CACHE_LINE].found.startswith("It does not answer")
    assert [line.what for line in lines.values() if line.result == Result.FAILED] == []


def test_the_self_test_says_when_the_cache_keeps_nothing(
    connection: SCIMConnection, settings: Settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    lines = {line.what: line for line in selftest.run(connection, reach=False)}
    assert lines[CACHE_LINE].result == Result.WARNING


@pytest.fixture
def ines(redis: Any, scim: ScimClient, settings: Settings) -> tuple[str, Client]:
    """Her SCIM id, and her browser: signed in, with the session in the cache."""
    settings.ROOT_URLCONF = "tests.http.whoami_urls"
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    scim_id = scim.post("/Users", person()).json()["id"]
    browser = Client()
    browser.force_login(User.objects.get())
    assert who(browser) == person()["userName"]
    return scim_id, browser


def who(browser: Client) -> str:
    return browser.get("/whoami/").content.decode()


def turn(scim: ScimClient, scim_id: str, active: bool) -> None:
    change = [{"op": "replace", "path": "active", "value": active}]
    assert scim.patch(f"/Users/{scim_id}", change).json()["active"] is active
    assert User.objects.get().is_active is active


def test_access_ends_although_the_cache_that_holds_the_session_is_gone_and_the_session_is_dead_for_good(
    ines: tuple[str, Client], redis: Any, scim: ScimClient, caplog: pytest.LogCaptureFixture
) -> None:
    scim_id, browser = ines
    redis.send_signal(signal.SIGSTOP)
    turn(scim, scim_id, False)
    assert "A session could not be deleted (TimeoutError)" in caplog.text
    redis.send_signal(signal.SIGCONT)
    assert who(browser) == "nobody"
    turn(scim, scim_id, True)
    assert who(browser) == "nobody"
    assert not SignIn.objects.exists()


def test_a_return_ends_no_session_that_went_on(ines: tuple[str, Client], scim: ScimClient) -> None:
    """Another connection kept the account on meanwhile."""
    scim_id, browser = ines
    second = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    let_share(person()["userName"])
    assert second.post("/Users", person()).status_code == 201
    for active in (False, True):
        change = [{"op": "replace", "path": "active", "value": active}]
        scim.patch(f"/Users/{scim_id}", change)
        assert who(browser) == person()["userName"]
