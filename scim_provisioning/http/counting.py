"""Counting in the host's cache. A cache that does not answer counts nothing, so that nobody is refused for it.

Nor is anybody kept waiting for it: what was asked of it fails after the time-out of the host's ``CACHES``, and then it
is left alone for some seconds. One request of a process looks whether it answers again; the others go on.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Final, TypeVar

from django.core.cache import cache

from scim_provisioning.events import reports

logger = logging.getLogger("scim_provisioning")

T = TypeVar("T")

#: Seconds for which a cache that failed is left alone.
REST: Final = 5.0
#: So many answers are kept.
_KEPT: Final = 1024
#: Seconds from one line in the log about it to the next.
SILENCE: Final = 60.0


class Circuit:
    """Whether the cache is worth asking, as far as this process knows. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_broken = False
        self._again_at = self._said_at = -SILENCE
        #: What is not asked for again.
        self.over: dict[str, tuple[int, ...]] = {}

    def ask(self, question: Callable[[], T], otherwise: T) -> T:
        """The cache's answer, or ``otherwise`` where it gives none."""
        if not self._is_worth_asking():
            return otherwise
        try:
            answer = question()
        except Exception as error:  # of whatever library the host's backend uses
            self._broke(error)
            return otherwise
        self._is_broken = False
        return answer

    def _is_worth_asking(self) -> bool:
        with self._lock:
            if self._is_broken and monotonic() < self._again_at:
                return False
            # While it is broken only this one asks: the others are not to wait for it.
            self._again_at = monotonic() + REST
            return True

    def _broke(self, error: Exception) -> None:
        with self._lock:
            self._is_broken, self._again_at = True, monotonic() + REST
            is_said = monotonic() - self._said_at < SILENCE
            if not is_said:
                self._said_at = monotonic()
        if not is_said:
            logger.warning(
                "The cache does not answer; requests are not counted.", exc_info=reports.without_values(error)
            )


circuit = Circuit()


def key_of(*parts: object) -> str:
    """A key that every cache takes, whatever the client wrote into the parts."""
    text = "\n".join(map(str, parts))
    return f"scim_provisioning:{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()[:40]}"


def counted(key: str, *, seconds: int, amount: int = 1) -> int:
    """Count, and return what has been counted since the key was first used, at most so many seconds ago; 0 when the
    cache does not answer."""

    def count() -> int:
        for _attempt in range(2):
            # First what nearly always does: a key is new once, and counted many times.
            with suppress(ValueError):
                return int(cache.incr(key, amount))
            if cache.add(key, amount, timeout=seconds):
                return amount
        # Its time ended whenever it was looked at.
        return amount

    return circuit.ask(count, 0)


def given_back(key: str, amount: int) -> None:
    """Take back what was counted; nothing where its time has ended, or the cache does not answer."""

    def give() -> None:
        with suppress(ValueError):
            cache.decr(key, amount)

    circuit.ask(give, None)


def known_once(name: str, *keys: str) -> tuple[int, ...]:
    """What stands under each of the keys, 0 where nothing does: asked once a process for each ``name``, as nothing that
    matters is counted there any more."""
    found = circuit.over.get(name)
    if found is None:
        now = known(*keys)
        if len(circuit.over) >= _KEPT:
            circuit.over.clear()
        found = circuit.over[name] = tuple(now.get(key, 0) for key in keys)
    return found


def known(*keys: str) -> dict[str, int]:
    """What stands under those of the keys that there are; nothing when the cache does not answer."""
    found: dict[str, int] = circuit.ask(lambda: cache.get_many(keys), {})
    return found
