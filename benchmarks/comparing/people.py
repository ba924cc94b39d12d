"""The made-up people of a comparison, as plain data: person 7 is the same in every database and every run."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
DOMAIN = "benchmark.example"

COMPANIES = [f"Benchmark Company {number}" for number in range(4)]
DIVISIONS = [f"Benchmark Division {number}" for number in range(20)]
DEPARTMENTS = [f"Benchmark Team {number}" for number in range(200)]

#: So many are on a page.
PAGE = 100
#: People whose numbers differ by this differ in nothing but their numbers.
KINDS = 200

_NAMES = UUID("6f0b7f5c-59a3-4a0e-9f5d-2f3f1c1d7a10")
_GIVEN = ("Ana", "Rui", "Ines", "Kofi", "Maren", "Olle", "Zoë")
_FAMILY = (
    "Okafor",
    "Sousa",
    "Mensah",
    "Thorvald",
    "Berg",
    "Núñez",
    "Herrera",
    "Novák",
    "Walsh",
    "Chen",
    "Żak",
)
_TITLES = ("Security Engineer", "Analyst", "Crane Planner", "Grid Operator", "Customs Officer")

Body = dict[str, Any]


def scim_id(number: int) -> str:
    """As random as the ids of provisioned people, so that indexes are met in no order."""
    return str(uuid5(_NAMES, str(number)))


def external_id(number: int) -> str:
    return f"person{number:07d}"


def user_name(number: int) -> str:
    return f"{external_id(number)}@{DOMAIN}"


def email(number: int) -> str:
    return f"mail.{external_id(number)}@{DOMAIN}"


def title(number: int) -> str:
    return _TITLES[number % KINDS % len(_TITLES)]


def body(number: int) -> Body:
    """What Entra sends to create person ``number``, with its default mapping and the two rows for company and business
    unit."""
    kind = number % KINDS
    given, family = _GIVEN[kind % len(_GIVEN)], _FAMILY[kind % len(_FAMILY)]
    return {
        "schemas": [CORE, ENTERPRISE],
        "externalId": external_id(number),
        "userName": user_name(number),
        "active": True,
        "displayName": f"{given} {family}",
        "title": title(number),
        "emails": [{"primary": True, "type": "work", "value": email(number)}],
        "preferredLanguage": "en-GB",
        "name": {"formatted": f"{given} {family}", "familyName": family, "givenName": given},
        "addresses": [
            {
                "type": "work",
                "formatted": f"Quay House {kind % 6 + 1}",
                "streetAddress": "18 Quay Street",
                "locality": "Leith",
                "postalCode": "EH6 6QU",
                "country": "GB",
            }
        ],
        "phoneNumbers": [
            {"type": "work", "value": f"+44 131 {number:07d}"},
            {"type": "mobile", "value": f"+44 7700 {number:07d}"},
        ],
        ENTERPRISE: {
            "employeeNumber": f"HL-{number:07d}",
            "department": DEPARTMENTS[kind % len(DEPARTMENTS)],
            "organization": COMPANIES[kind % len(COMPANIES)],
            "division": DIVISIONS[kind % len(DIVISIONS)],
        },
        "roles": [],
        "meta": {"resourceType": "User"},
    }


def deep_start(count: int) -> int:
    """The ``startIndex`` of a page that comes after nine in ten of ``count`` people."""
    return max(2, count * 9 // 10 + 1)
