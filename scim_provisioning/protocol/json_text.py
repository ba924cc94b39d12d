"""Documents as JSON: read as they are kept, written as they are sent.

orjson does both in a fraction of the time, where it is installed, and writes the same bytes. It has a way of its own
with numbers (a float that is very small, an integer of more than 64 bits), so of a schema that has any it is not asked.
What it refuses (half of a surrogate pair) Python's own ``json`` reads and writes as ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from .schema import UserSchema

#: What becomes of a value that JSON has no form for.
Otherwise = Callable[[Any], str]


def _installed(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_orjson: Final = _installed("orjson")
#: What it has a form for and Python has none is left to ``otherwise``.
_AS_PYTHON: Final = _orjson and _orjson.OPT_PASSTHROUGH_DATACLASS | _orjson.OPT_PASSTHROUGH_DATETIME


def written(value: object, otherwise: Otherwise) -> bytes:
    """The JSON of any value, in UTF-8; a lone half of a surrogate pair, which JSON may hold and UTF-8 may not, as an
    escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=otherwise)
    return text.encode("utf-8", "backslashreplace")


def quickly(value: object) -> str | None:
    """The JSON of a value, no member of which is a number that JSON has no form for; None where orjson is not here, or
    does not write it."""
    if _orjson is None:
        return None
    try:
        text: str = _orjson.dumps(value, None, _AS_PYTHON).decode()
    except TypeError:
        return None
    return text


def writer(schema: UserSchema) -> Callable[[object, Otherwise], bytes]:
    """What writes resources of this schema, as ``written`` does."""
    return written if _orjson is None or schema.has_numbers else _quickly_written


def reader(schema: UserSchema) -> Callable[[str], Any]:
    """What reads documents of this schema, as ``json.loads`` does."""
    return json.loads if _orjson is None or schema.has_numbers else _quickly_read


def _quickly_written(value: object, otherwise: Otherwise) -> bytes:
    try:
        text: bytes = _orjson.dumps(value, otherwise, _AS_PYTHON)
    except TypeError:
        return written(value, otherwise)
    return text


def _quickly_read(text: str) -> Any:
    try:
        return _orjson.loads(text)
    except ValueError:
        return json.loads(text)
