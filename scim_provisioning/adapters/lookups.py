"""Filters and sort keys as SQL (RFC 7644 sections 3.4.2.2 and 3.4.2.3).

A filter becomes one condition on ``ProvisionedUser``; it is answered exactly or refused with
``invalidFilter``, never widened, never evaluated in Python. Three kinds of value are compared:
the link's own columns, the host's columns that the mapping names, and the searchable copy of the document.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce, Concat

from scim_provisioning.adapters.attributes import Manager
from scim_provisioning.adapters.derived import location_prefix
from scim_provisioning.adapters.expressions import (
    TEXT_OPERATORS,
    Always,
    DocumentText,
    ElementCondition,
    ElementExists,
    Exactly,
    Folded,
    TextMatch,
)
from scim_provisioning.adapters.mapping import CompiledMapping, Entry, Group, uses_fallback
from scim_provisioning.adapters.searchable import (
    ACTIVE_UNASSIGNED,
    WAITING_FOR_MANAGER,
    element_key,
    fallback_key,
    key,
    primary_key,
)
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.errors import InvalidFilter, InvalidValue
from scim_provisioning.protocol.filters import (
    And,
    AttributeRef,
    Comparison,
    Filter,
    Not,
    Or,
    ValuePath,
    fold,
    matches,
)
from scim_provisioning.protocol.schema import Attribute

#: Operators that the searchable copy answers; ordering by text of every kind is refused.
DOCUMENT_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "pr"})
#: What ``ORDER BY`` takes.
SortKey = Expression | F
_DATE_LOOKUPS = {"eq": "exact", "gt": "gt", "ge": "gte", "lt": "lt", "le": "lte"}


@dataclass(frozen=True, slots=True)
class Lookups:
    """Compiles filters and sort keys for one connection's mapping."""

    mapping: CompiledMapping
    connection: SCIMConnection

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

    def waiting_for(self, manager: str) -> Q:
        """The people whose manager was sent as ``manager`` and is not known here."""
        if self.mapping.manager is None:
            return Q(Always(False))
        text = DocumentText("search", *self._keys(_ref(self.mapping.manager)))
        return Q(TextMatch(text, "eq", manager))

    def sort_key(self, ref: AttributeRef) -> SortKey:
        """What ``sortBy`` orders by; NULL when absent. Raises ``InvalidValue`` for what has no order here."""
        if ref.name == "userName":
            # A cursor may stand on somebody who was deleted meanwhile.
            return Exactly(Coalesce(F("user_name_key"), F("user_name_tombstone_key")))
        if ref.name in ("externalId", "id"):
            return Exactly(F("external_id" if ref.name == "externalId" else "scim_id"))
        if ref.name == "active":
            unassigned = TextMatch(DocumentText("search", ACTIVE_UNASSIGNED), "pr", None)
            return Case(When(Q(unassigned), then=Value(None)), default=F("active"))
        if ref.name in ("meta.created", "meta.lastModified"):
            return F("created_at" if ref.name == "meta.created" else "modified_at")
        entry = self._entry(ref) or next(
            (e for e in self._elements(ref.attribute) if e.path.sub == ref.leaf), None
        )
        if entry is not None:
            return self._text(entry)
        if ref.attribute.name in ("meta", "schemas") or ref.leaf.type == "complex":
            raise InvalidValue(f"Sorting by {ref.name} is not supported.", code="sort.unsupported")
        if ref.attribute.multi_valued:
            return DocumentText("search", primary_key(ref.attribute))
        return DocumentText("search", *self._keys(ref))

    # --- single attributes

    def _comparison(self, ref: AttributeRef, op: str, value: Any) -> Q:
        if op == "ne":
            # As scim2-models reads the RFC: true where nothing is equal, thus also where nothing is.
            return ~Q(self._comparison(ref, "eq", value))
        if ref.attribute.name == "schemas":
            return self._schemas(op, value)
        if ref.attribute.name == "meta":
            return self._meta(ref, op, value)
        if ref.attribute.urn == CORE_USER or not ref.attribute.urn:
            own = self._own(ref, op, value)
            if own is not None:
                return own
        if ref.attribute.multi_valued:
            inner = Comparison(ref, op, value) if ref.sub else None
            return (
                self._present_list(ref.attribute) if inner is None else self._value_path(ref.attribute, inner)
            )
        entry = self._entry(ref)
        if entry is not None:
            return self._column(entry, ref, op, value)
        if ref.sub is None and ref.attribute.type == "complex":
            return self._present_complex(ref.attribute)
        return Q(
            TextMatch(DocumentText("search", *self._keys(ref)), _document_op(ref, op), _stored(ref, value))
        )

    def _own(self, ref: AttributeRef, op: str, value: Any) -> Q | None:
        """Attributes that are the link's own: indexed columns."""
        match ref.attribute.name:
            case "userName":
                text = fold(value) if isinstance(value, str) else value
                if op == "eq":
                    return Q(user_name_key=text)
                return Q(TextMatch(Exactly(F("user_name_key")), op, text))
            case "externalId" | "id":
                column = "external_id" if ref.attribute.name == "externalId" else "scim_id"
                return Q(**{column: value}) if op == "eq" else Q(TextMatch(Exactly(F(column)), op, value))
            case "active":
                shown = ~Q(TextMatch(DocumentText("search", ACTIVE_UNASSIGNED), "pr", None))
                if op == "pr":
                    return shown
                return shown & Q(active=value)
        return None

    def _meta(self, ref: AttributeRef, op: str, value: Any) -> Q:
        match ref.leaf.name:
            case "created" | "lastModified":
                return self._moment("created_at" if ref.leaf.name == "created" else "modified_at", op, value)
            case "resourceType":
                return Q(TextMatch(Exactly(Value("User")), op, value))
            case "location":
                address = Concat(Value(location_prefix()), F("scim_id"), output_field=models.TextField())
                return Q(TextMatch(Exactly(address), op, value))
            case "meta":
                return Q(Always(True))
        raise InvalidFilter("Filtering by meta.version is not supported: it is computed from each answer.")

    def _moment(self, column: str, op: str, value: Any) -> Q:
        if op == "pr":
            return Q(Always(True))
        if not isinstance(value, datetime):
            raise InvalidFilter(f"{op} needs a dateTime.")
        condition = Q(**{f"{column}__{_DATE_LOOKUPS.get(op, 'exact')}": value})
        return ~condition if op == "ne" else condition

    def _schemas(self, op: str, value: Any) -> Q:
        """Which schema URNs fulfil the comparison is known here; which of them a person uses is not."""
        comparison = Comparison(AttributeRef(self.mapping.schema.find(None, "schemas"), None), op, value)  # type: ignore[arg-type]
        met = [urn for urn in self.mapping.schema.urns if matches(comparison, {"schemas": [urn]})]
        if CORE_USER in met:
            return Q(Always(True))
        return _any(self._uses_extension(urn) for urn in met)

    def _uses_extension(self, urn: str) -> Q:
        mapped = [
            self._column(entry, _ref(entry), "pr", None)
            for entry in self.mapping.entries
            if entry.path.attribute and entry.path.attribute.urn == urn
        ]
        return _any([*mapped, Q(TextMatch(DocumentText("search", urn.casefold()), "pr", None))])

    def _column(self, entry: Entry, ref: AttributeRef, op: str, value: Any) -> Q:
        """A comparison with a column of the host's."""
        if isinstance(entry.field, models.BooleanField):
            column = entry.source.lookup(entry.field.name)
            if op == "pr":
                return Q(**{f"{column}__isnull": False})
            return Q(**{column: value if op == "eq" else not value})
        if isinstance(entry.declaration, Manager):
            return self._manager(entry, ref, op, value)
        if op not in TEXT_OPERATORS:
            raise _unsupported(ref, op)
        if entry.declaration.kind == "reference" and isinstance(value, str) and op in ("eq", "ne"):
            value = " ".join(value.split())
        return self._shown(entry) & Q(TextMatch(self._text(entry), op, value))

    def _manager(self, entry: Entry, ref: AttributeRef, op: str, value: Any) -> Q:
        if ref.leaf.name == "$ref":
            address = Concat(
                Value(location_prefix()), self._manager_id(entry), output_field=models.TextField()
            )
            known = TextMatch(Exactly(self._manager_id(entry)), "pr", None)
            return Q(known) & Q(TextMatch(Exactly(address), op, value))
        if ref.leaf.name not in ("value", "manager"):
            return Q(
                TextMatch(
                    DocumentText("search", *self._keys(ref)), _document_op(ref, op), _stored(ref, value)
                )
            )
        known = TextMatch(Exactly(self._manager_id(entry)), op, value)
        waiting = TextMatch(DocumentText("search", *self._keys(_ref(entry))), op, value)
        is_waiting = Q(TextMatch(DocumentText("search", WAITING_FOR_MANAGER), "pr", None))
        nobody = ~Q(TextMatch(Exactly(self._manager_id(entry)), "pr", None))
        return Q(known) | (is_waiting & nobody & Q(waiting))

    def _text(self, entry: Entry) -> Expression:
        """The text of a mapped column, in the form in which it is compared."""
        if isinstance(entry.declaration, Manager):
            return Exactly(self._manager_id(entry))
        leaf = entry.path.sub or entry.path.attribute
        form = Exactly if leaf is not None and leaf.case_exact else Folded
        column = entry.declaration.column(entry.field.name)
        source = entry.source
        if source.accessor is None and not source.is_account:
            rows = source.queryset(self.connection).filter(**{source.user_field: OuterRef("user_id")})
            return form(Subquery(rows.values(column)[:1]))
        return form(F(source.lookup(column)))

    def _manager_id(self, entry: Entry) -> Subquery:
        target = self.mapping.manager_source
        if target is None:
            raise InvalidFilter("Filtering by manager is not supported.")
        source, links = entry.source, ProvisionedUser.objects.filter(connection=self.connection)
        if source.accessor is None and not source.is_account:
            own = source.queryset(self.connection).filter(
                **{source.user_field: OuterRef(OuterRef("user_id"))}
            )
            links = links.filter(**{f"{target.lookup('pk')}__in": own.values(entry.field.attname)})
        else:
            links = links.filter(**{target.lookup("pk"): OuterRef(source.lookup(entry.field.attname))})
        newest = links.order_by(F("deleted_at").asc(nulls_first=True), "pk")
        return Subquery(newest.values("scim_id")[:1])

    def _shown(self, entry: Entry) -> Q:
        """Whether the column's value is shown at all: one that merely fell back to userName is not."""
        group = self._group(entry)
        if not uses_fallback(group):
            return Q(Always(True))
        fell_back = Q(TextMatch(DocumentText("search", fallback_key(group.first)), "pr", None))
        name = next(e.declaration.fallback for e in group.entries if getattr(e.declaration, "fallback", None))  # type: ignore[attr-defined]
        if name != "userName":
            return ~fell_back
        same = models.lookups.Exact(Exactly(F(entry.lookup)), Exactly(F("user_name")))
        return ~(fell_back & Q(same))

    # --- complex and multi-valued attributes

    def _present_complex(self, attribute: Attribute) -> Q:
        mapped = [
            self._column(entry, _ref(entry), "pr", None)
            for entry in self.mapping.entries
            if entry.path.attribute == attribute
        ]
        document = TextMatch(DocumentText("search", *self._keys(AttributeRef(attribute, None))), "pr", None)
        return _any([*mapped, Q(document)])

    def _present_list(self, attribute: Attribute) -> Q:
        mapped = [self._column(entry, _ref(entry), "pr", None) for entry in self._elements(attribute)]
        keys = self._keys(AttributeRef(attribute, None))
        return _any([*mapped, Q(ElementExists("search", keys, ("always", True)))])

    def _value_path(self, attribute: Attribute, inner: Filter) -> Q:
        """One element must fulfil ``inner`` as a whole."""
        if not attribute.multi_valued:
            return self.condition(inner)
        keys = self._keys(AttributeRef(attribute, None))
        found = [Q(ElementExists("search", keys, _element_condition(inner)))]
        selectors = {element_key(entry): entry for entry in self._elements(attribute)}
        for name in selectors:
            entries = [entry for entry in self._elements(attribute) if element_key(entry) == name]
            present = _any(self._column(entry, _ref(entry), "pr", None) for entry in entries)
            found.append(present & self._on_element(entries, inner))
        return _any(found)

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
                return self._column(entry, ref, op, value)
        selector = entries[0].selector or {}
        name = ref.leaf.name.casefold()
        if name in selector:
            element = {ref.leaf.name: selector[name]}
            return Q(Always(matches(Comparison(ref, op, value), {ref.attribute.name: [element]})))
        text = DocumentText("search", element_key(entries[0]), name)
        return Q(TextMatch(text, _document_op(ref, op), _stored(ref, value)))

    # --- finding

    def _entry(self, ref: AttributeRef) -> Entry | None:
        """The entry of a single-valued attribute."""
        for entry in self.mapping.entries:
            if entry.path.attribute != ref.attribute or entry.selector is not None:
                continue
            if entry.path.sub == ref.sub or (ref.sub is None and isinstance(entry.declaration, Manager)):
                return entry
        return None

    def _elements(self, attribute: Attribute) -> list[Entry]:
        """The entries that live in elements of a multi-valued attribute."""
        return [e for e in self.mapping.entries if e.path.attribute == attribute and e.selector is not None]

    def _group(self, entry: Entry) -> Group:
        return next(group for group in self.mapping.groups if entry in group.entries)

    def _keys(self, ref: AttributeRef) -> list[str]:
        urn = ref.attribute.urn
        extension = [urn.casefold()] if urn and self.mapping.schema.extension(urn) else []
        return [*extension, key(ref.attribute), *([ref.sub.name.casefold()] if ref.sub else [])]


def _ref(entry: Entry) -> AttributeRef:
    return AttributeRef(entry.path.attribute, entry.path.sub)  # type: ignore[arg-type]


def _any(conditions: Any) -> Q:
    found = list(conditions)
    return Q(*found, _connector=Q.OR) if found else Q(Always(False))


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
