"""How a name is written: what cannot be seen in it, and what merely looks like another name (UAX #15, UTS #39)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from unicodedata import category, combining

from .text import fold, normalized

#: Control and format characters (zero-width, bidirectional overrides), line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
#: Letters and marks that are drawn as nothing, or as a blank.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U00016fe4\U0001d159"
)
#: Letters that people write, although compatibility takes them apart: Thai and Lao am, Lao ho no and ho mo,
#: Armenian ew.
_WRITTEN = frozenset("\u0e33\u0eb3\u0edc\u0edd\u0587")
#: What Unicode has set aside for characters that are drawn as nothing, variation selectors among them (UAX #44,
#: Default_Ignorable_Code_Point): also those that no character has yet.
_IGNORED = (range(0x2060, 0x2070), range(0xFE00, 0xFE10), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))


def unseen(text: str) -> str:
    """Return the code points of ``text`` that nobody can see, as ``U+200B``; empty when there are none."""
    if text.isascii() and text.isprintable():
        return ""
    return code_points(character for character in dict.fromkeys(text) if _is_unseen(character))


def seen(text: str) -> str:
    """Return what of ``text`` can be seen; blanks that end a line or lead to a column are for the caller to see to."""
    if text.isascii() and text.isprintable():
        return text
    # Each character is looked at once: one of a name may stand for eighteen.
    hidden = {ord(character): None for character in set(text) if _is_unseen(character)}
    return text.translate(hidden) if hidden else text


@lru_cache(maxsize=4096)
def _is_unseen(character: str) -> bool:
    is_blank = character in _BLANK or any(ord(character) in ignored for ignored in _IGNORED)
    return is_blank or category(character) in _UNSEEN


def stand_ins(text: str) -> str:
    """Return the code points of ``text`` that Unicode keeps for compatibility only, each of which is drawn like what
    people write: full-width letters, ligatures, blanks of another width, the Kelvin sign. Empty when there are none;
    accents that stand for themselves, which are the same letters, are none."""
    return "" if text.isascii() else code_points(c for c in dict.fromkeys(text) if _is_stand_in(c))


def _is_stand_in(character: str) -> bool:
    if character.isascii() or character in _WRITTEN:
        return False
    composed = normalized("NFC", character)
    return composed.isascii() or normalized("NFKC", character) != composed


def is_plain(text: str) -> bool:
    """Whether every character stands for itself: nothing that compatibility makes another one (K, the Kelvin sign),
    nothing decomposed."""
    return text.isascii() or normalized("NFKC", text) == text


def spelled_alike(one: str, other: str) -> bool:
    """Whether two names are one for certain: the same characters, or the same but for the case of plain ones.

    Two names that only normalisation makes one are no evidence: who typed the second may want to be the first.
    """
    if one == other:
        return True
    if len(one) != len(other) or not (is_plain(one) and is_plain(other)):
        return False
    # Letter by letter: folding makes "ß" and "ss" one, and Strasse is not Straße.
    return all(fold(mine) == fold(yours) for mine, yours in zip(one, other, strict=True))


def same_letters(one: str, other: str) -> bool:
    """``spelled_alike``, where it does not matter how accents are composed. No stand-in is anybody's letter."""
    if spelled_alike(one, other):
        return True
    if stand_ins(one) or stand_ins(other):
        return False
    mine, yours = normalized("NFC", one), normalized("NFC", other)
    # In capitals "ß" is "SS": STRASSE is Straße, and Strasse is not.
    pairs = ((mine, yours), (_sharp(mine), _capitals(yours)), (_capitals(mine), _sharp(yours)))
    return any(spelled_alike(left, right) for left, right in pairs)


def _sharp(text: str) -> str:
    return text.replace("ß", "\0")


def _capitals(text: str) -> str:
    return text.replace("SS", "\0")


def compositions(text: str) -> tuple[str, ...]:
    """Return a name as it is written, with its accents composed, and with accents that stand for themselves, each
    once."""
    if text.isascii():
        return (text,)
    return tuple(dict.fromkeys((text, normalized("NFC", text), normalized("NFD", text))))


def looks_like(text: str) -> str:
    """Return what ``text`` would be taken for: without compatibility characters and folded."""
    return fold(normalized("NFKC", text))


def odd_characters(text: str) -> str:
    """Return the code points that compatibility makes others, as ``U+212A``, and accents that stand for themselves."""
    return code_points(c for c in dict.fromkeys(text) if normalized("NFKC", c) != c or combining(c))


def code_points(characters: Iterable[str]) -> str:
    """Return characters as ``U+212A, U+200B``, each once."""
    return ", ".join(dict.fromkeys(f"U+{ord(character):04X}" for character in characters))
