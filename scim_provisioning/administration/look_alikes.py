"""Names that look much the same: with other signs ("R&D", "R & D"), or with a slip of one letter ("Marketting").

Each name is brought to a few texts, and two that have one of these in common look alike: so a hundred names are
compared with thousands by looking each up once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from scim_provisioning.adapters.kinds.named_rows import without_hyphens

_SIGNS: Final = re.compile(r"[\W_]+")
#: In shorter words another letter is another word: "East", "West".
_LETTERS: Final = 5


def found(names: Iterable[str], others: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """By name the first of ``others`` that looks much like it and is not the same name, which ``key`` says."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        for look in _looks(name):
            wanted.setdefault(look, []).append(name)
    alike: dict[str, str] = {}
    for other in others if wanted else ():
        same = key(other)
        for look in _looks(other):
            for name in wanted.get(look, ()):
                if name not in alike and key(name) != same:
                    alike[name] = other
    return alike


def _looks(name: str) -> Iterator[str]:
    """Without its signs and spaces; and, for each of its words, the whole with and without each letter of that word."""
    plain = without_hyphens(name)
    yield _SIGNS.sub("", plain) or name
    words = plain.split()
    for place, word in enumerate(words):
        if len(word) >= _LETTERS and word.isalpha():
            for slip in {word, *(word[:n] + word[n + 1 :] for n in range(len(word)))}:
                yield " ".join([*words[:place], slip, *words[place + 1 :], ""])
