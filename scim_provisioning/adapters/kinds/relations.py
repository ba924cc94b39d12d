"""Several rows of another model, named by text and reached by a many-to-many relation: teams, groups of courses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from django.db import models
from django.db.models import Exists, F, Q, Subquery
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import ElementExists, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.meanings import Names, hold
from scim_provisioning.adapters.kinds.references import Reference
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.text_forms import Folded, SingleSpaced, one_space
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.protocol.paths import Path
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.protocol.text import fold


class References(Reference):
    """Several rows of another model, by a many-to-many relation: teams, groups of courses.

    The path may hold one value (``urn:...:User:department``) or, in a schema of the host's own, a list of them.
    ``others="keep"`` leaves rows of the relation alone that SCIM did not set; ``"remove"`` makes the relation just
    what was sent. Filters ask the relation.
    """

    label = _("rows by name")
    operators = frozenset({"eq", "ne", "pr"})
    field_types = (models.ManyToManyField, models.ManyToManyRel)
    # The far side of a relation is in no form.
    writes_uneditable = True

    def __init__(
        self, path: str, target: str, *, others: Literal["keep", "remove"] = "keep", **options: Any
    ) -> None:
        super().__init__(path, target, **options)
        self.others = others

    def value_path(self, path: Path) -> Path:
        attribute = path.attribute
        is_whole = path.filter is None and path.sub is None
        if attribute is not None and attribute.multi_valued and is_whole and not attribute.is_complex:
            return path
        return super().value_path(path)

    def declare(self, name: str) -> Attribute:
        return replace(super().declare(name), multi_valued=True)

    def joins(self, field: Any) -> str | None:
        return None

    def prefetches(self, field: Any) -> str | None:
        return _accessor(field)

    # --- reading

    def reads(self, field: Any) -> tuple[str, ...] | None:
        return None

    def current(self, row: models.Model, field: Any, person: Person) -> list[str] | None:
        if row._state.adding:
            return None
        names = sorted(map(self.to_name, self._related(row, field, person)))
        return names or None

    def _related(self, row: models.Model, field: Any, person: Person) -> list[models.Model]:
        """The customer's rows of the relation."""
        model, connection = field.related_model, person.connection
        related = getattr(row, _accessor(field)).all()
        return [one for one in related if self.belonging.has(one, model, connection)]

    def to_scim(self, current: Any) -> Any:
        return current

    def same(self, sent: Any, current: Any) -> bool:
        wanted = {self.key(name) for name in _listed(sent)}
        held = {self.key(name) for name in current}
        return wanted == held if self.others == "remove" else wanted <= held

    def shown(self, sent: Any, current: Any) -> Any:
        """What SCIM set of what is there; with ``others="remove"`` all that is there."""
        if sent is not None and current is not None and self.same(sent, current):
            return sent
        names = list(current or ())
        if self.others == "keep":
            held = {self.key(name) for name in names}
            names = [name for name in _listed(sent) if self.key(name) in held]
        return names or None

    def is_meant(self, sent: Any, row: models.Model | None, field: Any, person: Person) -> bool:
        understood = person.meant.get(self.path, {})
        if not understood or (row is not None and row._state.adding):
            return False
        related = [] if row is None else self._related(row, field, person)
        held = {self.key(self.to_name(one)): key_of(one) for one in related}
        wanted = {understood.get(key, held.get(key)) for key in self.name_keys(sent)} - {""}
        return wanted == set(held.values()) if self.others == "remove" else wanted <= set(held.values())

    def name_keys(self, sent: Any) -> frozenset[str]:
        return frozenset(map(self.key, _listed(sent)))

    # --- writing

    def is_written(self, sent: Any, current: Any, person: Person) -> bool:
        before, now = ({self.key(name) for name in _listed(names)} for names in (person.sent_before, sent))
        return before <= now and super().is_written(sent, current, person)

    def brings(self, value: Any, field: Any, person: Person) -> Iterable[tuple[Names, str]]:
        return (
            self._brought(value, field.related_model, person)
            if type(self).assign is References.assign
            else ()
        )

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        model = field.related_model
        hold(self._brought(value, model, person))
        meant = {name: self.row_named(name, model, person) for name in self._each(value, model)}
        before = person.meant.get(self.path, {})
        person.unknown_names += [(self.path, name) for name, row in meant.items() if row is None]
        person.understand(
            self.path,
            {
                self.key(name): "" if row is None else key_of(row)
                for name, row in meant.items()
                if row is None or self.key(self.to_name(row)) != self.key(name)
            },
        )
        self._later(
            field, list(dict.fromkeys(row for row in meant.values() if row is not None)), person, before
        )

    def _each(self, value: Any, model: Any) -> list[str]:
        return list(dict.fromkeys(self._name(name, model) for name in map(str.strip, _listed(value)) if name))

    def exchange(
        self, row: models.Model, field: Any, old: models.Model, new: models.Model, sent: Any, person: Person
    ) -> bool:
        relation = getattr(row, _accessor(field))
        if old not in relation.all():
            return False
        understood = person.meant.get(self.path, {})
        theirs = {
            key: key_of(new)
            for key in self.name_keys(sent)
            if understood.get(key, key_of(old)) == key_of(old)
            and (key in understood or key == self.key(self.to_name(old)))
        }
        person.understand(self.path, {**understood, **theirs})
        person.rows.after_save(lambda: self.hand_over(row, field, old, new))
        return True

    def hand_over(self, row: models.Model, field: Any, old: models.Model, new: models.Model) -> None:
        relation = getattr(row, _accessor(field))
        relation.remove(old)
        relation.add(new)

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        self._later(field, [], person, person.meant.get(self.path, {}))

    def _later(self, field: Any, rows: list[models.Model], person: Person, meant: Mapping[str, str]) -> None:
        """The relation can be written once the row has a key; the row may still be exchanged for one that a
        signal makes."""
        name = self.target.rpartition(".")[0]
        before = self.name_keys(person.sent_before)
        # Of what was sent before, what went by another name.
        others = {target for key, target in meant.items() if key in before}

        def write() -> None:
            row = person.rows.get(name)
            relation = getattr(row, _accessor(field))
            if self.others == "remove":
                relation.set(rows)
                return
            gone = [
                old
                for old in relation.all()
                if (self.key(self.to_name(old)) in before or key_of(old) in others) and old not in rows
            ]
            if gone:
                relation.remove(*gone)
            if rows:
                relation.add(*rows)

        person.rows.after_save(write)

    def to_name(self, row: models.Model) -> str:
        """The name of a row of the relation."""
        return one_space(str(getattr(row, self.by)))

    # --- SQL

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        relation, here = column.field.name, self.is_related_here(column)
        if op == "pr":
            related = Q(Exists(column.rows().filter(here, **{f"{relation}__isnull": False})))
            return related | self.unknown(column, op, operand)
        called = self.called(column, operand, Folded(F(f"{relation}__{self.by}")))
        return Q(Exists(column.rows().filter(called, here))) | self.unknown(column, op, operand)

    def at(self, column: Column, keys: list[Any]) -> Q:
        return Q(**{f"{column.field.name}__pk__in": keys})

    def is_related_here(self, column: Column) -> Q:
        """Whether a row of the relation is the customer's, seen from the person's row."""
        return self.belonging.condition(column.field.name, column.field.related_model, column.connection)

    def unknown(self, column: Column, op: str, operand: Any) -> Q:
        if not column.leaf.multi_valued:
            return super().unknown(column, op, operand)
        one = ("always", True) if op == "pr" else ("value", op, fold(operand))
        return Q(ElementExists("search", column.keys, one))

    def order(self, column: Column) -> Expression:
        name = f"{column.field.name}__{self.by}"
        related = column.rows().filter(self.is_related_here(column), **{f"{name}__isnull": False})
        first = related.order_by(name).values(name)[:1]
        return sort_text(Folded(SingleSpaced(Subquery(first))))


def _accessor(field: Any) -> str:
    """The attribute of a row that gives the relation, seen from either side."""
    return str(field.name if field.concrete else field.get_accessor_name())


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]
