"""Rows of the host's that names stand for: found, or made once, however many requests need one at the same moment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from django.db import connections, models, router
from django.db.models import Case, F, Subquery, Value, When
from django.db.models.lookups import Exact

from scim_provisioning import databases
from scim_provisioning.adapters.any_case import called, spellings
from scim_provisioning.adapters.kinds import odd_names
from scim_provisioning.adapters.kinds.odd_names import OddNames
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.databases import indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import Meaning, ReferenceKey
from scim_provisioning.models.reference_key import NAME_LENGTH, key_of
from scim_provisioning.protocol.spelling import seen
from scim_provisioning.protocol.text import fold, normalized

#: Hyphens and dashes of every width.
_HYPHENS: Final = re.compile("[-\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


def reference_key(text: str) -> str:
    """What makes two spellings of a company, unit or team name the same: case, spaces, the Unicode form and what cannot
    be seen do not count."""
    if text.isascii():
        return fold(seen(" ".join(text.split())))
    return _written_key(text) if _WRITTEN.fullmatch(text) else _any_key(text)


def _key(text: str) -> str:
    return fold(seen(" ".join(normalized("NFKC", text).split())))


# The names of a directory, in the letters that people write, which are read again and again; and those of a request, of
# which one letter may become eighteen.
_WRITTEN: Final = re.compile("[\0-\u1fff\u3040-\ud7ff]{1,100}")
_written_key = lru_cache(maxsize=16_384)(_key)
_any_key = lru_cache(maxsize=512)(_key)


def without_hyphens(text: str) -> str:
    """The same, where "R&D-West" and "R&D West" are one name too."""
    return reference_key(_HYPHENS.sub(" ", text))


def named_column(model: Any, by: str, scope: Collection[str]) -> NamedColumn:
    """How rows of ``model`` inside ``scope`` are looked up by their field ``by``: spaces around a name do not count."""
    return _named_column(model, by, frozenset(scope))


@lru_cache(maxsize=256)
def _named_column(model: Any, by: str, scope: frozenset[str]) -> NamedColumn:
    columns = {
        name: field.column for field in model._meta.concrete_fields for name in (field.name, field.attname)
    }
    within = frozenset(columns[key] for key in scope if key in columns)
    return NamedColumn(model._meta.get_field(by), within, trimmed=True)


@lru_cache(maxsize=256)
def _attributes(model: Any) -> dict[str, str]:
    """What holds the value of each field."""
    return {field.name: field.attname for field in model._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class NamedRows:
    """The rows of ``model`` inside ``scope`` (fields and values: the customer), called by their field ``by``; ``key``
    says which spellings are one name."""

    model: Any
    by: str
    scope: Mapping[str, Any]
    key: Callable[[str], str] = reference_key
    #: What was read of names that are not plain, by scope and key: whoever asks for many hands in the same.
    odd: dict[Any, OddNames] = field(default_factory=dict, compare=False, repr=False)

    def find(self, name: str) -> models.Model | None:
        """The row of that name; of several the one that is written like it, then the oldest. One query, or two where no
        index finds a name in any case and it is written otherwise.

        ``meaning_of`` tells what the name means by what is remembered of it.
        """
        index = self._index()
        field = self.model._meta.get_field(self.by)
        row: models.Model | None = None
        if index is None and isinstance(field, (models.CharField, models.TextField)):
            row = self._first(_written_alike, index, name)
        return self._first(_called, index, name) if row is None else row

    def _first(
        self, build: prepared.Build, index: indexes.NameIndex | None, name: str
    ) -> models.Model | None:
        found = self._asked(build, index, name, self.digest(name))
        return found[0] if found else None

    def _index(self) -> indexes.NameIndex | None:
        named = named_column(self.model, self.by, self.scope)
        return indexes.for_any_case(named, connections[router.db_for_read(self.model)])

    def _asked(
        self, build: prepared.Build, index: indexes.NameIndex | None, name: str, *values: Any
    ) -> list[Any]:
        spelled = _spelled(index, name, connections[router.db_for_read(self.model)].vendor)
        given = (self.model, self.by, tuple(self.scope), index)
        values = (*self.scope.values(), name, spelled, *values)
        if prepared.is_plain(self.model._default_manager):
            return prepared.rows(build, *values, given=given)
        return list(build(*given, *values))

    def alike(self, name: str) -> models.Model | None:
        """The row whose name is another spelling of it that no database knows: in another Unicode form, with more
        spaces between its words, or with hyphens. As many queries as ``spelled_otherwise``, one more where there is
        one."""
        keys = self.spelled_otherwise(name)
        return self.rows().filter(pk__in=keys).order_by("pk").first() if keys else None

    def spelled_otherwise(self, name: str) -> list[Any]:
        """The keys of rows that are called so in a spelling that SQL does not take for the name: a query, or two, once
        for all names for which the same ``odd`` is handed in; one for a name that is not plain itself, and one where
        what was read is kept and leads to a row."""
        if not isinstance(self.model._meta.get_field(self.by), (models.CharField, models.TextField)):
            return []
        wanted, scope = self.key(name), self.scope_digest
        hyphens = _HYPHENS if self.key is without_hyphens else None
        known = (scope, self.key)
        if known not in self.odd:
            self.odd[known] = odd_names.read(self.rows(), self.by, self.key, scope=scope, hyphens=hyphens)
        odd = self.odd[known]
        found = [*odd.by_key.get(wanted, ())]
        if odd.is_kept and found:
            found = self._still_called(wanted, found)
        pattern = odd_names.ODD if hyphens is None else odd_names.HYPHENATED
        # A plain name is another spelling of one that is not.
        if wanted.isascii() and re.search(pattern, name):
            found += self._called(wanted)
        return found

    def _still_called(self, wanted: str, keys: list[Any]) -> list[Any]:
        named = self.rows().filter(pk__in=keys).order_by().values_list("pk", self.by)
        return [row for row, name in named if self.key(str(name)) == wanted]

    def _called(self, name: str) -> list[Any]:
        return [row for (row,) in self._asked(_keys_of_called, self._index(), name)]

    def make(self, name: str, values: Mapping[str, Any]) -> models.Model:
        """A new row with these values; the name's key is locked. Raises what the database says of a row that it
        refuses."""
        row: models.Model = self.model._default_manager.create(**{**values, self.by: name})
        return row

    def made_by_the_lms(self, name: str) -> models.Model | None:
        """The row that stands in the way of a new one: the LMS's own pages made it, which take no lock. Or the host's
        collation takes two names for one (MariaDB: "Café" and "Cafe"), and its word counts in its own table. Raises
        ``Overtaken``."""
        same = self.rows().filter(**{self.by: name})
        theirs: models.Model | None = self.find(name) or same.first()
        if theirs is None and _is_there(same):
            raise databases.Overtaken
        return theirs

    def at(self, target: str) -> models.Model | None:
        """The row with that key, unless the LMS has deleted it or given it to another customer. Raises
        ``Overtaken``."""
        if not target:
            return None
        made = self.rows().filter(pk=target)
        row: models.Model | None = made.first()
        if row is None and _is_there(made):
            raise databases.Overtaken
        return row

    def rows(self) -> models.QuerySet[Any]:
        """All of them."""
        rows: models.QuerySet[Any] = self.model._default_manager.filter(**self.scope)
        return rows

    def facts(self, name: str) -> dict[str, Any]:
        """What is remembered of a name beside what it means."""
        return {"scope": self.scope_digest, "name": name[:NAME_LENGTH]}

    @property
    def scope_digest(self) -> str:
        """The same for all names of these rows, in whatever connection."""
        return _digest(self.model, self.by, *self._scope)

    def digest(self, name: str) -> str:
        """The same for everybody who means the same row, in whatever connection and spelling."""
        return _digest(self.model, self.by, *self._scope, key=self.key(name))

    @property
    def _scope(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(self.scope), tuple(map(_plain, self.scope.values()))


#: The names of companies, units and teams come again with nearly every person.
_spelled: Final = lru_cache(maxsize=512)(spellings)


@lru_cache(maxsize=4096)
def _digest(
    model: Any, by: str, fields: tuple[str, ...], values: tuple[str, ...], key: str | None = None
) -> str:
    """What of these is the same for everybody; with the ``key`` of a name. A request asks for it some times of each."""
    columns = _attributes(model)
    scope = {columns.get(field, field): value for field, value in zip(fields, values, strict=True)}
    meant = [model._meta.label_lower, by, sorted(scope.items()), *([] if key is None else [key])]
    return hashlib.sha256(json.dumps(meant).encode()).hexdigest()


def remembered(row: Any) -> tuple[str | None, str]:
    """What the name by which ``NamedRows.find`` found a row means, by what is remembered of it, and the key of that
    row. None where nothing is."""
    return row.scim_meaning, row.scim_target or ""


def is_its_name(row: models.Model) -> bool:
    """Whether the name by which a row was found is remembered as its own."""
    return remembered(row) == (Meaning.NAME, key_of(row))


def _plain(value: Any) -> str:
    return str(value.pk if isinstance(value, models.Model) else value)


def _is_there(rows: models.QuerySet[Any]) -> bool:
    """Whether there is such a row by now that this transaction began too early to see: a locking read would."""
    return databases.reads_the_past() and rows.select_for_update().first() is not None


def _written_alike(
    model: Any, by: str, keys: tuple[str, ...], index: object, *values: Any
) -> models.QuerySet[Any]:
    *scope, name, _spelled, digest = values
    rows = _remembering(model, dict(zip(keys, scope, strict=True)), digest)
    return rows.filter(**{by: name}).filter(_is_alike(by, name)).order_by("pk")[:1]


def _called(model: Any, by: str, keys: tuple[str, ...], index: object, *values: Any) -> models.QuerySet[Any]:
    *scope, name, spelled, digest = values
    rows = _remembering(model, dict(zip(keys, scope, strict=True)), digest)
    first = Case(When(_is_alike(by, name), then=Value(0)), default=Value(1))
    return rows.filter(called(named_column(model, by, keys), name, spelled)).order_by(first, "pk")[:1]


def _keys_of_called(
    model: Any, by: str, keys: tuple[str, ...], index: object, *values: Any
) -> models.QuerySet[Any, Any]:
    *scope, name, spelled = values
    rows = model._default_manager.filter(**dict(zip(keys, scope, strict=True)))
    found: models.QuerySet[Any, Any] = rows.filter(called(named_column(model, by, keys), name, spelled))
    return found.order_by().values_list("pk")


def _remembering(model: Any, scope: Mapping[str, Any], digest: str) -> models.QuerySet[Any]:
    """Rows, each with what is remembered of the name: no statement more."""
    key = ReferenceKey.objects.filter(digest=digest).exclude(scope="")
    rows: models.QuerySet[Any] = model._default_manager.filter(**scope).annotate(
        scim_meaning=Subquery(key.values("meaning")), scim_target=Subquery(key.values("target"))
    )
    return rows


def _is_alike(by: str, name: str) -> Exact:
    return Exact(Exactly(F(by)), Exactly(Value(name)))
