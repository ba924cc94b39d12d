"""What the vendors' sequences have in common: asking for somebody as a client of the HTTP surface."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE

Body = dict[str, Any]

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CORE_1 = "urn:scim:schemas:core:1.0"
__all__ = ["CORE", "CORE_1", "ENTERPRISE", "ERROR", "LIST_RESPONSE", "Body"]


def create(scim: ScimClient, body: Body) -> Body:
    """The resource that a POST made; fails unless it was 201."""
    answer = scim.post("/Users", body)
    assert answer.status_code == 201, answer.content
    made: Body = answer.json()
    return made


def patch(scim: ScimClient, scim_id: str, operations: list[Body]) -> Body:
    """The resource that a PATCH left; fails unless it was 200 with a body."""
    answer = scim.patch(f"/Users/{scim_id}", operations)
    assert answer.status_code == 200, answer.content
    left: Body = answer.json()
    return left


def read(scim: ScimClient, scim_id: str) -> Body:
    answer = scim.get(f"/Users/{scim_id}")
    assert answer.status_code == 200, answer.content
    resource: Body = answer.json()
    return resource


def look_up(scim: ScimClient, filter_text: str) -> Body:
    """The list that a filter gives; fails unless it was 200."""
    answer = scim.get(f"/Users?filter={quote(filter_text)}")
    assert answer.status_code == 200, answer.content
    found: Body = answer.json()
    return found


def of_type(resource: Body, attribute: str, kind: str) -> Body:
    """The one element of that type; fails when there are several or none."""
    elements = [element for element in resource.get(attribute, []) if element.get("type") == kind]
    assert len(elements) == 1, resource.get(attribute)
    element: Body = elements[0]
    return element


def is_empty(value: object) -> bool:
    """What the vendors take for "no value": null, empty or absent."""
    return value in (None, "", [], {})
