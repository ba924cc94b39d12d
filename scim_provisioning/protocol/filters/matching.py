"""Evaluating a filter in memory: what a PATCH value filter selects, and the yardstick for SQL."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..resources import elements_of
from ..schema.values import parse_datetime
from ..text import fold
from .nodes import And, AttributeRef, Comparison, Filter, Not, Or


def matches(node: Filter, document: Mapping[str, Any]) -> bool:
    """Whether a canonical document (or a full resource) satisfies the filter.

    A multi-valued attribute matches if any of its values does; ``ne`` is ``not eq``. An absent attribute
    satisfies only ``ne`` and what stands under ``not``. Text is compared folded unless the attribute is case
    exact.
    """
    if isinstance(node, Comparison):
        return _compare_all(node, _values(node.ref, document))
    if isinstance(node, And):
        return all(matches(term, document) for term in node.terms)
    if isinstance(node, Or):
        return any(matches(term, document) for term in node.terms)
    if isinstance(node, Not):
        return not matches(node.term, document)
    return any(matches_element(node.filter, element) for element in elements_of(node.attribute, document))


class Folds(dict[str, str]):
    """Texts that were folded already, for whoever compares one element with several filters."""

    def __missing__(self, text: str) -> str:
        folded = self[text] = fold(text)
        return folded


def matches_element(node: Filter, element: object, folds: Folds | None = None) -> bool:
    """Whether one element (or one complex value) satisfies the filter of a value path."""
    if isinstance(node, Comparison):
        sub = node.ref.sub
        value = element.get(sub.name) if sub is not None and isinstance(element, dict) else None
        return (
            node.op == "ne" if value is None else _satisfies(node, value, Folds() if folds is None else folds)
        )
    if isinstance(node, And):
        return all(matches_element(term, element, folds) for term in node.terms)
    if isinstance(node, Or):
        return any(matches_element(term, element, folds) for term in node.terms)
    if isinstance(node, Not):
        return not matches_element(node.term, element, folds)
    return False  # a value path inside another: the parser refuses it


def _values(ref: AttributeRef, document: Mapping[str, Any]) -> list[Any]:
    elements = elements_of(ref.attribute, document)
    if ref.sub is None:
        return elements
    name = ref.sub.name
    found = (element.get(name) for element in elements if isinstance(element, dict))
    return [value for value in found if value is not None]


def _compare_all(node: Comparison, values: list[Any]) -> bool:
    folds = Folds()
    every = all if node.op == "ne" else any
    return every(_satisfies(node, value, folds) for value in values)


def _satisfies(node: Comparison, value: Any, folds: Folds) -> bool:
    """Whether one value that is there does."""
    if node.op == "pr":
        return _is_present(value)
    if node.op == "ne":
        return not _compare("eq", node, value, folds)
    return _compare(node.op, node, value, folds)


def _compare(op: str, node: Comparison, actual: Any, folds: Folds) -> bool:
    """Compare one value; values of different types never match."""
    expected: Any = node.operand
    if isinstance(expected, bool) or isinstance(actual, bool):
        return op == "eq" and actual is expected
    if isinstance(expected, datetime):
        actual = parse_datetime(actual) if isinstance(actual, str) else None
    elif isinstance(expected, str):
        if not isinstance(actual, str):
            return False
        if not node.ref.leaf.case_exact:
            if op == "eq" and len(actual) > longest(expected):
                return False
            actual = folds[actual]
        if op in ("co", "sw", "ew"):
            return _holds(op, actual, expected)
    elif not isinstance(actual, (int, float)):
        return False
    return actual is not None and _in_order(op, actual, expected)


def longest(folded: str) -> int:
    """How long a text may be that is ``folded`` once it is folded: no letters become fewer of ASCII. Longer ones are
    not folded for nothing: of a text with many marks that is dear, and every selector of a mapping asks."""
    return len(folded) if folded.isascii() else sys.maxsize


def _holds(op: str, actual: str, expected: str) -> bool:
    if op == "co":
        return expected in actual
    return actual.startswith(expected) if op == "sw" else actual.endswith(expected)


def _in_order(op: str, actual: Any, expected: Any) -> bool:
    if op == "eq":
        return bool(actual == expected)
    if op == "gt":
        return bool(actual > expected)
    if op == "ge":
        return bool(actual >= expected)
    if op == "lt":
        return bool(actual < expected)
    return bool(actual <= expected)


def _is_present(value: object) -> bool:
    """RFC 7644's ``pr``: false and 0 are values; empty text, lists and objects of nothing are not."""
    if value is None or value == "":
        return False
    if isinstance(value, dict):
        return any(_is_present(item) for item in value.values())
    if isinstance(value, list):
        return any(_is_present(item) for item in value)
    return True
