"""Bulk requests (RFC 7644 section 3.7): reading them, and the references inside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .body import embedded, is_message
from .constants import BULK_REQUEST, BULK_RESPONSE
from .errors import InvalidSyntax, PayloadTooLarge
from .limits import Limits

METHODS: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_REFERENCE: Final = "bulkid:"


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation. ``path`` is relative to the base URL; ``version`` an entity tag or None."""

    method: str
    path: str
    bulk_id: str | None = None
    version: str | None = None
    data: Any = None
    #: The bulkIds of other operations that this one needs resolved.
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """``fail_on_errors`` None means: go on whatever happens."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None = None


def parse(body: object, limits: Limits) -> BulkRequest:
    """Read a bulk request. Raises ``InvalidSyntax``, and ``PayloadTooLarge`` for too many operations."""
    if not isinstance(body, Mapping):
        raise InvalidSyntax("The body of a bulk request must be a JSON object.")
    members = {str(key).lower(): value for key, value in body.items()}
    if not is_message(members, BULK_REQUEST, frozenset({"operations"})):
        raise InvalidSyntax(f"schemas must name {BULK_REQUEST}.")
    operations = members.get("operations")
    if not isinstance(operations, list):
        raise InvalidSyntax("Operations must be a list.")
    if len(operations) > limits.bulk_operations:
        raise PayloadTooLarge(
            f"Too many operations for one bulk request: at most {limits.bulk_operations}.", code="limits.bulk"
        )
    fail_on_errors = members.get("failonerrors")
    if fail_on_errors is not None and (
        isinstance(fail_on_errors, bool) or not isinstance(fail_on_errors, int) or fail_on_errors < 0
    ):
        raise InvalidSyntax("failOnErrors must be a whole number that is not negative.")
    parsed = tuple(_operation(item, number) for number, item in enumerate(operations))
    _refuse_repeated(parsed)
    return BulkRequest(parsed, fail_on_errors or None)


def _operation(item: object, number: int) -> BulkOperation:
    where = f"Operations[{number}]"
    if not isinstance(item, Mapping):
        raise InvalidSyntax(f"{where} must be an object.")
    members = {str(key).lower(): value for key, value in item.items()}
    method = str(members.get("method", "")).upper()
    if method not in METHODS:
        raise InvalidSyntax(f"{where}.method must be POST, PUT, PATCH or DELETE.")
    path, bulk_id, version = (members.get(name) for name in ("path", "bulkid", "version"))
    if not isinstance(path, str) or not path:
        raise InvalidSyntax(f"{where}.path must be a path such as /Users.")
    if method == "POST" and (not isinstance(bulk_id, str) or not bulk_id):
        raise InvalidSyntax(f"{where}.bulkId is required with POST.")
    if method != "DELETE" and "data" not in members:
        raise InvalidSyntax(f"{where}.data is required with {method}.")
    data = _data(method, members.get("data"))
    return BulkOperation(
        method,
        path,
        bulk_id if isinstance(bulk_id, str) else None,
        version if isinstance(version, str) else None,
        data,
        frozenset(_references([path.rpartition("/")[2], data])),
    )


def _data(method: str, data: Any) -> Any:
    """The body of an operation. A PATCH's may be a bare list, as RFC 7644 was first printed (section 3.7.3; WSO2 sends
    it), and any may be JSON in a text."""
    data = embedded(data) if isinstance(data, str) else data
    return {"Operations": data} if method == "PATCH" and isinstance(data, list) else data


def _refuse_repeated(operations: tuple[BulkOperation, ...]) -> None:
    seen: set[str] = set()
    for operation in operations:
        if operation.method == "POST" and operation.bulk_id is not None:
            if operation.bulk_id in seen:
                raise InvalidSyntax(f"bulkId '{operation.bulk_id}' names two operations.")
            seen.add(operation.bulk_id)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value[: len(_REFERENCE)].lower() == _REFERENCE:
            yield value[len(_REFERENCE) :]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def resolved(value: Any, known: Mapping[str, str]) -> Any:
    """``value`` with every ``bulkId:`` reference that is known replaced by the resource's id."""
    if isinstance(value, str):
        names = list(_references(value))
        return known.get(names[0], value) if names else value
    if isinstance(value, Mapping):
        return {key: resolved(item, known) for key, item in value.items()}
    return [resolved(item, known) for item in value] if isinstance(value, list) else value


def response(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of the answer; the whole bulk request is 200 whatever became of its operations."""
    return {"schemas": [BULK_RESPONSE], "Operations": results}
