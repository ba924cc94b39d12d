"""A learner as Entra's default mapping creates her, and the schema everything is read against."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.protocol.constants import CORE_USER, ENTERPRISE_USER
from scim_provisioning.protocol.schema import USER_SCHEMA, UserSchema


@pytest.fixture
def schema() -> UserSchema:
    return USER_SCHEMA


@pytest.fixture
def ines() -> dict[str, Any]:
    """A canonical document with one of everything."""
    return {
        "externalId": "inesokafor",
        "userName": "ines.okafor@harborline.example",
        "active": True,
        "displayName": "Ines Okafor",
        "title": "Secure Coding Lead",
        "preferredLanguage": "en-GB",
        "name": {"formatted": "Ines Okafor", "familyName": "Okafor", "givenName": "Ines"},
        "emails": [
            {"primary": True, "type": "work", "value": "ines.okafor@harborline.example"},
            {"type": "home", "value": "ines@home.example"},
        ],
        "addresses": [
            {"type": "work", "formatted": "Quay House 4.12", "locality": "Leith", "postalCode": "EH6 6QU"}
        ],
        "phoneNumbers": [
            {"type": "work", "value": "+44 131 496 0101"},
            {"type": "mobile", "value": "+44 7700 900411"},
        ],
        ENTERPRISE_USER: {
            "employeeNumber": "HL-20417",
            "department": "Platform Security",
            "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d"},
        },
    }


@pytest.fixture
def entra_body() -> dict[str, Any]:
    """The body of Entra's create request, string booleans and all."""
    return {
        "schemas": [CORE_USER, ENTERPRISE_USER],
        "externalId": "inesokafor",
        "userName": "ines.okafor@harborline.example",
        "active": "True",
        "displayName": "Ines Okafor",
        "title": None,
        "emails": [{"primary": "True", "type": "work", "value": "ines.okafor@harborline.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ines Okafor", "familyName": "Okafor", "givenName": "Ines"},
        "roles": [],
        ENTERPRISE_USER: {"employeeNumber": "HL-20417", "department": "Platform Security"},
    }
