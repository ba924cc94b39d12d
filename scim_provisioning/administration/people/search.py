"""Finding a person by whatever somebody types who asks after them, also of those who were refused.

Every word has to be the beginning of one that the person has, or had, in any case: of a name, an address, a userName, a
number. An externalId or SCIM id of a learner counts as a whole, and so does every word for readers who may not see
values: asked for letter by letter they would be told after all. A userName stands in the log for every reader.

Only people of the connections that are handed in are found. Of learners, what their LMS calls them is compared with
everybody of these connections; all else is found by an index.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Max, Q, QuerySet
from django.db.models.expressions import Expression

from scim_provisioning.adapters.expressions import DocumentText, ElementExists, Exactly, Folded, TextMatch
from scim_provisioning.administration.log_search import name_fields
from scim_provisioning.events import sent_names
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import (
    FormerIdentifier,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    RefusedName,
    SCIMConnection,
)
from scim_provisioning.models.former_identifier import begins_with
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.text import is_storable

#: So many people are an answer; more are a reason to write more of the name.
AT_MOST: Final = 20
_WORDS: Final = 5
#: Of operations with a userName that begins so, these are looked at.
_EVENTS: Final = 2000
#: What of a name or number only the document holds, as ``adapters.sql.searchable`` keeps it.
_IN_DOCUMENT: Final = (
    ("displayname",),
    ("nickname",),
    ("name", "givenname"),
    ("name", "familyname"),
    ("name", "formatted"),
    (ENTERPRISE_USER.casefold(), "employeenumber"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was typed, and among whom it is looked for."""

    term: str
    connections: list[int]
    in_clear: bool

    @property
    def whole(self) -> str:
        """All of it, folded as names are."""
        return key_of(self.term)

    @property
    def words(self) -> dict[str, str]:
        """Its words, each once: folded, and as it was typed, to be compared with what no fold has gone over."""
        typed = {key_of(word): word for word in sent_names.split(self.term)}
        return dict(list(typed.items())[:_WORDS])


@dataclass(frozen=True, slots=True)
class Found:
    """Keys of links, and of the last refusal of everybody who has none; ``is_cut``: there are more."""

    links: list[int]
    refusals: list[int]
    is_cut: bool = False


