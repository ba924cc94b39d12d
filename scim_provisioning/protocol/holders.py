"""Where an attribute's value lives in a document: at the top, or in its extension's object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .schema import Attribute


def container_of(attribute: Attribute, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object the attribute would stand in, for reading; empty where there is none."""
    if not attribute.extension:
        return document
    found = document.get(attribute.extension)
    return found if isinstance(found, dict) else {}


def ensure_container(attribute: Attribute, document: dict[str, Any]) -> dict[str, Any]:
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


def ensure_elements(attribute: Attribute, document: dict[str, Any]) -> list[Any]:
    """Return the list of a multi-valued attribute, for writing."""
    container = ensure_container(attribute, document)
    found = container.get(attribute.name)
    if not isinstance(found, list):
        found = container[attribute.name] = [] if found is None else [found]
    return found


def ensure_object(attribute: Attribute, document: dict[str, Any]) -> dict[str, Any]:
    """Return the object of a single-valued complex attribute, for writing."""
    container = ensure_container(attribute, document)
    found = container.get(attribute.name)
    if not isinstance(found, dict):
        found = container[attribute.name] = {}
    return found


def clear(attribute: Attribute, document: dict[str, Any]) -> None:
    """Remove an attribute's value if there is one."""
    if container_of(attribute, document).get(attribute.name) is not None:
        ensure_container(attribute, document).pop(attribute.name)


def keep(attribute: Attribute, document: dict[str, Any], elements: list[Any]) -> None:
    """Make these the attribute's elements, in the list that is there already; none removes the attribute."""
    if elements and attribute.multi_valued:
        ensure_elements(attribute, document)[:] = elements
    elif not elements:
        clear(attribute, document)
