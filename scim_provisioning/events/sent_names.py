"""The names in what was sent for somebody who was refused, kept so that an administrator finds them.

Of people who were provisioned nothing is written here: their names are in rows already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final

from scim_provisioning.events import redaction
from scim_provisioning.events.identifiers import key_of
from scim_provisioning.models import Operation, ProvisioningEvent, ProvisioningPayload, RefusedName
from scim_provisioning.models.provisioned_user import USER_NAME_KEY_LENGTH, USER_NAME_LENGTH
from scim_provisioning.models.refused_name import PERSON_LENGTH
from scim_provisioning.protocol import accents

#: So many words of one refusal are kept, with accents and without, and so many elements of a list are looked at.
AT_MOST: Final = 40
_ELEMENTS: Final = 20
_DEPTH: Final = 6
ABOUT_PEOPLE: Final = frozenset({Operation.CREATE, Operation.REPLACE, Operation.PATCH})
#: Attributes by which somebody is asked after, without their schema; of these the second ones hold an address.
_NAMES: Final = frozenset(
    {"displayname", "nickname", "externalid", "employeenumber"}
    | {"name.givenname", "name.middlename", "name.familyname", "name.formatted"}
)
_ADDRESSES: Final = frozenset({"username", "emails", "emails.value"})
#: What is said of nobody else: whole names, addresses and numbers.
_OF_ONE_PERSON: Final = (
    _ADDRESSES
    | {"displayname", "name.formatted", "externalid", "employeenumber"}
    | {f"{attribute}{value}" for attribute in ("phonenumbers", "ims") for value in ("", ".value")}
)
_BETWEEN_WORDS: Final = re.compile(r"[\s,;]+")
#: Where another name begins inside an address: ``okafor@`` in ``ines.okafor@``.
_INSIDE: Final = re.compile(r"(?<=[._+-])[^._+\-@]{2}")
#: ``żak`` in ``nowak-żak``, ``20417`` in ``hl-20417``.
_AFTER_HYPHEN: Final = re.compile(r"(?<=-)[^\W_]")


def split(text: str) -> list[str]:
    """What is looked for one by one: the words of ``text``."""
    return [word for word in _BETWEEN_WORDS.split(text) if word]


def remember(event: ProvisioningEvent, payload: ProvisioningPayload | None, body: object) -> None:
    """Keep what the person was called whom ``event`` refused: one insert, none where nobody was named.

    Call it in the transaction that writes ``event`` and ``payload``.
    """
    if payload is None or event.connection_id is None or event.operation not in ABOUT_PEOPLE:
        return
    keys = keys_in(body)
    if keys:
        person = person_of(event, keys)
        RefusedName.objects.bulk_create(
            RefusedName(connection_id=event.connection_id, payload=payload, person=person, key=key)
            for key in keys
        )


def person_of(event: ProvisioningEvent, keys: list[str]) -> str:
    """A text that is the same for all refusals of one person, as far as can be told: by the learner, the userName, the
    externalId, or by all that was said."""
    said = next(
        (
            f"{kind} {value}"
            for kind, value in (
                ("link", event.link_id),
                ("name", event.user_name_key),
                ("id", event.external_id),
            )
            if value
        ),
        " ".join(keys),
    )
    return blake2b(said.encode(), digest_size=PERSON_LENGTH // 2).hexdigest()


def keys_in(body: object) -> list[str]:
    """The words by which whoever is meant in a resource or a PATCH is found, in the order of the alphabet."""
    found: dict[str, None] = {}
    for attribute, value in _values((), body, 0):
        if attribute in _NAMES or attribute in _ADDRESSES:
            found |= dict.fromkeys(_keys(attribute, value))
        if len(found) >= AT_MOST:
            break
    return sorted(found)[:AT_MOST]


def called(body: object) -> list[str]:
    """The texts of a resource or a PATCH that tell who somebody is, as they were written: addresses, numbers, and whole
    names, the given with the family name in both orders."""
    said = list(_values((), body, 0))
    given = [value for attribute, value in said if attribute == "name.givenname"]
    family = [value for attribute, value in said if attribute == "name.familyname"]
    both = zip(given, family, strict=False)
    whole = [text for one, other in both for text in (f"{one} {other}", f"{other} {one}", f"{other}, {one}")]
    return [*whole, *(value for attribute, value in said if attribute in _OF_ONE_PERSON)]


def _keys(attribute: str, value: str) -> Iterator[str]:
    for word in split(redaction.text(value, USER_NAME_LENGTH)):
        key = key_of(word)
        for spelled in (key, *accents.spellings(key)):
            yield from _with_parts(attribute, spelled[:USER_NAME_KEY_LENGTH])


def _with_parts(attribute: str, key: str) -> Iterator[str]:
    """A word, and from where on another name begins in it."""
    yield key
    if attribute in _ADDRESSES:
        yield from (key[inside.start() :] for inside in _INSIDE.finditer(key.partition("@")[0]))
    elif attribute != "externalid":
        # Of an id, which nobody knows by heart, no part is anybody's.
        yield from (key[inside.start() :] for inside in _AFTER_HYPHEN.finditer(key))


def _values(path: tuple[str, ...], value: object, depth: int) -> Iterator[tuple[str, str]]:
    """The texts and numbers of a resource or a PATCH, each with its attribute: small letters, no schema."""
    if depth > _DEPTH:
        return
    if isinstance(value, str):
        yield ".".join(path), value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield ".".join(path), str(value)
    elif isinstance(value, list):
        for element in value[:_ELEMENTS]:
            yield from _values(path, element, depth + 1)
    elif isinstance(value, Mapping):
        for name, member in _members(value):
            yield from _values((*path, *_parts(name)), member, depth + 1)


def _members(value: Mapping[object, object]) -> Iterator[tuple[str, object]]:
    """The members of an object; of an operation of a PATCH, its value under its path."""
    told = {str(name).casefold(): member for name, member in value.items()}
    if "op" in told and "value" in told:
        aim = told.get("path")
        yield (aim if isinstance(aim, str) else ""), told["value"]
        return
    for name, member in told.items():
        yield ("" if name == "operations" else name), member


def _parts(name: str) -> tuple[str, ...]:
    """``emails[type eq "work"].value`` as ``emails``, ``value``; an extension by itself is no part of a path."""
    plain = redaction.BRACKETS.sub("", name).casefold()
    if plain.startswith("urn:"):
        plain = plain.rpartition(":")[2]
        # "2.0:User" has no attribute behind it.
        plain = "" if plain == "user" else plain
    return tuple(part for part in plain.split(".") if part)
