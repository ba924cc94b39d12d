"""The PATCH message (RFC 7644 section 3.5.2): what is asked, before anybody is looked up.

Deviations from the RFC: an empty list of operations is accepted (Entra's validator), keys and ``op`` are read
in any case (Entra), attributes outside the schema are no error (Entra with extra mapping rows), ``schemas`` may
be left out (hand-made clients), the object of an operation without a path may be JSON in a text (Keycloak).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..body import embedded, is_message
from ..constants import CORE_USER, PATCH_OP
from ..errors import InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, UnknownAttribute, about
from ..filters.path_syntax import Path
from ..filters.path_syntax import parse as parse_path
from ..limits import DEFAULT_LIMITS, Limits
from ..schema import UserSchema
from ..text import json_type, shown

_OPS: Final = ("add", "remove", "replace")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``op`` in lower case, path and value as sent (None for none)."""

    op: str
    path: str | None = None
    value: Any = None


def parse(body: object, schema: UserSchema, limits: Limits = DEFAULT_LIMITS) -> list[Operation]:
    """Return the operations of a PATCH body, without looking at any resource.

    Keys are read in any case and stray members of an operation are passed over. Raises InvalidSyntax for a
    broken message, InvalidPath for a broken path, NoTarget for a remove without one, InvalidValue for a
    missing value.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax(f"The body must be a JSON object, not {json_type(body)}.")
    message = {key.lower(): value for key, value in body.items()}
    if not is_message(message, PATCH_OP, frozenset({"operations"})):
        raise InvalidSyntax(f'A PATCH body needs "schemas": ["{PATCH_OP}"] and "Operations".')
    operations = message.get("operations")
    operations = embedded(operations) if isinstance(operations, str) else operations
    if not isinstance(operations, list):
        raise InvalidSyntax(f'"Operations" must be a list, not {json_type(operations)}.')
    if len(operations) > limits.operations:
        raise InvalidSyntax(
            f"Too many operations: {len(operations)}, at most {limits.operations}.", code="limits.ops"
        )
    return [_operation(number, item, schema, limits) for number, item in enumerate(operations, 1)]


def _operation(number: int, item: object, schema: UserSchema, limits: Limits) -> Operation:
    if not isinstance(item, dict):
        raise InvalidSyntax(f"Operation {number} must be an object, not {json_type(item)}.")
    members = {key.lower(): value for key, value in item.items()}
    op, path = members.get("op"), members.get("path")
    if not isinstance(op, str) or op.lower() not in _OPS:
        raise InvalidSyntax(f"Operation {number}: op must be add, remove or replace, not {shown(op)}.")
    if path is not None and not isinstance(path, str):
        raise InvalidPath(f"Operation {number}: path must be text, not {json_type(path)}.")
    if path is not None and len(path) > limits.string_length:
        raise InvalidPath(f"Operation {number}: the path is longer than {limits.string_length} characters.")
    path, value = path.strip() or None if path else None, members.get("value")
    if path is None and isinstance(value, str):
        value = embedded(value, limits)  # Keycloak: "value": "{\"active\":false}"
    operation = Operation(op.lower(), path, value)
    if operation.op != "remove" and "value" not in members:
        raise InvalidValue(f"Operation {number}: {operation.op} needs a value.")
    check_shape(operation, f"Operation {number}: ")
    if operation.path is not None:
        resolve_path(operation.path, schema)
    return operation


def check_shape(operation: Operation, prefix: str = "") -> None:
    """Refuse what no document could make sense of: a path is missing, or the object in its place."""
    if operation.path is not None:
        return
    if operation.op == "remove":
        raise NoTarget(f"{prefix}remove needs a path.")
    if not isinstance(operation.value, dict):
        raise InvalidValue(
            f"{prefix}{operation.op} without a path needs an object as its value, "
            f"not {json_type(operation.value)}."
        )


def resolve_path(text: str, schema: UserSchema) -> Path | None:
    """Return the path, or None if it is passed over: well formed but outside the schema, or one of the schemas.

    Raises InvalidPath, and Mutability for groups.
    """
    try:
        return parse_path(text, schema)
    except UnknownAttribute:
        if _top_name(text) == "groups":
            raise Mutability(
                "Attribute groups is read only; it follows from the groups themselves.",
                params=about("groups"),
            ) from None
        return None
    except InvalidPath:
        if _top_name(text) == "schemas":
            return None
        raise


def _top_name(text: str) -> str:
    name = text.lower().removeprefix(f"{CORE_USER.lower()}:")
    return name.partition("[")[0].partition(".")[0].strip()
