"""The texts that are one once they are in small letters, for a database that cannot fold them all by itself.

SQLite's LOWER, UPPER and NOCASE know the letters of ASCII only. An index on them leads to those who are called ``ana``
in whatever case, but not from ``élodie`` to ``ÉLODIE``, nor from ``k`` to the Kelvin sign: each is asked for by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Final

#: After the last letter that has another case (Adlam).
_END_OF_CASE: Final = 0x1E944
_DOTTED: Final = "İ"
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)


def ascii_lower(text: str) -> str:
    """What SQLite's LOWER makes of ``text``."""
    return text.translate(_TO_LOWER)


def ascii_upper(text: str) -> str:
    """What SQLite's UPPER makes of ``text``."""
    return text.translate(_TO_UPPER)


def upper(letter: str) -> str:
    """What UPPER of the other databases makes of a letter, where they are at one; the letter itself where not."""
    larger = letter.upper()
    return larger if len(larger) == len(letter) else letter


def variants(text: str, normal: Callable[[str], str], most: int, *, more: str = "") -> tuple[list[str], bool]:
    """Every text whose small letters are those of ``text``, each as ``normal`` makes it, and True. Where there are more
    than ``most``: so many of their beginnings, and False. ``more``: ``İ`` where the server leaves its dot away."""
    found = [""]
    for usual, letter in _letters().findall(text.lower()):
        options = [normal(usual)] if usual else _options(letter, normal, more)
        if len(found) * len(options) > most:
            return found, False
        if len(found) == len(options) == 1:
            found = [found[0] + options[0]]
        else:
            found = [beginning + option for beginning in found for option in options]
    return found, True


@lru_cache(maxsize=1024)
def _options(letter: str, normal: Callable[[str], str], more: str) -> list[str]:
    """What may stand for a small letter."""
    # In Turkish the large letter of "i" has its dot, also before one that follows by itself.
    dotted = (_DOTTED + letter[1:],) if letter.startswith("i") and _DOTTED in more else ()
    return sorted({normal(option) for option in (letter, *_origins().get(letter, ()), *dotted)})


@lru_cache(maxsize=1)
def _origins() -> dict[str, set[str]]:
    """Of what else a small letter can come."""
    origins: dict[str, set[str]] = {}
    for letter in map(chr, range(_END_OF_CASE)):
        small = letter.lower()
        if small != letter:
            origins.setdefault(small, set()).add(letter)
    # At the end of a word the large sigma becomes another small one.
    origins["ς"] = {"Σ"}
    return origins


@lru_cache(maxsize=1)
def _letters() -> re.Pattern[str]:
    """First what nearly every name is made of: letters of ASCII that come of nothing but their own capital, as many as
    stand together. Then small letters. What becomes of one letter may be several: ``İ`` becomes ``i`` and a dot."""
    several = [re.escape(small) for small in _origins() if len(small) > 1]
    others = {letter for small in _origins() for letter in small if len(small) > 1}
    usual = [
        re.escape(letter)
        for letter in map(chr, range(128))
        if _origins().get(letter, set()) <= {letter.upper()} and letter not in {"i", *others}
    ]
    return re.compile(f"([{''.join(usual)}]+)|({'|'.join(several)}|.)", re.DOTALL)
