"""Comparisons of values that are no text: numbers, dates, moments."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Floor
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull, LessThan, LessThanOrEqual

#: Operators that values in an order have; there is no part of a number to look for.
ORDERED_OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "pr"})

_LOOKUPS = {
    "eq": Exact,
    "gt": GreaterThan,
    "ge": GreaterThanOrEqual,
    "lt": LessThan,
    "le": LessThanOrEqual,
}


def ordered(expression: Any, op: str, value: Any, *, within: Any = None, whole: bool = False) -> Q:
    """``expression op value``, false where there is no value, so that NOT is exact. ``within``: what is further from
    zero cannot be said, and is no value; neither is, with ``whole``, what has decimals."""
    present = Q(IsNull(expression, False))
    if whole:
        present &= Q(Exact(Floor(expression), expression))
    if within is not None:
        present &= Q(GreaterThanOrEqual(expression, -within)) & Q(LessThanOrEqual(expression, within))
    if op == "pr":
        return present
    if op == "ne":
        return ~(present & Q(Exact(expression, value)))
    return present & Q(_LOOKUPS[op](expression, value))
