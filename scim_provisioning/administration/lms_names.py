"""Whom the LMS calls so: the columns that the mapping calls a name, an address or a number, and whether they resemble
what somebody typed who looks for a person. Everybody of the connections is compared.

Every word has to be the beginning of one of the person's, or of a part of a name or number with a hyphen or of an
address before its ``@``, in any case and with accents or without. For readers who may not see values it has to be all
of it: asked for letter by letter they would be told after all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.expressions import Expression
from django.db.models.functions import Concat

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.resembling import Resembles
from scim_provisioning.administration import host
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import accents
from scim_provisioning.rules.customers import customer

# Connections may have mappings of their own; more of them than this share the first ones' fields anyhow.
_MAX_MAPPINGS: Final = 20
_NAME_ATTRIBUTES: Final = frozenset({"name", "displayName", "nickName", "emails", "employeeNumber"})
# Where a word begins: Żak in Nowak-Żak, 20417 in HL-20417.
_BETWEEN: Final = "[ -]"
# Where a word begins, or what of an address a hyphen or a dot divides.
_BEGINS: Final = "[ ._+-]"
# Of words that are longer nothing is looked for inside an address: so much of them is compared that the rest is open.
_INSIDE: Final = 32
# What stands before an at sign is no longer: a long text without one would be read once more for each of its parts.
_BEFORE_AT: Final = 64


def called(words: Iterable[str], fields: Mapping[str, Q], *, in_clear: bool) -> Q:
    """The condition on links that the LMS calls their people so; ``fields`` as ``name_fields`` answers."""
    texts = [
        Case(When(owned, then=F(field)), default=Value("")) if owned else F(field)
        for field, owned in fields.items()
    ]
    condition = Q()
    for word in words:
        condition &= Q(has_word(texts, word, in_clear=in_clear))
    return condition


def has_word(texts: Iterable[Any], word: str, *, in_clear: bool) -> Expression:
    """Whether a word of any of ``texts`` begins so, or the part of an address; where the reader may not see values, is
    that word. All texts one after the other are compared once, which is what makes it quick to compare everybody."""
    resembling = accents.resembling(word)
    if not in_clear:
        return Resembles(_said(texts), f"{_BETWEEN}{resembling}{_BETWEEN}")
    # What a word or a part of an address begins with is looked for first: PostgreSQL takes half as long for it.
    return Resembles(_said(texts), f"{_BEGINS}{resembling}", beginning(word))


def beginning(word: str) -> str:
    """A regular expression, which Python reads as databases do, for texts with a word that begins so, or the part of an
    address, when they are put between spaces."""
    resembling = accents.resembling(word)
    name, at, _domain = word.partition("@")
    if not name or len(word) > _INSIDE:
        return f"{_BETWEEN}{resembling}"
    # An at sign that was typed says that this is the part before it. What follows it is half a directory's.
    rest = "" if at else f"[^ @]{{0,{_BEFORE_AT}}}@"
    return f"(?:{_BETWEEN}{resembling}|[._+-]{resembling}{rest})"


def has_beginning(text: Any, word: str) -> Expression:
    """Whether a word of ``text`` begins so: of a userName, which stands in the log for every reader."""
    return Resembles(_said([text]), f"{_BETWEEN}{accents.resembling(word)}")


def _said(texts: Iterable[Any]) -> Expression:
    parts = [part for text in texts for part in (Value(" "), text)]
    return Concat(*parts, Value(" "), output_field=TextField())


def still_customers(keys: Iterable[int]) -> list[int]:
    """Those of some links whose people the LMS has not moved to another customer: what they are called there is not for
    their first one to find (a query, and one for each connection that the host tells customers apart by)."""
    found: dict[int, list[int]] = {}
    keys = list(keys)
    links = ProvisionedUser.objects.filter(pk__in=keys)
    for link, connection in links.values_list("pk", "connection") if keys else ():
        found.setdefault(connection, []).append(link)
    lost: set[int] = set()
    try:
        host.adapter_class()
    except host.AdapterBroken:
        return keys
    for whom in SCIMConnection.objects.filter(pk__in=found):
        whose = customer(whom)
        if whose.lookups:
            gone = links.filter(whose.lost, connection=whom)
            lost.update(gone.values_list("pk", flat=True))
    return [key for key in keys if key not in lost]


def name_fields(connections: Iterable[SCIMConnection]) -> dict[str, Q]:
    """The ORM paths of what the mapping calls a name, an e-mail address or a number of the employer's, seen from the
    link; and of which links it is what their own connection wrote: an account's is its owner's."""
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        # The log must stay readable while the host's adapter does not load.
        return {}
    fields: dict[str, Q] = {}
    for connection in list(connections)[:_MAX_MAPPINGS]:
        for entry in _named_in(adapter_class, connection):
            owned = Q(owns_profile=True) if entry.source.belongs_to_account else Q()
            fields[entry.source.lookup(entry.field.name)] = owned
    return fields


def account_fields(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> list[str]:
    """The same of what is an account's own, and what it signs in by, seen from the account."""
    account = get_user_model()
    own = [entry for entry in _named_in(adapter_class, connection) if entry.source.belongs_to_account]
    paths = (entry.source.lookup(entry.field.name).removeprefix("user__") for entry in own)
    return list(dict.fromkeys((account.USERNAME_FIELD, *paths)))


def _named_in(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> Iterator[Entry]:
    for entry in adapter_class.compiled(connection).entries:
        attribute = entry.path.attribute
        is_text = isinstance(entry.field, models.CharField | models.TextField)
        if attribute is not None and attribute.name in _NAME_ATTRIBUTES and is_text:
            yield entry
