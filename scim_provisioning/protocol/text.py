"""What two texts have in common, what may be stored, and how a client's text is shown in a sentence."""

from __future__ import annotations

import json
from unicodedata import normalize

SHOWN_LENGTH = 80
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
    return normalize("NFC", normalize("NFC", text).casefold())


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
