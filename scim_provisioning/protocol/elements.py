"""The elements of multi-valued attributes: which one a path means, and what a new one must hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .filter_nodes import And, Comparison, Filter
from .matching import matches_element
from .schema import Attribute
from .text import fold


def eq_terms(node: Filter) -> dict[str, Any]:
    """Return what an element must hold to satisfy the ``eq`` terms of a filter: ``{"type": "work"}``.

    Empty where the filter has none, holds an ``or``, or contradicts itself: nothing can be created from
    those.
    """
    terms: dict[str, Any] = {}
    pending = [node]
    while pending:
        term = pending.pop()
        if isinstance(term, And):
            pending.extend(term.terms)
        elif isinstance(term, Comparison) and term.op == "eq" and term.ref.sub is not None:
            name, value = term.ref.sub.name, term.value
            if isinstance(value, datetime) or value == "" or term.ref.sub.read_only:
                return {}
            if terms.setdefault(name, value) != value:
                return {}
    return terms


def select(node: Filter, elements: list[Any]) -> list[dict[str, Any]]:
    """Return the elements that satisfy the filter, in their order."""
    return [element for element in elements if isinstance(element, dict) and matches_element(node, element)]


def stand_in(node: Filter, elements: list[Any]) -> dict[str, Any] | None:
    """Return the only element of an attribute if it has no type and the filter asks for the work one.

    Okta, OneLogin and hand-made clients send ``emails: [{"value": ...}]``. Such an address is the work
    address; taking it for another one would leave the old address beside the new one for ever. Other types
    get no stand-in: the home address of somebody with one untyped address is a second one.
    """
    if len(elements) != 1 or not isinstance(elements[0], dict) or "type" in elements[0]:
        return None
    terms = eq_terms(node)
    if set(terms) != {"type"} or fold(str(terms["type"])) != "work":
        return None
    return elements[0]


def meant(node: Filter, elements: list[Any]) -> list[dict[str, Any]]:
    """Return the elements that satisfy the filter, or the one that stands in for them."""
    selected = select(node, elements)
    if selected:
        return selected
    untyped = stand_in(node, elements)
    return [] if untyped is None else [untyped]


def holds(element: object, wanted: Mapping[str, Any]) -> bool:
    """Whether an element has all the wanted sub-attributes with exactly these values."""
    return isinstance(element, dict) and all(
        name in element and element[name] == value for name, value in wanted.items()
    )


def twin(attribute: Attribute, element: Any, elements: list[Any]) -> Any | None:
    """Return the element that is the same value already: equal, or equal in type and value.

    RFC 7643 section 2.4: a pair of type and value is not repeated. Adding it again updates the rest of the
    element.
    """
    if element in elements:
        return elements[elements.index(element)]
    if not isinstance(element, dict) or element.get("value") is None:
        return None
    identity = _identity(attribute, element)
    for other in elements:
        if isinstance(other, dict) and _identity(attribute, other) == identity:
            return other
    return None


def listed(attribute: Attribute, values: list[Any], elements: list[Any]) -> list[Any]:
    """Return the elements a remove operation lists as values.

    Clients list whole elements as they remember them; ``value``, and ``type`` if given, say which one is
    meant.
    """
    return [element for element in elements if any(_is_meant(attribute, value, element) for value in values)]


def preferred(elements: list[Any]) -> dict[str, Any] | None:
    """Return the primary element, else the first, else None."""
    objects = [element for element in elements if isinstance(element, dict)]
    primary = next((element for element in objects if element.get("primary") is True), None)
    return primary or (objects[0] if objects else None)


def _identity(attribute: Attribute, element: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_comparable(attribute.sub(name), element.get(name)) for name in ("type", "value"))


def _is_meant(attribute: Attribute, wanted: Any, element: Any) -> bool:
    if not isinstance(wanted, dict) or not isinstance(element, dict):
        return bool(_comparable(attribute, wanted) == _comparable(attribute, element))
    telling = [name for name in wanted if name in ("value", "type")] if "value" in wanted else list(wanted)
    return bool(telling) and all(
        _comparable(attribute.sub(name), wanted[name]) == _comparable(attribute.sub(name), element.get(name))
        for name in telling
    )


def _comparable(attribute: Attribute | None, value: Any) -> Any:
    if isinstance(value, str) and attribute is not None and not attribute.case_exact:
        return fold(value)
    return value
