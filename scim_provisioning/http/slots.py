"""Few at once: slots in the host's cache, each free again when its holder is done, or after a while if it was killed.

A cache that does not answer holds nobody up.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

from scim_provisioning.http.counting import key_of

logger = logging.getLogger("scim_provisioning")


class Taken(Exception):
    """All slots are taken."""


@contextmanager
def slot(*name: object, of: int, seconds: int) -> Iterator[None]:
    """Hold one of so many slots of that name, for at most so many seconds. Raises ``Taken``."""
    keys, holder = [key_of("slot", *name, number) for number in range(of)], uuid.uuid4().hex
    held = _take(keys, holder, seconds)
    try:
        yield
    finally:
        if held is not None:
            _give_back(held, holder)


def _take(keys: list[str], holder: str, seconds: int) -> str | None:
    """The key of a slot that was free; None where the cache does not say. Raises ``Taken``."""
    try:
        for key in keys:
            if cache.add(key, holder, timeout=seconds):
                return key
        known = cache.get_many(keys)
    except Exception:
        logger.warning("The cache does not answer; nobody is held up.", exc_info=True)
        return None
    if len(known) == len(keys):
        raise Taken
    # A cache that swallows its errors takes nothing and knows nothing; or a holder was done a moment ago.
    return None


def _give_back(key: str, holder: str) -> None:
    try:
        # Past its time it may be somebody else's.
        if cache.get(key) == holder:
            cache.delete(key)
    except Exception:
        logger.warning("The cache does not answer; a slot is free again after its time.", exc_info=True)
