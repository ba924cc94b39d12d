"""Canonical documents: what a resource body means, once every client's way of writing it is taken off.

Canonical means: keys spelled as the schema spells them, typed values, nothing unassigned, extension
attributes under their URN. ``schemas``, ``id`` and ``meta`` are the server's own and never part of a
document.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .errors import InvalidSyntax, InvalidValue, about
from .limits import DEFAULT_LIMITS, Limits
from .patch.put import put
from .patch.read import read_body
from .resources import Document, copied
from .schema import UserSchema
from .text import json_type

__all__ = ["Document", "Normalised", "changes", "copied", "normalise", "require", "schemas_in_use"]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A canonical document, and the names the body held that the schema has no place for."""

    document: Document
    ignored: tuple[str, ...]


def normalise(
    body: object, schema: UserSchema, limits: Limits = DEFAULT_LIMITS, base_url: str = ""
) -> Normalised:
    """Return the canonical document of a POST or PUT body.

    Raises InvalidSyntax if the body is no object, InvalidValue, naming the attribute, for a value of the wrong
    type and for a list above the limits. Read-only attributes are dropped; unknown ones, ``password`` and
    ``groups`` are dropped and named in ``ignored``, and so are values too long to keep that no field of the host's
    takes. Whether ``userName`` is there is for ``require`` to say.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax(f"The body must be a JSON object, not {json_type(body)}.")
    plan = read_body(body, schema, limits, base_url)
    return Normalised(put(plan.steps, {}, limits), tuple(dict.fromkeys(plan.ignored)))


def require(document: Mapping[str, Any]) -> None:
    """Raise InvalidValue if a document has no userName (RFC 7643 section 4.1.1)."""
    name = document.get("userName")
    if not isinstance(name, str) or not name.strip():
        raise InvalidValue("userName is required.", code="attr.required", params=about("userName"))


def schemas_in_use(document: Mapping[str, Any], schema: UserSchema) -> list[str]:
    """Return the value of ``schemas``: the core schema and each extension the document has values of."""
    return [
        schema.core.urn,
        *(extension.urn for extension in schema.extensions if document.get(extension.urn)),
    ]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, as SCIM path -> (before, after); None where there is no value.

    Elements are named by their type: ``emails[type eq "work"].value``; by their value where the type does not
    tell.
    """
    # Most of a person stays as it is.
    differing = [key for key in {**before, **after} if key not in before or before[key] != after.get(key)]
    old = dict(_leaves({key: before[key] for key in differing if key in before}))
    new = dict(_leaves({key: after[key] for key in differing if key in after}))
    paths = dict.fromkeys((*old, *new))
    return {path: (old.get(path), new.get(path)) for path in paths if old.get(path) != new.get(path)}


def _leaves(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield every simple value of a document with its path."""
    for key, value in document.items():
        if ":" in key and isinstance(value, dict):
            for name, inner in value.items():
                yield from _attribute_leaves(f"{key}:{name}", inner)
        else:
            yield from _attribute_leaves(key, value)


def _attribute_leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}", inner
    elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
        yield from _element_leaves(path, value)
    else:
        yield path, value


def _element_leaves(path: str, elements: list[Any]) -> Iterator[tuple[str, Any]]:
    objects = [element for element in elements if isinstance(element, dict)]
    types = Counter(_key(element.get("type")) for element in objects)
    for index, element in enumerate(objects):
        kind, value = element.get("type"), element.get("value")
        if types[_key(kind)] == 1:
            label = "" if kind is None else f"[type eq {_key(kind)}]"
        else:
            label = f"[{index}]" if value is None else f"[value eq {_key(value)}]"
        for name, inner in element.items():
            yield f"{path}{label}.{name}", inner


#: Made once: ``json.dumps`` makes one for each call with options.
_key: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode
