"""Filters as SQL (RFC 7644 section 3.4.2.2).

A filter becomes one condition on ``ProvisionedUser``; it is answered exactly or refused with
``invalidFilter``, never widened, never evaluated in Python. Three kinds of value are compared:
the link's own columns, the host's columns that the mapping names, and the searchable copy of the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from scim_provisioning.adapters.entries import MADE_HERE, Entry
from scim_provisioning.adapters.expressions import (
    Always,
    DocumentText,
    ElementCondition,
    ElementExists,
    TextMatch,
)
from scim_provisioning.adapters.kinds import managed_by
from scim_provisioning.adapters.kinds.dates import shown_moment
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import ACTIVE_UNASSIGNED
from scim_provisioning.adapters.sql.columns import Columns, any_of
from scim_provisioning.adapters.sql.searchable import element_key
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.conf import user_location
from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.filters import (
    And,
    AttributeRef,
    Comparison,
    Filter,
    Not,
    Or,
    ValuePath,
    matches,
)
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.protocol.text import fold

#: Operators that the searchable copy answers; ordering by text of every kind is refused.
DOCUMENT_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "pr"})

#: The link's own columns, by which identity providers look people up; each is indexed.
_LINK_COLUMNS: Final = {"userName": "user_name_key", "externalId": "external_id", "id": "scim_id"}


@dataclass(frozen=True, slots=True)
class Lookups:
    """Compiles filters for one connection's mapping."""

    columns: Columns

    @property
    def mapping(self) -> CompiledMapping:
        return self.columns.mapping

    def condition(self, tree: Filter) -> Q:
        """The condition that ``tree`` means. Raises ``InvalidFilter`` for what cannot be answered exactly."""
        match tree:
            case And(terms):
                return Q(*[self.condition(term) for term in terms])
            case Or(terms):
                return Q(*[self.condition(term) for term in terms], _connector=Q.OR)
            case Not(term):
                return ~Q(self.condition(term))
            case ValuePath(attribute, inner):
                return self._value_path(attribute, inner)
            case Comparison(ref, op, value):
                return self._comparison(ref, op, value)

    # --- single attributes

    def _comparison(self, ref: AttributeRef, op: str, value: Any) -> Q:
        if op == "ne":
            # As scim2-models reads the RFC: true where nothing is equal, thus also where nothing is.
            return ~Q(self._comparison(ref, "eq", value))
        # In an extension these names mean attributes of its own.
        if not ref.attribute.extension:
            own = self._own(ref, op, value)
            if own is not None:
                return own
        entry = self.columns.entry(ref)
        if entry is not None:
            return self.columns.compare(entry, op, value)
        if ref.attribute.multi_valued:
            inner = Comparison(ref, op, value) if ref.sub else None
            return (
                self._present_list(ref.attribute) if inner is None else self._value_path(ref.attribute, inner)
            )
        manager = self.mapping.manager
        if manager is not None and ref.leaf.name == "$ref" and ref.attribute == manager.path.attribute:
            return self._manager_address(manager, ref, op, value)
        if ref.sub is None and ref.attribute.type == "complex":
            return self._present_complex(ref.attribute)
        text = DocumentText("search", *self.columns.keys(ref))
        return Q(TextMatch(text, _document_op(ref, op), _stored(ref, value)))

    def _own(self, ref: AttributeRef, op: str, value: Any) -> Q | None:
        """Attributes that are the link's own, indexed columns, and what every resource has."""
        match ref.attribute.name:
            case "userName" | "externalId" | "id":
                return link_column(ref, op, value)
            case "schemas":
                return self._schemas(op, value)
            case "meta":
                return self._meta(ref, op, value)
            case "active":
                shown = ~Q(TextMatch(DocumentText("search", ACTIVE_UNASSIGNED), "pr", None))
                if op == "pr":
                    return shown
                return shown & (self.columns.is_active() if value else ~self.columns.is_active())
        return None

    def _meta(self, ref: AttributeRef, op: str, value: Any) -> Q:
        match ref.leaf.name:
            case "created" | "lastModified":
                return shown_moment(
                    F("created_at" if ref.leaf.name == "created" else "modified_at"), op, value
                )
            case "resourceType":
                return Q(TextMatch(Exactly(Value("User")), op, value))
            case "location":
                return Q(TextMatch(Exactly(_address()), op, value))
            case "meta":
                return Q(Always(True))
        raise InvalidFilter("Filtering by meta.version is not supported: it is computed from each answer.")

    def _schemas(self, op: str, value: Any) -> Q:
        """Which schema URNs fulfil the comparison is known here; which of them a person uses is not."""
        comparison = Comparison(AttributeRef(self.mapping.schema.find(None, "schemas"), None), op, value)  # type: ignore[arg-type]
        met = [urn for urn in self.mapping.schema.urns if matches(comparison, {"schemas": [urn]})]
        if CORE_USER in met:
            return Q(Always(True))
        return any_of(self._uses_extension(urn) for urn in met)

    def _uses_extension(self, urn: str) -> Q:
        mapped = self.columns.present(entry for entry in self.mapping.entries if entry.attribute.urn == urn)
        return mapped | Q(TextMatch(DocumentText("search", urn.casefold()), "pr", None))

    def _manager_address(self, entry: Entry, ref: AttributeRef, op: str, value: Any) -> Q:
        """``manager.$ref``, which is shown for managers who are provisioned here."""
        column, is_row = self.columns.column(entry), self.columns.from_row(entry)
        if op == "pr":
            return is_row & managed_by(column, living=True)
        address = TextMatch(Exactly(_address()), _document_op(ref, op), value)
        return is_row & managed_by(column, Q(address), living=True)

    # --- complex and multi-valued attributes

    def _present_complex(self, attribute: Attribute) -> Q:
        mapped = self.columns.present(e for e in self.mapping.entries if e.path.attribute == attribute)
        keys = self.columns.keys(AttributeRef(attribute, None))
        return mapped | Q(TextMatch(DocumentText("search", *keys), "pr", None))

    def _present_list(self, attribute: Attribute) -> Q:
        mapped = self.columns.present(self.columns.elements(attribute))
        keys = self.columns.keys(AttributeRef(attribute, None))
        return mapped | Q(ElementExists("search", keys, ("always", True)))

    def _value_path(self, attribute: Attribute, inner: Filter) -> Q:
        """One element must fulfil ``inner`` as a whole."""
        if not attribute.multi_valued:
            return self.condition(inner)
        keys = self.columns.keys(AttributeRef(attribute, None))
        found = [Q(ElementExists("search", keys, _element_condition(inner)))]
        mapped: dict[str, list[Entry]] = {}
        for entry in self.columns.elements(attribute):
            mapped.setdefault(element_key(entry), []).append(entry)
        for entries in mapped.values():
            found.append(self.columns.present(entries) & self._on_element(entries, inner))
        return any_of(found)

    def _on_element(self, entries: list[Entry], inner: Filter) -> Q:
        """``inner`` on the element whose value is in columns of the host's."""
        match inner:
            case And(terms):
                return Q(*[self._on_element(entries, term) for term in terms])
            case Or(terms):
                return Q(*[self._on_element(entries, term) for term in terms], _connector=Q.OR)
            case Not(term):
                return ~Q(self._on_element(entries, term))
            case Comparison(ref, op, value):
                return self._on_sub_attribute(entries, ref, op, value)
        raise InvalidFilter("A value path inside a value path is not supported.")

    def _on_sub_attribute(self, entries: list[Entry], ref: AttributeRef, op: str, value: Any) -> Q:
        if op == "ne":
            return ~Q(self._on_sub_attribute(entries, ref, "eq", value))
        for entry in entries:
            if entry.path.sub == ref.leaf:
                return self.columns.compare(entry, op, value)
        first, name = entries[0], ref.leaf.name.casefold()
        text = DocumentText("search", element_key(first), name)
        sent = Q(TextMatch(text, _document_op(ref, op), _stored(ref, value)))
        if first.is_chosen:
            made = Q(Always(_holds(ref, op, value, MADE_HERE)))
            return (self.columns.was_sent(first) & sent) | (~self.columns.was_sent(first) & made)
        if name in first.selector:
            selected = _holds(ref, op, value, {ref.leaf.name: first.selector[name]})
            return Q(Always(selected)) & ~self.columns.untyped(entries)
        return sent


