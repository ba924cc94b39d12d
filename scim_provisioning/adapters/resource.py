"""The resource that a person is: the document with what the server says of it (RFC 7643 sections 3.1 and 4.1)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from scim_provisioning.adapters import document as documents
from scim_provisioning.adapters.kinds.dates import scim_time
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import Person
from scim_provisioning.protocol.documents import schemas_in_use
from scim_provisioning.protocol.resources import Document

#: Made once: ``json.dumps`` makes one for each call with options.
_dumped: Final = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode
_UUID: Final = re.compile(r"[0-9a-f-]{36}")
_ACTIVE: Final = {True: "true", False: "false", None: "null"}


def meta(person: Person, resource_type: str) -> Document:
    """``meta`` without the version."""
    link = person.link
    return {
        "resourceType": resource_type,
        "created": scim_time(link.created_at),
        "lastModified": scim_time(link.modified_at),
        "location": person.people.location_of(link.scim_id),
    }


def version(person: Person, mapping: CompiledMapping, document: Document, said: Sequence[object]) -> str:
    """The ETag (RFC 7644 section 3.14). What was sent changes with the link's version, so that only what is ``said``
    beside it has to be looked at, and whether the manager is here, whose leaving takes their address away."""
    link = person.link
    manager_id = documents.referred_to(document, person, mapping)
    if not said and not manager_id and _UUID.fullmatch(link.scim_id):
        # As nearly everybody's: what would be written for it.
        text = f'["{link.scim_id}", {link.version}, {_ACTIVE[document.get("active")]}]'
    else:
        text = _dumped([link.scim_id, link.version, document.get("active"), *said, *_managed(manager_id)])
    return f'W/"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]}"'


def _managed(manager_id: str | None) -> list[Document]:
    return [{"$ref": manager_id}] if manager_id else []


def resource(person: Person, mapping: CompiledMapping, document: Document, meta: Document) -> Document:
    """The full User, around its canonical document."""
    return {
        "schemas": schemas_in_use(document, mapping.schema),
        "id": person.link.scim_id,
        **documents.with_references(document, person, mapping),
        "meta": meta,
    }


def shown(person: Person, mapping: CompiledMapping, resource_type: str) -> Document:
    """The full User of somebody who is read only to be shown (their document is not kept), as an adapter makes it that
    shows people in no way of its own."""
    document = person.document
    otherwise = documents.show(document, person, mapping)
    said = meta(person, resource_type)
    said["version"] = version(person, mapping, document, otherwise)
    return resource(person, mapping, document, said)


class Resources(Collection[Document]):
    """Those of people who are read only to be shown. Each is made when it is taken: whoever sends a page has one at
    hand and not a hundred."""

    def __init__(self, people: Sequence[Person], mapping: CompiledMapping, resource_type: str) -> None:
        self._people, self._mapping, self._resource_type = people, mapping, resource_type

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[Document]:
        return (shown(person, self._mapping, self._resource_type) for person in self._people)

    def __contains__(self, resource: object) -> bool:
        return any(each == resource for each in self)
