"""The learners of a connection beside what its directory, or its identity provider when it last wrote, says of them.

A row is read as an answer to the identity provider would show it: had it sent what the directory says, whatever came
back otherwise is a difference. So a kind decides what means the same, and nobody is listed for a capital letter or an
alias of their team.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.administration import host
from scim_provisioning.administration.attribute_words import short_name
from scim_provisioning.administration.reconciliation.findings import Difference
from scim_provisioning.models import SCIMConnection
from scim_provisioning.models.provisioned_user import user_name_key
from scim_provisioning.protocol import documents
from scim_provisioning.protocol.resources import Document

#: So many learners are read together.
TOGETHER: Final = 500


def everybody(connection: SCIMConnection) -> Iterator[LearnerAdapter]:
    """Every learner whose account the application has, a few statements for some hundred of them."""
    adapter_class = host.adapter_class()
    last = 0
    while links := list(
        adapter_class.links(connection).living().filter(pk__gt=last).order_by("pk")[:TOGETHER]
    ):
        yield from adapter_class.for_links(links, connection)
        last = links[-1].pk


def has_drifted(adapter: LearnerAdapter) -> bool:
    """Whether a value that the identity provider has sent is another one here now, or the switch is. What it never sent
    is the application's own."""
    return bool(drifted(adapter))


def drifted(adapter: LearnerAdapter) -> list[str]:
    """The paths of these values, ``active`` among them."""
    link = adapter.link
    if link.is_awaited:
        return []
    sent = {**link.document, "userName": link.user_name, "active": link.active}
    shown = adapter.read()
    shown.setdefault("active", link.active)
    return [path for path, (before, _now) in documents.changes(sent, shown).items() if before is not None]


def differences(
    adapter: LearnerAdapter, document: Document, attributes: frozenset[str]
) -> tuple[Difference, ...]:
    """In which of these ``attributes``, the ones that the directory speaks of, a learner differs from it; those that an
    administrator keeps are marked.

    The link is left with the directory's document, unsaved. What a guest's account holds is its owner's to write, and
    is compared with nothing.
    """
    there = {**document}
    if "externalId" not in attributes:
        there.pop("externalId", None)
    adapter.link.document = there
    found = _differing(adapter, there, attributes)
    if adapter.person.locked:
        # Of these the identity provider is answered what it sent; what the row holds is asked for as if they were not.
        adapter.person.locked = frozenset()
        known = {one.attribute for one in found}
        everything = _differing(adapter, there, attributes)
        found += [one._replace(is_locked=True) for one in everything if one.attribute not in known]
    return tuple(sorted(found, key=lambda one: one.attribute))


def _differing(adapter: LearnerAdapter, there: Document, attributes: frozenset[str]) -> list[Difference]:
    here = adapter.read()
    here.setdefault("active", adapter.link.active)
    # Case makes no two names of one (RFC 7643 section 4.1.1).
    if user_name_key(here["userName"]) == user_name_key(there["userName"]):
        here["userName"] = there["userName"]
    kept = _kept(adapter)
    return [
        Difference(short_name(path), after, before)
        for path, (before, after) in documents.changes(there, here).items()
        if path in attributes
        # An empty cell says nothing about what is to be kept when nothing is sent.
        and (before is not None or path.partition("[")[0] not in kept)
    ]


def _kept(adapter: LearnerAdapter) -> set[str]:
    """The attributes that stay as they are here when the identity provider has no value for them."""
    found = set()
    for entry in adapter.compiled_mapping.entries:
        if entry.declaration.when_empty == "keep":
            sub = "" if entry.is_element or entry.path.sub is None else f".{entry.path.sub.name}"
            urn = f"{entry.attribute.extension}:" if entry.attribute.extension else ""
            found.add(f"{urn}{entry.attribute.name}{sub}")
    return found
