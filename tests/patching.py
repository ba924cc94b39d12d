"""How tests of the protocol send PATCH operations: as a request does, but without HTTP."""

from __future__ import annotations

import copy
from typing import Any

from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.protocol.patch import Patched, apply, parse
from scim_provisioning.protocol.schema import USER_SCHEMA


def patched(document: dict[str, Any], *operations: dict[str, Any], schema: Any = USER_SCHEMA) -> Patched:
    """Send operations through parse and apply, as a request does."""
    body = {"schemas": [PATCH_OP], "Operations": list(operations)}
    before = copy.deepcopy(document)
    result = apply(document, parse(body, schema), schema)
    assert document == before, "apply changed its input"
    return result


def after(document: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
    return patched(document, *operations).document


def op(kind: str, path: str | None = None, value: Any = ...) -> dict[str, Any]:
    operation: dict[str, Any] = {"op": kind}
    if path is not None:
        operation["path"] = path
    if value is not ...:
        operation["value"] = value
    return operation
