"""Rows of the host's that names stand for: found, or made once, however many requests need one at the same moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connections, models, router
from django.db.models import Case, F, Value, When
from django.db.models.lookups import Exact

from scim_provisioning import databases
from scim_provisioning.adapters import violations
from scim_provisioning.adapters.any_case import called
from scim_provisioning.adapters.case_variants import SPELLINGS
from scim_provisioning.adapters.expressions import Exactly
from scim_provisioning.databases import indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import ReferenceKey
from scim_provisioning.protocol.text import fold


def reference_key(text: str) -> str:
    """What makes two spellings of a company, unit or team name the same: case and spaces do not count."""
    return fold(" ".join(text.split()))


def named_column(model: Any, by: str, scope: Collection[str]) -> NamedColumn:
    """How rows of ``model`` inside ``scope`` are looked up by their field ``by``: spaces around a name do not count."""
    columns = {
        name: field.column for field in model._meta.concrete_fields for name in (field.name, field.attname)
    }
    within = frozenset(columns[key] for key in scope if key in columns)
    return NamedColumn(model._meta.get_field(by), within, trimmed=True)


@dataclass(frozen=True, slots=True)
class NamedRows:
    """The rows of ``model`` inside ``scope`` (fields and values: the customer), called by their field ``by``."""

    model: Any
    by: str
    scope: Mapping[str, Any]

    def find(self, name: str) -> models.Model | None:
        """The row of that name; of several the one that is written like it, then the oldest. One query, or two where no
        index finds a name in any case and it is written otherwise."""
        named = named_column(self.model, self.by, self.scope)
        index = indexes.for_any_case(named, connections[router.db_for_read(self.model)])
        row: models.Model | None = None
        if index is None and isinstance(named.field, (models.CharField, models.TextField)):
            row = self._first(_written_alike, name, index)
        return self._first(_called, name, index) if row is None else row

    def _first(
        self, build: prepared.Build, name: str, index: indexes.NameIndex | None
    ) -> models.Model | None:
        given, values = (self.model, self.by, tuple(self.scope), index), (*self.scope.values(), name)
        row: models.Model | None
        if prepared.is_plain(self.model._default_manager):
            row = prepared.first(build, *values, given=given, ways=SPELLINGS)
        else:
            row = build(*given, *values).first()
        return row

    def make(self, name: str, values: Mapping[str, Any]) -> models.Model:
        """A new row with these values, or the one that another request has just made. Three statements. Raises
        ``Overtaken``, and what the database says of a row that it refuses.

        The key is locked first. A unique constraint of the host's alone does not do: it may be missing, and on
        PostgreSQL takes "Sales" and "SALES" for two names.
        """
        try:
            with databases.atomic():
                key = ReferenceKey.locked(self._digest(name))
                row = self._made_before(key, name)
                if row is None:
                    row = self.model._default_manager.create(**{**values, self.by: name})
                    key.point_at(row)
                return row
        except DatabaseError as error:
            theirs = self._made_by_the_lms(name) if violations.read(error) is not None else None
            if theirs is None:
                raise
            return theirs

    def _made_by_the_lms(self, name: str) -> models.Model | None:
        """The row that stands in the way of a new one: the LMS's own pages made it, which take no lock. Or the host's
        collation takes two names for one (MariaDB: "Café" and "Cafe"), and its word counts in its own table."""
        same = self._rows().filter(**{self.by: name})
        theirs: models.Model | None = self.find(name) or same.first()
        if theirs is None and _is_there(same):
            raise databases.Overtaken
        return theirs

    def _made_before(self, key: ReferenceKey, name: str) -> models.Model | None:
        """The row that ``key`` points at, unless the LMS has deleted, renamed or moved it."""
        if not key.target:
            return None
        made = self._rows().filter(pk=key.target)
        row: models.Model | None = made.first()
        if row is None and _is_there(made):
            raise databases.Overtaken
        return (
            row if row is not None and reference_key(getattr(row, self.by)) == reference_key(name) else None
        )

    def _rows(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._default_manager.filter(**self.scope)
        return rows

    def _digest(self, name: str) -> str:
        """The same for everybody who means the same row, in whatever connection and spelling."""
        columns = {field.name: field.attname for field in self.model._meta.concrete_fields}
        scope = {columns.get(key, key): _plain(value) for key, value in self.scope.items()}
        meant = [self.model._meta.label_lower, self.by, sorted(scope.items()), reference_key(name)]
        return hashlib.sha256(json.dumps(meant).encode()).hexdigest()


def _plain(value: Any) -> str:
    return str(value.pk if isinstance(value, models.Model) else value)


def _is_there(rows: models.QuerySet[Any]) -> bool:
    """Whether there is such a row by now that this transaction began too early to see: a locking read would."""
    return databases.reads_the_past() and rows.select_for_update().first() is not None


def _written_alike(
    model: Any, by: str, keys: tuple[str, ...], index: object, *values: Any
) -> models.QuerySet[Any]:
    *scope, name = values
    rows = model._default_manager.filter(**dict(zip(keys, scope, strict=True)))
    return rows.filter(**{by: name}).filter(_is_alike(by, name)).order_by("pk")[:1]  # type: ignore[no-any-return]


def _called(model: Any, by: str, keys: tuple[str, ...], index: object, *values: Any) -> models.QuerySet[Any]:
    *scope, name = values
    rows = model._default_manager.filter(**dict(zip(keys, scope, strict=True)))
    first = Case(When(_is_alike(by, name), then=Value(0)), default=Value(1))
    return rows.filter(called(named_column(model, by, keys), name)).order_by(first, "pk")[:1]  # type: ignore[no-any-return]


def _is_alike(by: str, name: str) -> Exact:
    return Exact(Exactly(F(by)), Exactly(Value(name)))
