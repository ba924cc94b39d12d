"""Finding a person by whatever somebody types who asks after them, also of those who were refused.

Every word has to be the beginning of one that the person has, or had, in any case and with accents or without: of a
name, an address, a userName, a number; or of a part of an address before its ``@``, as in ``okafor@harb``. An
externalId or SCIM id of a learner counts as a whole, and so does every word for readers who may not see values: asked
for letter by letter they would be told after all. A userName stands in the log for every reader.

Only people of the connections that are handed in are found, and by nothing that is not the connection's to know: what
the LMS calls somebody finds its owner's people, of a guest only what was sent does; whom the LMS has moved to another
customer is not found by what they are called there. What the LMS calls learners, and what they were called, is compared
with everybody's of these connections; all else, and whoever was refused, is found by an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Max, Q, QuerySet

from scim_provisioning.adapters.expressions import DocumentText, ElementExists
from scim_provisioning.adapters.resembling import Mentions
from scim_provisioning.administration.lms_names import (
    called,
    has_beginning,
    has_word,
    name_fields,
    still_customers,
)
from scim_provisioning.events import pseudonyms, sent_names
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import (
    FormerIdentifier,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    RefusedName,
    SCIMConnection,
)
from scim_provisioning.models.former_identifier import begins_with
from scim_provisioning.protocol import accents
from scim_provisioning.protocol.constants import ENTERPRISE_USER
from scim_provisioning.protocol.text import is_storable

#: So many people are an answer; more are a reason to write more of the name.
AT_MOST: Final = 20
_WORDS: Final = 5
#: In so many connections somebody who was forgotten is found by a name that was theirs.
_ASKED_ONE_BY_ONE: Final = 20
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
    def words(self) -> list[str]:
        """Its words."""
        return words_of(self.term)


@dataclass(frozen=True, slots=True)
class Found:
    """Keys of links, and of the last refusal of everybody who has none; ``is_cut``: there are more."""

    links: list[int]
    refusals: list[int]
    is_cut: bool = False


def words_of(term: str) -> list[str]:
    """The words of what was typed, each once, folded."""
    return list(dict.fromkeys(map(key_of, sent_names.split(term))))[:_WORDS]


def find(term: str, connections: QuerySet[SCIMConnection], *, in_clear: bool) -> Found:
    """Whom ``term`` may mean, at most ``AT_MOST`` people (eleven queries at most). ``in_clear``: whether the reader may
    see values."""
    if not is_storable(term) or not sent_names.split(term):
        return Found([], [])
    keys = list(connections.order_by("pk").values_list("pk", flat=True))
    asked = Asked(term.strip(), keys, in_clear)
    links: dict[int, None] = {}
    links |= dict.fromkeys(_by_identifier(asked))
    links |= dict.fromkeys(_by_former_identifier(asked))
    links |= dict.fromkeys(_by_name(asked, connections))
    # Of a guest nothing else is compared than what was sent.
    links |= dict.fromkeys(_in_documents(asked, Q(owns_profile=False) if links else Q()))
    refused, refused_links = _refused(asked)
    links |= dict.fromkeys(refused_links)
    is_cut = len(links) + len(refused) > AT_MOST
    return Found(list(links)[:AT_MOST], refused[: max(0, AT_MOST - len(links))], is_cut)


def _by_identifier(asked: Asked) -> Iterable[int]:
    values = {
        "user_name_key": asked.whole,
        "user_name_tombstone_key": asked.whole,
        "external_id": asked.term,
        "scim_id": asked.term.lower(),
    }
    # With the connection in each, as their indexes begin with it.
    same = Q()
    for name, value in values.items():
        same |= Q(**{"connection__in": asked.connections, name: value})
    for connection, names in _forgotten_as(asked):
        same |= Q(connection=connection, user_name_tombstone_key__in=names)
        same |= Q(connection=connection, external_id__in=names)
    rows = ProvisionedUser.objects.filter(same)
    return rows.values_list("pk", flat=True)[: AT_MOST + 1]


def _forgotten_as(asked: Asked) -> list[tuple[int, list[str]]]:
    """By connection what stands in the place of this very name, where it was erased. Not where they are too many: each
    has others."""
    few = asked.connections if len(asked.connections) <= _ASKED_ONE_BY_ONE else []
    return [(connection, pseudonyms.known_as(connection, asked.whole)) for connection in few]


def _by_former_identifier(asked: Asked) -> Iterable[int]:
    condition = Q()
    for word in asked.words:
        one = Q(has_word([F("key")], word, in_clear=asked.in_clear))
        if not asked.in_clear:
            user_name = Q(kind=FormerIdentifier.Kind.USER_NAME)
            one |= user_name & Q(has_beginning(F("key"), word))
        condition &= one
    rows = FormerIdentifier.objects.filter(condition, connection__in=asked.connections).order_by()
    return rows.values_list("link", flat=True).distinct()[: AT_MOST + 1]


def _refused_once(asked: Asked) -> list[int]:
    """The last refusals under this very userName: the log knows it for longer than what was sent is kept."""
    rows = ProvisioningEvent.objects.filter(
        user_name_key=asked.whole,
        connection__in=asked.connections,
        link__isnull=True,
        outcome=Outcome.REFUSED,
    )
    found = rows.order_by().values("connection").annotate(last=Max("pk")).order_by("-last")
    return [row["last"] for row in found[: AT_MOST + 1]]


def _by_name(asked: Asked, connections: QuerySet[SCIMConnection]) -> Iterable[int]:
    """By what the LMS calls them, and by their userName; whom it has moved, by that alone."""
    everybody = ProvisionedUser.objects.filter(connection__in=asked.connections)
    found = list(_called_by(asked, everybody, name_fields(connections)))
    here = still_customers(found)
    moved = everybody.filter(pk__in=set(found) - set(here))
    return here if len(here) == len(found) else [*here, *_called_by(asked, moved, {})]


def _called_by(
    asked: Asked, people: QuerySet[ProvisionedUser], fields: Mapping[str, Q]
) -> QuerySet[ProvisionedUser, Any]:
    condition = Q()
    for word in asked.words:
        one = called([word], {"user_name": Q(), **fields}, in_clear=asked.in_clear)
        if not asked.in_clear:
            one |= Q(has_beginning(F("user_name"), word))
        condition &= one
    return people.filter(condition).order_by().values_list("pk", flat=True)[: AT_MOST + 1]


def _in_documents(asked: Asked, whose: Q) -> Iterable[int]:
    """By what was sent and no column of the LMS's holds."""
    texts = [DocumentText("search", *keys) for keys in _IN_DOCUMENT]
    operator = "sw" if asked.in_clear else "eq"
    condition = Q()
    for word in asked.words:
        spelled = [("value", operator, one) for one in dict.fromkeys((word, *accents.spellings(word)))]
        address = ElementExists("search", ("emails",), ("or", *spelled))
        said = Q(has_word(texts, word, in_clear=asked.in_clear)) | Q(asks_document=True) & Q(address)
        # First what is told without reading the JSON of everybody, where that takes long.
        condition &= Q(Mentions(F("search"), accents.mentioned(word))) & said
    rows = ProvisionedUser.objects.filter(whose, condition, connection__in=asked.connections).order_by()
    return rows.values_list("pk", flat=True)[: AT_MOST + 1]


