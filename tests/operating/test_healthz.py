"""/scim/healthz says whether the database answers, within bounded time, and nothing else."""

from __future__ import annotations

import http.client
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.dummy import DummyCache
from django.test import Client
from pytest_django import Settings

from tests.processes import ROOT, serving

pytestmark = pytest.mark.django_db

PATH = "/scim/healthz"
SERVER = ["gunicorn", "example_project.wsgi:application", "--bind", "127.0.0.1:{port}", "--workers", "1"]


class Gone(DummyCache):
    """A cache that is not there."""

    def _gone(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("no cache")

    get = set = add = incr = get_many = set_many = delete = touch = has_key = clear = _gone


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_it_is_200_without_a_token_and_kept_nowhere(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer.headers["Cache-Control"]
    assert not answer.cookies
    head = Client().head(path)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_else_can_be_asked(method: str) -> None:
    answer = Client().generic(method, PATH)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_a_cache_that_is_gone_is_not_its_fault(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Gone"}}
    assert Client().get(PATH).status_code == 200


def test_no_setting_of_the_host_stands_before_it(settings: Settings) -> None:
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example"}
    assert [Client().get(PATH).status_code for _ in range(2)] == [200, 200]
    assert not Client().get(PATH).headers.get("Age")


# --- without a database


def ask(port: int) -> tuple[int, bytes, float]:
    """Status, body, and the seconds that it took."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as wire:
        wire.request("GET", PATH)
        answer = wire.getresponse()
        return answer.status, answer.read(), time.monotonic() - began


def serve_on(database: str, folder: Path) -> Any:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "example_project.settings",
        "PYTHONPATH": str(ROOT),
    }
    return serving(SERVER, environment, folder)


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and says nothing."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        yield listening.getsockname()[1]


@pytest.mark.long
def test_it_is_503_when_the_database_is_not_there(tmp_path: Path) -> None:
    with serve_on(f"sqlite:///{tmp_path / 'no' / 'folder.sqlite3'}", tmp_path) as port:
        status, body, _seconds = ask(port)
        assert (status, body) == (503, b"the database does not answer\n")


@pytest.mark.long
def test_a_database_that_hangs_is_503_in_bounded_time(deaf: int, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with serve_on(f"postgres://postgres@127.0.0.1:{deaf}/lms", tmp_path) as port:
        first, second = ask(port), ask(port)
    assert [first[0], second[0]] == [503, 503]
    # Without a bound nobody would ever be answered.
    assert first[2] + second[2] < 20
