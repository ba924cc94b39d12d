"""Companies, business units and teams that an identity provider seems to have renamed: many people came from one of
them to a name that is new here.

The pages of a connection's names ask for it when they are opened, and ``scim_notify`` hourly, for the contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.administration import host
from scim_provisioning.administration.units import can_be_asked
from scim_provisioning.models import (
    Meaning,
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
)
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.protocol.spelling import seen
from scim_provisioning.provisioning import units
from scim_provisioning.provisioning.units import Line

#: For so long a name is new, and people are taken for those who came to it.
NEW_FOR: Final = timedelta(days=7)
#: So many people who came from one unit to a new name are taken for its new name.
_AT_LEAST: Final = 3
_EVENTS: Final = 5_000
#: So many names are looked at where nobody has chosen them, the latest first: whoever sends more has none of them
#: renamed.
_NAMES: Final = 500
#: Nobody has said yet what such a name means.
OPEN: Final = Q(made=True, meaning=Meaning.NAME) | Q(meaning=Meaning.WAITING)


@dataclass(frozen=True, slots=True)
class Rename:
    """So many people came from the unit ``old`` to the name ``new`` of this digest."""

    digest: str
    new: str
    old: str
    people: int

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        return _(
            "%(people)d people came from “%(old)s” to “%(new)s”, which is new here. It looks as if your identity "
            "provider had renamed it."
        ) % {"people": self.people, "old": seen(self.old), "new": seen(self.new)}


def of(connection: SCIMConnection, keys: Iterable[ReferenceKey]) -> dict[str, Rename]:
    """Those of these names that seem to be another unit's new one, by digest: most who left that unit within a week
    came there. One query for who moved, none where no name is new, and two at most for each unit they came from."""
    new = {key.digest: key for key in keys if key.made or key.meaning == Meaning.WAITING}
    lines = {line.path: line for line in units.lines(connection) if new}
    left: Counter[tuple[str, str]] = Counter()
    came: dict[str, Counter[tuple[str, str, str]]] = {}
    for line, before, after in _moves(connection, lines):
        origin = line.rows.digest(before)
        left[line.path, origin] += 1
        if (digest := line.rows.digest(after)) in new and digest != origin:
            came.setdefault(digest, Counter())[line.path, origin, before] += 1
    found = {}
    for digest, counted in came.items():
        [((path, origin, old), people)] = counted.most_common(1)
        if people >= _AT_LEAST and people * 2 > left[path, origin]:
            key = new[digest]
            if called := _called(lines[path], old, key):
                found[digest] = Rename(digest, key.name, called, people)
    return found


def is_answered(connection: SCIMConnection) -> bool:
    """Whether the host can be asked which units are the customer's, and its adapter loads."""
    try:
        return can_be_asked(connection)
    except host.AdapterBroken:
        return False


def lately(connection: SCIMConnection) -> list[Rename]:
    """The same of all names that are new within a week; nothing while the host cannot be asked."""
    if not is_answered(connection):
        return []
    return list(of(connection, new_names(connection)).values())


def new_names(connection: SCIMConnection) -> QuerySet[ReferenceKey]:
    """The names that came first with people of this connection within a week, and on which nobody has decided; of many
    the latest."""
    people = ProvisionedUser.objects.filter(connection=connection, scim_id=OuterRef("brought_by"))
    recent = ReferenceKey.objects.filter(OPEN, Exists(people), heard_at__gte=timezone.now() - NEW_FOR)
    return recent.order_by("-heard_at", "digest")[:_NAMES]


def to_tell(connection: SCIMConnection) -> Iterator[tuple[str, str]]:
    """The occasion and the sentence of each, for the contacts."""
    for found in lately(connection):
        advice = _("Say so on the page “Companies, business units, teams”: its people are moved at once.")
        yield found.digest, f"{found.sentence} {advice}"


def _moves(connection: SCIMConnection, lines: Mapping[str, Line]) -> Iterator[tuple[Line, str, str]]:
    """Who was moved within a week, the latest first: of which line, from which name to which."""
    if not lines:
        return
    rows = ProvisioningEvent.objects.filter(
        connection=connection,
        created_at__gte=timezone.now() - NEW_FOR,
        changes__has_any_keys=list(lines),
    )
    for changes in rows.order_by("-pk").values_list("changes", flat=True)[:_EVENTS]:
        for path in lines.keys() & changes.keys():
            before, after = changes[path]
            if isinstance(before, str) and isinstance(after, str):
                yield lines[path], before, after


def _called(line: Line, old: str, key: ReferenceKey) -> str:
    """What the unit is called that ``old`` means; empty where it is none, or the one that ``key`` means itself."""
    unit = line.kind.names(line.entry.field.related_model, line.connection).known(old)
    return "" if unit is None or key_of(unit) == key.target else str(getattr(unit, line.kind.by))
