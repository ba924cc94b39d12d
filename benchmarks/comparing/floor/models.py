"""Two tables, with an index for each statement that the views make."""

from __future__ import annotations

from typing import Any

from django.db import models

from benchmarks.comparing.people import ENTERPRISE


class Token(models.Model):
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.digest[:8]


class Person(models.Model):
    scim_id = models.CharField(max_length=36, unique=True)
    user_name = models.CharField(max_length=150, unique=True)
    external_id = models.CharField(max_length=150, db_index=True)
    email = models.CharField(max_length=150, db_index=True)
    given_name = models.CharField(max_length=150)
    family_name = models.CharField(max_length=150)
    display_name = models.CharField(max_length=150)
    title = models.CharField(max_length=150)
    language = models.CharField(max_length=150)
    work_phone = models.CharField(max_length=150)
    mobile = models.CharField(max_length=150)
    address = models.CharField(max_length=150)
    street = models.CharField(max_length=150)
    city = models.CharField(max_length=150)
    postal_code = models.CharField(max_length=150)
    country = models.CharField(max_length=150)
    employee_number = models.CharField(max_length=150)
    company = models.CharField(max_length=150)
    division = models.CharField(max_length=150)
    department = models.CharField(max_length=150)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.user_name


#: Path of an operation of Entra's -> column.
COLUMNS = {
    "title": "title",
    "displayName": "display_name",
    "name.familyName": "family_name",
    "active": "active",
}


def columns_of(body: dict[str, Any]) -> dict[str, Any]:
    """The columns of somebody whom Entra's body describes."""
    enterprise, address = body[ENTERPRISE], body["addresses"][0]
    work_phone, mobile = body["phoneNumbers"]
    return {
        "user_name": body["userName"],
        "external_id": body["externalId"],
        "email": body["emails"][0]["value"],
        "given_name": body["name"]["givenName"],
        "family_name": body["name"]["familyName"],
        "display_name": body["displayName"],
        "title": body["title"],
        "language": body["preferredLanguage"],
        "work_phone": work_phone["value"],
        "mobile": mobile["value"],
        "address": address["formatted"],
        "street": address["streetAddress"],
        "city": address["locality"],
        "postal_code": address["postalCode"],
        "country": address["country"],
        "employee_number": enterprise["employeeNumber"],
        "company": enterprise["organization"],
        "division": enterprise["division"],
        "department": enterprise["department"],
        "active": body["active"],
    }
