"""SCIM filters (RFC 7644 section 3.4.2.2): text to a typed tree, and evaluation on plain data."""

from __future__ import annotations

from .grammar import UnknownFilterAttribute, parse
from .matching import Folds, matches, matches_element
from .nodes import And, AttributeRef, Comparison, Filter, Not, Or, ValuePath, render
from .selection import select

__all__ = [
    "And",
    "AttributeRef",
    "Comparison",
    "Filter",
    "Folds",
    "Not",
    "Or",
    "UnknownFilterAttribute",
    "ValuePath",
    "matches",
    "matches_element",
    "parse",
    "render",
    "select",
]
