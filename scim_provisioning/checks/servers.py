"""Checks of how the database and the cache are reached: what works alone, and fails or hangs when many ask at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.cache import InvalidCacheBackendError, caches
from django.core.checks import CheckMessage
from django.db import connections, router

from scim_provisioning.checks import faults
from scim_provisioning.models import SCIMConnection

_DEFAULT: Final = "default"
#: What takes the write lock when a transaction begins.
_LOCKING: Final = frozenset({"IMMEDIATE", "EXCLUSIVE"})
#: The options by which a cache gives up, of the backends that would wait for long or for ever.
_TIME_OUTS: Final = {
    "django.core.cache.backends.redis.RedisCache": ("socket_timeout", "socket_connect_timeout"),
    "django_redis.cache.RedisCache": ("SOCKET_TIMEOUT", "SOCKET_CONNECT_TIMEOUT"),
    "django.core.cache.backends.memcached.PyMemcacheCache": ("timeout", "connect_timeout"),
}


def check_servers(**kwargs: Any) -> list[CheckMessage]:
    """Requests at the same time wait for one another on SQLite; none waits for a cache that hangs."""
    return [*_sqlite(), *_cache()]


def _sqlite() -> Iterator[CheckMessage]:
    alias = router.db_for_write(SCIMConnection)
    database = connections[alias]
    mode = str(database.settings_dict["OPTIONS"].get("transaction_mode") or "")
    if database.vendor == "sqlite" and mode.upper() not in _LOCKING:
        yield faults.SQLITE_DOES_NOT_WAIT.at(alias=alias)


def _cache() -> Iterator[CheckMessage]:
    try:
        backend = type(caches[_DEFAULT])
    except (InvalidCacheBackendError, ImportError):
        return  # Django says so when it is asked for
    names = [
        name
        for kind in backend.__mro__
        for name in _TIME_OUTS.get(f"{kind.__module__}.{kind.__qualname__}", ())
    ]
    missing = [name for name in names if name not in _options()]
    if missing:
        wanted = ", ".join(f'"{name}": 0.5' for name in names)
        yield faults.CACHE_MAY_HANG.at(backend=backend.__name__, missing=", ".join(missing), wanted=wanted)


def _options() -> set[str]:
    """What the options of the cache set, and what its addresses do: ``redis://…/0?socket_timeout=0.5``."""
    cache = settings.CACHES[_DEFAULT]
    location = cache.get("LOCATION") or ()
    addresses = location.split(",") if isinstance(location, str) else location
    said = [set(parse_qs(urlsplit(str(address)).query)) for address in addresses]
    return set(cache.get("OPTIONS") or {}) | (set.intersection(*said) if said else set())
