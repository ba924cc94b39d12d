"""A row of another model, named by text and reached by a foreign key: company, business unit, team."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Literal

from django.db import DatabaseError, models
from django.db.models import Case, Exists, Q, TextField, When
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters import database_errors, remedies
from scim_provisioning.adapters.expressions import TextMatch, sort_text
from scim_provisioning.adapters.kinds.belonging import Belonging
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.kinds.meanings import KNOWN, Names
from scim_provisioning.adapters.kinds.named_rows import (
    NamedRows,
    named_column,
    reference_key,
    without_hyphens,
)
from scim_provisioning.adapters.kinds.odd_names import OddNames
from scim_provisioning.adapters.kinds.targets import checked_text
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem, new_row_problems, scope_problems
from scim_provisioning.adapters.rows import RowSource, Scope, resolve_scope, scope_values
from scim_provisioning.adapters.text_forms import Exactly, SingleSpaced, one_space
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import NewUnits, ReferenceKey, SCIMConnection
from scim_provisioning.protocol.errors import InvalidValue, SCIMError
from scim_provisioning.protocol.text import fold

_SPACES: Final = re.compile(r"\s+")


class Reference(MappedAttribute):
    """A row of another model, named by text.

    ``by`` is the field that holds the name. Names are compared without regard to case, and what is sent also
    without regard to spaces around and repeated between words, and with ``hyphens="ignore"`` to hyphens; ``within``
    narrows the look-up to one customer and fills new rows, ``defaults`` only fill new ones (see :class:`RelatedRow`);
    a row outside of it, by its own columns, is no value: neither shown, nor found, nor what a name means.
    ``create`` says what becomes of a name that does not exist, unless an administrator chooses otherwise:
    ``"auto"`` creates it, ``"review"`` lets it wait for an administrator. ``"never"`` refuses it, and leaves
    nothing to choose.
    """

    label = _("row by name")
    #: Of what is looked for inside a name, a space at the end where the name goes on belongs to it.
    _INSIDE: ClassVar[Mapping[str, Callable[[str], str]]] = {"co": str, "sw": str.lstrip, "ew": str.rstrip}
    field_types: ClassVar[tuple[type[Any], ...]] = (models.ForeignKey,)

    def __init__(
        self,
        path: str,
        target: str,
        *,
        by: str = "name",
        within: Scope | None = None,
        defaults: Scope | None = None,
        create: Literal["auto", "review", "never"] = "auto",
        hyphens: Literal["keep", "ignore"] = "keep",
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)
        #: What is the same of all spellings of one name.
        self.key = reference_key if hyphens == "keep" else without_hyphens
        self.by = by
        self.within: Scope = within or {}
        self.belonging = Belonging(self.within)
        self.defaults: Scope = defaults or {}
        self.create = create

    def joins(self, field: Any) -> str | None:
        return str(field.name)

    def looked_up(self, field: Any) -> NamedColumn:
        return named_column(field.related_model, self.by, self.within)

    def reads(self, field: Any) -> tuple[str, ...] | None:
        columns = (self.by, *self.belonging.columns(field.related_model))
        return field.attname, *(f"{field.name}__{name}" for name in columns)

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        # A new row has no key yet; asking for the row itself would raise where the column must not be NULL.
        if getattr(row, field.attname) is None:
            return None
        related = getattr(row, field.name)
        # A key that points at nothing has no row, until COMMIT says so.
        if related is None or not self.belonging.has(related, field.related_model, person.connection):
            return None
        return related

    def to_scim(self, current: Any) -> str:
        return one_space(str(getattr(current, self.by)))

    def same(self, sent: Any, current: Any) -> bool:
        name = self.to_scim(current)
        return isinstance(sent, str) and (sent == name or self.key(sent) == self.key(name))

    def is_meant(self, sent: Any, row: models.Model | None, field: Any, person: Person) -> bool:
        """Whether the row stands as the value that was sent for it was understood: by an alias, under a name that the
        LMS has changed since, or not at all yet."""
        understood = person.meant.get(self.path, {})
        if not understood or not isinstance(sent, str):
            return False
        is_here = row is not None and self.current(row, field, person) is not None
        return understood.get(self.key(sent)) == (_reached(row, field) if is_here else "")

    def name_keys(self, sent: Any) -> frozenset[str]:
        return frozenset({self.key(sent)} if isinstance(sent, str) else ())

    def brings(self, value: Any, field: Any, person: Person) -> Iterable[tuple[Names, str]]:
        # Whoever has an ``assign`` of their own may look for other names than were sent.
        return (
            self._brought(value, field.related_model, person) if type(self).assign is Reference.assign else ()
        )

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        name = self._name(value, field.related_model)
        if not name:
            self.clear(row, field, person)
            return
        meant = self.row_named(name, field.related_model, person)
        if meant is None and not field.null:
            sentence = f"'{name}' is not known here, and waits for an administrator of the application."
            raise self.refusal(sentence, code="attr.reference")
        setattr(row, field.name, meant)
        called = None if meant is None else str(getattr(meant, self.by))
        is_named = called is not None and (called == name or self.key(called) == self.key(name))
        person.understand(self.path, {} if is_named else {self.key(name): _reached(row, field)})
        if meant is None:
            person.unknown_names.append((self.path, name))

    def exchange(
        self, row: models.Model, field: Any, old: models.Model, new: models.Model, sent: Any, person: Person
    ) -> bool:
        """Put ``new`` in the place of ``old``, unsaved; what was ``sent`` for that is understood so from now on. False
        where the row does not name it."""
        current = self.current(row, field, person)
        if current != old:
            return False
        is_theirs = sent is not None and (self.same(sent, current) or self.is_meant(sent, row, field, person))
        setattr(row, field.name, new)
        if is_theirs:
            person.understand(self.path, {self.key(sent): _reached(row, field)})
        return True

    def hand_over(self, row: models.Model, field: Any, old: models.Model, new: models.Model) -> None:
        """The same of somebody whom no identity provider manages, saved."""
        setattr(row, field.name, new)
        row.save(update_fields=[field.name])

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        if not field.null:
            raise self.refusal("a value is required here and cannot be removed.", code="attr.required")
        setattr(row, field.name, None)

    def validate(self, row: models.Model, field: Any) -> None:
        """Nothing: the row was found or made just now, and Django would ask the database for it again."""

    def operand(self, value: Any) -> str:
        return one_space(str(value))

    def compare(self, column: Column, op: str, value: Any) -> Q:
        if op in self._INSIDE and op in self.operators:
            return self.condition(column, op, self._INSIDE[op](_SPACES.sub(" ", str(value))))
        found = super().compare(column, op, value)
        # A name that waits in a list keeps its spaces.
        return found | self.unknown(column, op, str(value)) if op == "eq" else found

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        if op == "eq":
            called = self.called(column, operand, column.text(self.by))
        else:
            called = Q(TextMatch(column.name(self.by), op, operand))
        return (called & self.is_here(column)) | self.unknown(column, op, operand)

    def called(self, column: Column, name: str, text: Exactly) -> Q:
        """Whether the row is one that is called ``name``, in any spelling, or that the name means (two queries).
        ``text`` is the row's name in SQL."""
        rows = self.names(column.field.related_model, column.connection, odd=column.odd_names).rows
        found = Q(TextMatch(text, "eq", name))
        if keys := [*rows.spelled_otherwise(name), *filter(None, [self.target_of(rows, name)])]:
            found |= self.at(column, keys)
        return found

    def is_here(self, column: Column) -> Q:
        """Whether the row that is pointed at is the customer's."""
        name = column.source.lookup(column.field.name) if column.source.is_joined else column.field.name
        here = self.belonging.condition(name, column.field.related_model, column.connection)
        return here if column.source.is_joined or not self.within else Q(Exists(column.rows().filter(here)))

    def unknown(self, column: Column, op: str, operand: Any) -> Q:
        """Whether it is true of a name that waits, or is left out: that is in the document alone."""
        text = fold(operand) if isinstance(operand, str) else operand
        return Q(TextMatch(SingleSpaced(column.document()), op, text, prepared=True))

    def target_of(self, rows: NamedRows, name: str) -> str:
        """The key of the row that a name means, whatever that is called."""
        key = ReferenceKey.objects.filter(digest=rows.digest(name), meaning__in=KNOWN).first()
        return "" if key is None else str(key.target)

    def at(self, column: Column, keys: list[Any]) -> Q:
        """Whether it is a row with one of those keys."""
        if column.source.is_joined:
            return Q(**{column.source.lookup(f"{column.field.name}__pk__in"): keys})
        return Q(Exists(column.rows().filter(**{f"{column.field.name}__pk__in": keys})))

    def order(self, column: Column) -> Expression:
        name = sort_text(column.name(self.by))
        if not self.within:
            return name
        return Case(When(self.is_here(column), then=name), output_field=TextField())

    def problems(self, source: RowSource, field: Any) -> Iterator[MappingProblem]:
        model = field.related_model
        column = remedies.field_of(model, self.by)
        if column is None or column.is_relation:
            label = model._meta.label
            what = (
                f"has no field '{self.by}'" if column is None else f"holds no name in '{self.by}', a relation"
            )
            advice = (
                f'Write by="{remedies.name_field(model, self.by)}": the field of {label} that holds its name.'
            )
            yield MappingProblem("by", self.path, self.target, f"{label} {what}", advice)
            return
        if self.create != "never":
            yield from new_row_problems(
                self.path, self.target, model, within=self.within, defaults=self.defaults, filled={self.by}
            )
        else:
            yield from scope_problems(self.path, self.target, model, within=self.within, defaults={})

    # --- the row itself

    def _name(self, value: Any, model: Any) -> str:
        return one_space(checked_text(self.path, value, model._meta.get_field(self.by)))

    def _each(self, value: Any, model: Any) -> list[str]:
        """The names that a value holds."""
        return [name] if (name := self._name(value, model)) else []

    def _brought(self, value: Any, model: Any, person: Person) -> list[tuple[Names, str]]:
        """The names of a value that may have to be locked, each with the rows that it may mean."""
        names = self._names(model, person)
        return [(names, name) for name in self._each(value, model) if self.create != "never"]

    def _names(self, model: Any, person: Person) -> Names:
        who = {"brought_by": person.link.scim_id, "held": person.held_names}
        return self.names(model, person.connection, odd=person.odd_names, **who)

    def row_named(self, name: str, model: Any, person: Person) -> models.Model | None:
        """The row that a name means within the customer; a new one where it means none and one may be made. None for a
        name that waits, or is left out."""
        names = self._names(model, person)
        if self.create == "never":
            found = names.known(name)
            if found is None:
                raise self.refusal(f"'{name}' does not exist here.", code="attr.reference")
            return found
        try:
            return names.meant_by(name)
        except DatabaseError as error:
            refused = database_errors.explain(error, database_errors.every_model(), {})
            if refused is None:
                raise
            raise self._not_created(name, refused) from error

    def names(
        self, model: Any, connection: SCIMConnection, *, odd: dict[Any, OddNames] | None = None, **who: Any
    ) -> Names:
        """What names mean within the customer. ``odd``: see ``NamedRows``; ``who`` brings them: see ``Names``."""
        within = resolve_scope(self.within, connection)
        rows = NamedRows(model, self.by, within, self.key, {} if odd is None else odd)
        values = {**self.defaults, **self.within}
        return Names(rows, self.new_units(connection), lambda: scope_values(model, values, connection), **who)

    def new_units(self, connection: SCIMConnection) -> NewUnits:
        """What becomes of a name that is not known here."""
        chosen = connection.new_units(self.path)
        return chosen or (NewUnits.REVIEW if self.create == "review" else NewUnits.CREATE)

    def _not_created(self, name: str, refused: SCIMError) -> InvalidValue:
        """The refusal of a name for which the database takes no row: with the column that it is about."""
        facts = {**refused.params, "attribute": self.path, "column": refused.params.get("attribute", "")}
        detail = f"{self.path}: '{name}' could not be created here. {refused.detail}"
        return InvalidValue(detail, code="attr.reference", params=facts)


def _reached(row: models.Model | None, field: Any) -> str:
    """What a row's foreign key holds, as text; nothing where it holds nothing."""
    key = None if row is None else getattr(row, field.attname)
    return "" if key is None else str(key)
