"""SCIM bodies that tests send: one person as Entra's default mapping shapes them."""

from __future__ import annotations

from typing import Any

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Body = dict[str, Any]


def person(name: str = "ines.okafor", **changes: Any) -> Body:
    """A full Entra create; ``changes`` are top-level attributes, None leaves one out."""
    given, _, family = name.partition(".")
    body: Body = {
        "schemas": [CORE, ENTERPRISE],
        "externalId": name.replace(".", ""),
        "userName": f"{name}@harborline.example",
        "active": True,
        "displayName": f"{given.title()} {family.title()}",
        "title": "Secure Coding Lead",
        "preferredLanguage": "en-GB",
        "name": {"givenName": given.title(), "familyName": family.title() or "Solo"},
        "emails": [{"primary": True, "type": "work", "value": f"{name}@harborline.example"}],
        "phoneNumbers": [{"type": "work", "value": "+44 131 496 0101"}],
        "addresses": [{"type": "work", "locality": "Leith", "country": "GB"}],
        ENTERPRISE: {"employeeNumber": "HL-20417", "department": "Platform Security"},
    }
    body |= changes
    return {key: value for key, value in body.items() if value is not None}


def enterprise(**values: Any) -> Body:
    return {ENTERPRISE: values}


def mark(scim_id: str) -> str:
    """What tells apart somebody's account whose name another one has: nobody who only knows the id."""
    # Here, for this file is read before Django is ready too.
    from scim_provisioning.adapters.naming import suffixes

    found = suffixes(scim_id)[0]
    assert found not in scim_id
    return found
