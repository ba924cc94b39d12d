"""One function an operation: one indexed query for the token, one indexed statement, ``JsonResponse``.

The answers hold what the app's hold, so that the bytes are paid for here too. A PATCH is answered with the person, and
so has to read them first.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from django.http import HttpRequest, JsonResponse

from benchmarks.comparing.floor.models import COLUMNS, Person, Token, columns_of
from benchmarks.comparing.people import CORE, ENTERPRISE


class _Stranger(Exception):
    """No token of ours."""


def _admit(request: HttpRequest) -> None:
    plaintext = request.headers["Authorization"].removeprefix("Bearer ")
    digest = hashlib.sha256(plaintext.encode()).hexdigest()
    if Token.objects.filter(digest=digest).first() is None:
        raise _Stranger


def _shown(person: Person) -> dict[str, Any]:
    return {
        "schemas": [CORE, ENTERPRISE],
        "id": person.scim_id,
        "externalId": person.external_id,
        "meta": {"resourceType": "User", "location": f"/people/{person.scim_id}"},
        "userName": person.user_name,
        "active": person.active,
        "displayName": person.display_name,
        "title": person.title,
        "preferredLanguage": person.language,
        "name": {
            "formatted": f"{person.given_name} {person.family_name}",
            "familyName": person.family_name,
            "givenName": person.given_name,
        },
        "emails": [{"primary": True, "type": "work", "value": person.email}],
        "addresses": [
            {
                "type": "work",
                "formatted": person.address,
                "streetAddress": person.street,
                "locality": person.city,
                "postalCode": person.postal_code,
                "country": person.country,
            }
        ],
        "phoneNumbers": [
            {"type": "work", "value": person.work_phone},
            {"type": "mobile", "value": person.mobile},
        ],
        ENTERPRISE: {
            "employeeNumber": person.employee_number,
            "organization": person.company,
            "division": person.division,
            "department": person.department,
        },
    }


def _listed(people: Any) -> JsonResponse:
    found = [_shown(person) for person in people]
    return JsonResponse({"totalResults": len(found), "Resources": found})


def by_user_name(request: HttpRequest) -> JsonResponse:
    _admit(request)
    return _listed(Person.objects.filter(user_name=request.GET["value"]))


def by_external_id(request: HttpRequest) -> JsonResponse:
    _admit(request)
    return _listed(Person.objects.filter(external_id=request.GET["value"]))


def by_email(request: HttpRequest) -> JsonResponse:
    _admit(request)
    return _listed(Person.objects.filter(email=request.GET["value"]))


def one(request: HttpRequest, scim_id: str) -> JsonResponse:
    _admit(request)
    return JsonResponse(_shown(Person.objects.get(scim_id=scim_id)))


def page(request: HttpRequest) -> JsonResponse:
    _admit(request)
    start = int(request.GET["startIndex"]) - 1
    return _listed(Person.objects.order_by("pk")[start : start + int(request.GET["count"])])


def change(request: HttpRequest, scim_id: str) -> JsonResponse:
    _admit(request)
    operations = json.loads(request.body)["Operations"]
    person = Person.objects.get(scim_id=scim_id)
    columns = [COLUMNS[operation["path"]] for operation in operations]
    for column, operation in zip(columns, operations, strict=True):
        setattr(person, column, operation["value"])
    person.save(update_fields=columns)
    return JsonResponse(_shown(person))


def create(request: HttpRequest) -> JsonResponse:
    _admit(request)
    person = Person.objects.create(scim_id=str(uuid.uuid4()), **columns_of(json.loads(request.body)))
    return JsonResponse(_shown(person), status=201)
