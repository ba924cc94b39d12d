"""A steady pace: so many a second, and after a pause as many at once. Counted in the host's cache, second by second,
for adding is all that every cache does atomically.

What is asked, of this second and of each that is remembered: since it began, were there more than the pace gives for
the time that has passed, and for one second more? So a client at exactly the pace is never refused, be it that some of
its requests are held up on the way for most of a second, or that it sends those of a second together: to a count that
starts at zero with each of our seconds it is one too many now and then. At most twice the pace comes at once, and over
a longer time a quarter more than the pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from scim_provisioning.http.counting import counted, given_back, key_of, known_once

#: So many seconds are looked at, with the running one. What came before is forgotten.
REMEMBERED: Final = 4
#: Seconds for which a count is kept: clocks of several machines differ a little.
_KEPT: Final = 4 * REMEMBERED
_SECOND: Final = 1_000_000


def wait(name: str, pace: int, now: float) -> int:
    """Count one, and return 0 where it keeps to the pace. Else count nothing, and return the whole seconds after which
    it will, unless somebody else comes in between."""
    key, seconds = _counts(name, now, 1)
    if not seconds[0]:
        # The cache does not answer.
        return 0
    until = seconds_until(seconds, int(now % 1 * _SECOND), pace)
    if until:
        given_back(key, 1)
    return until


def spend(name: str, amount: int, now: float) -> None:
    """Count so many that are done whatever the pace; whoever comes next waits for them."""
    counted(_key(name, int(now)), seconds=_KEPT, amount=amount)


def seconds_until(counts: Sequence[int], passed: int, pace: int) -> int:
    """When what was counted keeps to the pace, in whole seconds from now. ``counts``: of the running second, of which
    so many microseconds have ``passed``, and of those before it."""
    if pace < 1:
        return REMEMBERED
    worst = together = 0
    for age, count in enumerate(counts):
        together += count
        given = pace * (age * _SECOND + passed + _SECOND)
        worst = max(worst, together * _SECOND - given)
    return min(-(-worst // (pace * _SECOND)), REMEMBERED)


def _counts(name: str, now: float, amount: int) -> tuple[str, list[int]]:
    running = int(now)
    key = _key(name, running)
    # The seconds before are over: whom a clock that goes after counts there late is forgiven.
    before = (_key(name, running - age) for age in range(1, REMEMBERED))
    return key, [counted(key, seconds=_KEPT, amount=amount), *known_once(key, *before)]


@lru_cache(maxsize=1024)
def _key(name: str, second: int) -> str:
    return key_of(name, second)
