"""The people of a directory from the CSV export that its identity provider makes of its users."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Final

from django.utils.translation import gettext as _

from scim_provisioning.administration.adoption.directory import Directory
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.constants import ENTERPRISE_USER

#: The file that a command reads at most, in bytes. Entra's export has some forty columns.
MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_COLUMNS: Final = 200
#: Columns of Entra's exports, by what else they are called in its portal and its other exports: without blanks, case,
#: and signs.
_CALLED: Final[Mapping[str, tuple[str, ...]]] = {
    "userprincipalname": ("username", "upn", "benutzerprinzipalname"),
    "mail": ("email", "emailaddress", "primaryemail", "emailadresse"),
    "displayname": ("anzeigename",),
    "givenname": ("firstname", "vorname"),
    "surname": ("lastname", "familyname", "nachname"),
    "employeeid": ("employeenumber", "personalnummer"),
    "objectid": ("id", "objektid"),
    "accountenabled": ("enabled", "kontoaktiviert"),
    "jobtitle": (),
    "department": (),
    "companyname": ("company",),
    "mailnickname": ("alias",),
}
#: What a column says of a person: a path, as ``documents.changes`` names it.
_SAYS: Final[Mapping[str, str]] = {
    "mail": 'emails[type eq "work"].value',
    "displayname": "displayName",
    "givenname": "name.givenName",
    "surname": "name.familyName",
    "employeeid": f"{ENTERPRISE_USER}:employeeNumber",
    "accountenabled": "active",
    "jobtitle": "title",
    "department": f"{ENTERPRISE_USER}:department",
    "companyname": f"{ENTERPRISE_USER}:organization",
}
_NO: Final = frozenset({"false", "no", "0", "nein", "falsch"})
#: In the templates of Entra's bulk operations: ``User name [userPrincipalName] Required``.
_IN_BRACKETS: Final = re.compile(r"\[(\w+)\]")


def from_csv(
    connection: SCIMConnection,
    raw: bytes,
    *,
    user_name: str = "userPrincipalName",
    external_id: str = "",
    most: int | None = None,
    most_bytes: int = MOST_BYTES,
) -> Directory:
    """The people of a CSV export, as the identity provider would send them. Columns in any order and case, after a
    comma, semicolon or tab; UTF-8 or UTF-16. ``user_name`` and ``external_id``: the columns that are mapped to these
    attributes. ``most``: so many lines are read, in whatever state they are.

    Raises ``ConnectionRefused`` for what is no such file, and for one that has more lines, columns or bytes.
    """
    rows = _rows(raw, most_bytes)
    header = [_column(name) for name in next(rows, [])]
    for wanted in filter(None, (user_name, external_id)):
        if _column(wanted) not in header:
            message = _("The file has no column “%(wanted)s”. Its columns are: %(columns)s.")
            raise ConnectionRefused(
                message % {"wanted": wanted, "columns": ", ".join(filter(None, header)) or "—"},
                "adoption.columns",
            )
    named = {"userName"} | ({"externalId"} if external_id else set())
    found = Directory(attributes=frozenset(named | {_SAYS[name] for name in header if name in _SAYS}))
    for number, row in enumerate(rows, start=2):
        if most is not None and number > most + 1:
            message = _(
                "The file has more than %(most)s lines, which is too much for one page: divide it, or have "
                "“manage.py scim_adopt” or “scim_reconcile” read it on the server."
            )
            raise ConnectionRefused(message % {"most": most}, "adoption.file")
        values = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
        if values:
            body = _body(values, _column(user_name), _column(external_id))
            found.add(connection, body, _("line %(number)s") % {"number": number})
    return found


def _body(values: Mapping[str, str], user_name: str, external_id: str) -> dict[str, Any]:
    """A row as Entra's default mapping sends it."""
    name = {"givenName": values.get("givenname"), "familyName": values.get("surname")}
    enterprise = {
        "employeeNumber": values.get("employeeid"),
        "department": values.get("department"),
        "organization": values.get("companyname"),
    }
    body: dict[str, Any] = {
        "userName": values.get(user_name),
        "externalId": values.get(external_id),
        "active": values.get("accountenabled", "true").casefold() not in _NO,
        "displayName": values.get("displayname"),
        "title": values.get("jobtitle"),
        "name": {key: value for key, value in name.items() if value},
        ENTERPRISE_USER: {key: value for key, value in enterprise.items() if value},
    }
    if values.get("mail"):
        body["emails"] = [{"type": "work", "primary": True, "value": values["mail"]}]
    return {key: value for key, value in body.items() if value not in (None, {}, "")}


def _rows(raw: bytes, most_bytes: int) -> Iterator[list[str]]:
    text = _text(raw, most_bytes)
    # Entra's templates begin with a line of their own, which is no header.
    if text.startswith("version:"):
        text = text.partition("\n")[2]
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            if len(row) > _MOST_COLUMNS:
                message = _(
                    "The file has a line of more than %(most)s columns: it is no export of a directory."
                )
                raise ConnectionRefused(message % {"most": _MOST_COLUMNS}, "adoption.file")
            yield row
    except csv.Error as error:
        message = _("The file is no CSV file: %(error)s.") % {"error": error}
        raise ConnectionRefused(message, "adoption.file") from None


def _text(raw: bytes, most_bytes: int) -> str:
    if len(raw) > most_bytes:
        raise ConnectionRefused(_("The file is too large: divide it."), "adoption.file")
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        message = _("The file is no text in UTF-8. Export it anew, or save it as “CSV UTF-8”.")
        raise ConnectionRefused(message, "adoption.file") from None


def _column(name: str) -> str:
    """A column's name as it is compared, and as Entra calls it inside."""
    bracketed = _IN_BRACKETS.search(name)
    plain = re.sub(r"[^a-z0-9]", "", (bracketed[1] if bracketed else name).casefold())
    return next((known for known, others in _CALLED.items() if plain in others), plain)
