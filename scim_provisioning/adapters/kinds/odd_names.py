"""Names of the host's rows in spellings that no database takes for one another: in another Unicode form, with more
spaces between the words, with hyphens.

They are found without an index, so they are read: once for all the names of a person or a filter, be these a hundred.
A few are read each time. Of more what was read is kept for a minute, or a customer with ten thousand such names would
pay for all of them with each new one. What that may miss is a row that the LMS has made or renamed within the minute
(or one made within it of whose name an administrator has had forgotten what it means): the names that provisioning
has made rows for, or has heard of, are found by their digest (``ReferenceKey``) whatever their spelling, and
whichever process met them. What was kept is only where to look, and is compared again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final

from django.db.models import QuerySet

#: What is more than words of ASCII with a space between them, as a regular expression of every database.
ODD = "[^!-~ ]|  |^ | $"
HYPHENATED = f"{ODD}|-"

#: So many are few, if what makes their spellings one has no more letters: one of a name may stand for eighteen.
FEW: Final = 500
FEW_LETTERS: Final = 20_000
#: Of one customer's rows the first that were made are read. Those that an identity provider adds come after them.
MOST: Final = 5_000
MOST_LETTERS: Final = 300_000
#: So many are kept by a process, of all customers.
KEPT: Final = 100_000
KEPT_SECONDS: Final = 60
#: While one request reads them anew, the others have what was kept.
_READING_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class OddNames:
    """The keys of rows with such names, by what makes their spellings one."""

    by_key: Mapping[str, list[Any]]
    #: Whether the rows may have been renamed or deleted since.
    is_kept: bool = False


class _Kept:
    """What was read of many names, by whose they are; the longest kept goes first."""

    def __init__(self) -> None:
        self._names: dict[Any, tuple[float, OddNames, int]] = {}
        self._lock = Lock()

    def get(self, whose: Any) -> OddNames | None:
        """None where they are to be read (again)."""
        now = monotonic()
        with self._lock:
            until, names, count = self._names.get(whose, (now, None, 0))
            if names is not None and until <= now:
                self._names[whose] = (now + _READING_SECONDS, names, count)
            return names if now < until else None

    def put(self, whose: Any, names: OddNames, count: int, until: float) -> None:
        with self._lock:
            self._names.pop(whose, None)
            self._names[whose] = (until, names, count)
            while sum(count for _until, _names, count in self._names.values()) > KEPT:
                del self._names[next(iter(self._names))]

    def clear(self) -> None:
        with self._lock:
            self._names.clear()


kept: Final = _Kept()


def read(
    rows: QuerySet[Any],
    by: str,
    key: Callable[[str], str],
    *,
    scope: str,
    hyphens: re.Pattern[str] | None = None,
) -> OddNames:
    """Those of ``rows``, which are called by their field ``by``; ``key`` says which spellings are one, ``scope`` is the
    same for these rows in whatever connection, ``hyphens`` what does not count (a query, two where there are many, none
    within a minute after that)."""
    whose = (rows.db, scope, key)
    names = kept.get(whose)
    if names is not None:
        return names
    until = monotonic() + KEPT_SECONDS
    pattern = ODD if hyphens is None else HYPHENATED
    odd = rows.filter(**{f"{by}__regex": pattern}).values_list("pk", by)
    few = list(odd.order_by()[: FEW + 1])
    by_key, is_whole = _by_key(few[:FEW], key, FEW_LETTERS)
    if is_whole and len(few) <= FEW:
        return OddNames(by_key)
    by_key, _is_whole = _by_key(odd.order_by("pk")[:MOST], key, MOST_LETTERS)
    names = OddNames(by_key, is_kept=True)
    kept.put(whose, names, sum(map(len, by_key.values())), until)
    return names


def _by_key(
    names: Iterable[tuple[Any, str]], key: Callable[[str], str], letters: int
) -> tuple[dict[str, list[Any]], bool]:
    """The rows by what makes the spellings of their names one, and whether these are all: others would be more than so
    many letters."""
    by_key: dict[str, list[Any]] = {}
    for row, name in names:
        if letters < 0:
            return by_key, False
        one = key(str(name))
        letters -= len(name) + len(one)
        by_key.setdefault(one, []).append(row)
    return by_key, True
