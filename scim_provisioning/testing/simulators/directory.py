"""The people of a directory, and the mappings that turn them into SCIM values.

`DEFAULT_MAPPING` is the user mapping of a custom (non-gallery) application of Entra, row for row.
`LEARNING_ROWS` are the two that an administrator adds when company and business unit are to arrive as well.
`OKTA_MAPPING` is what is mapped for a learning platform in Okta.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

from scim_provisioning.protocol.constants import ENTERPRISE_USER


def _object_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account, under Entra's own attribute names; None is an attribute without a value.

    `manager` is the manager's `objectId`. Somebody who changes is a new Person with the same `objectId`:
    `dataclasses.replace(person, jobTitle="Lead")`.
    """

    userPrincipalName: str | None
    objectId: str = field(default_factory=_object_id)
    mailNickname: str | None = None
    givenName: str | None = None
    surname: str | None = None
    displayName: str | None = None
    jobTitle: str | None = None
    mail: str | None = None
    preferredLanguage: str | None = None
    physicalDeliveryOfficeName: str | None = None
    streetAddress: str | None = None
    city: str | None = None
    state: str | None = None
    postalCode: str | None = None
    country: str | None = None
    telephoneNumber: str | None = None
    mobile: str | None = None
    facsimileTelephoneNumber: str | None = None
    employeeId: str | None = None
    department: str | None = None
    companyName: str | None = None
    division: str | None = None
    costCenter: str | None = None
    manager: str | None = None
    accountEnabled: bool = True
    isSoftDeleted: bool = False

    @property
    def active(self) -> bool:
        """What Switch([IsSoftDeleted], ...) makes of the account."""
        return self.accountEnabled and not self.isSoftDeleted

    @property
    def full_name(self) -> str | None:
        """What Join(" ", [givenName], [surname]) makes of the name."""
        return " ".join(part for part in (self.givenName, self.surname) if part) or None

    @property
    def label(self) -> str:
        """What a step calls the person."""
        return self.displayName or self.userPrincipalName or self.objectId

    @property
    def okta_id(self) -> str:
        """What Okta calls the account: 20 characters that begin with 00u."""
        return f"00u{self.objectId.replace('-', '')[:17]}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the mapping page: an attribute of Person (or one of its expressions) -> a SCIM path."""

    source: str
    target: str


DEFAULT_MAPPING: tuple[Row, ...] = (
    Row("mailNickname", "externalId"),
    Row("userPrincipalName", "userName"),
    Row("active", "active"),
    Row("displayName", "displayName"),
    Row("jobTitle", "title"),
    Row("mail", 'emails[type eq "work"].value'),
    Row("preferredLanguage", "preferredLanguage"),
    Row("full_name", "name.formatted"),
    Row("surname", "name.familyName"),
    Row("givenName", "name.givenName"),
    Row("physicalDeliveryOfficeName", 'addresses[type eq "work"].formatted'),
    Row("streetAddress", 'addresses[type eq "work"].streetAddress'),
    Row("city", 'addresses[type eq "work"].locality'),
    Row("state", 'addresses[type eq "work"].region'),
    Row("postalCode", 'addresses[type eq "work"].postalCode'),
    Row("country", 'addresses[type eq "work"].country'),
    Row("telephoneNumber", 'phoneNumbers[type eq "work"].value'),
    Row("mobile", 'phoneNumbers[type eq "mobile"].value'),
    Row("facsimileTelephoneNumber", 'phoneNumbers[type eq "fax"].value'),
    Row("employeeId", f"{ENTERPRISE_USER}:employeeNumber"),
    Row("department", f"{ENTERPRISE_USER}:department"),
    Row("manager", f"{ENTERPRISE_USER}:manager"),
)

LEARNING_ROWS: tuple[Row, ...] = (
    Row("companyName", f"{ENTERPRISE_USER}:organization"),
    Row("division", f"{ENTERPRISE_USER}:division"),
)

OKTA_MAPPING: tuple[Row, ...] = (
    Row("okta_id", "externalId"),
    Row("userPrincipalName", "userName"),
    Row("active", "active"),
    Row("givenName", "name.givenName"),
    Row("surname", "name.familyName"),
    Row("mail", 'emails[type eq "work"].value'),
    Row("displayName", "displayName"),
    Row("preferredLanguage", "locale"),
    Row("jobTitle", "title"),
    Row("mobile", 'phoneNumbers[type eq "mobile"].value'),
    Row("employeeId", f"{ENTERPRISE_USER}:employeeNumber"),
    Row("costCenter", f"{ENTERPRISE_USER}:costCenter"),
    Row("companyName", f"{ENTERPRISE_USER}:organization"),
    Row("division", f"{ENTERPRISE_USER}:division"),
    Row("department", f"{ENTERPRISE_USER}:department"),
)

MANAGER = f"{ENTERPRISE_USER}:manager"


def scim_values(person: Person, mapping: Iterable[Row]) -> dict[str, str | bool]:
    """Return target path -> value for what has a value, in the mapping's order; references left out.

    Entra does not send an attribute that is empty on its side, so an emptied attribute is simply absent here.
    """
    values: dict[str, str | bool] = {}
    for row in mapping:
        value = getattr(person, row.source)
        if row.source != "manager" and value is not None and value != "":
            values[row.target] = value
    return values
