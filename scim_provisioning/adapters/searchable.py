"""The searchable copy of a document: what only the document holds, folded the way filters compare it.

Values whose truth is a column of the host's are left out: the column is asked. Elements that a mapping
selects (``emails[type eq "work"]``) keep their other sub-attributes under a key of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scim_provisioning.adapters.mapping import LINK_OWNED, CompiledMapping, Entry
from scim_provisioning.protocol import paths
from scim_provisioning.protocol.filters import select
from scim_provisioning.protocol.resources import preferred
from scim_provisioning.protocol.schema import Attribute, UserSchema
from scim_provisioning.protocol.text import fold

Document = dict[str, Any]

#: Present when the manager who was sent is not provisioned here, and the document's value is the truth.
WAITING_FOR_MANAGER = "~manager"

#: With an element that was sent without what selects it (Okta's untyped e-mail): its mapped value. Once the
#: LMS changes the value, the element is shown as the one that the mapping names.
AS_SENT = "~as sent"

#: Present when a client removed ``active``: then it is not returned, and says nothing about access.
ACTIVE_UNASSIGNED = "~active"


def element_key(entry: Entry) -> str:
    """Where the unmapped sub-attributes of the element that ``entry`` selects are kept."""
    terms = sorted((entry.selector or {}).items())
    return f"~{key(entry.path.attribute)}{terms}"  # type: ignore[arg-type]


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


def search_copy(document: Document, mapping: CompiledMapping, *, waiting_for_manager: bool) -> Document:
    """What of ``document`` filters look for in the link; see the module's docstring."""
    rest: Document = {name: value for name, value in document.items() if name not in LINK_OWNED}
    copy: Document = {}
    for group in mapping.groups:
        if group.sent(document) is None and group.fallback(document) is not None:
            copy[fallback_key(group.first)] = "1"
        for entry in group.entries:
            if entry.selector is not None:
                rest = _take_element(rest, document, entry, copy)
            elif not (waiting_for_manager and entry == mapping.manager):
                rest = _without(rest, entry)
    if "active" not in document:
        copy[ACTIVE_UNASSIGNED] = "1"
    if waiting_for_manager:
        copy[WAITING_FOR_MANAGER] = "1"
    copy |= _folded_attributes(rest, mapping.schema)
    return copy | _preferred(document, rest, mapping.schema)


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
    attribute, sub = entry.path.attribute, entry.path.sub
    element = paths.read(document, replace(entry.path, sub=None))
    if attribute is None or sub is None or not isinstance(element, dict):
        return rest
    others = copy.setdefault(element_key(entry), _folded(attribute, element))
    others.pop(sub.name.casefold(), None)
    if entry.path.filter is not None and not select(entry.path.filter, [element]):
        others[AS_SENT] = str(element.get(sub.name, ""))
    holder = _holder(rest, attribute)
    remaining = [item for item in holder.get(attribute.name, ()) if item is not element]
    return _replaced(rest, attribute, {**holder, attribute.name: remaining})


def _without(rest: Document, entry: Entry) -> Document:
    attribute, sub = entry.path.attribute, entry.path.sub
    if attribute is None:
        return rest
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
