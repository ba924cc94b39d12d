"""A value inside a JSON column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import (
    TEXT_OPERATORS,
    DocumentFlag,
    DocumentNumber,
    TextMatch,
    ValueText,
    sort_text,
)
from scim_provisioning.adapters.kinds.choices import Boolean
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import MappedAttribute
from scim_provisioning.adapters.kinds.numbers import Decimal, Integer, can_be_said
from scim_provisioning.adapters.kinds.text import Text
from scim_provisioning.adapters.kinds.typed import ORDERED_OPERATORS, ordered
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import Unusable
from scim_provisioning.adapters.remedies import fitting
from scim_provisioning.adapters.rows import RelatedRow, RowSource
from scim_provisioning.adapters.text_forms import Exactly, Folded
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.protocol.text import MAX_INTEGER, shown

_KINDS: Mapping[str, type[MappedAttribute]] = {
    "string": Text,
    "integer": Integer,
    "decimal": Decimal,
    "boolean": Boolean,
}


class Json(MappedAttribute):
    """A key inside a JSON column, or keys: ``Json("urn:...:User:costCentre", "profile.data.cost_centre")``.

    ``type`` is what is kept there: ``string``, ``integer``, ``decimal`` or ``boolean``. Other keys of the column
    stay as they are, and whatever stands in the place of an object on the way is left alone: that is a refusal.
    """

    label = _("part of a JSON value")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.JSONField,)

    def __init__(
        self,
        path: str,
        target: str,
        *,
        type: Literal["string", "integer", "decimal", "boolean"] = "string",
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)
        self._type = type
        self._as = _KINDS[type](path, target)
        self._keys: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        return self._keys

    def locate(self, rows: Mapping[str, RelatedRow]) -> tuple[RowSource, Any]:
        """``data.a`` is a column of the account if it has that one, else of the row ``data``."""
        first, *rest = self.target.split(".")
        account = self._row("", rows)
        if _has(account.model, first) and first not in rows:
            source, name, keys = account, first, rest
        elif rest:
            source, name, keys = self._row(first, rows), rest[0], rest[1:]
        else:
            source, name, keys = account, first, rest
        field = self._field(source, name, rows)
        if not keys:
            message = f"'{self.target}' names no key inside the JSON value"
            raise Unusable("missing", message, fitting(self.path, self.target, field))
        self._keys = tuple(keys)
        return source, field

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        value = getattr(row, field.attname)
        for key in self._keys:
            value = value.get(key) if isinstance(value, dict) else None
        # What is of another type was not put there by this line, and is nothing that it could show.
        return value if value != "" and self._is_kept(value) else None

    def _is_kept(self, value: Any) -> bool:
        """Whether what stands there is a JSON value of the declared type, as filters see it."""
        if not isinstance(self._as, Integer):
            return isinstance(value, bool if self._type == "boolean" else str)
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and can_be_said(value)
        return is_number and (isinstance(self._as, Decimal) or value == int(value))

    def to_scim(self, current: Any) -> Any:
        return int(current) if self._type == "integer" else self._as.to_scim(current)

    def same(self, sent: Any, current: Any) -> bool:
        return self._as.same(sent, current)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        setattr(row, field.attname, self._with(getattr(row, field.attname), self._keys, self._stored(value)))

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        setattr(row, field.attname, self._with(getattr(row, field.attname), self._keys, None))

    def _stored(self, value: Any) -> Any:
        if not self._fits(value):
            raise self.refusal(f"expected a value of type {self._type}, got {shown(value)}.")
        return self._as.to_scim(self._as.parse(value)) if isinstance(self._as, Integer) else value

    def _fits(self, value: Any) -> bool:
        """Whether a value that was sent is of the declared type."""
        if isinstance(self._as, Integer):
            number = self._as.parse(value)
            return number is not None and can_be_said(number)
        return isinstance(value, bool if self._type == "boolean" else str)

    def _with(self, value: Any, keys: tuple[str, ...], new: Any) -> dict[str, Any]:
        """A copy of ``value`` with ``new`` at ``keys``; None takes it away."""
        if value is not None and not isinstance(value, dict):
            raise self.refusal("something else is stored in its place here.", code="attr.invalid")
        copy: dict[str, Any] = dict(value or {})
        first, *rest = keys
        if rest:
            copy[first] = self._with(copy.get(first), tuple(rest), new)
        elif new is None:
            copy.pop(first, None)
        else:
            copy[first] = new
        return copy

    def declare(self, name: str) -> Attribute:
        return self._as.declare(name)

    # --- SQL

    def compare(self, column: Column, op: str, value: Any) -> Q:
        allowed = ORDERED_OPERATORS if isinstance(self._as, Integer) else TEXT_OPERATORS
        if self._type == "boolean":
            allowed = self._as.operators
        if op not in allowed:
            raise InvalidFilter(f"Filtering by {column.leaf.path} with {op} is not supported.")
        return self._as.matched(op, value, lambda operand: self.condition(column, op, operand))

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        if isinstance(self._as, Integer):
            number = operand if operand is None else float(operand)
            whole = self._type == "integer"
            return ordered(self._number(column), op, number, within=float(MAX_INTEGER), whole=whole)
        text = str(operand).lower() if isinstance(operand, bool) else operand
        return Q(TextMatch(self._text(column), op, text))

    def order(self, column: Column) -> Expression:
        return self._number(column) if isinstance(self._as, Integer) else sort_text(self._text(column))

    def _text(self, column: Column) -> Expression:
        if self._type == "boolean":
            return DocumentFlag(column.value(), *self._keys)
        form = Exactly if column.leaf.case_exact else Folded
        return form(ValueText(column.value(), *self._keys))

    def _number(self, column: Column) -> DocumentNumber:
        return DocumentNumber(column.value(), *self._keys)


def _has(model: type[models.Model], name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False
