"""Few at once: slots in the host's cache, each free again when its holder is done, or soon after it was killed: who
holds one for long says now and then that they still do.

A cache that does not answer holds nobody up.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from django.core.cache import cache

from scim_provisioning.http.counting import circuit, key_of

_NONE_FREE: Final = ""


class Taken(Exception):
    """All slots are taken."""


@contextmanager
def slot(*name: object, of: int, seconds: int) -> Iterator[Callable[[], None]]:
    """Hold one of so many slots of that name, for at most so many seconds. Raises ``Taken``.

    Yields what is to be called by a holder who goes on: for so many seconds from then. It asks the cache once in a
    quarter of that time at most.
    """
    keys, holder = [key_of("slot", *name, number) for number in range(of)], uuid.uuid4().hex
    held = _take(keys, holder, seconds)
    renewed_at = monotonic()

    def renew() -> None:
        nonlocal renewed_at
        if held is not None and monotonic() - renewed_at >= seconds / 4:
            renewed_at = monotonic()
            _keep(held, holder, seconds)

    try:
        yield renew
    finally:
        if held is not None:
            _give_back(held, holder)


def _take(keys: list[str], holder: str, seconds: int) -> str | None:
    """The key of a slot that was free; None where the cache does not say. Raises ``Taken``."""

    def take() -> str | None:
        for key in keys:
            if cache.add(key, holder, timeout=seconds):
                return key
        # A cache that swallows its errors takes nothing and knows nothing; or a holder was done a moment ago.
        return _NONE_FREE if len(cache.get_many(keys)) == len(keys) else None

    taken = circuit.ask(take, None)
    if taken == _NONE_FREE:
        raise Taken
    return taken


def _keep(key: str, holder: str, seconds: int) -> None:
    def keep() -> None:
        # Past its time it may be somebody else's.
        if cache.get(key) == holder:
            cache.touch(key, seconds)

    circuit.ask(keep, None)


def _give_back(key: str, holder: str) -> None:
    def give() -> None:
        # Past its time it may be somebody else's.
        if cache.get(key) == holder:
            cache.delete(key)

    circuit.ask(give, None)
