"""Which rows Entra's mapping needs for this application, and which of its attributes have never arrived.

Entra's default mapping sends what is in ``_DEFAULT``. What a host maps beside it needs a row that somebody adds, and
nothing fails without it: the field stays empty, and everything looks healthy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from scim_provisioning.adapters.entries import Entry
from scim_provisioning.administration import host
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.resources import Document

#: So many people, none of whom has a value, are no chance.
PEOPLE: Final = 20

_ENTERPRISE: Final = ENTERPRISE_USER.casefold()
#: What Entra sends by itself: target, folded, and its source (Microsoft's default mapping of a new application).
_DEFAULT: Final = {
    "username": "userPrincipalName",
    "active": "Switch([IsSoftDeleted], …)",
    "displayname": "displayName",
    "title": "jobTitle",
    "emails": "mail",
    'emails[type eq "work"].value': "mail",
    "preferredlanguage": "preferredLanguage",
    "name.givenname": "givenName",
    "name.familyname": "surname",
    "name.formatted": "Join(…)",
    'addresses[type eq "work"].formatted': "physicalDeliveryOfficeName",
    'addresses[type eq "work"].streetaddress': "streetAddress",
    'addresses[type eq "work"].locality': "city",
    'addresses[type eq "work"].region': "state",
    'addresses[type eq "work"].postalcode': "postalCode",
    'addresses[type eq "work"].country': "country",
    'phonenumbers[type eq "work"].value': "telephoneNumber",
    'phonenumbers[type eq "mobile"].value': "mobile",
    'phonenumbers[type eq "fax"].value': "facsimileTelephoneNumber",
    "externalid": "mailNickname",
    f"{_ENTERPRISE}:employeenumber": "employeeId",
    f"{_ENTERPRISE}:department": "department",
    f"{_ENTERPRISE}:manager": "manager",
}
#: Where the value usually stands of what needs a row.
_USUAL: Final = {
    f"{_ENTERPRISE}:organization": "companyName",
    f"{_ENTERPRISE}:division": "division",
    f"{_ENTERPRISE}:costcenter": "costCenter",
    "usertype": "userType",
}

_NAMES_SOMEBODY: Final = frozenset({"userPrincipalName", "mail", "mailNickname", "employeeId", "manager"})


@dataclass(frozen=True, slots=True)
class Row:
    """A row of Entra's mapping: ``source`` is empty where nobody can know it; ``is_default``: Entra has it from the
    beginning; ``arrives_as`` is what the host calls the field."""

    source: str
    target: str
    arrives_as: str
    is_default: bool
    is_manager: bool = False


def to_add(connection: SCIMConnection) -> list[Row]:
    """The rows that somebody has to add; none while the adapter does not load."""
    return [row for row in _rows(connection) if not row.is_default]


def to_keep(connection: SCIMConnection) -> list[Row]:
    """The rows that Entra has from the beginning, and without which a field stays empty."""
    return [row for row in _rows(connection) if row.is_default]


def never_arrived(connection: SCIMConnection) -> list[Row]:
    """The rows of mapped attributes that none of the first 20 people has, and none of the latest 20 either; none where
    there are fewer people (two queries, of 20 rows each)."""
    links = ProvisionedUser.objects.living().filter(connection=connection)
    first = _documents(links.order_by("pk"))
    documents = [*first, *_documents(links.order_by("-pk"))]
    if len(first) < PEOPLE:
        return []
    entries = _entries(connection)
    return [_row(entry) for entry in entries if all(entry.read(document) is None for document in documents)]


def sentence(row: Row) -> str:
    """What to do about a row whose attribute never arrived."""
    facts = {"field": row.arrives_as, "target": row.target, "source": row.source, "n": PEOPLE}
    if row.is_default:
        return (
            _(
                "“%(field)s”: none of the first %(n)d people came with %(target)s. Entra sends it from %(source)s: "
                "look whether that row is still in its mapping, and whether people have a value there."
            )
            % facts
        )
    if row.source:
        return (
            _(
                "“%(field)s”: none of the first %(n)d people came with %(target)s. In Entra, under Mappings ▸ "
                "Provision Microsoft Entra ID Users, add a row with the source %(source)s, or the attribute that holds "
                "it with you."
            )
            % facts
        )
    return (
        _(
            "“%(field)s”: none of the first %(n)d people came with %(target)s. In Entra, under Mappings ▸ Provision "
            "Microsoft Entra ID Users, add a row with this target and the attribute that holds it with you as source."
        )
        % facts
    )


def text_source(path: str) -> str:
    """The attribute from which Entra sends what stands at a path; empty where nobody can know it, and for what names
    somebody: a part of that is another name."""
    source = _DEFAULT.get(path.casefold()) or _USUAL.get(path.casefold(), "")
    return source if source.isalnum() and source not in _NAMES_SOMEBODY else ""


def _documents(links: object) -> list[Document]:
    found: list[Document] = list(links.values_list("document", flat=True)[:PEOPLE])  # type: ignore[attr-defined]
    return found


def _entries(connection: SCIMConnection) -> list[Entry]:
    """The lines of the mapping; none while it cannot be read: the self-test says why."""
    try:
        return list(host.adapter_class().compiled(connection).entries)
    except Exception:
        # mapping_for() and kinds of the host's own may raise anything, and the page must not die of it.
        return []


def _rows(connection: SCIMConnection) -> list[Row]:
    """One for each target: several lines of the mapping may take one."""
    return list({row.target: row for row in map(_row, _entries(connection))}.values())


def _row(entry: Entry) -> Row:
    target = entry.declaration.path
    if entry.declaration.is_manager:
        # To Entra the manager is one thing, a reference to somebody.
        target = target.removesuffix(".value")
    source = _DEFAULT.get(target.casefold(), "")
    arrives_as = str(getattr(entry.field, "verbose_name", entry.field.name))
    return Row(
        source or _USUAL.get(target.casefold(), ""),
        target,
        arrives_as,
        is_default=bool(source),
        is_manager=entry.declaration.is_manager,
    )
