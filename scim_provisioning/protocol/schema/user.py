"""The User schema: core, extensions and common attributes, looked up by name in any case.

``USER_SCHEMA`` is built from django-scim2's copies of the RFC documents, corrected in one table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

from .attributes import COMMON, NUMBER_TYPES, Attribute, Schema


@dataclass(frozen=True, slots=True, eq=False)
class UserSchema:
    """What a User is made of: the core schema, its extensions and the common attributes.

    Make one per mapping and keep it: path parsing is cached per instance.
    """

    core: Schema
    extensions: tuple[Schema, ...] = ()
    #: Paths of the attributes that a field of the host's takes: their values are kept or refused, never left out.
    taken: frozenset[str] = frozenset()
    by_urn: Mapping[str, Schema] = field(init=False, repr=False)
    by_bare_name: Mapping[str, Attribute] = field(init=False, repr=False)
    has_hidden: bool = field(init=False, repr=False)
    #: Whether any value is a number.
    has_numbers: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_urn", {schema.urn.lower(): schema for schema in self.schemas})
        bare: dict[str, Attribute] = {}
        names = [name for schema in self.extensions for name in schema.by_name]
        for schema in self.extensions:
            # A name two extensions share says nothing about which one is meant.
            bare.update((name, found) for name, found in schema.by_name.items() if names.count(name) == 1)
        bare.update(COMMON.by_name)
        bare.update(self.core.by_name)
        object.__setattr__(self, "by_bare_name", bare)
        shown = all(
            found.returned in ("always", "default") for part in self.schemas for found in part.attributes
        )
        object.__setattr__(self, "has_hidden", not shown)
        attributes = [attribute for schema in self.schemas for attribute in schema.attributes]
        parts = [part for attribute in attributes for part in (attribute, *attribute.sub_attributes)]
        object.__setattr__(self, "has_numbers", any(part.type in NUMBER_TYPES for part in parts))

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """The core schema, then the extensions."""
        return (self.core, *self.extensions)

    @property
    def urns(self) -> tuple[str, ...]:
        return tuple(schema.urn for schema in self.schemas)

    def extension(self, urn: str) -> Schema | None:
        """Return the extension of that URN, in any case, or None (also for the core schema's URN)."""
        found = self.by_urn.get(urn.lower())
        return None if found is self.core else found

    def find(self, urn: str | None, name: str) -> Attribute | None:
        """Return an attribute by schema URN and name, both in any case.

        Without a URN: the core schema, the common attributes, then an extension if exactly one has the name,
        since Entra also sends a bare ``manager`` and ``Department``.
        """
        if urn is None:
            return self.by_bare_name.get(name.lower())
        schema = self.by_urn.get(urn.lower())
        if schema is None:
            return None
        found = schema.attribute(name)
        if found is None and schema is self.core:
            # "urn:...:core:2.0:User:externalId" is what a client that qualifies everything sends.
            found = COMMON.attribute(name)
        return found

    def with_extensions(self, *schemas: Schema) -> UserSchema:
        """Return a schema with further extensions; one with a known URN takes the older one's place."""
        new = {schema.urn.lower(): schema for schema in schemas}
        kept = tuple(new.pop(schema.urn.lower(), schema) for schema in self.extensions)
        return replace(self, extensions=kept + tuple(new.values()))


# password is writeOnly: normalisation drops it wherever it stands, so it is not served either; the Microsoft
# validator fails on attributes it cannot read back. Groups are not provisioned.
_LEFT_OUT = frozenset({"password", "groups"})

_PRIMARY_ADDRESS = Attribute(
    "primary",
    "boolean",
    description="Whether this is the preferred address; true at most once.",
)

# Where the documents differ from RFC 7643's text, or from what this package does. Keys are attribute paths.
_CORRECTIONS: dict[str, dict[str, Any]] = {
    "userName": {"required": True, "uniqueness": "server"},
    # The value is the manager's id, and ids are case exact (RFC 7643 section 3.1).
    "manager.value": {"case_exact": True},
    # Both are derived from the manager's id; clients send stale or relative ones.
    "manager.$ref": {"mutability": "readOnly"},
    "manager.displayName": {"mutability": "readOnly"},
    # Entra and the validators send `primary` on addresses too, though the RFC lists it only for the others.
    "addresses": {"add": (_PRIMARY_ADDRESS,)},
}


def _attribute(raw: dict[str, Any], prefix: str = "") -> Attribute:
    """Build an attribute from an RFC 7643 section 7 definition, with its corrections applied."""
    path = prefix + raw["name"]
    corrections = dict(_CORRECTIONS.get(path, {}))
    added: tuple[Attribute, ...] = corrections.pop("add", ())
    kind = raw["type"]
    attribute = Attribute(
        name=raw["name"],
        type=kind,
        multi_valued=raw["multiValued"],
        description=raw.get("description", ""),
        required=raw.get("required", False),
        canonical_values=tuple(raw.get("canonicalValues", ())),
        # References and binaries are always case exact (RFC 7643 sections 2.3.6 and 2.3.7).
        case_exact=raw.get("caseExact", False) or kind in ("reference", "binary"),
        mutability=raw.get("mutability", "readWrite"),
        returned=raw.get("returned", "default"),
        uniqueness=raw.get("uniqueness", "none"),
        reference_types=tuple(raw.get("referenceTypes", ())),
        sub_attributes=tuple(_attribute(sub, f"{path}.") for sub in raw.get("subAttributes", ())) + added,
    )
    return replace(attribute, **corrections)


def _schema(*path: str) -> Schema:
    """Build a schema from one of django-scim2's documents."""
    document = json.loads(files("django_scim.schemas").joinpath(*path).read_text(encoding="utf-8"))
    attributes = tuple(_attribute(raw) for raw in document["attributes"] if raw["name"] not in _LEFT_OUT)
    return Schema(document["id"], document["name"], document.get("description", ""), attributes)


USER_SCHEMA = UserSchema(_schema("core", "User.json"), (_schema("extension", "Enterprise-User.json"),))
