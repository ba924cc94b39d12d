"""People of a directory whom nobody has sent yet: from Entra's CSV export of its users, or from what was refused."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.conf import app_settings, tenant_url_or_empty
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import (
    AdoptionAnswer,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.resources import Document

#: What a refused operation may be about that a link would answer.
REFUSALS: Final = (
    "user.exists_unmanaged",
    "user.address_taken",
    "user.name_taken",
    "user.value_taken",
    "user.look_alike",
    "user.switched_off",
    "user.hidden",
    "user.owned_elsewhere",
    "user.owner_left",
    "user.protected",
    "user.identity_conflict",
)
#: How long a refusal waits to be answered: Entra asks again long before.
WAITS: Final = timedelta(days=30)
#: The file that a command reads at most, in bytes. Entra's export has some forty columns.
MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_COLUMNS: Final = 200
_TOGETHER: Final = 500
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


@dataclass(slots=True)
class Directory:
    """The people who were read, and what could not be: the line, or the name, and a sentence. ``attributes`` are those
    that the columns of a file speak of, as ``documents.changes`` names them."""

    people: list[Document] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    attributes: frozenset[str] = frozenset()


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
            _add(found, connection, body, _("line %(number)s") % {"number": number})
    return found


def from_log(connection: SCIMConnection, *, most: int | None = None) -> Directory:
    """The people who were sent and refused within the last days, and are not here since: the latest of each. Of more
    than ``most`` those who were refused last, and a line that says so among what could not be read."""
    found = Directory()
    for read, event in enumerate(refused(connection, most=None if most is None else most + 1)):
        if read == most:
            message = _(
                "More than %(most)s people were refused, which is too much for one page: here are the last of them. "
                "“manage.py scim_adopt” reads all of them on the server."
            )
            found.unreadable.insert(0, ("…", message % {"most": most}))
            break
        _add(found, connection, sent(event), event.user_name)
    return found


def refused(connection: SCIMConnection, *, most: int | None = None) -> Iterator[ProvisioningEvent]:
    """The last refusal of each person who waits, the latest first; at most so many. Who is ignored by an
    administrator's word is left out."""
    ignored = AdoptionAnswer.objects.filter(verdict=AdoptionAnswer.Verdict.IGNORED)
    keys = [*_waiting(connection, without=ignored)][:most]
    for start in range(0, len(keys), _TOGETHER):
        yield from events_of(keys[start : start + _TOGETHER])


def unanswered(connection: SCIMConnection) -> dict[int, str]:
    """Who waits and was not answered yet, the latest first: the key of the last refusal, and the folded userName."""
    return _waiting(connection, without=AdoptionAnswer.objects.all())


def events_of(keys: Collection[int]) -> QuerySet[ProvisioningEvent]:
    """These refusals with what was sent, the latest first."""
    return ProvisioningEvent.objects.filter(pk__in=keys).select_related("payload").order_by("-pk")


def _waiting(connection: SCIMConnection, *, without: QuerySet[AdoptionAnswer]) -> dict[int, str]:
    # Entra asks for each of them again, dozens of times a day.
    refusals = _refusals(connection).exclude(user_name_key="").order_by()
    latest = dict(refusals.values_list("user_name_key").annotate(Max("pk")))
    answered = without.filter(connection=connection).values_list("user_name", flat=True)
    gone = {key_of(name) for name in answered}
    waiting = sorted(((pk, key) for key, pk in latest.items() if key not in gone), reverse=True)
    living = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    for start in range(0, len(waiting), _TOGETHER):
        names = living.filter(user_name_key__in=[key for _pk, key in waiting[start : start + _TOGETHER]])
        gone |= {key for key in names.values_list("user_name_key", flat=True) if key}
    return {pk: key for pk, key in waiting if key not in gone}


def first_refused(connection: SCIMConnection, names: Iterable[str]) -> dict[str, datetime]:
    """When each of these people was refused first, within the same days, by folded userName (one query)."""
    refusals = _refusals(connection).filter(user_name_key__in=[*names])
    return dict(refusals.order_by().values_list("user_name_key").annotate(Min("created_at")))


def refusal_of(connection: SCIMConnection, name: str) -> int | None:
    """The key of the last refusal of this userName within the last days."""
    mine = _refusals(connection).filter(user_name_key=key_of(name))
    return mine.order_by("-pk").values_list("pk", flat=True).first()


def person_called(connection: SCIMConnection, name: str) -> Document | None:
    """The canonical document of whom nothing is known but the userName; None for what cannot be one."""
    found = Directory()
    _add(found, connection, {"userName": name}, name)
    return found.people[0] if found.people else None


def _refusals(connection: SCIMConnection) -> QuerySet[ProvisioningEvent]:
    return ProvisioningEvent.objects.filter(
        connection=connection,
        outcome=Outcome.REFUSED,
        operation=Operation.CREATE,
        error_code__in=REFUSALS,
        created_at__gt=timezone.now() - WAITS,
    )


def document_of(connection: SCIMConnection, event: ProvisioningEvent) -> Document | None:
    """The canonical document of a refused operation; None where it cannot be made out."""
    found = Directory()
    _add(found, connection, sent(event), event.user_name)
    return found.people[0] if found.people else None


def sent(event: ProvisioningEvent) -> dict[str, Any]:
    """The body of a refused operation, as far as it is kept: its names at least."""
    names = {"userName": event.user_name, **({"externalId": event.external_id} if event.external_id else {})}
    try:
        body = json.loads(event.payload.request)
    except (ObjectDoesNotExist, ValueError):
        return names
    return body if isinstance(body, dict) else names


def _add(found: Directory, connection: SCIMConnection, body: dict[str, Any], where: str) -> None:
    schema = get_adapter_class().compiled(connection).schema
    try:
        document = documents.normalise(body, schema, app_settings.limits, tenant_url_or_empty()).document
        documents.require(document)
    except SCIMError as refusal:
        found.unreadable.append((where, refusal.detail))
    else:
        found.people.append({"active": True, **document})


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
