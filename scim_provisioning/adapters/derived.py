"""What a resource holds that no client writes and nobody stores: ``manager.$ref`` (RFC 7643 section 4.3).

It follows from the manager's id, so it is added to answers and taken off again before anything is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.conf import tenant_url
from scim_provisioning.protocol.resources import container_of, elements_of
from scim_provisioning.protocol.schema import Attribute

if TYPE_CHECKING:
    from scim_provisioning.adapters.base import LearnerAdapter

Document = dict[str, Any]

#: Members of a resource that are no part of its canonical document.
_ENVELOPE = frozenset({"schemas", "id", "meta"})


def location_prefix() -> str:
    """What stands before the id in the ``location`` of every User; from the settings, never the request."""
    return f"{tenant_url()}/Users/"


def with_references(document: Document, adapter: LearnerAdapter) -> Document:
    """The document with the address of the manager, if they are provisioned here now; the one given stays."""
    attribute, manager = _manager(document, adapter.compiled_mapping)
    manager_id = _manager_id(adapter) if manager else None
    if attribute is None or manager_id is None or attribute.sub("$ref") is None:
        return document
    return _put(document, attribute, {**manager, "$ref": f"{location_prefix()}{manager_id}"})


def canonical(resource: Document, mapping: CompiledMapping) -> Document:
    """The canonical document inside a full resource: without envelope and derived members."""
    document = {name: value for name, value in resource.items() if name not in _ENVELOPE}
    attribute, manager = _manager(document, mapping)
    if attribute is None or "$ref" not in manager:
        return document
    return _put(document, attribute, {name: value for name, value in manager.items() if name != "$ref"})


def _manager(document: Document, mapping: CompiledMapping) -> tuple[Attribute | None, Document]:
    """The mapped manager's attribute and value; None and nothing where there is none."""
    attribute = mapping.manager.path.attribute if mapping.manager else None
    found = elements_of(attribute, document) if attribute else []
    return (attribute, found[0]) if found and isinstance(found[0], dict) else (None, {})


def _manager_id(adapter: LearnerAdapter) -> str | None:
    """The SCIM id of the manager whom the row names; None for one who is awaited, or was deleted."""
    entry = adapter.compiled_mapping.manager
    row = adapter.row(entry.source.name) if entry else None
    key = getattr(row, entry.field.attname) if entry and row else None
    return None if key is None else adapter.people.living_id_of(key)


def _put(document: Document, attribute: Attribute, manager: Document) -> Document:
    if not attribute.extension:
        return {**document, attribute.name: manager}
    holder = {**container_of(attribute, document), attribute.name: manager}
    return {**document, attribute.extension: holder}
