"""A row of another model, named by text and reached by a foreign key: company, business unit, team."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from django.db import DatabaseError, models
from django.db.models import Q
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters import database_errors, remedies
from scim_provisioning.adapters.expressions import TextMatch, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute, checked_text
from scim_provisioning.adapters.kinds.named_rows import NamedRows, named_column, reference_key
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem, new_row_problems, scope_problems
from scim_provisioning.adapters.rows import RowSource, Scope, resolve_scope, scope_values
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import InvalidValue, SCIMError


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

    def looked_up(self, field: Any) -> NamedColumn:
        return named_column(field.related_model, self.by, self.within)

    def reads(self, field: Any) -> tuple[str, ...] | None:
        return field.attname, f"{field.name}__{self.by}"

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        # A new row has no key yet; asking for the row itself would raise where the column must not be NULL.
        if getattr(row, field.attname) is None:
            return None
        return getattr(row, field.name)

    def to_scim(self, current: Any) -> str:
        return str(getattr(current, self.by))

    def same(self, sent: Any, current: Any) -> bool:
        name = self.to_scim(current)
        return isinstance(sent, str) and (sent == name or reference_key(sent) == reference_key(name))

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
        rows = NamedRows(model, self.by, resolve_scope(self.within, connection))
        found = rows.find(name)
        if found is not None:
            return found
        if self.create == "never":
            raise self.refusal(f"'{name}' does not exist here.", code="attr.reference")
        try:
            return rows.make(name, scope_values(model, {**self.defaults, **self.within}, connection))
        except DatabaseError as error:
            refused = database_errors.explain(error, database_errors.every_model(), {})
            if refused is None:
                raise
            raise self._not_created(name, refused) from error

    def _not_created(self, name: str, refused: SCIMError) -> InvalidValue:
        """The refusal of a name for which the database takes no row: with the column that it is about."""
        facts = {**refused.params, "attribute": self.path, "column": refused.params.get("attribute", "")}
        detail = f"{self.path}: '{name}' could not be created here. {refused.detail}"
        return InvalidValue(detail, code="attr.reference", params=facts)
