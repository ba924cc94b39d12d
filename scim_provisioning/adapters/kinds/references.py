"""Rows of other models, named by text: company, business unit, team; one by a foreign key, or several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

from django.db import DatabaseError, models, transaction
from django.db.models import Exists, F, Q, Subquery
from django.db.models.expressions import Expression
from django.db.models.functions import Trim
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters import database_errors, remedies
from scim_provisioning.adapters.expressions import Folded, TextMatch, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute, checked_text
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem, new_row_problems, scope_problems
from scim_provisioning.adapters.rows import RowSource, Scope, resolve_scope, scope_values
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import InvalidValue, SCIMError
from scim_provisioning.protocol.paths import Path
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.protocol.text import fold


def reference_key(text: str) -> str:
    """What makes two spellings of a company, unit or team name the same: case and spaces do not count."""
    return fold(" ".join(text.split()))


class Reference(MappedAttribute):
    """A row of another model, named by text.

    ``by`` is the field that holds the name. Names are compared without regard to case, and what is sent also
    without regard to spaces around and repeated between words; ``within`` narrows the look-up to one customer and
    fills new rows, ``defaults`` only fill new ones (see :class:`RelatedRow`); ``create="never"`` refuses a name
    that does not exist instead of creating it.
    """

    label = _("row by name")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.ForeignKey,)

    def __init__(
        self,
        path: str,
        target: str,
        *,
        by: str = "name",
        within: Scope | None = None,
        defaults: Scope | None = None,
        create: Literal["auto", "never"] = "auto",
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)
        self.by = by
        self.within: Scope = within or {}
        self.defaults: Scope = defaults or {}
        self.create = create

    def joins(self, field: Any) -> str | None:
        return str(field.name)

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        # A new row has no key yet; asking for the row itself would raise where the column must not be NULL.
        if getattr(row, field.attname) is None:
            return None
        return getattr(row, field.name)

    def to_scim(self, current: Any) -> str:
        return str(getattr(current, self.by))

    def same(self, sent: Any, current: Any) -> bool:
        return isinstance(sent, str) and reference_key(sent) == reference_key(self.to_scim(current))

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        name = self._name(value, field.related_model)
        if not name:
            self.clear(row, field, person)
            return
        setattr(row, field.name, self.row_named(name, field.related_model, person.connection))

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        if not field.null:
            raise self.refusal("a value is required here and cannot be removed.", code="attr.required")
        setattr(row, field.name, None)

    def validate(self, row: models.Model, field: Any) -> None:
        """Nothing: the row was found or made just now, and Django would ask the database for it again."""

    def operand(self, value: Any) -> str:
        return " ".join(str(value).split())

    def compare(self, column: Column, op: str, value: Any) -> Q:
        # What is looked for inside a name keeps its spaces.
        if op in {"co", "sw", "ew"} & self.operators:
            return self.condition(column, op, str(value))
        return super().compare(column, op, value)

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        return Q(TextMatch(column.text(self.by), op, operand))

    def order(self, column: Column) -> Expression:
        return sort_text(column.text(self.by))

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
        if self.create == "auto":
            yield from new_row_problems(
                self.path,
                self.target,
                model,
                within=self.within,
                defaults=self.defaults,
                filled={self.by},
            )
        else:
            yield from scope_problems(self.path, self.target, model, within=self.within, defaults={})

    # --- the row itself

    def _name(self, value: Any, model: Any) -> str:
        return " ".join(checked_text(self.path, value, model._meta.get_field(self.by)).split())

    def row_named(self, name: str, model: Any, connection: SCIMConnection) -> models.Model:
        """The row of that name within the customer; a new one where there is none and one may be made."""
        scope = resolve_scope(self.within, connection)
        found = self._find(model, name, scope)
        if found is not None:
            return found
        if self.create == "never":
            raise self.refusal(f"'{name}' does not exist here.", code="attr.reference")
        try:
            with transaction.atomic():
                values = scope_values(model, {**self.defaults, **self.within}, connection)
                made: models.Model = model._default_manager.create(**{**values, self.by: name})
                return made
        except DatabaseError as error:
            refused = database_errors.explain(error, database_errors.every_model(), {})
            if refused is None:
                raise
            # Another request created it in the meantime: theirs is ours. Or the host's collation takes two names
            # for one (MariaDB: "Café" and "Cafe"), and its word counts in its own table.
            theirs: models.Model | None = model._default_manager.filter(**scope, **{self.by: name}).first()
            if theirs is None:
                raise self._not_created(name, refused) from error
            return theirs

    def _not_created(self, name: str, refused: SCIMError) -> InvalidValue:
        """The refusal of a name for which the database takes no row: with the column that it is about."""
        facts = {**refused.params, "attribute": self.path, "column": refused.params.get("attribute", "")}
        detail = f"{self.path}: '{name}' could not be created here. {refused.detail}"
        return InvalidValue(detail, code="attr.reference", params=facts)

    def _find(self, model: Any, name: str, scope: dict[str, Any]) -> models.Model | None:
        matches = TextMatch(Folded(Trim(F(self.by))), "eq", name)
        row: models.Model | None = model._default_manager.filter(matches, **scope).order_by("pk").first()
        return row


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

    def current(self, row: models.Model, field: Any, person: Person) -> list[str] | None:
        if row._state.adding:
            return None
        names = sorted(str(getattr(related, self.by)) for related in getattr(row, _accessor(field)).all())
        return names or None

    def to_scim(self, current: Any) -> Any:
        return current

    def same(self, sent: Any, current: Any) -> bool:
        wanted = {reference_key(name) for name in _listed(sent)}
        held = {reference_key(name) for name in current}
        return wanted == held if self.others == "remove" else wanted <= held

    def shown(self, sent: Any, current: Any) -> Any:
        """What SCIM set of what is there; with ``others="remove"`` all that is there."""
        if sent is not None and current is not None and self.same(sent, current):
            return sent
        names = list(current or ())
        if self.others == "keep":
            held = {reference_key(name) for name in names}
            names = [name for name in _listed(sent) if reference_key(name) in held]
        return names or None

    # --- writing

    def is_written(self, sent: Any, current: Any, person: Person) -> bool:
        before, now = (
            {reference_key(name) for name in _listed(names)} for names in (person.sent_before, sent)
        )
        return before <= now and super().is_written(sent, current, person)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        named = dict.fromkeys(name for name in map(str.strip, _listed(value)) if name)
        model = field.related_model
        rows = [self.row_named(self._name(name, model), model, person.connection) for name in named]
        self._later(field, rows, person)

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        self._later(field, [], person)

    def _later(self, field: Any, rows: list[models.Model], person: Person) -> None:
        """The relation can be written once the row has a key; the row may still be exchanged for one that a
        signal makes."""
        name = self.target.rpartition(".")[0]
        before = {reference_key(text) for text in _listed(person.sent_before)}

        def write() -> None:
            row = person.rows.get(name)
            relation = getattr(row, _accessor(field))
            if self.others == "remove":
                relation.set(rows)
                return
            gone = [
                old
                for old in relation.all()
                if reference_key(self.to_name(old)) in before and old not in rows
            ]
            if gone:
                relation.remove(*gone)
            if rows:
                relation.add(*rows)

        person.rows.after_save(write)

    def to_name(self, row: models.Model) -> str:
        """The name of a row of the relation."""
        return str(getattr(row, self.by))

    # --- SQL

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        relation = column.field.name
        if op == "pr":
            return Q(Exists(column.rows().filter(**{f"{relation}__isnull": False})))
        text = Folded(F(f"{relation}__{self.by}"))
        return Q(Exists(column.rows().filter(TextMatch(text, "eq", operand))))

    def order(self, column: Column) -> Expression:
        name = f"{column.field.name}__{self.by}"
        first = column.rows().filter(**{f"{name}__isnull": False}).order_by(name).values(name)[:1]
        return sort_text(Folded(Subquery(first)))


def _accessor(field: Any) -> str:
    """The attribute of a row that gives the relation, seen from either side."""
    return str(field.name if field.concrete else field.get_accessor_name())


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]
