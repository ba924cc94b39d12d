"""People as an answer shows them: the columns that their documents are made of, and no models.

A page of a hundred people would be six hundred models of which a few columns each are read. Kinds say which columns
these are (``reads``), and are handed stand-ins for the rows that have them and nothing else. Where a kind reads more,
or the host's models are made in a way of their own, people are read as models: see ``links``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from inspect import getattr_static
from operator import itemgetter
from typing import Any, Final, cast

from django.db import models
from django.db.models import ExpressionWrapper, F
from django.db.models.query_utils import DeferredAttribute
from django.db.models.signals import post_init, pre_init

from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.people import People
from scim_provisioning.adapters.person import ACTIVE_UNASSIGNED, AWAITS_MANAGER, LOCKED, MEANT, Person
from scim_provisioning.adapters.row_set import RowSet
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.databases.listening import is_heard
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol import json_text

#: What an answer shows of a link, or is decided by.
_LINK: Final = (
    "pk",
    "scim_id",
    "user_id",
    "user_name",
    "external_id",
    "active",
    "owns_profile",
    "version",
    "created_at",
    "modified_at",
)
#: As they are stored: what is looked for in the second is hardly ever there.
_STORED: Final = tuple(ExpressionWrapper(F(name), models.TextField()) for name in ("document", "search"))
#: Whether one of these is there. Everybody on every page is asked, and to look for all at once is the fastest.
_MARKED: Final = re.compile(
    "|".join(re.escape(json.dumps(mark)) for mark in (ACTIVE_UNASSIGNED, AWAITS_MANAGER, MEANT, LOCKED))
).search
#: What of a kind touches a row, or what was read of it.
_READING: Final = ("current", "is_on", "to_scim", "same", "shown", "is_meant")
_OURS: Final = f"{__name__.partition('.')[0]}."
#: What gives an attribute the value of its column as it is.
_PLAIN: Final = frozenset({DeferredAttribute, models.ForeignKey.descriptor_class})


class _StandIn(tuple[Any, ...]):
    """What was read of a person, with those of its columns as attributes that are read of one row. Whoever asks for
    more hears of it."""

    __slots__ = ()


def _stand_in(columns: Mapping[str, int], joined: Mapping[str, Mapping[str, int]]) -> type[_StandIn]:
    """The class of stand-ins for a row: its ``columns`` and where they are, and those of rows ``joined`` to it.
    As with the rows themselves, nobody asks for one that is not there."""
    has: dict[str, Any] = {column: property(itemgetter(place)) for column, place in columns.items()}
    near = {attribute: property(_stand_in(others, {})) for attribute, others in joined.items()}
    return type("StandIn", (_StandIn,), {"__slots__": (), **has, **near})


class Glimpse(_StandIn):
    """A link in this form, with the rows of its person: the account, and those that are one-to-one with it."""

    __slots__ = ()

    pk: int
    scim_id: str
    _stored: str
    _read: Callable[[str], Any]
    rows: Mapping[str, _StandIn | None]

    @property
    def document(self) -> dict[str, Any]:
        """Read anew each time: whoever shows people one by one has no more than one of them at hand."""
        document: dict[str, Any] = self._read(self._stored)
        return document

    def person(self, connection: SCIMConnection, people: People) -> Person:
        """What is handed to kinds."""
        return Person(cast(ProvisionedUser, self), connection, cast(RowSet, self.rows), people)


for _place, _name in enumerate((*_LINK, "_stored", "search", "rows", "_read")):
    setattr(Glimpse, _name, property(itemgetter(_place)))


class Plan:
    """What to ask for where people are only shown, and what is made of the answer."""

    def __init__(self, mapping: CompiledMapping) -> None:
        self.columns: list[Any] = list(_LINK)
        self.models: set[type[models.Model]] = {ProvisionedUser}
        #: Of each row: what stands for it, and the column that is empty where there is none.
        self._rows: list[tuple[str, type[_StandIn], int]] = []
        # A userName is shown as the link has it.
        entries = [entry for entry in mapping.all_entries if entry is not mapping.user_name]
        for source in mapping.sources.values():
            self._add(source, [entry for entry in entries if entry.source == source])
        self.columns += _STORED
        self._read = json_text.reader(mapping.schema)

    def _add(self, source: RowSource, entries: Sequence[Entry]) -> None:
        self.models.add(source.model)
        key = self._asked(source.lookup("pk"))
        places, joined = {"pk": key}, dict[str, dict[str, int]]()
        for entry in entries:
            for read in entry.declaration.reads(entry.field) or ():
                reference, _, name = read.partition("__")
                place = self._asked(source.lookup(read))
                if name:
                    self.models.add(entry.field.related_model)
                    joined.setdefault(reference, {})[name] = place
                else:
                    places[read] = place
        self._rows.append((source.name, _stand_in(places, joined), key))

    def _asked(self, column: str) -> int:
        """The place of a column; each is asked for once."""
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column)

    def glimpse(self, found: tuple[Any, ...]) -> Glimpse:
        """A person of whom these columns were read."""
        document, search = found[-2:]
        marks = json.loads(search) if _MARKED(search) else {}
        rows = {name: None if found[key] is None else kind(found) for name, kind, key in self._rows}
        return Glimpse((*found[: len(_LINK)], document, marks, rows, self._read))


# --- where that is all that is needed


@lru_cache(maxsize=1024)
def plan(mapping: CompiledMapping) -> Plan | None:
    """How to read people who are only shown; None where it takes their rows."""
    if not all(source.is_joined for source in mapping.sources.values()):
        return None
    if not all(_says_what_it_reads(entry) for entry in mapping.all_entries):
        return None
    found = Plan(mapping)
    return found if all(map(_is_made_by_django, found.models)) else None


def nobody_waits_for_models(found: Plan) -> bool:
    """Whether no receiver of the host's is to be told of models that are made: it may change them."""
    return not any(is_heard(model, pre_init, post_init) for model in found.models)


def _says_what_it_reads(entry: Entry) -> bool:
    """Whether a kind reads no more than the columns that it names, each of which is what Django's own fields hold."""
    kind, field = type(entry.declaration), entry.field
    if not _is_ours(kind.reads) or all(_is_ours(getattr(kind, name)) for name in _READING):
        read = entry.declaration.reads(field)
    else:
        read = None
    return read is not None and all(_is_plain_column(entry, name) for name in read)


def _is_ours(method: Callable[..., Any]) -> bool:
    return method.__module__.startswith(_OURS)


def _is_plain_column(entry: Entry, read: str) -> bool:
    reference, _, name = read.partition("__")
    model = entry.field.related_model if name else entry.source.model
    return type(getattr_static(model, name or reference, None)) in _PLAIN


def _is_made_by_django(model: type[models.Model]) -> bool:
    own: Any = model
    return (
        own.__init__ is models.Model.__init__
        and own.__new__ is object.__new__
        and own.__getattribute__ is object.__getattribute__
        and own.from_db.__func__ is models.Model.from_db.__func__  # type: ignore[attr-defined]
        and not hasattr(own, "__getattr__")
    )