def find(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Found:
    """Whom ``term`` may mean, at most ``AT_MOST`` people (eight queries at most). ``in_clear``: whether the reader may
    see values."""
    if not is_storable(term) or not sent_names.split(term):
        return Found([], [])
    keys = list(connections.order_by("pk").values_list("pk", flat=True))
    asked = Asked(term.strip(), keys, in_clear)
    links: dict[int, None] = {}
    links |= dict.fromkeys(_by_identifier(asked))
    links |= dict.fromkeys(_by_former_identifier(asked))
    in_events, refused_in_events = _by_user_name_at_any_time(asked)
    links |= dict.fromkeys(in_events)
    links |= dict.fromkeys(_by_name(asked, connections))
    if not links:
        links |= dict.fromkeys(_in_documents(asked))
    refused, refused_links = _refused(asked, refused_in_events)
    links |= dict.fromkeys(refused_links)
    is_cut = len(links) + len(refused) > AT_MOST
    return Found(list(links)[:AT_MOST], refused[: max(0, AT_MOST - len(links))], is_cut)


def _by_identifier(asked: Asked) -> Iterable[int]:
    same = Q(user_name_key=asked.whole) | Q(user_name_tombstone_key=asked.whole)
    same |= Q(external_id=asked.term) | Q(scim_id=asked.term.lower())
    rows = ProvisionedUser.objects.filter(same, connection__in=asked.connections)
    return rows.values_list("pk", flat=True)[: AT_MOST + 1]


def _by_former_identifier(asked: Asked) -> Iterable[int]:
    Kind = FormerIdentifier.Kind
    condition = Q()
    for word in asked.words:
        one = Q(key=word) | Q(kind=Kind.NAME, key__endswith=f" {word}")
        one |= Q(kind=Kind.NAME, key__startswith=f"{word} ") | Q(kind=Kind.NAME, key__contains=f" {word} ")
        one |= Q(kind=Kind.USER_NAME) & begins_with("key", word)
        if asked.in_clear:
            one |= begins_with("key", word) | Q(kind=Kind.NAME, key__contains=f" {word}")
        condition &= one
    rows = FormerIdentifier.objects.filter(condition, connection__in=asked.connections).order_by()
    return rows.values_list("link", flat=True).distinct()[: AT_MOST + 1]


def _by_user_name_at_any_time(asked: Asked) -> tuple[list[int], list[int]]:
    """Links, and the last refusals of others, by the userName in the log: kept for longer than what was sent."""
    rows = ProvisioningEvent.objects.filter(
        begins_with("user_name_key", asked.whole), connection__in=asked.connections
    )
    links: dict[int, None] = {}
    refused: dict[tuple[Any, str], int] = {}
    # In no order: a common beginning must not be sorted.
    found = rows.order_by().values_list("pk", "connection", "link", "outcome", "user_name_key")
    for key, connection, link, outcome, name in found[:_EVENTS]:
        if link is not None:
            links[link] = None
        elif outcome == Outcome.REFUSED:
            refused[connection, name] = max(key, refused.get((connection, name), 0))
    return list(links)[: AT_MOST + 1], sorted(refused.values(), reverse=True)[: AT_MOST + 1]


def _by_name(asked: Asked, connections: QuerySet[SCIMConnection]) -> Iterable[int]:
    """By what the LMS calls them, and by their userName."""
    fields = name_fields(connections)
    condition = Q()
    for word, typed in asked.words.items():
        # A userName is kept in the form in which it is compared.
        one: list[Expression] = [TextMatch(Exactly(F("user_name_key")), "sw", word, prepared=True)]
        for field in fields:
            one += _said_so(Folded(F(field)), typed, in_clear=asked.in_clear)
        condition &= _any(one)
    rows = ProvisionedUser.objects.filter(condition, connection__in=asked.connections).order_by()
    return rows.values_list("pk", flat=True)[: AT_MOST + 1]


def _in_documents(asked: Asked) -> Iterable[int]:
    """By what was sent and no column of the LMS's holds."""
    condition = Q()
    for word in asked.words:
        one: list[Expression] = []
        for keys in _IN_DOCUMENT:
            one += _said_so(DocumentText("search", *keys), word, in_clear=asked.in_clear)
        op = "sw" if asked.in_clear else "eq"
        one.append(ElementExists("search", ("emails",), ("value", op, word)))
        condition &= _any(one)
    rows = ProvisionedUser.objects.filter(condition, connection__in=asked.connections).order_by()
    return rows.values_list("pk", flat=True)[: AT_MOST + 1]


def _said_so(text: Expression, word: str, *, in_clear: bool) -> list[Expression]:
    """Whether a word of ``text`` begins so, or is that word."""
    asks = [("sw", word), ("co", f" {word}")]
    if not in_clear:
        asks = [("eq", word), ("sw", f"{word} "), ("ew", f" {word}"), ("co", f" {word} ")]
    return [TextMatch(text, op, part) for op, part in asks]


def _any(conditions: Iterable[Expression]) -> Q:
    either = Q()
    for condition in conditions:
        either |= Q(condition)
    return either


def _refused(asked: Asked, by_user_name: list[int]) -> tuple[list[int], list[int]]:
    """The last refusal of everybody who was called so and has no link, the latest first; and links: of learners who
    were sent under that name, and of those who have been provisioned since."""
    events = ProvisioningEvent.objects.filter(connection__in=asked.connections)
    said = [row["last"] for row in _by_sent_name(asked)[: AT_MOST + 1]]
    met = Q(payload__in=said) | Q(pk__in=by_user_name)
    rows = list(events.filter(met).values_list("pk", "connection", "link", "user_name_key").order_by("-pk"))
    here = _here_now({row[3] for row in rows if row[2] is None and row[3]}, asked.connections)
    links: dict[int, None] = {}
    refused: dict[tuple[object, ...], int] = {}
    for key, connection, own, name in rows:
        link = own or here.get((connection, name))
        if link is not None:
            links[link] = None
        else:
            refused.setdefault((connection, name) if name else (key,), key)
    return list(refused.values()), list(links)


def _by_sent_name(asked: Asked) -> QuerySet[RefusedName, Any]:
    """Of everybody who was sent under these names, the last payload."""
    names = RefusedName.objects.filter(connection__in=asked.connections)
    first, *others = sorted(asked.words, key=len, reverse=True)
    for word in others:
        names = names.filter(person__in=_called(asked, word).values("person"))
    conditions = _word(asked, first)
    grouped = names.filter(conditions).order_by().values("connection", "person")
    return grouped.annotate(last=Max("payload")).order_by("-last")


def _called(asked: Asked, word: str) -> QuerySet[RefusedName]:
    return RefusedName.objects.filter(_word(asked, word), connection__in=asked.connections)


def _word(asked: Asked, word: str) -> Q:
    return begins_with("key", word) if asked.in_clear else Q(key=word)


def _here_now(names: set[str], connections: list[int]) -> dict[tuple[int, str], int]:
    """The links of those who were refused and have been provisioned since."""
    if not names:
        return {}
    living = ProvisionedUser.objects.living().filter(connection__in=connections, user_name_key__in=names)
    rows = living.values_list("connection", "user_name_key", "pk")
    return {(connection, name or ""): link for connection, name, link in rows}
