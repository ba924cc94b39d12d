"""Attribute names as filters, paths and projections spell them (RFC 7644 section 3.10), found in a schema."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InvalidPath, NoParts, UnknownAttribute, about
from ..text import shown
from .attributes import Attribute
from .user import UserSchema

# RFC 7644's ATTRNAME, with the leading "$" of "$ref" that erratum 8924 adds.
ATTRIBUTE_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9$_-]*")


@dataclass(frozen=True, slots=True)
class Name:
    """What a name means: an attribute, a sub-attribute, or (attribute None) a whole schema."""

    attribute: Attribute | None
    sub: Attribute | None
    urn: str | None


def resolve(text: str, schema: UserSchema) -> Name:
    """Find ``attr``, ``attr.sub``, ``URN:attr``, ``URN:attr.sub`` or a bare URN; case never matters.

    ``URN.attr`` with a dot instead of the colon is understood too: Entra has been seen to send it for the
    manager. Raises InvalidPath if the text cannot be a name, NoParts if it is a path into a simple attribute,
    UnknownAttribute if it could be a name but the schema has no such attribute.
    """
    bare = schema.by_bare_name.get(text.lower())
    if bare is not None:
        return Name(bare, None, bare.extension or None)
    whole = schema.by_urn.get(text.lower())
    if whole is not None:
        return Name(None, None, whole.urn)
    urn, rest = _split_urn(text, schema)
    parts = rest.split(".")
    if len(parts) > 2 or not all(ATTRIBUTE_NAME.fullmatch(part) for part in parts):
        raise InvalidPath(
            f"Path not supported: {shown(text)}; expected an attribute such as name.givenName.",
            params=about(text),
        )
    attribute = schema.find(urn, parts[0])
    if attribute is None:
        raise UnknownAttribute(f"{shown(text)} is not an attribute of a User.", params=about(text))
    if len(parts) == 1:
        return Name(attribute, None, attribute.extension or None)
    if not attribute.is_complex:
        raise NoParts(
            f"{attribute.path} has no parts; name it alone, without {shown(f'.{parts[1]}')}.",
            params=about(text),
        )
    sub = attribute.sub(parts[1])
    if sub is None:
        raise UnknownAttribute(
            f"{attribute.path} has no sub-attribute {shown(parts[1])}.", params=about(text)
        )
    return Name(attribute, sub, attribute.extension or None)


def _split_urn(text: str, schema: UserSchema) -> tuple[str | None, str]:
    """Split a leading schema URN off; the schema's own URNs are known, others end at the last colon."""
    if ":" not in text:
        return None, text
    lowered = text.lower()
    for key in sorted(schema.by_urn, key=len, reverse=True):
        if lowered.startswith((f"{key}:", f"{key}.")):
            return schema.by_urn[key].urn, text[len(key) + 1 :]
    urn, _, rest = text.rpartition(":")
    return urn, rest
