"""The searchable copy of a document: what only the document holds, folded the way filters compare it.

Values whose truth is a column of the host's are left out: the column is asked. Elements that a mapping
selects (``emails[type eq "work"]``) keep their other sub-attributes under a key of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.mapping import LINK_OWNED, CompiledMapping
from scim_provisioning.adapters.person import (
    ACTIVE_UNASSIGNED,
    AWAITS_MANAGER,
    LOCKED,
    MEANT,
    WISHED_OFF,
    locked_key,
)
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.protocol.filters import select
from scim_provisioning.protocol.resources import Document, preferred
from scim_provisioning.protocol.schema import Attribute, UserSchema
from scim_provisioning.protocol.text import fold

#: With an element that was sent without what selects it (Okta's untyped e-mail): its mapped value. Once the
#: LMS changes the value, the element is shown as the one that the mapping names.
AS_SENT = "~as sent"

#: With an element that the kind chooses: present when it was sent. An address that the LMS alone knows is shown
#: as ``entries.MADE_HERE`` says.
SENT = "~sent"


def element_key(entry: Entry) -> str:
    """Where the unmapped sub-attributes of the element that ``entry`` selects are kept."""
    return f"~{key(entry.attribute)}{sorted(entry.selector.items())}"


def fallback_key(entry: Entry) -> str:
    """Present while nothing was sent for this entry and its fallback serves instead."""
    return f"~fallback {entry.source.name}.{entry.field.name}"


def preferred_key(attribute: Attribute) -> str:
    """Where the value is kept that a multi-valued attribute is sorted by, unless the LMS keeps that one."""
    return f"~sort {key(attribute)}"


def others_key(attribute: Attribute) -> str:
    """Where the value is kept that it is sorted by when the LMS has none."""
    return f"~sort others {key(attribute)}"


def key(attribute: Attribute) -> str:
    return attribute.name.casefold()


def search_copy(
    document: Document,
    mapping: CompiledMapping,
    *,
    awaits_manager: bool,
    owns: Callable[[RowSource], bool],
    meant: Mapping[str, Mapping[str, str]] | None = None,
    locked: Collection[str] = (),
    wished_off: str = "",
) -> Document:
    """What of ``document`` filters look for in the link; see the module's docstring. ``owns``, ``meant``, ``locked``
    and ``wished_off`` are those of the ``Person``; the last three are kept with it."""
    unknown = {path for path, names in (meant or {}).items() if "" in names.values()}
    rest: Document = {name: value for name, value in document.items() if name not in LINK_OWNED}
    copy: Document = {}
    for group in mapping.groups:
        if group.path in locked or not owns(group.first.source):
            # Another connection's, or an administrator's: what was sent stays the document's.
            continue
        if group.sent(document) is None and group.fallback(document) is not None:
            copy[fallback_key(group.first)] = "1"
        for entry in group.entries:
            if entry.is_element:
                rest = _take_element(rest, document, entry, copy)
            elif not ((awaits_manager and entry == mapping.manager) or entry.declaration.path in unknown):
                rest = _without(rest, entry)
    if "active" not in document:
        copy[ACTIVE_UNASSIGNED] = "1"
    if awaits_manager:
        copy[AWAITS_MANAGER] = "1"
    if meant:
        copy[MEANT] = meant
    if wished_off:
        copy[WISHED_OFF] = wished_off
    if locked:
        copy[LOCKED] = {locked_key(field): field for field in sorted(locked)}
    copy |= _folded_attributes(rest, mapping.schema)
    return copy | _preferred(document, rest, mapping.schema)


def asks_document(search: Document, *, owns_account: bool) -> bool:
    """Whether a look-up by a column of the host's may find somebody by this copy, and not by the column."""
    return not owns_account or "emails" in search or LOCKED in search


def _preferred(document: Document, rest: Document, schema: UserSchema) -> Document:
    """The sort value of each multi-valued attribute whose primary or first element is not mapped."""
    found: Document = {}
    for name, value in rest.items():
        attribute = schema.find(None, name)
        if attribute is not None and attribute.multi_valued:
            element = preferred(document[name])
            sort_value = element and element in value and _sort_value([_folded_element(attribute, element)])
            if sort_value:
                found[preferred_key(attribute)] = sort_value
    return found


def _take_element(rest: Document, document: Document, entry: Entry, copy: Document) -> Document:
    """Move the mapped element out of its list; what of it is not mapped stays searchable."""
    attribute, element = entry.attribute, entry.element(document)
    if element is None:
        return rest
    others = copy.setdefault(element_key(entry), _folded(attribute, element))
    others.pop(entry.leaf.name.casefold(), None)
    if entry.path.filter is None:
        others[SENT] = "1"
    elif not select(entry.path.filter, [element]):
        others[AS_SENT] = str(element.get(entry.leaf.name, ""))
    holder = _holder(rest, attribute)
    remaining = [item for item in holder.get(attribute.name, ()) if item is not element]
    return _replaced(rest, attribute, {**holder, attribute.name: remaining})


def _without(rest: Document, entry: Entry) -> Document:
    attribute, sub = entry.attribute, entry.path.sub
    holder = dict(_holder(rest, attribute))
    if sub is None or not isinstance(holder.get(attribute.name), dict):
        holder.pop(attribute.name, None)
    else:
        holder[attribute.name] = {n: v for n, v in holder[attribute.name].items() if n != sub.name}
    return _replaced(rest, attribute, holder)


def _holder(document: Document, attribute: Attribute) -> Document:
    """The object that holds an attribute: the document, or its extension."""
    return document.get(attribute.urn, {}) if attribute.urn in document else document


def _replaced(document: Document, attribute: Attribute, holder: Document) -> Document:
    return {**document, attribute.urn: holder} if attribute.urn in document else holder


def _folded_attributes(document: Document, schema: UserSchema) -> Document:
    copy: Document = {}
    for name, value in document.items():
        extension = schema.extension(name)
        if extension is not None:
            inner = _folded_extension(extension.urn, value, schema)
            if inner:
                copy[name.casefold()] = inner
        elif (attribute := schema.find(None, name)) and (folded := _folded(attribute, value)) not in (
            {},
            [],
            None,
        ):
            copy[key(attribute)] = folded
            if attribute.multi_valued and (sort_value := _sort_value(folded)):
                copy[others_key(attribute)] = sort_value
    return copy


def _folded_extension(urn: str, value: Document, schema: UserSchema) -> Document:
    return {
        key(attribute): folded
        for name, item in value.items()
        if (attribute := schema.find(urn, name))
        and (folded := _folded(attribute, item)) not in ({}, [], None)
    }


def _folded(attribute: Attribute, value: Any) -> Any:
    if isinstance(value, list):
        return [folded for item in value if (folded := _folded_element(attribute, item))]
    return _folded_element(attribute, value) if isinstance(value, dict) else _folded_text(attribute, value)


def _folded_element(attribute: Attribute, value: Any) -> Document:
    if not isinstance(value, dict):
        return {"value": _folded_text(attribute, value)}
    return {
        name.casefold(): _folded_text(sub, item)
        for name, item in value.items()
        if (sub := attribute.sub(name)) is not None
    }


def _folded_text(attribute: Attribute, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if attribute.case_exact else fold(str(value))


def _sort_value(elements: list[Document]) -> str | None:
    primary = next((item for item in elements if item.get("primary") == "true"), elements[0])
    value: str | None = primary.get("value")
    return value
