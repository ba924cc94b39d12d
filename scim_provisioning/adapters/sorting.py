"""Sort keys as SQL (RFC 7644 section 3.4.2.3): NULL for whoever has no value, folded unless the case counts."""

from __future__ import annotations

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.functions import Coalesce, NullIf

from scim_provisioning.adapters.columns import Columns
from scim_provisioning.adapters.expressions import DocumentText, Exactly, TextMatch
from scim_provisioning.adapters.mapping import Entry
from scim_provisioning.adapters.searchable import ACTIVE_UNASSIGNED, others_key, preferred_key
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.protocol.filters import AttributeRef
from scim_provisioning.protocol.schema import Attribute

#: What ``ORDER BY`` takes.
SortKey = Expression | F


def sort_key(ref: AttributeRef, columns: Columns) -> SortKey:
    """What ``sortBy`` orders by. Raises ``InvalidValue`` for what has no order here."""
    own = _own(ref)
    if own is not None:
        return own
    if ref.attribute.multi_valued and ref.attribute.name != "schemas" and ref.leaf.name == "value":
        return _preferred(ref.attribute, columns)
    entry = columns.entry(ref)
    if entry is not None:
        return _column(entry, columns)
    if ref.attribute.name in ("meta", "schemas") or ref.attribute.multi_valued or ref.leaf.type == "complex":
        raise InvalidValue(f"Sorting by {ref.name} is not supported.", code="sort.unsupported")
    return DocumentText("search", *columns.keys(ref))


def _own(ref: AttributeRef) -> SortKey | None:
    match ref.name:
        case "userName":
            # A cursor may stand on somebody who was deleted meanwhile.
            return Exactly(Coalesce(F("user_name_key"), F("user_name_tombstone_key")))
        case "externalId" | "id":
            return Exactly(F("external_id" if ref.name == "externalId" else "scim_id"))
        case "active":
            unassigned = TextMatch(DocumentText("search", ACTIVE_UNASSIGNED), "pr", None)
            return Case(When(Q(unassigned), then=Value(None)), default=F("active"))
        case "meta.created":
            return F("created_at")
        case "meta.lastModified":
            return F("modified_at")
    return None


def _column(entry: Entry, columns: Columns) -> Expression:
    text = NullIf(columns.text(entry), Value(""), output_field=TextField())
    return Case(When(columns.shown(entry), then=text), output_field=TextField())


def _preferred(attribute: Attribute, columns: Columns) -> Expression:
    """The primary value, else the first: the document's where it is not one that the LMS keeps."""
    found: list[Expression] = [DocumentText("search", preferred_key(attribute))]
    found += [_column(entry, columns) for entry in columns.elements(attribute) if _is_value(entry)]
    found.append(DocumentText("search", others_key(attribute)))
    return Coalesce(*found, output_field=TextField()) if len(found) > 1 else found[0]


def _is_value(entry: Entry) -> bool:
    return entry.path.sub is not None and entry.path.sub.name == "value"
