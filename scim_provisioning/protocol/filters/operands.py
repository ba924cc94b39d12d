"""Which operators an attribute takes, and a filter's operand turned into the attribute's own type."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from ..errors import InvalidFilter
from ..schema import TEXT_TYPES
from ..schema.values import as_text, parse_datetime
from ..text import json_type, shown
from .nodes import AttributeRef, Comparison, Filter, Not

Operand: TypeAlias = str | bool | int | float | datetime

_ORDERING = frozenset({"gt", "ge", "lt", "le"})
_SUBSTRING = frozenset({"co", "sw", "ew"})


def comparison(ref: AttributeRef, op: str, raw: object) -> Filter:
    """Return the comparison of an attribute with a JSON literal, typed.

    ``eq null`` is "not present" and ``ne null`` "present". A comparison with a multi-valued complex
    attribute, or with the manager, means its ``value`` (RFC 7644 section 3.4.2.2 writes ``emails co
    "example.com"``). Raises InvalidFilter for a combination the attribute does not take.
    """
    if op == "pr":
        return Comparison(ref, "pr")
    if raw is None:
        if op == "eq":
            return Not(Comparison(ref, "pr"))
        if op == "ne":
            return Comparison(ref, "pr")
        raise InvalidFilter(f"{ref.name}: null can only be compared with eq and ne.")
    ref = _comparable(ref)
    _check_operator(ref, op)
    return Comparison(ref, op, _operand(ref, raw))


def _comparable(ref: AttributeRef) -> AttributeRef:
    """Return the ref of the simple value a comparison applies to."""
    if not ref.leaf.is_complex:
        return ref
    value = ref.leaf.sub("value") if ref.sub is None else None
    if value is None:
        example = ref.leaf.sub_attributes[0].path if ref.leaf.sub_attributes else f"{ref.name}.value"
        raise InvalidFilter(f"{ref.name} has no value of its own; compare a part of it, such as {example}.")
    return AttributeRef(ref.attribute, value)


def _check_operator(ref: AttributeRef, op: str) -> None:
    kind = ref.leaf.type
    if op in _ORDERING and kind in ("boolean", "binary"):
        raise InvalidFilter(f"{ref.name} is a {kind} value and cannot be compared with {op}; use eq or ne.")
    if op in _SUBSTRING and (kind not in TEXT_TYPES or kind == "binary"):
        raise InvalidFilter(f"{ref.name} is not text and cannot be compared with {op}.")


def _operand(ref: AttributeRef, raw: object) -> Operand:
    kind = ref.leaf.type
    if kind == "boolean":
        if isinstance(raw, bool):
            return raw
        # Entra addresses roles as roles[primary eq "True"].
        if isinstance(raw, str) and raw.lower() in ("true", "false"):
            return raw.lower() == "true"
        raise InvalidFilter(f"{ref.name}: expected true or false, got {shown(raw)}.")
    if kind in ("integer", "decimal"):
        if isinstance(raw, (int, float)) and not isinstance(raw, bool):
            return raw
        raise InvalidFilter(f"{ref.name}: expected a number, got {shown(raw)}.")
    raw = as_text(ref.leaf, raw)  # externalId eq 157663 finds whom "externalId": 157663 made
    if not isinstance(raw, str):
        raise InvalidFilter(f"{ref.name}: expected text in double quotes, got {json_type(raw)}.")
    if kind == "dateTime":
        moment = parse_datetime(raw)
        if moment is None:
            expected = "a date such as 2030-01-31T08:00:00Z"
            raise InvalidFilter(f"{ref.name}: expected {expected}, got {shown(raw)}.")
        return moment
    return raw
