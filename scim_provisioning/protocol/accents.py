"""Names as people type them who look for somebody: without accents, or with two letters for one.

Whoever has no ``ł`` on the keyboard writes ``l``; ``ü`` is ``u`` to some and ``ue`` to others. Nobody is told apart or
taken for somebody by what is said here: names that merely resemble one another are different names.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final
from unicodedata import combining

from .text import fold, normalized

#: Letters that Unicode does not take apart.
_ALONE: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
#: What some write for a letter instead of leaving its accent out.
_TWO_FOR_ONE: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
#: So many letters of a word are compared: MariaDB reads no pattern above a size.
_COMPARED: Final = 40
#: So many pairs of letters may stand for one: where letters with accents follow each other, a pattern can read each in
#: two ways, and more pairs would be tried in all of them.
_PAIRS: Final = 3
#: Where letters are that have accents: up to the kana, and the signs of units that are letters.
_LETTERS: Final = range(0x80, 0x3100)
_MARKS: Final = "[\u0300-\u036f]*"
#: Latin letters beyond ASCII and marks, as they are and as JSON spells them.
_LATIN: Final = "[\u00c0-\u024f\u1e00-\u1eff]|" + r"\\u(?:0[0-2]|1e)[0-9a-f]{2}"
_MARKS_IN_JSON: Final = "(?:[\u0300-\u036f]|" + r"\\u03[0-6][0-9a-f])*"


def plain(text: str) -> str:
    """``text`` folded, each letter without its accents."""
    if text.isascii():
        return text.lower()
    letters = normalized("NFD", fold(text)).translate(_ALONE)
    return normalized("NFC", "".join(letter for letter in letters if not combining(letter)))


def spellings(text: str) -> tuple[str, ...]:
    """How ``text`` is written by those who leave its accents out: ``muller`` and ``mueller`` for ``Müller``. One of
    what has none, folded."""
    own = plain(text) or fold(text)
    return tuple(dict.fromkeys((own, plain(fold(text).translate(_TWO_FOR_ONE)) or own)))


def resembling(text: str) -> str:
    """A regular expression, which all databases and Python read alike, for whatever is ``text`` to those who leave
    accents out: in ``text`` or in what is searched, and in any case. Of a long word the beginning is compared."""
    rest = {True: "[^ ]*", False: ""}
    return _either(_pattern(one[:_COMPARED], _one_of) + rest[len(one) > _COMPARED] for one in spellings(text))


def mentioned(text: str) -> str:
    """The same for JSON with folded texts in it, its letters beyond ASCII spelled out or not. It may find more."""
    return _either(_pattern(spelled[:_COMPARED], _in_json) for spelled in spellings(text))


def _either(patterns: Iterable[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _pattern(small: str, letter: Callable[[str], str]) -> str:
    """``small`` letter by letter, of which two may stand for one."""
    parts: list[str] = []
    place = pairs = 0
    while place < len(small):
        two = small[place : place + 2]
        one = _doubles().get(two) if pairs < _PAIRS else None
        pairs += one is not None
        if one is None:
            parts.append(letter(small[place]))
        else:
            both = "".join(map(letter, two))
            parts.append(_either([both, *(_as_json(said) if letter is _in_json else said for said in one)]))
        place += 1 if one is None else 2
    return "".join(parts)


def _one_of(letter: str) -> str:
    """A letter with any accent, or without, small or large; whatever else it is, itself."""
    if not letter.isalpha():
        return re.escape(letter)
    known = dict.fromkeys((letter, letter.upper()[:1], *_accented().get(letter, ())))
    return f"[{''.join(known)}]{_MARKS}"


def _in_json(letter: str) -> str:
    if letter.isascii() and letter.isalpha():
        return _either([letter, _LATIN]) + _MARKS_IN_JSON
    return _either(map(_as_json, (letter, *_accented().get(letter, ()))))


def _as_json(text: str) -> str:
    """``text`` as it stands in JSON, with its letters beyond ASCII spelled out or not."""
    return "|".join(
        re.escape(json.dumps(text, ensure_ascii=spelled_out)[1:-1]) for spelled_out in (False, True)
    )


@lru_cache(maxsize=1)
def _accented() -> Mapping[str, tuple[str, ...]]:
    """By a plain letter those that are it with an accent."""
    found: dict[str, list[str]] = defaultdict(list)
    for letter in (*map(chr, _LETTERS), "\N{KELVIN SIGN}", "\N{ANGSTROM SIGN}"):
        if letter.isalpha() and len(small := plain(letter)) == 1 and letter not in (small, small.upper()):
            found[small].append(letter)
    return {small: tuple(letters) for small, letters in found.items()}


@lru_cache(maxsize=1)
def _doubles() -> Mapping[str, tuple[str, ...]]:
    """By two plain letters what they stand for: one, composed and with its accent behind it."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for letter in map(chr, _LETTERS):
        for small in spellings(letter) if letter.isalpha() else ():
            if len(small) == 2 and small.isascii():
                found[small] |= dict.fromkeys((letter, normalized("NFD", letter)))
    return {small: tuple(letters) for small, letters in found.items()}
