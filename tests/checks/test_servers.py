"""How the database and the cache are reached: what fails or hangs when many ask at once is said before they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connection as database

from scim_provisioning.checks import faults
from tests.checks.project import found

if TYPE_CHECKING:
    from pytest_django import Settings


class OwnRedis(RedisCache):
    """A host's own, derived from Django's."""


REDIS, MEMCACHED = (
    "django.core.cache.backends.redis.RedisCache",
    "django.core.cache.backends.memcached.PyMemcacheCache",
)


@pytest.mark.skipif(database.vendor != "sqlite", reason="other databases wait by themselves")
@pytest.mark.parametrize(
    ("mode", "is_found"),
    [(None, True), ("DEFERRED", True), ("IMMEDIATE", False), ("immediate", False), ("EXCLUSIVE", False)],
)
def test_sqlite_that_does_not_wait_for_its_turn(
    mode: str | None, is_found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {
        key: value for key, value in database.settings_dict["OPTIONS"].items() if key != "transaction_mode"
    }
    monkeypatch.setitem(
        database.settings_dict, "OPTIONS", {**options, **({"transaction_mode": mode} if mode else {})}
    )
    assert found() == ([faults.SQLITE_DOES_NOT_WAIT.at(alias="default")] if is_found else [])


@pytest.mark.parametrize(
    ("backend", "location", "options", "missing"),
    [
        (REDIS, "redis://127.0.0.1:1/0", {}, "socket_timeout, socket_connect_timeout"),
        (REDIS, "redis://127.0.0.1:1/0", {"socket_timeout": 1}, "socket_connect_timeout"),
        (REDIS, "redis://127.0.0.1:1/0", {"socket_timeout": 1, "socket_connect_timeout": 1}, ""),
        (REDIS, "redis://127.0.0.1:1/0?socket_timeout=1&socket_connect_timeout=1", {}, ""),
        (
            REDIS,
            [
                "redis://127.0.0.1:1/0?socket_timeout=1&socket_connect_timeout=1",
                "redis://127.0.0.1:2/0?socket_timeout=1",
            ],
            {},
            "socket_connect_timeout",
        ),
        (f"{__name__}.OwnRedis", "redis://127.0.0.1:1/0", {"socket_timeout": 1}, "socket_connect_timeout"),
        ("django.core.cache.backends.locmem.LocMemCache", "", {}, ""),
        ("nowhere.Cache", "", {}, ""),
    ],
)
def test_a_cache_that_may_hang(
    backend: str, location: Any, options: dict[str, Any], missing: str, settings: Settings
) -> None:
    pytest.importorskip("redis")
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": location, "OPTIONS": options}}
    wanted = '"socket_timeout": 0.5, "socket_connect_timeout": 0.5'
    expected = faults.CACHE_MAY_HANG.at(backend=backend.rpartition(".")[2], missing=missing, wanted=wanted)
    assert found() == ([expected] if missing else [])
