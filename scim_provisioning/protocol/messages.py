"""List answers and search requests (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .body import is_message
from .constants import LIST_RESPONSE, SEARCH_REQUEST
from .errors import InvalidCount, InvalidFilter, InvalidSyntax, InvalidValue
from .text import json_type, shown

_NUMBER = re.compile(r"([+-]?)0*([0-9]+)")
_SEARCH_MEMBERS = frozenset(
    {"filter", "sortby", "sortorder", "startindex", "count", "cursor", "attributes", "excludedattributes"}
)
_LARGEST = 2**31 - 1  # beyond every directory, within every database's OFFSET


def list_response(
    resources: Sequence[object], total: int, start_index: int = 1, items_per_page: int | None = None
) -> dict[str, Any]:
    """Return an index-paged answer.

    ``itemsPerPage`` is what the page holds, not what was asked: Okta counts on it to find the next page.
    ``Resources`` is there even when empty, as Entra's connection test expects.
    """
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": len(resources) if items_per_page is None else items_per_page,
        "Resources": resources,
    }


def cursor_response(
    resources: Sequence[object], total: int, next_cursor: str | None, previous_cursor: str | None = None
) -> dict[str, Any]:
    """Return a cursor-paged answer (RFC 9865 section 2.2); a cursor that is None is left out."""
    answer: dict[str, Any] = {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "itemsPerPage": len(resources),
    }
    if next_cursor is not None:
        answer["nextCursor"] = next_cursor
    if previous_cursor is not None:
        answer["previousCursor"] = previous_cursor
    answer["Resources"] = resources
    return answer


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What a client asks of a collection. ``cursor``: None for index paging, "" for the first page."""

    filter: str | None = None
    sort_by: str | None = None
    sort_order: str = "ascending"
    start_index: int = 1
    count: int = 100
    cursor: str | None = None
    attributes: str | list[str] | None = None
    excluded_attributes: str | list[str] | None = None

    @property
    def descending(self) -> bool:
        return self.sort_order == "descending"

    @classmethod
    def from_query(
        cls, params: Mapping[str, Any], *, default_count: int = 100, max_count: int = 200
    ) -> SearchRequest:
        """Read the parameters of a URL, named in any case; unknown ones are passed over (Entra's own flag).

        A startIndex below 1 is 1, a negative count 0, a large one ``max_count`` (RFC 7644 section 3.4.2.4).
        Raises InvalidValue for what is no number, InvalidFilter for an empty filter, which must not mean
        "everybody". Beside a cursor a count that is no number or too large raises InvalidCount.
        """
        return cls._read({key.lower(): params[key] for key in params}, default_count, max_count)

    @classmethod
    def from_body(cls, body: object, *, default_count: int = 100, max_count: int = 200) -> SearchRequest:
        """Read a ``.search`` message, also without ``schemas`` where it asks for something.

        Raises InvalidSyntax if it is none, else as ``from_query``.
        """
        if not isinstance(body, dict):
            raise InvalidSyntax(f"The body must be a JSON object, not {json_type(body)}.")
        members = {key.lower(): value for key, value in body.items()}
        if not is_message(members, SEARCH_REQUEST, _SEARCH_MEMBERS):
            raise InvalidSyntax(f'A search body needs "schemas": ["{SEARCH_REQUEST}"].')
        return cls._read(members, default_count, max_count)

    @classmethod
    def _read(cls, given: Mapping[str, Any], default_count: int, max_count: int) -> SearchRequest:
        filter_text = _text(given, "filter")
        if filter_text is not None and not filter_text.strip():
            raise InvalidFilter("The filter is empty; leave it out to list everybody.")
        order = (_text(given, "sortOrder") or "ascending").lower()
        if order not in ("ascending", "descending"):
            raise InvalidValue(f"sortOrder must be ascending or descending, not {shown(order)}.")
        start, cursor = _number(given, "startIndex"), _text(given, "cursor")
        count = _number(given, "count") if cursor is None else _count_beside_cursor(given, max_count)
        return cls(
            filter=filter_text,
            sort_by=_text(given, "sortBy") or None,
            sort_order=order,
            start_index=max(start, 1) if start is not None else 1,
            count=min(max(count, 0) if count is not None else default_count, max_count),
            cursor=cursor,
            attributes=_names(given, "attributes"),
            excluded_attributes=_names(given, "excludedAttributes"),
        )


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name.lower())
    if value is not None and not isinstance(value, str):
        raise InvalidValue(f"{name} must be text, not {json_type(value)}.")
    return value


def _number(given: Mapping[str, Any], name: str) -> int | None:
    value = given.get(name.lower())
    if value is None or value == "":
        return None
    if isinstance(value, str) and (number := _NUMBER.fullmatch(value.strip())):
        # Cut first: Python refuses to read a number of thousands of digits, and no directory is that long.
        value = int(number[1] + number[2][:12])
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue(f"{name} must be a whole number, not {shown(value)}.")
    return min(value, _LARGEST)


def _count_beside_cursor(given: Mapping[str, Any], max_count: int) -> int | None:
    """RFC 9865 section 2.1 has an error of its own for the count, and counts above the largest are one."""
    try:
        count = _number(given, "count")
    except InvalidValue as error:
        raise InvalidCount(error.detail) from None
    if count is not None and count > max_count:
        raise InvalidCount(f"count must be between 0 and {max_count}.")
    return count


def _names(given: Mapping[str, Any], name: str) -> str | list[str] | None:
    value = given.get(name.lower())
    if value is None or isinstance(value, (str, list)):
        return value
    raise InvalidValue(f"{name} must be a list of attribute names, not {json_type(value)}.")
