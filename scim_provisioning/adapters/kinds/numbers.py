"""Whole numbers and decimals; text that holds digits, such as Entra's employeeId, may feed them too."""

from __future__ import annotations

import decimal
import re
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import NO_SUCH_VALUE, MappedAttribute
from scim_provisioning.adapters.kinds.typed import ORDERED_OPERATORS, ordered
from scim_provisioning.adapters.person import Person
from scim_provisioning.protocol.text import MAX_INTEGER, shown

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


def can_be_said(number: Any) -> bool:
    """Whether SCIM's form takes a number: neither infinite, nor NaN, nor beyond 64 bits."""
    return bool(number == number and abs(number) <= MAX_INTEGER)


class Integer(MappedAttribute):
    """A whole number. ``"0042"`` is 42, and is returned as it was sent."""

    label = _("whole number")
    scim_type = "integer"
    operators = ORDERED_OPERATORS
    field_types: ClassVar[tuple[type[Any], ...]] = (models.IntegerField,)
    expected = "a whole number"

    def parse(self, value: Any) -> Any:
        """The number that a SCIM value means, or None."""
        if isinstance(value, str):
            return int(value) if _WHOLE.fullmatch(value.strip()) else None
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        # The LMS may have one that cannot be said: the person is shown, and changed, without it.
        number = super().current(row, field, person)
        return number if number is None or can_be_said(number) else None

    def same(self, sent: Any, current: Any) -> bool:
        return bool(self.parse(sent) == self.parse(current))

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        number = self.parse(value)
        if number is None:
            raise self.refusal(f"expected {self.expected}, got {shown(value)}.")
        setattr(row, field.attname, number)

    def operand(self, value: Any) -> Any:
        number = self.parse(value)
        return NO_SUCH_VALUE if number is None else number

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        return ordered(column.value(), op, operand)

    def order(self, column: Column) -> Expression:
        return column.value()  # type: ignore[return-value]


class Decimal(Integer):
    """A number with decimals, in a decimal or a float column."""

    label = _("number")
    scim_type = "decimal"
    field_types = (models.DecimalField, models.FloatField)
    expected = "a number"

    def parse(self, value: Any) -> decimal.Decimal | None:
        if isinstance(value, bool) or not isinstance(value, str | int | float | decimal.Decimal):
            return None
        try:
            number = decimal.Decimal(str(value).strip())
        except decimal.InvalidOperation:
            return None
        return number if number.is_finite() else None

    def to_scim(self, current: Any) -> int | float:
        number = decimal.Decimal(str(current))
        return int(number) if number == number.to_integral_value() else float(number)

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        field, value = column.field, column.value()
        if isinstance(field, models.FloatField):
            number = operand if operand is None else float(operand)
            return ordered(value, op, number, within=float(MAX_INTEGER))
        is_wide = field.max_digits - field.decimal_places >= len(str(MAX_INTEGER))
        return ordered(value, op, operand, within=decimal.Decimal(MAX_INTEGER) if is_wide else None)
