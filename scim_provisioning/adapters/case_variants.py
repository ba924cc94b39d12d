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
_KELVIN: Final = "\u212a"
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
    for letter in re.findall(rf"{'|'.join(_several())}|.", text.lower(), re.DOTALL):
        # In Turkish the large letter of "i" has its dot, also before one that follows by itself.
        dotted = (_DOTTED + letter[1:],) if letter.startswith("i") and _DOTTED in more else ()
        others = (*_origins().get(letter, ()), *dotted)
        options = sorted({normal(option) for option in (letter, *others)})
        if len(found) * len(options) > most:
            return found, False
        found = [beginning + option for beginning in found for option in options]
    return found, True


def _spelled(number: int, normal: Callable[[str], str]) -> Callable[[str], str]:
    """What gives the ``variants`` of that number of a text of ASCII: of its letters only ``k`` comes of another one."""

    def spelled(text: str) -> str:
        first, *others = normal(text.lower()).split(normal("k"))
        if not text.isascii() or number >> len(others):
            return ""
        letters = (_KELVIN if number >> place & 1 else normal("k") for place in reversed(range(len(others))))
        return first + "".join(letter + part for letter, part in zip(letters, others, strict=True))

    return spelled


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
def _several() -> list[str]:
    """What becomes of one letter and is several: ``İ`` becomes ``i`` and a dot."""
    return [re.escape(small) for small in _origins() if len(small) > 1]


#: What becomes of a text of ASCII with up to two letters ``k`` where each of its spellings is asked for: see
#: ``databases.stand_ins``.
SPELLINGS: Final = tuple(
    _spelled(number, normal) for normal in (ascii_lower, ascii_upper) for number in range(4)
)
