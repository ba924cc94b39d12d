"""The rows of one person: found or made on demand, and saved with only the columns that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from django.db import models
from django.db.models.signals import post_save, pre_save

from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.databases import host_rows, making_models
from scim_provisioning.databases.listening import is_heard
from scim_provisioning.models import SCIMConnection


class RowSet:
    """The account and the rows that the mapping names, of one person in one connection. ``begins`` is told of each row
    that is made for an account that was here already, with its name, and says which columns are not for the host to
    fill."""

    def __init__(
        self,
        account: models.Model,
        sources: Mapping[str, RowSource],
        connection: SCIMConnection,
        *,
        begins: Callable[[str, models.Model], Collection[str]],
    ) -> None:
        self._account = account
        self._sources = sources
        self._connection = connection
        self._begins = begins
        self._rows: dict[str, models.Model | None] = {"": account}
        self._before: dict[str, dict[str, Any]] = {}
        self._decided: dict[str, Collection[str]] = {}
        self._later: list[Callable[[], None]] = []

    def get(self, name: str) -> models.Model | None:
        """The row that targets call ``name``, or None when the person has none. One query at most."""
        if name not in self._rows:
            source = self._sources[name]
            row = source.of(self._account)
            if row is None and not source.is_joined and not self._account._state.adding:
                own = source.queryset(self._connection).filter(**{source.user_field: self._account})
                row = own.first()
            self._rows[name] = row
        return self._rows[name]

    def known(self) -> list[models.Model]:
        """The rows that were found or made so far, the account first."""
        return [row for row in self._rows.values() if row is not None]

    def provide(self, name: str, row: models.Model | None) -> None:
        """Hand in a row that was fetched for many people at once."""
        self._rows[name] = row

    def to_write(self, name: str) -> models.Model:
        """The row ``name``; a new one inside the customer when the person has none."""
        row = self.get(name)
        if row is None:
            source = self._sources[name]
            row = self._rows[name] = making_models.new(source.model)
            # What the model itself says of a row that nobody has written to: see _take_over.
            self._before[name] = _columns(row)
            source.fill(row, self._connection)
            if not self._account._state.adding:
                self._decided[name] = self._begins(name, row)
        return row

    def remember(self) -> None:
        """Note the rows as they are, so that ``save`` knows what changed."""
        for name in ("", *self._sources):
            row = self.get(name)
            if row is not None and not row._state.adding:
                self._before[name] = _columns(row)

    def rewritten(self, name: str, columns: Iterable[str]) -> dict[str, tuple[Any, Any]]:
        """Which of these columns of a row that was there before are not what they were, as (before, after)."""
        before, row = self._before.get(name, {}), self._rows.get(name)
        now = {} if row is None else _columns(row)
        return {
            column: (before[column], now[column])
            for column in columns
            if column in before and column in now and before[column] != now[column]
        }

    def changed(self, name: str, column: str) -> tuple[Any, Any] | None:
        """The same of one column, of a new row too: before there was None."""
        before, row = self._before.get(name, {}), self._rows.get(name)
        change = (before.get(column), None if row is None else row.__dict__.get(column))
        return change if change[0] != change[1] else None

    def after_save(self, write: Callable[[], None]) -> None:
        """Have ``write`` called once the rows are saved: a many-to-many relation needs their keys."""
        self._later.append(write)

    def save(self, *, complete: Collection[str] = ()) -> None:
        """Save what changed, the account first; the rows that ``complete`` names are made where there is none."""
        account_is_saved = False
        for name, row in self._present(complete):
            if not row._state.adding:
                if changed := self._changed(name, row):
                    host_rows.save(row, tuple(changed))
                    account_is_saved |= not name
            elif not name:
                host_rows.save(row)
                account_is_saved = True
            else:
                self._add(name, row, account_is_saved)
        while self._later:
            self._later.pop(0)()
        if account_is_saved:
            self._look_again()

    def _look_again(self) -> None:
        """For rows that were not there, and that saving the account has made (one query for each that is missing)."""
        for name, row in list(self._rows.items()):
            if row is None and (made := self._made_by_host(self._sources[name])) is not None:
                self._rows[name] = made
                self._before[name] = _columns(made)

    def changes(self) -> Iterator[tuple[models.Model, list[str]]]:
        """The rows that were there before, each with the columns that ``save`` would write."""
        for name, row in self._present(()):
            if not row._state.adding and (changed := self._changed(name, row)):
                yield row, changed

    def _present(self, complete: Collection[str]) -> Iterator[tuple[str, models.Model]]:
        yield "", self._account
        for name in self._sources:
            row = self.to_write(name) if name in complete else self.get(name)
            if name and row is not None:
                yield name, row

    def _add(self, name: str, row: models.Model, account_is_saved: bool) -> None:
        source = self._sources[name]
        made = self._made_by_host(source) if account_is_saved else None
        if made is not None:
            self._take_over(name, row, made)
        else:
            setattr(row, source.user_field, self._account)
            host_rows.save(row)

    def _made_by_host(self, source: RowSource) -> models.Model | None:
        """The row that saving the account has made: by a ``post_save`` signal, the commonest way to give every
        account a profile, or by the account's own ``save``."""
        known = self._account._state.fields_cache.get(source.accessor or "")
        if known is not None or not _may_make_rows(type(self._account)):
            return known
        rows = source.model._base_manager.all() if source.accessor else source.queryset(self._connection)
        return rows.filter(**{source.user_field: self._account}).first()

    def _take_over(self, name: str, row: models.Model, made: models.Model) -> None:
        """Write to the row that is there what was meant for a new one."""
        blank, decided = self._before[name], self._decided.get(name, ())
        mine = {self._sources[name].user_field, made._meta.pk.name}
        changed = [
            field
            for field in row._meta.concrete_fields
            if field.name not in mine
            and (field.attname in decided or row.__dict__.get(field.attname) != blank.get(field.attname))
        ]
        for field in changed:
            related = row._state.fields_cache.get(field.name) if field.is_relation else None
            setattr(made, field.name if related else field.attname, related or row.__dict__[field.attname])
        self._rows[name] = made
        if changed:
            made.save(update_fields=[field.attname for field in changed])

    def _changed(self, name: str, row: models.Model) -> list[str]:
        before = self._before.get(name)
        if before is None:
            return []
        changed = [column for column, value in _columns(row).items() if before.get(column) != value]
        if changed:
            changed += [f.attname for f in row._meta.concrete_fields if getattr(f, "auto_now", False)]
        return changed


def _may_make_rows(account: type[models.Model]) -> bool:
    """Whether saving an account can run code of the host's; if not, nobody needs to look what it made."""
    return is_heard(account, post_save) or _saves_by_itself(account)


def saving_runs_code(sources: Mapping[str, RowSource]) -> bool:
    """Whether saving somebody's rows can run code of the host's, which may change any row."""
    rows = [source.model for source in sources.values()]
    return any(is_heard(row, pre_save, post_save) or _saves_by_itself(row) for row in rows)


def _saves_by_itself(model: type[models.Model]) -> bool:
    return not model.save.__module__.startswith("django.")


def _columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: row.__dict__.get(field.attname) for field in row._meta.concrete_fields}
