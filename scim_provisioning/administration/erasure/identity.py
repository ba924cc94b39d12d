"""By what a person who is to be forgotten is recognised, in rows that are theirs and in others that mention them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from scim_provisioning.administration.attribute_words import nameless
from scim_provisioning.events import pseudonyms, sent_names
from scim_provisioning.events.administrators import NAMES
from scim_provisioning.models import FormerIdentifier, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.provisioned_user import FORGOTTEN
from scim_provisioning.protocol.text import fold, normalized

#: Shorter texts mean too much else in rows that are not the person's own.
SHORTEST: Final = 4
#: Longer ones are no names, and more of them no person's: each is looked for in everybody's row.
_LONGEST: Final = 254
_MOST: Final = 40
#: What says what kind of value stands beside it, and never whose: "work" is nobody's name here.
_KINDS: Final = frozenset({"type", "primary", "schemas", "meta", "id"})
#: What says where somebody works and as what, and nobody's name: a shared mailbox may be called as the department is.
_OF_WORK: Final = frozenset(
    {
        "title",
        "usertype",
        "department",
        "division",
        "organization",
        "costcenter",
        "addresses",
        "roles",
        "entitlements",
        "groups",
        "locale",
        "preferredlanguage",
        "timezone",
    }
)
#: Where an attribute says who somebody is to somebody else.
_MANAGER: Final = "manager"


@dataclass(frozen=True)
class Identity:
    """``texts`` are whole names, addresses and numbers, as they were written, of somebody of a connection."""

    connection: int
    texts: frozenset[str]

    @cached_property
    def telling(self) -> list[str]:
        """The texts by which the person is found in other rows, the longest first."""
        told = {text.strip() for text in self.texts if _tells(text)}
        return sorted(told, key=lambda text: (-len(text), text))[:_MOST]

    @cached_property
    def _mention(self) -> re.Pattern[str]:
        """Full names and addresses anywhere; a number or a lone word, which may mean anything, where a sentence of ours
        has it between quotation marks."""
        plain = [text for text in self.telling if "@" in text or len(text.split()) > 1]
        quoted = [text for text in self.telling if text not in plain]
        anywhere = rf"(?<!\w)(?:{_any_of(plain)})(?!\w)"
        return re.compile(rf"{anywhere}|(?<=[“‘„'])(?:{_any_of(quoted)})(?=[”’“'])", re.IGNORECASE)

    @cached_property
    def _whole(self) -> frozenset[str]:
        return frozenset(map(fold, self.telling))

    def but(self, others: Iterable[str]) -> Identity:
        """The same without texts that are somebody else's too, folded: whoever has them is meant by them."""
        taken = {*others}
        return Identity(self.connection, frozenset(text for text in self.texts if fold(text) not in taken))

    def also(self, others: Iterable[str]) -> Identity:
        """The same with what else the person was called."""
        return Identity(self.connection, self.texts | frozenset(others))

    def is_in(self, *texts: str) -> bool:
        """Whether any of these texts mentions the person."""
        return any(self._mention.search(text) for text in texts)

    def pseudonym(self, text: str) -> str:
        """What stands in the place of a text of theirs."""
        return pseudonyms.of(self.connection, text)

    def without(self, value: Any, *, names: bool = False) -> Any:
        """JSON or a text in which a pseudonym stands wherever the person was mentioned; the rest as it is, and every
        key. ``names``: the value says who somebody is: a number or a word that is all of it means the person."""
        if isinstance(value, str):
            if names and fold(value.strip()) in self._whole:
                return self.pseudonym(value)
            return self._mention.sub(lambda found: self.pseudonym(found[0]), value)
        if isinstance(value, Mapping):
            return {name: self._member(str(name).casefold(), member, names) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(element, names=names) for element in value]
        if names and isinstance(value, int | float) and fold(str(value)) in self._whole:
            return self.pseudonym(str(value))
        return value

    def _member(self, name: str, value: Any, names: bool) -> Any:
        if name in _KINDS or _attribute(name) in _OF_WORK:
            return value
        return self.without(value, names=names or _MANAGER in name or name == NAMES)

    def hashed(self, value: Any) -> Any:
        """JSON of theirs, with a pseudonym for every text and number; whether there was a value can still be told."""
        if value is None or value == "" or isinstance(value, bool):
            return value
        if isinstance(value, Mapping):
            return {nameless(str(name)): self.hashed(member) for name, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.hashed(element) for element in value]
        return self.pseudonym(str(value))


def _attribute(name: str) -> str:
    """Of the name of a member, or a path of the log's, the attribute alone."""
    return re.split(r"[.\[]", name.rsplit(":", 1)[-1])[0]


def _any_of(texts: Iterable[str]) -> str:
    """A pattern for these texts as they may be written; of none, for nothing."""
    spelled = (
        re.escape(form)
        for text in texts
        for form in dict.fromkeys(
            (
                text,
                normalized("NFC", text),
                normalized("NFD", text),
                json.dumps(text, ensure_ascii=False)[1:-1],
            )
        )
    )
    return "|".join(spelled) or "(?!)"


def of_link(link: ProvisionedUser) -> Identity:
    """Of somebody who has, or had, an account (one query). Of what they were called the latest counts: an identity
    provider may have given somebody thousands of names."""
    former = FormerIdentifier.objects.filter(link=link).order_by("-pk").values_list("value", flat=True)
    return _identity(link.connection_id, [*texts_of(link), *former[:_MOST]])


def of_refused(connection: SCIMConnection, events: Iterable[ProvisioningEvent]) -> Identity:
    """Of somebody who was only refused, by these operations, read with their payloads."""
    said: list[str | None] = []
    for event in events:
        said += [event.user_name, event.external_id]
        if sent := request_of(event):
            said += sent_names.called(sent)
    return _identity(connection.pk, said)


def request_of(event: ProvisioningEvent) -> object:
    """What was sent, as JSON; None where it is not kept, was cut, or is none."""
    payload = getattr(event, "payload", None)
    try:
        return None if payload is None else json.loads(payload.request)
    except ValueError:
        return None


def texts_of(link: ProvisionedUser) -> Iterable[str]:
    """What the link alone says of who somebody is."""
    own = (link.user_name, link.external_id)
    return (text for text in (*own, *sent_names.called(link.document)) if text)


def _identity(connection: int, texts: Iterable[str | None]) -> Identity:
    """By the first of ``texts`` that tell who somebody is."""
    telling = dict.fromkeys(text for text in texts if text and _tells(text))
    return Identity(connection, frozenset([*telling][:_MOST]))


def _tells(text: str) -> bool:
    return SHORTEST <= len(text.strip()) <= _LONGEST and not text.strip().startswith(FORGOTTEN)
