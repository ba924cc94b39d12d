"""What a line of the log keeps: of a change before and after by attribute, of what was passed over the names, of why
the facts; as JSON, without secrets and not endless. Lines are kept for a year, and whoever holds a token may make many.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

from scim_provisioning.events import redaction

#: Characters of all values of a line together, and of the facts of its cause.
MOST: Final = 16 * 1024
#: What is left of a long text, in characters, and of a long list, in elements, of a line that holds more.
_TEXT, _ELEMENTS = 256, 20
#: So many paths that are left out are named.
_NAMED: Final = 20
#: Names that a line has of what was passed over, and the characters of one.
_PASSED_OVER, _NAME = 200, 200
#: In place of what was cut.
CUT: Final = "…"

Changes = Mapping[str, tuple[object, object]]
Kept = dict[str, Any]


class Recorded(NamedTuple):
    """The ``whole`` of a change, what of it is ``kept`` in a line, and paths that are ``cut``: all whose values are
    shortened there, and some of those that are left out."""

    whole: Kept
    kept: Kept
    cut: list[str]

    @property
    def facts(self) -> dict[str, object]:
        """For the cause of an event."""
        return {"cut": self.cut} if self.cut else {}


def recorded(changes: Changes) -> Recorded:
    """What is written down of (before, after) by attribute path: JSON, no secret, and no more than a line has room for,
    as nearly all have."""
    named = {
        redaction.text(path, 500): values for path, values in changes.items() if not redaction.is_secret(path)
    }
    plain = redaction.plain(named)
    if plain is not None:
        whole: Kept = {path: [*values] for path, values in named.items()}
    else:
        whole = {path: [*map(redaction.json_safe, values)] for path, values in named.items()}
    if (_size(whole) if plain is None else len(plain)) <= MOST:
        return Recorded(whole, whole, [])
    kept = _cut(whole)
    shortened = [path for path, pair in kept.items() if pair != whole[path]]
    return Recorded(whole, kept, shortened + [path for path in whole if path not in kept][:_NAMED])


def names(passed_over: Iterable[str]) -> list[str]:
    """The names or paths of what a request said and nothing takes. A path may hold a value, which of a secret is none
    of the log's."""
    found = []
    for name in islice(passed_over, _PASSED_OVER):
        shown = redaction.without_values(name) if redaction.is_secret(name) else name
        found.append(redaction.text(shown, _NAME))
    return found


def facts(cause: Mapping[str, object]) -> Kept:
    """The facts of a cause; where they are too many, the first of each, and long texts shortened."""
    kept: Kept = redaction.json_safe(cause)
    if not kept or _size(kept) <= MOST:
        return kept
    return {name: _first(value) for name, value in kept.items()}


def _first(value: Any) -> Any:
    # Without a mark: who reads facts knows what stands in their lists.
    return _shortened(value[:_ELEMENTS] if isinstance(value, list) else value)


def _cut(changes: Kept) -> Kept:
    """First long texts and lists are shortened; what has no room even so is left out."""
    left, kept = MOST, {}
    for path, pair in changes.items():
        short = [_shortened(value) for value in pair]
        size = _size({path: short})
        if size <= left:
            kept[path], left = short, left - size
    return kept


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _TEXT else value[:_TEXT] + CUT
    if isinstance(value, dict):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        elements = [_shortened(element) for element in value[:_ELEMENTS]]
        return elements if len(value) <= _ELEMENTS else [*elements, CUT]
    return value
