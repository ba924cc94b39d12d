"""The names of companies, business units and teams of one customer, as an administrator looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from scim_provisioning.adapters.person import MEANT
from scim_provisioning.administration import look_alikes, renames
from scim_provisioning.administration.attribute_words import unit_word
from scim_provisioning.models import Meaning, ProvisionedUser, ReferenceKey, SCIMConnection
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.protocol.text import is_storable
from scim_provisioning.provisioning import units
from scim_provisioning.provisioning.units import Line

NEW_FOR: Final = renames.NEW_FOR
#: What the list may show.
SHOWN: Final = ("open", "week", "all")
_NAMES: Final = 5_000
#: What was not in the LMS before somebody came with it.
_NEW: Final = Q(made=True) | ~Q(meaning=Meaning.NAME)


@dataclass(frozen=True, slots=True)
class Unit:
    """One name. ``kind`` is what administrators call the attribute, ``path`` what the identity provider does.

    ``called`` is what the unit that it means is called; ``is_renamed``: the LMS calls it otherwise. ``learners`` are in
    it, ``waiting`` are written without it. ``came`` and ``came_from``: so many came from that unit lately. ``alike`` is
    another unit whose name looks much the same. ``emptied`` is a unit that was merged into this one, and in which
    nobody is any more; ``merged`` its key.
    """

    digest: str
    name: str
    path: str
    kind: str
    meaning: Meaning
    called: str
    learners: int
    waiting: int
    made: bool
    moving: bool
    is_renamed: bool
    heard_at: datetime | None
    brought_by: str
    came: int = 0
    came_from: str = ""
    alike: str = ""
    emptied: str = ""
    merged: str = ""


def names(connection: SCIMConnection, show: str = "all", text: str = "") -> QuerySet[ReferenceKey]:
    """The customer's names: ``"open"`` are new and undecided, ``"week"`` came first within a week and were not in the
    LMS before. The newest first."""
    keys = ReferenceKey.objects.filter(scope__in={line.rows.scope_digest for line in units.lines(connection)})
    if show == "open":
        keys = keys.filter(meaning=Meaning.WAITING)
    elif show == "week":
        keys = keys.filter(_NEW, heard_at__gte=timezone.now() - NEW_FOR)
    if text:
        keys = keys.filter(name__icontains=text) if is_storable(text) else keys.none()
    return keys.order_by("-heard_at", "digest")


def described(connection: SCIMConnection, keys: Iterable[ReferenceKey]) -> list[Unit]:
    """These names with what is to know of them: a few queries for each line of the mapping, whatever their number."""
    keys, found = list(keys), []
    waiting = _waiting(connection)
    brought = dict(
        ProvisionedUser.objects.filter(
            connection=connection, scim_id__in={key.brought_by for key in keys}
        ).values_list("scim_id", "user_name")
    )
    lines: dict[str, list[Line]] = {}
    for line in units.lines(connection):
        lines.setdefault(line.rows.scope_digest, []).append(line)
    for scope, same in lines.items():
        mine = [key for key in keys if key.scope == scope]
        if mine:
            found += _of_scope(same, mine, waiting, brought)
    order = {key.digest: place for place, key in enumerate(keys)}
    renamed = renames.of(connection, keys)
    return [
        replace(unit, came_from=one.old, came=one.people) if (one := renamed.get(unit.digest)) else unit
        for unit in sorted(found, key=lambda unit: order[unit.digest])
    ]


def detail(line: Line, key: ReferenceKey) -> Unit:
    """One name."""
    [unit] = described(line.connection, [key])
    return unit


def kind_of(line: Line) -> str:
    """What administrators call the attribute of a line: as the application does, where it says so."""
    return unit_word(line.path, line.entry.field)


def unit_names(line: Line) -> list[str]:
    """What the customer's units are called, for somebody who has to name one; the first of them."""
    names: QuerySet[Any] = line.rows.rows().order_by(line.kind.by).values_list(line.kind.by, flat=True)
    return [str(name) for name in names[:500]]


