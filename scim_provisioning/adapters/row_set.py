"""The rows of one person: found or made on demand, and saved with only the columns that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import models

from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.models import SCIMConnection


class RowSet:
    """The account and the rows that the mapping names, of one person in one connection."""

    def __init__(
        self, account: models.Model, sources: Mapping[str, RowSource], connection: SCIMConnection
    ) -> None:
        self._account = account
        self._sources = sources
        self._connection = connection
        self._rows: dict[str, models.Model | None] = {"": account}
        self._before: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> models.Model | None:
        """The row that targets call ``name``, or None when the person has none. One query at most."""
        if name not in self._rows:
            source = self._sources[name]
            row = source.of(self._account)
            if row is None and source.accessor is None and not self._account._state.adding:
                own = source.queryset(self._connection).filter(**{source.user_field: self._account})
                row = own.first()
            self._rows[name] = row
        return self._rows[name]

    def provide(self, name: str, row: models.Model | None) -> None:
        """Hand in a row that was fetched for many people at once."""
        self._rows[name] = row

    def to_write(self, name: str) -> models.Model:
        """The row ``name``; a new one inside the customer when the person has none."""
        row = self.get(name)
        if row is None:
            row = self._rows[name] = self._sources[name].new(self._connection)
        return row

    def remember(self) -> None:
        """Note the rows as they are, so that ``save`` knows what changed."""
        for name in ("", *self._sources):
            row = self.get(name)
            if row is not None and not row._state.adding:
                self._before[name] = _columns(row)

    def save(self, *, complete: bool) -> None:
        """Save what changed, the account first; ``complete`` makes every row that the mapping knows."""
        for name, row in self._present(complete):
            if row._state.adding:
                if name:
                    setattr(row, self._sources[name].user_field, self._account)
                row.save()
            elif changed := self._changed(name, row):
                row.save(update_fields=changed)

    def _present(self, complete: bool) -> Iterator[tuple[str, models.Model]]:
        yield "", self._account
        for name in self._sources:
            row = self.to_write(name) if complete else self.get(name)
            if name and row is not None:
                yield name, row

    def _changed(self, name: str, row: models.Model) -> list[str]:
        before = self._before.get(name)
        if before is None:
            return []
        changed = [column for column, value in _columns(row).items() if before.get(column) != value]
        if changed:
            changed += [f.attname for f in row._meta.concrete_fields if getattr(f, "auto_now", False)]
        return changed


def _columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: row.__dict__.get(field.attname) for field in row._meta.concrete_fields}
