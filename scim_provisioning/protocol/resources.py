"""A resource as plain data: what a document is, and where in it an attribute's values stand.

An attribute stands at the top of the document, or in the object under its extension's URN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from .schema import Attribute

#: A resource's attributes as JSON data, without ``schemas``, ``id`` and ``meta``.
Document: TypeAlias = dict[str, Any]

#: What holds nothing: most of a resource.
_SINGLE: Final = frozenset({str, bool, int, float, type(None)})


def copied(value: Any) -> Any:
    """Return a copy of JSON data that shares nothing with it; several times faster than deepcopy."""
    if isinstance(value, dict):
        return {key: item if item.__class__ in _SINGLE else copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [item if item.__class__ in _SINGLE else copied(item) for item in value]
    return value


def container_of(attribute: Attribute, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object the attribute would stand in, for reading; empty where there is none."""
    if not attribute.extension:
        return document
    found = document.get(attribute.extension)
    return found if isinstance(found, dict) else {}


def ensure_container(attribute: Attribute, document: Document) -> Document:
    """Return the object the attribute stands in, for writing."""
    if not attribute.extension:
        return document
    found = document.get(attribute.extension)
    if not isinstance(found, dict):
        found = document[attribute.extension] = {}
    return found


def elements_of(attribute: Attribute, document: Mapping[str, Any]) -> list[Any]:
    """Return the values of an attribute as a list, whether it is multi-valued or not."""
    value = container_of(attribute, document).get(attribute.name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def preferred(elements: Iterable[Any]) -> dict[str, Any] | None:
    """Return the primary element, else the first, else None."""
    objects = [element for element in elements if isinstance(element, dict)]
    primary = next((element for element in objects if element.get("primary") is True), None)
    return primary or (objects[0] if objects else None)


def clear(attribute: Attribute, document: Document) -> None:
    """Remove an attribute's value if there is one, and its extension's object if nothing is left in it."""
    container = container_of(attribute, document)
    if container.get(attribute.name) is not None:
        ensure_container(attribute, document).pop(attribute.name)
    if attribute.extension and not container:
        document.pop(attribute.extension, None)
