"""Companies, business units and teams among the answers to what somebody types into the search box for people: the
names that were sent, found as people are, by the beginnings of their words.

So two spellings of one team are laid beside each other without knowing first on which connection they came.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Expression
from django.db.models.functions import Length, Replace

from scim_provisioning import databases
from scim_provisioning.administration import host, unit_list
from scim_provisioning.administration.lms_names import has_word
from scim_provisioning.administration.people.search import words_of
from scim_provisioning.administration.units import can_be_asked
from scim_provisioning.events import reports
from scim_provisioning.models import Meaning, ProvisionedUser, ReferenceKey, SCIMConnection
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning import units

logger = logging.getLogger("scim_provisioning.administration")

#: So many names are an answer.
AT_MOST: Final = 10
#: Beside spaces and hyphens, what stands between the words of a name: "R&D" is found by "R & D".
_SIGNS: Final = "&+/.,;:()_"
_SPACES: Final = str.maketrans(_SIGNS, " " * len(_SIGNS))


@dataclass(frozen=True, slots=True)
class CalledSo:
    """A name, and the connection on which it came first. ``kind`` and ``alike`` as those of ``unit_list.Unit``."""

    connection: SCIMConnection
    digest: str
    name: str
    kind: str
    meaning: Meaning
    alike: str

    @property
    def is_told(self) -> bool:
        """Whether what it means says more than that it is a name."""
        return self.meaning is not Meaning.NAME


def find(term: str, connections: QuerySet[SCIMConnection]) -> list[CalledSo]:
    """Names of which each word of ``term`` begins a word, the shortest first, as they were first sent on one of
    ``connections`` that is in use (two queries, and a few for each connection that has one of these names)."""
    words = words_of(term.translate(_SPACES)) if is_storable(term) else []
    if not words:
        return []
    name: Expression | F = F("name")
    for sign in _SIGNS:
        name = Replace(name, Value(sign), Value(" "))
    called = Q()
    for word in words:
        called &= Q(has_word([name], word, in_clear=True))
    serving = connections.filter(archived_at__isnull=True).order_by().values("pk")
    people = ProvisionedUser.objects.filter(connection__in=serving)
    brought = Exists(people.filter(scim_id=OuterRef("brought_by")))
    names = ReferenceKey.objects.filter(called, brought).exclude(scope="").order_by(Length("name"), "name")
    keys = list(names[:AT_MOST])
    if not keys:
        return []
    links = people.filter(scim_id__in=[key.brought_by for key in keys]).select_related("connection")
    whose = {link.scim_id: link.connection for link in links}
    found = {unit.digest: unit for one in {*whose.values()} for unit in _of(one, keys, whose)}
    return [found[key.digest] for key in keys if key.digest in found]


def _of(
    connection: SCIMConnection, keys: Sequence[ReferenceKey], whose: dict[str, SCIMConnection]
) -> list[CalledSo]:
    mine = [key for key in keys if whose.get(key.brought_by) == connection]
    try:
        return list(_described(connection, mine)) if can_be_asked(connection) else []
    except host.AdapterBroken:
        return []
    except Exception as error:
        if databases.fault_of(error) is not None:
            raise
        # The host's own code says whose the units are, and fails: people are told of all the same.
        reports.failure(logger, "The units of a customer could not be searched", exception=error)
        return []


def _described(connection: SCIMConnection, keys: Sequence[ReferenceKey]) -> Iterator[CalledSo]:
    for line in units.lines(connection):
        same = [key for key in keys if key.scope == line.rows.scope_digest]
        alike = unit_list.alike(line, same)
        for key in same:
            kind, meaning = unit_list.kind_of(line), Meaning(key.meaning)
            yield CalledSo(connection, key.digest, key.name, kind, meaning, alike.get(key.name, ""))