def link_column(ref: AttributeRef, op: str, value: Any) -> Q:
    """A comparison of userName, externalId or id."""
    column = _LINK_COLUMNS[ref.attribute.name]
    if column == "user_name_key" and isinstance(value, str):
        value = fold(value)
    return Q(**{column: value}) if op == "eq" else Q(TextMatch(Exactly(F(column)), op, value))


def _address() -> Concat:
    """The ``location`` of the person whose link it is."""
    return Concat(Value(user_location("")), F("scim_id"), output_field=models.TextField())


def _holds(ref: AttributeRef, op: str, value: Any, element: Mapping[str, object]) -> bool:
    """Whether an element that is known here fulfils a comparison."""
    return matches(Comparison(ref, op, value), {ref.attribute.name: [element]})


def _element_condition(inner: Filter) -> ElementCondition:
    match inner:
        case And(terms):
            return ("and", *[_element_condition(term) for term in terms])
        case Or(terms):
            return ("or", *[_element_condition(term) for term in terms])
        case Not(term):
            return ("not", _element_condition(term))
        case Comparison(ref, "ne", value):
            return ("not", _element_condition(Comparison(ref, "eq", value)))
        case Comparison(ref, op, value):
            return (
                ref.leaf.name.casefold() if ref.sub else "value",
                _document_op(ref, op),
                _stored(ref, value),
            )
    raise InvalidFilter("A value path inside a value path is not supported.")


def _document_op(ref: AttributeRef, op: str) -> str:
    if op not in DOCUMENT_OPERATORS or (ref.leaf.type == "boolean" and op not in ("eq", "ne", "pr")):
        raise _unsupported(ref, op)
    return op


def _stored(ref: AttributeRef, value: Any) -> str | None:
    """An operand in the form in which the searchable copy keeps values."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if ref.leaf.case_exact else fold(str(value))


def _unsupported(ref: AttributeRef, op: str) -> InvalidFilter:
    return InvalidFilter(
        f"Filtering by {ref.name} with {op} is not supported.", params={"attribute": ref.name, "operator": op}
    )
