"""What two texts have in common, what may be stored, and how a client's text is shown in a sentence."""

from __future__ import annotations

import json
import re
import sys
from functools import lru_cache
from typing import Final, Literal
from unicodedata import combining, normalize

SHOWN_LENGTH = 80
#: So many marks, one behind the other, are no word of any language.
_MARKS: Final = 16
#: Marks one behind the other, by the classes of characters: that of a letter is 0.
_RUN: Final = re.compile(rb"[^\0]{2,}")
#: So many characters Unicode had at first.
_FIRST: Final = 0x10000
#: What does something where a text is shown, instead of being shown: control characters (a terminal takes orders by
#: them), ends of lines that are none of ours, and what turns a line around.
_ACTING: Final = "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
ACTING: Final = re.compile(rf"[{_ACTING}]|\r(?!\n)")
#: What every database's integer column and parameter can hold; no number of SCIM's is further from zero here.
MAX_INTEGER = 2**63 - 1


def fold(text: str) -> str:
    """Return the form in which two texts are the same when ``caseExact`` is false.

    This is the only definition of "same" for user names, e-mail addresses and reference keys: filters, unique
    keys and the search column all use it. Composed and decomposed accents meet; accents themselves stay
    different (``Ana`` is not ``Aná``), and so do trailing spaces.
    """
    if text.isascii():
        return text.lower()
    # What small letters are of a letter with marks stands behind it, before marks that are in their order by now.
    return normalize("NFC", normalized("NFC", text).casefold())


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """``unicodedata.normalize``, in a time that grows as the text does: that one sorts the marks behind a letter by
    exchanging neighbours, which takes a second for some ten thousand of them. Here they are sorted before."""
    if len(text) < _MARKS or text.isascii() or not _many_marks().search(text):
        return normalize(form, text)
    apart: Literal["NFD", "NFKD"] = "NFKD" if "K" in form else "NFD"
    taken_apart = text.translate({ord(one): normalize(apart, one) for one in set(text)})
    classes = bytes(map(combining, taken_apart))
    # Marks of one class stay in their order, as Unicode wants it.
    parts, done = [], 0
    for run in _RUN.finditer(classes):
        parts += [
            taken_apart[done : run.start()],
            *sorted(taken_apart[run.start() : run.end()], key=combining),
        ]
        done = run.end()
    return normalize(form, "".join([*parts, taken_apart[done:]]))


@lru_cache(maxsize=1)
def _many_marks() -> re.Pattern[str]:
    """What may be many marks, one behind the other. Of letters beyond the first 65,536 all may be: a pattern that told
    them apart would be ten times as slow for every text."""
    marks = "".join(one for one in map(chr, range(_FIRST)) if _may_be_marks(one))
    either = f"[{re.escape(marks)}{chr(_FIRST)}-{chr(sys.maxunicode)}]"
    return re.compile(f"{either}{either}{{{_MARKS - 1},}}")


def _may_be_marks(character: str) -> bool:
    """Whether a character is a mark, or becomes one where it is taken apart."""
    return combining(character) > 0 or combining(normalize("NFKD", character)[0]) > 0


def is_storable(text: str) -> bool:
    """Whether every database can keep the text: no U+0000 and no half of a surrogate pair.

    JSON can spell both (``"\\u0000"``, ``"\\ud800"``); PostgreSQL refuses the first and UTF-8 the second,
    which would surface as an internal error in the middle of a write.
    """
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def inert(text: str) -> str:
    """Return the text as it may be sent to a terminal or a spreadsheet: with what would act there as ``\\u001b``. Tabs
    and ends of lines stay."""
    return ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown(value: object) -> str:
    """Return a client's value for use in an error sentence: quoted, cut, control characters escaped."""
    if isinstance(value, str):
        cut = value if len(value) <= SHOWN_LENGTH else value[: SHOWN_LENGTH - 1] + "…"
        quoted = json.dumps(cut, ensure_ascii=not is_storable(cut))
        return quoted.replace("\x7f", "\\u007f").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return json_type(value)


def json_type(value: object) -> str:
    """Return what JSON calls the value, with its article, as in "not a number"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "an object"
