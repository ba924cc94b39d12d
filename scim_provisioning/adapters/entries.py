"""One line of a compiled mapping: where its value stands in a document, and the lines that feed one field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scim_provisioning.adapters.kinds import MappedAttribute
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.filters import Comparison, select
from scim_provisioning.protocol.filters.selection import eq_terms, stand_in
from scim_provisioning.protocol.resources import Document, elements_of, preferred
from scim_provisioning.protocol.schema import TEXT_TYPES, Attribute

#: What is said of an address that no identity provider sent, where the mapping does not say which one it is.
MADE_HERE = {"type": "work"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the mapping with its path parsed and its field found."""

    declaration: MappedAttribute
    path: paths.Path
    source: RowSource
    field: Any

    @property
    def attribute(self) -> Attribute:
        """The attribute that the path names; a mapped path always names one."""
        attribute = self.path.attribute
        if attribute is None:  # pragma: no cover - refused when the mapping is compiled
            raise TypeError(f"{self.declaration} names no attribute")
        return attribute

    @property
    def leaf(self) -> Attribute:
        """The definition whose type and case rule apply."""
        return self.path.sub or self.attribute

    @property
    def is_element(self) -> bool:
        """Whether the value is part of one element of a multi-valued attribute."""
        return self.attribute.multi_valued and self.path.sub is not None

    @property
    def selector(self) -> dict[str, object]:
        """The ``eq`` terms that choose the element, by folded sub-attribute name."""
        terms = getattr(self.path.filter, "terms", (self.path.filter,))
        return {
            term.ref.leaf.name.casefold(): term.value
            for term in terms
            if isinstance(term, Comparison) and term.op == "eq"
        }

    @property
    def is_chosen(self) -> bool:
        """Whether the kind chooses the element, not a filter of the path."""
        return self.is_element and self.path.filter is None

    def element(self, document: Mapping[str, Any]) -> Document | None:
        """The element of a document that holds the value. Of several that a filter selects: the primary one."""
        present = elements_of(self.attribute, document)
        if self.path.filter is None:
            return self.declaration.chosen(present)
        return preferred(select(self.path.filter, present)) or stand_in(self.path.filter, present)

    def read(self, document: Mapping[str, Any]) -> Any:
        """The value that a document holds, or None."""
        if not self.is_element:
            return paths.read(document, self.path)
        element = self.element(document)
        return None if element is None else element.get(self.leaf.name)

    def write(self, document: Document, value: Any) -> None:
        """Put a value where it stands or would stand, in place; None takes it away."""
        element = self.element(document) if self.is_element else None
        if value is not None and element is not None:
            # In place, so that the rest of its element (primary, display) stays. One that stood in for the element
            # of the filter (Okta's untyped e-mail) is that element from now on.
            if self.path.filter is not None and not select(self.path.filter, [element]):
                element |= eq_terms(self.path.filter)
            element[self.leaf.name] = value
        elif not self.is_chosen:
            paths.write(document, self.path, _as_published(value, self.leaf))
        else:
            made = None if value is None else [{**MADE_HERE, self.leaf.name: value}]
            paths.write(document, replace(self.path, sub=None), made)


def _as_published(value: Any, leaf: Attribute) -> Any:
    """Text where the attribute is text, whatever the column is: employeeNumber may be a number here."""
    if value is None or isinstance(value, str | list) or leaf.type not in TEXT_TYPES:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Group:
    """The entries that feed one field, in order of preference."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        return self.entries[0]

    def sent(self, document: Mapping[str, Any]) -> tuple[Entry, Any] | None:
        """The first entry that has a value in the document, with that value."""
        for entry in self.entries:
            value = entry.read(document)
            if value is not None:
                return entry, value
        return None

    @property
    def fallback_name(self) -> str | None:
        """The attribute that serves when nothing was sent, if the host named one."""
        return next((e.declaration.fallback for e in self.entries if e.declaration.fallback), None)

    def fallback(self, document: Mapping[str, Any]) -> str | None:
        """The value that serves when nothing was sent: an address that stands in another attribute."""
        name = self.fallback_name
        value = document.get(name) if name else None
        is_address = isinstance(value, str) and "@" in value and not any(map(str.isspace, value))
        return value if is_address else None
