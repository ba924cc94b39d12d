"""Reading a request body: JSON as RFC 8259 means it, within limits, with nothing a database cannot store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, NoReturn

from .constants import CORE_USER
from .errors import InvalidSyntax, PayloadTooLarge, about
from .limits import DEFAULT_LIMITS, Limits
from .text import is_storable, shown

#: Read-only members that nobody reads, and so nobody counts: being in 150 groups must not cost a person the account
#: (RFC 7643 section 4.1.2; Okta and hand-made clients send back what they read).
_PASSED_OVER = frozenset({"groups", "meta", f"{CORE_USER}:groups".lower()})
#: Where an object is a resource: the body, bulk's data, a PATCH's value, what stands under the core schema's URN.
_RESOURCES = frozenset({"", "data", "value", CORE_USER.lower()})


def loads(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the JSON value of a body.

    Raises PayloadTooLarge above ``body_bytes``, InvalidSyntax for anything that is not JSON in UTF-8, for a
    member given twice, in whatever case (two readers of such a body may see two different users), NaN and
    Infinity, U+0000 and half surrogate pairs, and above the limits for depth, keys and lists. How long a text
    may be is asked where it is known what it is for (``patch.decode``).
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
        return _parsed(text, limits)
    except json.JSONDecodeError as error:
        raise InvalidSyntax(
            f"The body is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None


def embedded(text: str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Return the object or list that a text is the JSON of, or the text itself where it is none.

    For places where only an object or a list makes sense: Keycloak's SCIM clients send those as JSON in a text.
    Raises InvalidSyntax for JSON that ``loads`` would refuse.
    """
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return _parsed(text, limits)
    except json.JSONDecodeError:
        return text


def is_message(members: Mapping[str, Any], urn: str, own: frozenset[str]) -> bool:
    """Whether a body (its members by their names in lower case) is the message of that URN.

    Hand-made clients leave ``schemas`` out; then one of the message's ``own`` members has to be there.
    """
    urns = members.get("schemas")
    if not urns:
        return not own.isdisjoint(members)
    named = [urns] if isinstance(urns, str) else urns
    return isinstance(named, list) and urn.lower() in [str(name).lower() for name in named]


def _parsed(text: str, limits: Limits) -> Any:
    """Return the JSON value of a text, within the limits. Raises InvalidSyntax, and JSONDecodeError for no JSON."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError:
        # Python refuses to read whole numbers of thousands of digits.
        raise InvalidSyntax("The body holds a number that is too long.") from None
    check(value, limits)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """One JSON object. Names in SCIM have no case (RFC 7643 section 2.1): ``userName`` and ``username`` are one."""
    seen: dict[str, str] = {}
    for key, _ in pairs:
        lowered = key.lower()
        if lowered in seen:
            before = seen[lowered]
            also = "" if before == key else f", as {shown(before)} too"
            detail = f"The member {shown(key)} is given twice in one object{also}."
            raise InvalidSyntax(detail, params=about(key))
        seen[lowered] = key
    return dict(pairs)


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidSyntax(f"{name} is not a JSON value.")


def _too_deep(limits: Limits) -> InvalidSyntax:
    return InvalidSyntax(f"The body is nested more than {limits.depth} levels deep.", code="limits.depth")


def check(value: Any, limits: Limits) -> None:
    """Walk a whole JSON value without recursion. Raises InvalidSyntax for what is above the limits for depth,
    keys, values, names and lists, or cannot be stored."""
    keys = values = 0
    # With the name of the member that holds each value; None for what is not counted.
    pending: list[tuple[Any, int, str | None]] = [(value, 1, "")]
    while pending:
        item, depth, holder = pending.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, float):
            if not isfinite(item):
                raise InvalidSyntax("The body holds a number that is too large.")
        elif isinstance(item, (dict, list)):
            if depth > limits.depth:
                raise _too_deep(limits)
            values += len(item) if holder is not None else 0
            if values > limits.values:
                raise InvalidSyntax(f"The body holds more than {limits.values} values.", code="limits.values")
            if isinstance(item, list):
                if holder is not None and len(item) > limits.array_length:
                    which = f"The list {shown(holder)}" if holder else "A list"
                    raise InvalidSyntax(
                        f"{which} has {len(item)} items, at most {limits.array_length} are read.",
                        code="limits.list",
                        params={**(about(holder) if holder else {}), "limit": limits.array_length},
                    )
                pending.extend((inner, depth + 1, holder) for inner in item)
                continue
            keys += len(item) if holder is not None else 0
            if keys > limits.keys:
                raise InvalidSyntax(f"The body has more than {limits.keys} members.", code="limits.keys")
            for key, inner in item.items():
                _check_name(key, limits)
                pending.append((inner, depth + 1, _holder(key, holder)))


def _holder(key: str, outer: str | None) -> str | None:
    """The name to count a member's value under, inside what is counted under ``outer``; None: not at all."""
    if outer is None or (key.lower() in _PASSED_OVER and outer.lower() in _RESOURCES):
        return None
    return key


def _check_text(text: str) -> None:
    if not is_storable(text):
        raise InvalidSyntax("A text holds U+0000 or half of a surrogate pair, which cannot be stored.")


def _check_name(name: str, limits: Limits) -> None:
    _check_text(name)
    if len(name) > limits.string_length:
        raise InvalidSyntax(
            f"A member's name has {len(name)} characters, at most {limits.string_length} are read."
        )