def _refused(asked: Asked) -> tuple[list[int], list[int]]:
    """The last refusal of everybody who was called so and has no link, the latest first; and links: of learners who
    were sent under that name, and of those who have been provisioned since."""
    events = ProvisioningEvent.objects.filter(connection__in=asked.connections)
    said = [row["last"] for row in _by_sent_name(asked)[: AT_MOST + 1]]
    payloads = ProvisioningPayload.objects.filter(pk__in=said)
    met = [*(payloads.values_list("event", flat=True) if said else ()), *_refused_once(asked)]
    rows = list(
        events.filter(pk__in=met).values_list("pk", "connection", "link", "user_name_key").order_by("-pk")
    )
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
    spelled = dict.fromkeys((word, *accents.spellings(word)))
    if not asked.in_clear:
        return Q(key__in=spelled)
    condition = Q()
    for one in spelled:
        condition |= begins_with("key", one)
    return condition


def _here_now(names: set[str], connections: list[int]) -> dict[tuple[int, str], int]:
    """The links of those who were refused and have been provisioned since."""
    if not names:
        return {}
    living = ProvisionedUser.objects.living().filter(connection__in=connections, user_name_key__in=names)
    rows = living.values_list("connection", "user_name_key", "pk")
    return {(connection, name or ""): link for connection, name, link in rows}
