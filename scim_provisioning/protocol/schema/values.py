"""From what clients send to canonical values: canonical key spelling, typed values, nothing unassigned.

Null, "", [] and {} are one thing here: no value (RFC 7643 section 2.5, and Entra clears with ""). Values are
otherwise kept exactly as sent, because Entra patches again every cycle what it does not read back verbatim.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ..body import embedded
from ..errors import InvalidValue, about
from ..text import MAX_INTEGER, is_storable, json_type, shown
from .attributes import Attribute

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NAME_SHOWN = 100
# An element that holds nothing but these says nothing about anybody.
_ADDRESSING = frozenset({"type", "primary"})


def is_unassigned(value: object) -> bool:
    """Whether the value is one of the spellings of "no value"."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def is_hollow(element: object) -> bool:
    """Whether an element of a multi-valued attribute has nothing left but ``type`` and ``primary``."""
    return isinstance(element, dict) and _ADDRESSING.issuperset(element)


def coerce(attribute: Attribute, value: object, ignored: list[str]) -> Any:
    """Return the canonical value for an attribute or sub-attribute, or None for no value.

    Names of unknown members are appended to ``ignored``; read-only and write-only ones are dropped. Raises
    InvalidValue, naming the attribute, for a value of the wrong type.
    """
    if is_unassigned(value):
        return None
    if attribute.multi_valued:
        return coerce_elements(attribute, as_elements(attribute, value), ignored) or None
    if not attribute.is_complex:
        value = _without_reference(value)
        return None if is_unassigned(value) else _simple(attribute, value)
    return coerce_object(attribute, value, ignored) or None


def _without_reference(value: object) -> object:
    """``x`` out of ``[{"$ref": null, "value": x}]``, which is how Entra's older jobs wrap every PATCH value."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        members = {str(key).lower(): inner for key, inner in value[0].items()}
        if members.keys() == {"$ref", "value"}:
            return members["value"]
    return value


def as_elements(attribute: Attribute, value: object) -> list[Any]:
    """Return what is given for a multi-valued attribute as a list: one value, or a list in JSON text, is one too."""
    if attribute.is_complex and isinstance(value, str):
        value = embedded(value)
    return value if isinstance(value, list) else [value]


def coerce_elements(attribute: Attribute, values: list[Any], ignored: list[str]) -> list[Any]:
    """Return the canonical elements of a multi-valued attribute; empty and hollow ones are left out.

    Where several claim to be primary the last one is (RFC 7643 section 2.4 allows one).
    """
    elements: list[Any] = []
    for given in values:
        value = given if attribute.is_complex else _unwrapped(given)
        if is_unassigned(value):
            continue
        if attribute.is_complex:
            element: Any = coerce_object(attribute, value, ignored)
            if is_hollow(element):
                continue
        else:
            element = _simple(attribute, value)
        elements.append(element)
    settle_primary(elements)
    return elements


def coerce_object(attribute: Attribute, value: object, ignored: list[str]) -> dict[str, Any]:
    """Return one canonical complex value, possibly empty.

    Text stands for ``{"value": text}`` where there is a value sub-attribute: Entra sends the manager that
    way.
    """
    members = as_members(attribute, value)
    result: dict[str, Any] = {}
    for key, raw in members.items():
        sub = attribute.subs.get(key.lower())
        if sub is None:
            ignored.append(f"{attribute.path}.{key[:_NAME_SHOWN]}")
        elif sub.mutability not in ("readOnly", "writeOnly"):
            canonical = coerce(sub, raw, ignored)
            if canonical is not None:
                result[sub.name] = canonical
    return result


def _wrong(attribute: Attribute, sentence: str) -> InvalidValue:
    return InvalidValue(f"{attribute.path}: {sentence}", params=about(attribute.path))


def as_members(attribute: Attribute, value: object) -> dict[str, Any]:
    """Return a complex value as its raw members; InvalidValue if it is neither object nor text.

    Text that is the JSON of an object (Keycloak) is that object, and never a value.
    """
    if isinstance(value, str):
        value = embedded(value)
    if isinstance(value, list):
        value = _only(attribute, value)
    if isinstance(value, dict):
        return value
    if value is None:
        return {}
    if isinstance(value, (str, int)) and not isinstance(value, bool) and "value" in attribute.subs:
        return {"value": value}
    raise _wrong(attribute, f"expected an object, got {json_type(value)}.")


def settle_primary(elements: list[Any]) -> None:
    """Leave ``primary: true`` on the last element that has it only."""
    claiming = [item for item in elements if isinstance(item, dict) and item.get("primary") is True]
    for element in claiming[:-1]:
        element["primary"] = False


def parse_datetime(text: str) -> datetime | None:
    """Return an XSD dateTime as an aware UTC datetime, or None if it is not one. No zone is read as UTC.

    A plain date is midnight: directories send the day somebody was hired as ``2023-05-01``.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _only(attribute: Attribute, values: list[Any]) -> Any:
    """Return the one value of a list given for a single-valued attribute (Entra: ``manager: [{...}]``)."""
    given = [value for value in values if not is_unassigned(value)]
    if len(given) > 1:
        raise _wrong(attribute, f"expected one value, got a list of {len(given)}.")
    return given[0] if given else None


def _unwrapped(value: object) -> object:
    """Return x for ``{"value": x}``: some clients wrap the plain values of a multi-valued attribute."""
    if isinstance(value, dict) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key.lower() == "value":
            return inner
    return value


def _simple(attribute: Attribute, value: object) -> Any:
    kind = attribute.type
    if kind == "boolean":
        return _boolean(attribute, value)
    if kind == "integer":
        return _integer(attribute, value)
    if kind == "decimal":
        return _decimal(attribute, value)
    value = as_text(attribute, value)
    if not isinstance(value, str):
        raise _wrong(attribute, f"expected text, got {json_type(value)}.")
    if not is_storable(value):
        raise _wrong(attribute, "expected text without U+0000 and unpaired surrogates.")
    if kind == "dateTime" and parse_datetime(value) is None:
        raise _wrong(attribute, f"expected a date such as 2030-01-31T08:00:00Z, got {shown(value)}.")
    return value


def as_text(attribute: Attribute, value: object) -> object:
    """Return a whole number given for text as its digits (WSO2: a staff number as externalId), else the value."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number and attribute.type == "string" else value


def _boolean(attribute: Attribute, value: object) -> bool:
    if isinstance(value, bool):
        return value
    # Entra's default dialect sends "True" and "False" as text.
    lowered = value.lower() if isinstance(value, str) else ""
    if lowered in ("true", "false"):
        return lowered == "true"
    raise _wrong(attribute, f"expected true or false, got {shown(value)}.")


def _integer(attribute: Attribute, value: object) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        return value
    raise _wrong(attribute, f"expected a whole number, got {shown(value)}.")


def _decimal(attribute: Attribute, value: object) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= MAX_INTEGER:
        return value
    raise _wrong(attribute, f"expected a number, got {shown(value)}.")
