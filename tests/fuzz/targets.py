"""What is fuzzed: each takes any bytes, and raises for nothing but a fault of ours.

A refusal (``SCIMError``) is an answer. Whatever is understood must stand being used, written down and read again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from scim_provisioning.protocol import body, documents, filters, patch, paths
from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.limits import Limits
from scim_provisioning.protocol.schema import USER_SCHEMA

#: Somebody with an element of every kind: equal types, no type, no value.
PERSON: Final[dict[str, Any]] = {
    "schemas": [CORE_USER, ENTERPRISE_USER],
    "userName": "ines.okafor@harborline.example",
    "active": True,
    "name": {"givenName": "Ines", "familyName": "Okafor"},
    "emails": [
        {"type": "work", "value": "ines@harborline.example", "primary": True},
        {"type": "home", "value": "ines@home.example"},
        {"value": "untyped@home.example"},
    ],
    "phoneNumbers": [{"type": "work", "value": "+44 131 496 0101"}],
    "addresses": [{"type": "work", "locality": "Leith"}],
    "roles": [{"value": "guide"}],
    ENTERPRISE_USER: {"department": "Sales", "manager": {"value": "b1a4"}},
}


def filter_(data: bytes) -> None:
    """A filter: matched with somebody, and written out so that it is read as the same."""
    text = data.decode("utf-8", "replace")
    try:
        tree = filters.parse(text, USER_SCHEMA)
    except SCIMError as refusal:
        _told(refusal)
        return
    filters.matches(tree, PERSON)
    written = filters.render(tree)
    # Escapes make it longer, which no client sends.
    if filters.parse(written, USER_SCHEMA, Limits(filter_length=len(written))) != tree:
        raise AssertionError(f"{text!r} is written out as {written!r}, which is another filter.")


def path(data: bytes) -> None:
    """A path: read from somebody, and written out so that it is read as the same."""
    text = data.decode("utf-8", "replace")
    try:
        parsed = paths.parse(text, USER_SCHEMA)
    except SCIMError as refusal:
        _told(refusal)
        return
    paths.read(PERSON, parsed)
    written = str(parsed)
    if str(paths.parse(written, USER_SCHEMA)) != written:
        raise AssertionError(f"{text!r} is written out as {written!r}, which is another path.")


def patch_(data: bytes) -> None:
    """A PATCH, from bytes to the document that comes of it: JSON again, and nothing changed in place."""
    before = copy.deepcopy(PERSON)
    try:
        operations = patch.parse(body.loads(data), USER_SCHEMA)
        after = patch.apply(before, operations, USER_SCHEMA).document
    except SCIMError as refusal:
        _told(refusal)
        after = before
    if before != PERSON:
        raise AssertionError("The document that was patched was changed in place.")
    json.dumps(after)
    documents.changes(before, after)


def _told(refusal: SCIMError) -> None:
    if not 400 <= refusal.status < 500:
        raise AssertionError(f"A refusal with status {refusal.status}.") from refusal
    json.dumps(refusal.to_dict())


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {"filter": filter_, "path": path, "patch": patch_}
