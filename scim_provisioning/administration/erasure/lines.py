"""The log: lines that are the person's own lose every value, others that mention them lose the mention.

Found by keys that have an index; refusals of nobody whom a link stands for by the database, which reads them all.
Messages of their own, and others that mention them, go altogether: they would have gone within weeks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet

from scim_provisioning.administration.attribute_words import nameless
from scim_provisioning.administration.erasure import mentions
from scim_provisioning.administration.erasure.identity import Identity
from scim_provisioning.administration.erasure.tally import Tally
from scim_provisioning.administration.log_words import OPEN_FACTS, plain_path
from scim_provisioning.events import log_order
from scim_provisioning.events.administrators import ACCOUNTS
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.events.records import SIZES
from scim_provisioning.models import (
    Action,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
)

#: What is changed of a line.
_FIELDS: Final = (
    "user_name",
    "user_name_key",
    "external_id",
    "detail",
    "cause",
    "changes",
    "ignored",
    "path",
)
#: Where a line, or the messages beside it, may mention somebody.
_SAYING: Final = (
    "user_name",
    "external_id",
    "detail",
    "cause",
    "changes",
    "ignored",
    "path",
    "payload__request",
    "payload__response",
)
#: Those that say who it is about.
_WHO: Final = frozenset({"user_name", "external_id"})
#: Beside the facts that hold no value: what pages read of what was done.
_KEPT_FACTS: Final = OPEN_FACTS | {
    "connections",
    "earlier",
    "erased",
    "switched_in_lms",
    "undone",
    "wished_off",
}
#: What administrators do that names somebody in words, whoever's link the line has.
_NAMING: Final = (
    Action.ADOPTION_UNDONE,
    Action.ANSWERED,
    Action.MERGED,
    Action.OWNER_MOVED,
    Action.SHARED,
    Action.SHARE_WITHDRAWN,
)
_SLICE: Final = 500


def own(link: ProvisionedUser, names: Iterable[str]) -> list[int]:
    """The keys of a learner's lines: their link's, and refusals under their userNames, as far as nobody else has or had
    these: then those from before the other came. Three queries for each few hundred names."""
    events = ProvisioningEvent.objects.filter(connection=link.connection_id)
    found = set(_keys(events.filter(link=link)))
    for some in few_at_once(names):
        first = _first_of_others(link, some)
        nobodys = events.filter(link__isnull=True, user_name_key__in=some).order_by()
        found.update(
            key
            for key, name, said_at in nobodys.values_list("pk", "user_name_key", "created_at")
            if name not in first or said_at < first[name]
        )
    return sorted(found)


def few_at_once(names: Iterable[str]) -> Iterator[list[str]]:
    """So many of them that every database takes them into one statement: an identity provider may have given somebody
    thousands."""
    names = [*names]
    for start in range(0, len(names), _SLICE):
        yield names[start : start + _SLICE]


def _first_of_others(link: ProvisionedUser, names: Sequence[str]) -> dict[str, datetime]:
    """Of these names since when somebody else of the connection has, or had, them."""
    first: dict[str, datetime] = {}
    others = ProvisionedUser.objects.filter(connection=link.connection_id).exclude(pk=link.pk).order_by()
    for column in ("user_name_key", "user_name_tombstone_key"):
        for name, made_at in others.filter(**{f"{column}__in": names}).values_list(column, "created_at"):
            first[name] = min(made_at, first.get(name, made_at))
    return first


def joined(connection: SCIMConnection, account: int | None, identity: Identity) -> list[ProvisioningEvent]:
    """The lines that say that two accounts nobody managed were joined, of whom one was the person's, or had become the
    person's by other joins: by the key of the account where both are known, else by their texts (one query)."""
    merged = ProvisioningEvent.objects.filter(
        connection=connection, action=Action.MERGED, outcome=Outcome.APPLIED
    )
    events = list(merged.order_by("pk"))
    theirs = _made_one(events, account)
    found = []
    for event in events:
        accounts = event.cause.get(ACCOUNTS)
        known = account is not None and accounts is not None
        is_theirs = not theirs.isdisjoint(accounts) if known else identity.is_in(event.detail)
        if event.link_id is None and is_theirs:
            found.append(event)
    return found


def _made_one(events: Iterable[ProvisioningEvent], account: int | None) -> set[str]:
    """The keys of the accounts that became this one, whichever went first into which."""
    theirs = set() if account is None else {str(account)}
    pairs = [set(event.cause.get(ACCOUNTS) or ()) for event in events]
    while more := [pair for pair in pairs if not theirs.isdisjoint(pair) and not pair <= theirs]:
        theirs.update(*more)
    return theirs