def brought_by(connection: SCIMConnection) -> QuerySet[ReferenceKey]:
    """The names that came first with people of this connection; the adapter need not be asked."""
    people = ProvisionedUser.objects.filter(connection=connection, scim_id=OuterRef("brought_by"))
    return ReferenceKey.objects.filter(Exists(people))


def waiting_count(connection: SCIMConnection) -> int:
    """How many of these wait for an administrator (one query)."""
    return brought_by(connection).filter(meaning=Meaning.WAITING).count()


def new_since(connection: SCIMConnection, moment: datetime) -> list[ReferenceKey]:
    """Those of these that were not in the LMS before, the newest first (one query)."""
    return list(brought_by(connection).filter(_NEW, heard_at__gt=moment).order_by("-heard_at", "digest"))


def _of_scope(
    lines: list[Line], keys: list[ReferenceKey], waiting: Mapping[str, int], brought: Mapping[str, str]
) -> list[Unit]:
    first = lines[0]
    targets = {key.target for key in keys} | {key.merged for key in keys} - {""}
    rows = {key_of(row): row for row in first.rows.rows().filter(pk__in=targets - {""})}
    held: Counter[str] = Counter()
    for line in lines:
        name = line.entry.field.name
        held_by = line.entry.source.queryset(line.connection).filter(**{f"{name}__in": [*rows.values()]})
        counted = held_by.order_by().values_list(name).annotate(n=Count("pk"))
        held.update({str(pk): n for pk, n in counted if pk is not None})
    called = {pk: str(getattr(row, first.kind.by)) for pk, row in rows.items()}
    looks = alike(first, keys)
    return [
        Unit(
            digest=key.digest,
            name=key.name,
            path=", ".join(line.path.rpartition(":")[2] for line in lines),
            kind=", ".join(dict.fromkeys(kind_of(line) for line in lines)),
            meaning=Meaning(key.meaning),
            called=called.get(key.target, ""),
            learners=held[key.target],
            waiting=waiting.get(key.digest, 0),
            made=key.made,
            moving=bool(key.merged and held[key.merged]),
            is_renamed=key.meaning == Meaning.NAME
            and key.target in called
            and first.kind.key(called[key.target]) != first.kind.key(key.name),
            heard_at=key.heard_at,
            brought_by=brought.get(key.brought_by, ""),
            alike=looks.get(key.name, ""),
            emptied="" if held[key.merged] else called.get(key.merged, ""),
            merged=key.merged,
        )
        for key in keys
    ]


def _waiting(connection: SCIMConnection) -> Counter[str]:
    """How many people wait for each name, by its digest."""
    rows = {line.path: line.rows for line in units.lines(connection)}
    people = ProvisionedUser.objects.living().filter(connection=connection, search__has_key=MEANT)
    counted: Counter[tuple[str, str]] = Counter(
        (path, name)
        for search in people.values_list("search", flat=True).iterator()
        for path, understood in search[MEANT].items()
        for name, target in understood.items()
        if not target and path in rows
    )
    found: Counter[str] = Counter()
    for (path, name), n in counted.items():
        found[rows[path].digest(name)] += n
    return found


def alike(line: Line, keys: Iterable[ReferenceKey]) -> dict[str, str]:
    """By name another unit whose name looks much the same, of names on which there is something to decide (two
    queries). What was merged into another is none any more."""
    open_names = [key.name for key in keys if key.meaning in (Meaning.NAME, Meaning.WAITING)]
    if not open_names:
        return {}
    gone = ReferenceKey.objects.filter(scope=line.rows.scope_digest, meaning=Meaning.ALIAS).exclude(merged="")
    units: QuerySet[Any] = line.rows.rows().exclude(pk__in=[*gone.values_list("merged", flat=True)])
    others = map(str, units.order_by("pk").values_list(line.kind.by, flat=True)[:_NAMES])
    return look_alikes.found(open_names, others, line.kind.key)
