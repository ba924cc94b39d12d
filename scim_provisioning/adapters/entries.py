"""One line of a compiled mapping: where its value stands in a document, and the lines that feed one field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as column
from operator import eq
from typing import Any, Final

from django.db import models

from scim_provisioning.adapters.kinds import MappedAttribute
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.filters import Comparison, select
from scim_provisioning.protocol.filters.selection import eq_terms, stand_in
from scim_provisioning.protocol.resources import Document, elements_of, preferred
from scim_provisioning.protocol.schema import TEXT_TYPES, Attribute
from scim_provisioning.protocol.text import fold

#: What is said of an address that no identity provider sent, where the mapping does not say which one it is.
MADE_HERE = {"type": "work"}
#: What says what a comparison of a kind means.
_AS_TEXT: Final = ("compare", "matched", "condition", "operand")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the mapping with its path parsed and its field found."""

    declaration: MappedAttribute
    path: paths.Path
    source: RowSource
    field: Any
    #: Given a document, the value that it holds, or None.
    read: Callable[[Mapping[str, Any]], Any] = column(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", _reader(self))

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

    @property
    def is_text_column(self) -> bool:
        """Whether the value is text in a column as it is, in any case; a kind with a way of its own to compare is asked
        by that only."""
        if self.leaf.case_exact or not isinstance(self.field, (models.CharField, models.TextField)):
            return False
        kind = type(self.declaration)
        return all(getattr(kind, name) is getattr(MappedAttribute, name) for name in _AS_TEXT)

    @property
    def holds_work_address(self) -> bool:
        """Whether a column, one for each account, holds the work e-mail address."""
        if self.attribute.name != "emails" or self.attribute.extension or not self.is_text_column:
            return False
        is_work = fold(str(self.selector.get("type", "work"))) == "work"
        return is_work and self.is_element and self.leaf.name == "value" and self.source.is_joined

    def element(self, document: Mapping[str, Any]) -> Document | None:
        """The element of a document that holds the value. Of several that a filter selects: the primary one."""
        present = elements_of(self.attribute, document)
        if self.path.filter is None:
            return self.declaration.chosen(present)
        return preferred(select(self.path.filter, present)) or stand_in(self.path.filter, present)

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


def _reader(entry: Entry) -> Callable[[Mapping[str, Any]], Any]:
    """How a value is read, decided once: everybody on every page is asked for it."""
    path, attribute = entry.path, entry.path.attribute
    if attribute is not None and path.filter is None and not attribute.multi_valued:
        return _single(path, attribute)
    if not entry.is_element:
        return lambda document: paths.read(document, path)
    name = entry.leaf.name

    def read(document: Mapping[str, Any]) -> Any:
        element = entry.element(document)
        return None if element is None else element.get(name)

    return read


def _single(path: paths.Path, attribute: Attribute) -> Callable[[Mapping[str, Any]], Any]:
    """As ``paths.read``, of an attribute that has one value, or of a part of it."""
    extension, name, sub = attribute.extension, attribute.name, path.sub and path.sub.name

    def read(document: Mapping[str, Any]) -> Any:
        holder = document.get(extension) if extension else document
        value = holder.get(name) if isinstance(holder, dict) else None
        if value is None or (sub is None and not isinstance(value, list)):
            return value
        return value.get(sub) if isinstance(value, dict) else paths.read(document, path)

    return read


def _as_published(value: Any, leaf: Attribute) -> Any:
    """Text where the attribute is text, whatever the column is: employeeNumber may be a number here."""
    if value is None or isinstance(value, str | list) or leaf.type not in TEXT_TYPES:
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Group:
    """The entries that feed one field, in order of preference."""

    entries: tuple[Entry, ...]
    first: Entry = column(init=False, repr=False, compare=False)
    #: What it is called by: the path of the first entry.
    path: str = column(init=False, repr=False, compare=False)
    # Of the first entry, found once: everybody on every page is asked for them.
    row: str = column(init=False, repr=False, compare=False)
    read: Callable[[Mapping[str, Any]], Any] = column(init=False, repr=False, compare=False)
    current: Callable[[Any, Any, Any], Any] = column(init=False, repr=False, compare=False)
    same: Callable[[Any, Any], bool] = column(init=False, repr=False, compare=False)
    #: Whether what is the same is shown as it was sent.
    keeps_same: bool = column(init=False, repr=False, compare=False)
    #: Whether a value may hold names that have to be locked before it is written.
    brings_names: bool = column(init=False, repr=False, compare=False)
    #: Whether nothing else serves where the first entry has no value.
    is_alone: bool = column(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = self.entries[0]
        kind = type(first.declaration)
        found: dict[str, Any] = {
            "first": first,
            "path": first.declaration.path,
            "row": first.source.name,
            "read": first.read,
            "current": first.declaration.current,
            "same": eq if kind.same is MappedAttribute.same else first.declaration.same,
            "keeps_same": kind.shown is MappedAttribute.shown,
            "brings_names": any(
                type(entry.declaration).brings is not MappedAttribute.brings for entry in self.entries
            ),
            "is_alone": len(self.entries) == 1 and first.declaration.fallback is None,
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def sent(self, document: Mapping[str, Any]) -> tuple[Entry, Any] | None:
        """The first entry that has a value in the document, with that value."""
        for entry in self.entries:
            value = entry.read(document)
            if value is not None:
                return entry, value
        return None

    def wanted(self, document: Mapping[str, Any]) -> tuple[MappedAttribute, Any]:
        """What the field is to mean, or None, and the line that says so."""
        entry, value = self.sent(document) or (self.first, self.fallback(document))
        return entry.declaration, value

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
