"""Attribute and schema definitions (RFC 7643 section 7), and the attributes every resource has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..constants import CORE_USER, SCHEMA
from ..text import fold

TEXT_TYPES = frozenset({"string", "reference", "binary"})
NUMBER_TYPES = frozenset({"integer", "decimal"})


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute or sub-attribute definition, with RFC 7643 section 2.2's defaults.

    A host declares only name, type and what differs from the defaults. ``urn`` (the schema), ``extension``
    (the same for an extension, "" for the core schema) and ``path`` ("name.givenName",
    "urn:...:User:department") are filled in by the ``Schema`` that takes the attribute in.
    """

    name: str
    type: str = "string"
    multi_valued: bool = False
    description: str = ""
    required: bool = False
    canonical_values: tuple[str, ...] = ()
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple[Attribute, ...] = ()
    urn: str = ""
    extension: str = field(default="", repr=False)
    path: str = field(default="", repr=False)
    subs: Mapping[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "subs", {sub.name.lower(): sub for sub in self.sub_attributes})
        if not self.path:
            object.__setattr__(self, "path", self.name)

    @property
    def is_complex(self) -> bool:
        return self.type == "complex"

    @property
    def read_only(self) -> bool:
        return self.mutability == "readOnly"

    def sub(self, name: str) -> Attribute | None:
        """Return the sub-attribute of that name, in any case, or None."""
        return self.subs.get(name.lower())

    def comparable(self, value: Any, folded: Callable[[str], str] = fold) -> Any:
        """Return the form in which two values of the attribute are the same: folded text unless case exact. ``folded``:
        ``fold``, as whoever asks again and again remembers it."""
        return folded(value) if isinstance(value, str) and not self.case_exact else value

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the form of RFC 7643 section 7."""
        body: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
            "mutability": self.mutability,
            "returned": self.returned,
            "uniqueness": self.uniqueness,
        }
        if self.type in TEXT_TYPES:
            body["caseExact"] = self.case_exact
        if self.canonical_values:
            body["canonicalValues"] = list(self.canonical_values)
        if self.type == "reference":
            body["referenceTypes"] = list(self.reference_types)
        if self.sub_attributes:
            body["subAttributes"] = [sub.to_dict() for sub in self.sub_attributes]
        return body

    def bound(self, urn: str) -> Attribute:
        """Return a copy that knows the schema it belongs to, its path and its sub-attributes' paths."""
        extension = "" if urn in ("", CORE_USER) else urn
        path = f"{extension}:{self.name}" if extension else self.name
        subs = tuple(
            replace(sub, urn=urn, extension=extension, path=f"{path}.{sub.name}")
            for sub in self.sub_attributes
        )
        return replace(self, urn=urn, extension=extension, path=path, sub_attributes=subs)


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A schema: its URN and attributes. The attributes are bound to the URN when it is made."""

    urn: str
    name: str
    description: str = ""
    attributes: tuple[Attribute, ...] = ()
    by_name: Mapping[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bound = tuple(attribute.bound(self.urn) for attribute in self.attributes)
        object.__setattr__(self, "attributes", bound)
        object.__setattr__(self, "by_name", {attribute.name.lower(): attribute for attribute in bound})

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of that name, in any case, or None."""
        return self.by_name.get(name.lower())

    def to_dict(self) -> dict[str, Any]:
        """Return the schema document of RFC 7643 section 7, without ``meta``."""
        return {
            "schemas": [SCHEMA],
            "id": self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": [attribute.to_dict() for attribute in self.attributes],
        }


COMMON = Schema(
    "",
    "Common",
    "The attributes every resource has (RFC 7643 section 3.1); they belong to no schema document.",
    (
        Attribute(
            "schemas",
            "reference",
            multi_valued=True,
            description="The schemas in use; kept by the server.",
            mutability="readOnly",
            returned="always",
            reference_types=("uri",),
        ),
        Attribute(
            "id",
            description="The service provider's identifier of the resource.",
            case_exact=True,
            mutability="readOnly",
            returned="always",
            uniqueness="server",
        ),
        Attribute(
            "externalId", description="The identity provider's identifier of the resource.", case_exact=True
        ),
        Attribute(
            "meta",
            "complex",
            description="Facts the server keeps about the resource.",
            mutability="readOnly",
            sub_attributes=(
                Attribute("resourceType", case_exact=True, mutability="readOnly"),
                Attribute("created", "dateTime", mutability="readOnly"),
                Attribute("lastModified", "dateTime", mutability="readOnly"),
                Attribute(
                    "location", "reference", case_exact=True, mutability="readOnly", reference_types=("uri",)
                ),
                Attribute("version", case_exact=True, mutability="readOnly"),
            ),
        ),
    ),
)
