"""Sort keys as SQL (RFC 7644 section 3.4.2.3): NULL for whoever has no value, folded unless the case counts."""

from __future__ import annotations

from django.db.models import Case, F, Q, Subquery, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce

from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.expressions import DocumentText, TextMatch
from scim_provisioning.adapters.person import ACTIVE_UNASSIGNED
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.adapters.sql.searchable import others_key, preferred_key
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.filters import AttributeRef
from scim_provisioning.protocol.schema import Attribute

#: What ``ORDER BY`` takes.
SortKey = Expression | F


def sort_key(ref: AttributeRef, columns: Columns) -> SortKey:
    """What ``sortBy`` orders by. Raises ``InvalidValue`` for what has no order here."""
    own = _own(ref, columns)
    if own is not None:
        return own
    if columns.elements(ref.attribute) and ref.leaf.name == "value":
        return _preferred(ref.attribute, columns)
    entry = columns.entry(ref)
    if entry is not None:
        return _column(entry, columns)
    is_common = not ref.attribute.urn and ref.attribute.name in ("meta", "schemas")
    if ref.attribute.multi_valued and not is_common and ref.leaf.name == "value":
        return _preferred(ref.attribute, columns)
    if is_common or ref.attribute.multi_valued or ref.leaf.type == "complex":
        raise InvalidValue(f"Sorting by {ref.name} is not supported.", code="sort.unsupported")
    return DocumentText("search", *columns.keys(ref))


def _own(ref: AttributeRef, columns: Columns) -> SortKey | None:
    match ref.name:
        case "userName":
            # A cursor may stand on somebody who was deleted meanwhile.
            return Exactly(Coalesce(F("user_name_key"), F("user_name_tombstone_key")))
        case "externalId" | "id":
            return Exactly(F("external_id" if ref.name == "externalId" else "scim_id"))
        case "active":
            unassigned = TextMatch(DocumentText("search", ACTIVE_UNASSIGNED), "pr", None)
            active = When(columns.is_active(), then=Value(True))
            return Case(When(Q(unassigned), then=Value(None)), active, default=Value(False))
        case "meta.created":
            return F("created_at")
        case "meta.lastModified":
            return F("modified_at")
    return None


def _column(entry: Entry, columns: Columns) -> SortKey:
    order = entry.declaration.order(columns.column(entry))
    if not columns.is_always_shown(entry):
        # Of an account that another connection owns, and of a locked value, what was sent is shown; only texts can be
        # sorted by it.
        as_sent = columns.column(entry).document() if isinstance(_kind(order), TextField) else Value(None)
        return Case(When(columns.from_row(entry) & columns.shown(entry), then=order), default=as_sent)
    return Case(When(columns.shown(entry), then=order)) if columns.falls_back(entry) else order


def _kind(order: SortKey) -> object:
    return None if isinstance(order, F | Subquery) else order.output_field


def _preferred(attribute: Attribute, columns: Columns) -> Expression:
    """The primary value, else the first: the document's where it is not one that the LMS keeps."""
    found: list[SortKey] = [DocumentText("search", preferred_key(attribute))]
    found += [_column(entry, columns) for entry in columns.elements(attribute) if entry.leaf.name == "value"]
    found.append(DocumentText("search", others_key(attribute)))
    return Coalesce(*found, output_field=TextField())
