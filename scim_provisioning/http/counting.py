"""Counting in the host's cache. A cache that does not answer counts nothing, so that nobody is refused for it."""

from __future__ import annotations

import hashlib
import logging

from django.core.cache import cache

logger = logging.getLogger("scim_provisioning")


def key_of(*parts: object) -> str:
    """A key that every cache takes, whatever the client wrote into the parts."""
    text = "\n".join(map(str, parts))
    return f"scim_provisioning:{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}"


def counted(key: str, *, seconds: int, amount: int = 1) -> int:
    """Count, and return what has been counted since the key was first used, at most so many seconds ago."""
    try:
        if cache.add(key, amount, timeout=seconds):
            return amount
        return int(cache.incr(key, amount))
    except ValueError:
        # The time ended between the two calls.
        return amount
    except Exception:
        logger.warning("The cache does not answer; requests are not counted.", exc_info=True)
        return 0


def known(*keys: str) -> dict[str, int]:
    """What stands under those of the keys that there are; nothing when the cache does not answer."""
    try:
        found: dict[str, int] = cache.get_many(keys)
    except Exception:
        logger.warning("The cache does not answer; requests are not counted.", exc_info=True)
        return {}
    return found
