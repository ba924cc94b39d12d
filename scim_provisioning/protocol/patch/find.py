"""The second room: which elements a step means. Nothing is changed here, and finding none is no error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..filters import Filter, matches_element
from ..filters.selection import eq_comparisons, stand_in
from .elements import Elements, hashable
from .plan import Listed, Matching, Which


def find(which: Which | Matching | Listed, elements: Elements) -> list[int]:
    """Return the numbers of the elements that are meant, in their order."""
    if isinstance(which, Matching):
        return _matching(which.filter, elements)
    if isinstance(which, Listed):
        return _listed(which.values, elements)
    if which is Which.PRIMARY:
        return elements.primaries()
    if which is Which.EVERY:
        return [number for number, element in elements.by_number.items() if isinstance(element, dict)]
    preferred = elements.preferred()
    return [] if preferred is None else [preferred]


def find_or_stand_in(which: Which | Matching | Listed, elements: Elements) -> list[int]:
    """Return the elements that are meant, else the one that stands in for what a filter asks for."""
    found = find(which, elements)
    return untyped(which.filter, elements) if not found and isinstance(which, Matching) else found


def untyped(node: Filter, elements: Elements) -> list[int]:
    """Return the only element if it stands in for what the filter asks for: an e-mail without a type."""
    return [] if stand_in(node, elements.values()) is None else list(elements.by_number)


def made_before(node: Filter, elements: Elements) -> list[int]:
    """Return the element that an earlier step of this request made for the same filter.

    One request may rename what its own filter asked for; its later operations still mean that element.
    """
    number = elements.made.get(node)
    return [number] if number in elements.by_number else []


def has(elements: Elements, wanted: Mapping[str, Any]) -> bool:
    """Whether an element has all the wanted parts with exactly these values."""
    return any(
        all(name in element and element[name] == value for name, value in wanted.items())
        for number in elements.holding(wanted)
        if isinstance(element := elements.by_number[number], dict)
    )


def _matching(node: Filter, elements: Elements) -> list[int]:
    """Return the elements that satisfy the filter.

    Its ``eq`` terms are looked up; only what is left is compared, which is everything for other filters.
    """
    candidates = elements.by_number if elements.are_few else elements.holding(_eq_parts(node))
    return [
        number
        for number in candidates
        if isinstance(element := elements.by_number[number], dict)
        and matches_element(node, element, elements.folds)
    ]


def _eq_parts(node: Filter) -> dict[str, Any]:
    return {
        term.ref.leaf.name: term.value
        for term in eq_comparisons(node)
        if not isinstance(term.value, datetime)
    }


def _listed(values: list[Any], elements: Elements) -> list[int]:
    """Return the elements a remove operation lists as values.

    Clients list whole elements as they remember them; ``value``, and ``type`` if given, say which one is
    meant.
    """
    found: dict[int, None] = {}
    for value in {hashable(value): value for value in map(_telling, values)}.values():
        if not elements.attribute.is_complex:
            found.update(dict.fromkeys(elements.same_value(value)))
        elif value:
            found.update(dict.fromkeys(elements.alike(value)))
    return sorted(found)


def _telling(value: Any) -> Any:
    if not isinstance(value, dict) or "value" not in value:
        return value
    return {name: part for name, part in value.items() if name in ("value", "type")}
