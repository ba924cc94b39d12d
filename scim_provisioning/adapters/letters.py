"""When two texts in columns of the LMS are one, without their case: the same on every database.

Letter by letter, since an index has to lead to all of them: the small letters are compared, and beside them two that
LOWER leaves alone, ``ß`` (``ss``) and the sigma at the end of a word. An accent may be one sign with its letter or
stand behind it. What else makes two texts one to ``protocol.text.fold`` (ligatures, the long ``s``)
does not count in a column. Names that rows go by have a meaning of their own: see ``kinds.named_rows``.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

from scim_provisioning.protocol.spelling import compositions

_SIGMA: Final = "\N{GREEK SMALL LETTER SIGMA}"
#: Letters whose small letter the servers are not at one about. The dot of the I stays, as Unicode has it.
BEFORE: Final = {"İ": "i̇", "ẞ": "ß"}
#: What is left to do once all letters are small.
AFTER: Final = {"ß": "ss", "\N{GREEK SMALL LETTER FINAL SIGMA}": _SIGMA}
_ALONE: Final = {_SIGMA: "\N{GREEK SMALL LETTER FINAL SIGMA}"}


def folded(text: str) -> str:
    """What :class:`expressions.Folded` makes of a text in SQL."""
    if text.isascii():
        return text.lower()
    small = "".join(map(str.lower, _replaced(text, BEFORE)))
    return _replaced(small, AFTER)


def others(text: str, most: int) -> tuple[str, ...] | None:
    """Texts to ask an index on small letters for, so that it leads to all that are the same as ``text``, which stands
    first. None where there are more than ``most``, or where no such list leads to all of them."""
    if text.isascii() and "ss" not in text.lower():
        # Nearly every address.
        return (text,)
    if BEFORE["İ"] in folded(text):
        # To some servers its small letter has no dot.
        return None
    found = dict.fromkeys((text,))
    for form in compositions(text):
        spelled = _spelled(folded(form), most)
        if spelled is None:
            return None
        found |= dict.fromkeys(one for one in spelled if one != text.lower())
    return tuple(found) if len(found) <= most else None


def _spelled(small: str, most: int) -> list[str] | None:
    """Texts that become ``small``, but for their large letters."""
    ends: list[list[str]] = [[""], *([] for _ in small)]
    for place, letter in enumerate(small):
        for beginning in ends[place]:
            ends[place + 1] += [beginning + one for one in (letter, *_ALONE.get(letter, ()))]
            if small.startswith("ss", place):
                ends[place + 2] += [beginning + one for one in "ßẞ"]
        if len(ends[place + 1]) > most:
            return None
    return ends[-1]


def _replaced(text: str, letters: dict[str, str]) -> str:
    return reduce(lambda done, letter: done.replace(letter, letters[letter]), letters, text)
