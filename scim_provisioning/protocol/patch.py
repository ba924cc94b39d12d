"""PATCH (RFC 7644 section 3.5.2): read the message, apply its operations to a canonical document.

Applying is pure: the document given is never changed, and an error leaves nothing half done. Deviations from
the RFC, each for a client that needs it: an empty list of operations is accepted (Entra's validator), a
replace whose filter selects nothing creates the element (Entra), "True" and "False" are booleans (Entra), ""
clears (Entra, OneLogin), attributes outside the schema are ignored and named (Entra with extra mapping rows).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .constants import CORE_USER, PATCH_OP
from .documents import copied
from .edits import Editor, Op
from .errors import InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, UnknownAttribute
from .limits import DEFAULT_LIMITS, Limits
from .members import put_members
from .path_syntax import Path
from .path_syntax import parse as parse_path
from .schema import UserSchema
from .text import json_type, shown

_OPS: Final = ("add", "remove", "replace")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``op`` in lower case, path and value as sent (None for none)."""

    op: str
    path: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class Patched:
    """The document after the operations, and the names they held that the schema has no place for."""

    document: dict[str, Any]
    ignored: tuple[str, ...]


def parse(body: object, schema: UserSchema, limits: Limits = DEFAULT_LIMITS) -> list[Operation]:
    """Return the operations of a PATCH body, without looking at any resource.

    Keys are read in any case and stray members of an operation are passed over. Raises InvalidSyntax for a
    broken message, InvalidPath for a broken path, NoTarget for a remove without one, InvalidValue for a
    missing value.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax(f"The body must be a JSON object, not {json_type(body)}.")
    message = {key.lower(): value for key, value in body.items()}
    urns = message.get("schemas")
    urns = [urns] if isinstance(urns, str) else urns
    if not isinstance(urns, list) or PATCH_OP.lower() not in [str(urn).lower() for urn in urns]:
        raise InvalidSyntax(f'A PATCH body needs "schemas": ["{PATCH_OP}"].')
    operations = message.get("operations")
    if not isinstance(operations, list):
        raise InvalidSyntax(f'"Operations" must be a list, not {json_type(operations)}.')
    if len(operations) > limits.operations:
        raise InvalidSyntax(
            f"Too many operations: {len(operations)}, at most {limits.operations}.", code="limits.ops"
        )
    return [_operation(number, item, schema) for number, item in enumerate(operations, 1)]


def apply(document: Mapping[str, Any], operations: Iterable[Operation], schema: UserSchema) -> Patched:
    """Return the document as the operations leave it; the one given stays as it is.

    Raises a SCIMError for the first operation that cannot be done: Mutability for a read-only or required
    target, InvalidValue, InvalidPath, NoTarget. Several operations through the same filter end on one
    element.
    """
    editor = Editor(copied(document))
    for operation in operations:
        _apply(editor, operation, schema)
    return Patched(editor.finish(), tuple(dict.fromkeys(editor.ignored)))


def _operation(number: int, item: object, schema: UserSchema) -> Operation:
    if not isinstance(item, dict):
        raise InvalidSyntax(f"Operation {number} must be an object, not {json_type(item)}.")
    members = {key.lower(): value for key, value in item.items()}
    op, path = members.get("op"), members.get("path")
    if not isinstance(op, str) or op.lower() not in _OPS:
        raise InvalidSyntax(f"Operation {number}: op must be add, remove or replace, not {shown(op)}.")
    if path is not None and not isinstance(path, str):
        raise InvalidPath(f"Operation {number}: path must be text, not {json_type(path)}.")
    operation = Operation(op.lower(), path.strip() or None if path else None, members.get("value"))
    if operation.op != "remove" and "value" not in members:
        raise InvalidValue(f"Operation {number}: {operation.op} needs a value.")
    _check(operation, f"Operation {number}: ")
    if operation.path is not None:
        _target(operation.path, schema)
    return operation


def _check(operation: Operation, prefix: str = "") -> None:
    """Refuse what no document could make sense of."""
    if operation.path is not None:
        return
    if operation.op == "remove":
        raise NoTarget(f"{prefix}remove needs a path.")
    if not isinstance(operation.value, dict):
        raise InvalidValue(
            f"{prefix}{operation.op} without a path needs an object as its value, "
            f"not {json_type(operation.value)}."
        )


def _target(text: str, schema: UserSchema) -> Path | None:
    """Return the path, or None if it is well formed but outside the schema."""
    try:
        return parse_path(text, schema)
    except UnknownAttribute:
        if _names_groups(text):
            raise Mutability(
                "Attribute groups is read only; it follows from the groups themselves."
            ) from None
        return None


def _names_groups(text: str) -> bool:
    name = text.lower().removeprefix(f"{CORE_USER.lower()}:")
    return name.partition("[")[0].partition(".")[0].strip() == "groups"


def _apply(editor: Editor, operation: Operation, schema: UserSchema) -> None:
    _check(operation)
    op: Op = "add" if operation.op == "add" else "replace"
    if operation.path is None:
        put_members(editor, operation.value, schema, op)
        return
    path = _target(operation.path, schema)
    if path is None or (path.attribute is not None and path.attribute.mutability == "writeOnly"):
        editor.ignored.append(operation.path)
    elif path.attribute is None:
        _apply_to_schema(editor, operation, path, schema)
    elif operation.op == "remove":
        editor.remove(path, operation.value)
    else:
        editor.put(path, operation.value, op)


def _apply_to_schema(editor: Editor, operation: Operation, path: Path, schema: UserSchema) -> None:
    """Apply an operation whose path is a bare URN: the extension's object, or the user itself."""
    urn = path.urn or CORE_USER
    if operation.op == "remove":
        editor.clear_schema(urn)
    else:
        op: Op = "add" if operation.op == "add" else "replace"
        put_members(editor, {urn: operation.value}, schema, op)
