"""PATCH paths (RFC 7644 section 3.5.2) as text, resolved against a schema."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..errors import InvalidFilter, InvalidPath, NoParts, UnknownAttribute, about
from ..schema import Attribute, UserSchema
from ..schema.names import ATTRIBUTE_NAME, resolve
from ..text import shown
from . import grammar
from .nodes import Filter, ValuePath, render


@dataclass(frozen=True, slots=True)
class Path:
    """Where an operation points: an attribute, maybe elements a filter selects, maybe a part of them.

    ``attribute`` None means a whole schema: an extension's object, or (core URN) the resource itself. ``urn``
    is the extension's URN, None for core and common attributes.
    """

    attribute: Attribute | None
    urn: str | None = None
    filter: Filter | None = None
    sub: Attribute | None = None

    @property
    def read_only(self) -> bool:
        """Whether the path may not be written by clients."""
        if self.attribute is None:
            return False
        return self.attribute.read_only or (self.sub is not None and self.sub.read_only)

    def __str__(self) -> str:
        if self.attribute is None:
            return self.urn or ""
        if self.filter is None:
            return (self.sub or self.attribute).path
        tail = f".{self.sub.name}" if self.sub else ""
        return f"{self.attribute.path}[{render(self.filter, self.attribute)}]{tail}"


@lru_cache(maxsize=1024)
def parse(text: str, schema: UserSchema) -> Path:
    """Return the path a text names; names in any case, with or without their URN.

    Understands ``attr``, ``attr.sub``, ``attr[filter]``, ``attr[filter].sub``, each also as ``URN:attr...``,
    and a bare extension URN. Raises InvalidPath for what is no path, UnknownAttribute for a path outside the
    schema. Results are cached: identity providers send the same two dozen paths for everybody.
    """
    head, bracket, rest = text.strip().partition("[")
    try:
        name = resolve(head.rstrip(), schema)
    except InvalidPath as error:
        raise type(error)(
            f"Path not supported: {shown(text)}; {error.detail}"
            if bracket or isinstance(error, NoParts)
            else error.detail,
            params=about(text),
        ) from None
    if not bracket:
        return Path(name.attribute, name.urn, None, name.sub)
    inner, closing, tail = rest.rpartition("]")
    if not closing or (tail and not (tail[0] == "." and ATTRIBUTE_NAME.fullmatch(tail[1:]))):
        raise InvalidPath(
            f'Path not supported: {shown(text)}; expected a form such as emails[type eq "work"].value.',
            params=about(text),
        )
    if name.attribute is None or name.sub is not None:
        raise InvalidPath(
            f"Path not supported: {shown(text)}; a filter goes after an attribute.", params=about(text)
        )
    selection = _value_filter(text, f"{head}[{inner}]", schema)
    sub = name.attribute.sub(tail[1:]) if tail else None
    if tail and sub is None:
        raise UnknownAttribute(
            f"{name.attribute.path} has no sub-attribute {shown(tail[1:])}.", params=about(text)
        )
    return Path(name.attribute, name.urn, selection, sub)


def _value_filter(text: str, selection: str, schema: UserSchema) -> Filter:
    """Return the filter inside the brackets of ``attr[filter]``."""
    try:
        tree = grammar.parse(selection, schema)
    except grammar.UnknownFilterAttribute as error:
        raise UnknownAttribute(
            f"Path not supported: {shown(text)}; {error.detail}", params=about(text)
        ) from None
    except InvalidFilter as error:
        raise InvalidPath(f"Path not supported: {shown(text)}; {error.detail}", params=about(text)) from None
    if not isinstance(tree, ValuePath):
        raise InvalidPath(
            f"Path not supported: {shown(text)}; expected one filter in brackets.", params=about(text)
        )
    return tree.filter
