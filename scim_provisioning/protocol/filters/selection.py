"""What the filter of a value path says about elements: which it selects, and what a new one must hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from ..text import fold
from .matching import matches_element
from .nodes import And, Comparison, Filter, Not, Or


def select(node: Filter, elements: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the elements that satisfy the filter, in their order."""
    return [element for element in elements if isinstance(element, dict) and matches_element(node, element)]


def eq_comparisons(node: Filter) -> Iterator[Comparison]:
    """Yield the ``eq`` comparisons that every element the filter selects satisfies."""
    if isinstance(node, Comparison):
        if node.op == "eq" and node.ref.sub is not None:
            yield node
    elif isinstance(node, And):
        for term in node.terms:
            yield from eq_comparisons(term)


def eq_terms(node: Filter) -> dict[str, Any]:
    """Return what an element must hold to satisfy the ``eq`` terms of a filter: ``{"type": "work"}``.

    Empty where the filter has none, holds an ``or``, or contradicts itself: nothing can be created from
    those.
    """
    terms: dict[str, Any] = {}
    for term in eq_comparisons(node):
        value = term.value
        if isinstance(value, datetime) or value == "" or term.ref.leaf.read_only:
            return {}
        if terms.setdefault(term.ref.leaf.name, value) != value:
            return {}
    return terms


def count_terms(node: Filter | None) -> int:
    """Return how many comparisons a filter has; none without one."""
    return 0 if node is None else sum(1 for _term in comparisons(node))


def comparisons(node: Filter) -> Iterator[Comparison]:
    """Yield every comparison of a filter."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, (And, Or)):
        for term in node.terms:
            yield from comparisons(term)
    else:
        yield from comparisons(node.term if isinstance(node, Not) else node.filter)


def stand_in(node: Filter, elements: Collection[Any]) -> dict[str, Any] | None:
    """Return the only element of an attribute if it has no type and the filter asks for the work one.

    Okta, OneLogin and hand-made clients send ``emails: [{"value": ...}]``. Such an address is the work
    address; taking it for another one would leave the old address beside the new one for ever. Other types
    get no stand-in: the home address of somebody with one untyped address is a second one.
    """
    if len(elements) != 1:
        return None
    element = next(iter(elements))
    if not isinstance(element, dict) or "type" in element:
        return None
    terms = eq_terms(node)
    if set(terms) != {"type"} or fold(str(terms["type"])) != "work":
        return None
    return element
