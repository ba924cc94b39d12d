"""People of a directory whom nobody has provisioned yet: those who were refused, as they were sent. Those of an export
of the directory reads ``csv_export``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Max, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.adapters.loading import get_adapter_class
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
_TOGETHER: Final = 500


@dataclass(slots=True)
class Directory:
    """The people who were read, and what could not be: the line, or the name, and a sentence. ``attributes`` are those
    that the columns of a file speak of, as ``documents.changes`` names them."""

    people: list[Document] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    attributes: frozenset[str] = frozenset()

    def add(self, connection: SCIMConnection, body: dict[str, Any], where: str) -> None:
        """Somebody as they are sent, or why they cannot be read. ``where``: the line, or the name."""
        schema = get_adapter_class().compiled(connection).schema
        try:
            document = documents.normalise(body, schema, app_settings.limits, tenant_url_or_empty()).document
            documents.require(document)
        except SCIMError as refusal:
            self.unreadable.append((where, refusal.detail))
        else:
            self.people.append({"active": True, **document})


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
        found.add(connection, sent(event), event.user_name)
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
    found.add(connection, {"userName": name}, name)
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
    found.add(connection, sent(event), event.user_name)
    return found.people[0] if found.people else None


def sent(event: ProvisioningEvent) -> dict[str, Any]:
    """The body of a refused operation, as far as it is kept: its names at least."""
    names = {"userName": event.user_name, **({"externalId": event.external_id} if event.external_id else {})}
    try:
        body = json.loads(event.payload.request)
    except (ObjectDoesNotExist, ValueError):
        return names
    return body if isinstance(body, dict) else names
