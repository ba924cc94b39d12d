"""Reading a request body: JSON as RFC 8259 means it, within limits, with nothing a database cannot store."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NoReturn

from .errors import InvalidSyntax, PayloadTooLarge
from .limits import DEFAULT_LIMITS, Limits
from .text import is_storable, shown


def loads(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the JSON value of a body.

    Raises PayloadTooLarge above ``body_bytes``, InvalidSyntax for anything that is not JSON in UTF-8, for a
    member given twice (two readers of such a body may see two different users), NaN and Infinity, U+0000 and
    half surrogate pairs, and above the limits for depth, keys, text and lists.
    """
    if len(raw) > limits.body_bytes:
        raise PayloadTooLarge(f"The request body is larger than {limits.body_bytes} bytes.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidSyntax(f"The body is not UTF-8: byte {error.start + 1} cannot be read.") from None
    if not text.strip():
        raise InvalidSyntax("The body is empty; expected a JSON object.")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise InvalidSyntax(
            f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError:
        # Python refuses to read whole numbers of thousands of digits.
        raise InvalidSyntax("The body holds a number that is too long.") from None
    check(value, limits)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InvalidSyntax(f"The member {shown(twice)} is given twice in one object.")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidSyntax(f"{name} is not a JSON value.")


def _too_deep(limits: Limits) -> InvalidSyntax:
    return InvalidSyntax(f"The body is nested more than {limits.depth} levels deep.", code="limits.depth")


def check(value: Any, limits: Limits) -> None:
    """Walk a whole JSON value without recursion. Raises InvalidSyntax for what is above the limits for depth,
    keys, values, text and lists, or cannot be stored."""
    keys = values = 0
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        item, depth = pending.pop()
        if isinstance(item, str):
            _check_text(item, limits)
        elif isinstance(item, float):
            if not isfinite(item):
                raise InvalidSyntax("The body holds a number that is too large.")
        elif isinstance(item, (dict, list)):
            if depth > limits.depth:
                raise _too_deep(limits)
            values += len(item)
            if values > limits.values:
                raise InvalidSyntax(f"The body holds more than {limits.values} values.", code="limits.values")
            if isinstance(item, list):
                if len(item) > limits.array_length:
                    raise InvalidSyntax(
                        f"A list has {len(item)} items, at most {limits.array_length} are read.",
                        code="limits.list",
                    )
                pending.extend((inner, depth + 1) for inner in item)
                continue
            keys += len(item)
            if keys > limits.keys:
                raise InvalidSyntax(f"The body has more than {limits.keys} members.", code="limits.keys")
            for key, inner in item.items():
                _check_text(key, limits)
                pending.append((inner, depth + 1))


def _check_text(text: str, limits: Limits) -> None:
    if len(text) > limits.string_length:
        raise InvalidSyntax(f"A text has {len(text)} characters, at most {limits.string_length} are read.")
    if not is_storable(text):
        raise InvalidSyntax("A text holds U+0000 or half of a surrogate pair, which cannot be stored.")