def of_refused(connection: SCIMConnection, event: ProvisioningEvent) -> list[int]:
    """The same of somebody who was only refused: all of one userName, or externalId, or of those who were sent so."""
    nobodys = ProvisioningEvent.objects.filter(connection=connection, link__isnull=True)
    if event.user_name_key:
        return sorted(_keys(nobodys.filter(user_name_key=event.user_name_key)))
    if event.external_id:
        return sorted(_keys(nobodys.filter(user_name_key="", external_id=event.external_id)))
    persons = RefusedName.objects.filter(payload__event=event).values_list("person", flat=True)
    same = RefusedName.objects.filter(connection=connection, person__in={*persons})
    keys = {event.pk, *same.order_by().values_list("payload__event", flat=True)}
    return sorted(_keys(nobodys.filter(user_name_key="", pk__in=keys)))


def blank(keys: Sequence[int], identity: Identity, tally: Tally) -> None:
    """Take every value out of lines of the person's own, and delete their messages."""
    for events in _slices(tally.last(keys)):
        tally.delete(ProvisioningPayload.objects.filter(event__in=[event.pk for event in events]))
        for event in events:
            # That somebody was forgotten before names nobody.
            if event.action != Action.FORGOTTEN:
                _write(event, tally, **_blanked(event, identity))


def _blanked(event: ProvisioningEvent, identity: Identity) -> dict[str, Any]:
    name = identity.pseudonym(event.user_name)
    facts = ((fact, value) for fact, value in event.cause.items() if fact in _KEPT_FACTS)
    return {
        "user_name": name,
        "user_name_key": name,
        "external_id": identity.pseudonym(event.external_id),
        "detail": "",
        "cause": {fact: _fact(identity, value) for fact, value in facts},
        "changes": {nameless(path): identity.hashed(pair) for path, pair in event.changes.items()},
        "ignored": [],
        "path": plain_path(event.path),
    }


def _fact(identity: Identity, value: Any) -> Any:
    return nameless(identity.without(value)) if isinstance(value, str) else identity.without(value)


def mentioning(connection: SCIMConnection, identity: Identity, beside: Sequence[int], tally: Tally) -> None:
    """Take the person out of other lines: those of the links ``beside``, of refusals that nobody's link stands for, and
    of what administrators did."""
    words = {key_of(text) for text in identity.telling}
    sent = RefusedName.objects.filter(connection=connection, key__in=words)
    keys = {*sent.order_by().values_list("payload__event", flat=True)}
    for events in _others(connection, beside, tally):
        keys.update(_keys(mentions.among(events, _SAYING, identity)))
    for met in _slices(tally.last(sorted(keys))):
        for event in met:
            _unmention(event, identity, tally)


def _others(
    connection: SCIMConnection, beside: Sequence[int], tally: Tally
) -> Iterator[QuerySet[ProvisioningEvent]]:
    """The lines that may mention the person, by where an index leads to."""
    events = ProvisioningEvent.objects.filter(connection=connection)
    refused = {"connection_id": connection.pk, "outcome": Outcome.REFUSED}
    nobodys = ProvisioningEvent.objects.filter(log_order.exactly(**refused), link__isnull=True)
    yield tally.newest(nobodys, *log_order.newest_first(refused))
    yield events.filter(action__in=_NAMING)
    for start in range(0, len(beside), _SLICE):
        yield tally.newest(events.filter(link__in=beside[start : start + _SLICE]), "-pk")


def _unmention(event: ProvisioningEvent, identity: Identity, tally: Tally) -> None:
    payload = getattr(event, "payload", None)
    if payload is not None and any(_mentions(identity, said) for said in (payload.request, payload.response)):
        tally.delete(ProvisioningPayload.objects.filter(pk=payload.pk))
    told = {name: identity.without(getattr(event, name), names=name in _WHO) for name in _FIELDS}
    _write(event, tally, **{**told, "user_name_key": key_of(told["user_name"])})


def _mentions(identity: Identity, message: str) -> bool:
    try:
        said = json.loads(message)
    except ValueError:
        # Cut, or no JSON.
        return identity.is_in(message)
    return bool(identity.without(said) != said)


def _write(event: ProvisioningEvent, tally: Tally, **values: Any) -> None:
    changed = [name for name, value in values.items() if getattr(event, name) != value]
    if not changed:
        return
    for name in changed:
        value = values[name]
        setattr(event, name, value[: SIZES[name]] if isinstance(value, str) else value)
    event.save(update_fields=changed)
    tally.changed[ProvisioningEvent] += 1


def _keys(rows: QuerySet[ProvisioningEvent]) -> Iterable[int]:
    # In no order: a database would rather walk through the whole log than sort a few.
    return rows.order_by().values_list("pk", flat=True)


def _slices(keys: Sequence[int]) -> Iterator[list[ProvisioningEvent]]:
    for start in range(0, len(keys), _SLICE):
        part = ProvisioningEvent.objects.filter(pk__in=keys[start : start + _SLICE])
        yield list(part.select_related("payload").order_by("pk"))
