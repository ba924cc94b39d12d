"""Comparisons with ``meta.created`` and ``meta.lastModified``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from scim_provisioning.adapters.expressions import Always
from scim_provisioning.protocol.errors import InvalidFilter

_MILLISECOND = timedelta(milliseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _MILLISECOND


def shown_moment(column: str, op: str, value: Any) -> Q:
    """``column op value`` as clients see the column.

    Times are shown in milliseconds and kept in microseconds: who compares with what was shown must find that
    person. Raises ``InvalidFilter`` for an operator that moments do not have.
    """
    if op == "pr":
        return Q(Always(True))
    if not isinstance(value, datetime):
        raise InvalidFilter(f"{op} needs a dateTime.")
    # [start, end) are the moments that are shown as `value`, if any are.
    start = value.replace(microsecond=value.microsecond // 1000 * 1000)
    end = start + _MILLISECOND if start < _LATEST else start
    exact = start == value
    match op:
        case "gt":
            return Q(**{f"{column}__gte": end})
        case "ge":
            return Q(**{f"{column}__gte": start if exact else end})
        case "lt":
            return Q(**{f"{column}__lt": start if exact else end})
        case "le":
            return Q(**{f"{column}__lt": end})
    return Q(**{f"{column}__gte": start, f"{column}__lt": end}) if exact else Q(Always(False))
