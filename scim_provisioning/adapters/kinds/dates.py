"""Dates and moments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from scim_provisioning import moments
from scim_provisioning.adapters.expressions import Always
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import NO_SUCH_VALUE, MappedAttribute
from scim_provisioning.adapters.kinds.typed import ORDERED_OPERATORS, ordered
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import Unusable
from scim_provisioning.adapters.remedies import fitting
from scim_provisioning.adapters.rows import RelatedRow, RowSource
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.schema.values import parse_datetime
from scim_provisioning.protocol.text import shown

_MILLISECOND = timedelta(milliseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _MILLISECOND
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?", re.S)


def scim_time(moment: datetime) -> str:
    """A ``dateTime`` of RFC 7643 section 2.3.5, in UTC."""
    return f"{moments.utc(moment).isoformat('T', 'milliseconds')[:-6]}Z"


class DateTime(MappedAttribute):
    """A moment. It is shown in UTC and in milliseconds, and returned as it was sent while it is the same."""

    label = _("date and time")
    scim_type = "dateTime"
    operators = ORDERED_OPERATORS
    field_types: ClassVar[tuple[type[Any], ...]] = (models.DateTimeField,)
    expected = "a date and time such as 2030-01-31T08:00:00Z"

    def parse(self, value: Any) -> Any:
        """The moment that a SCIM value means, or None."""
        if isinstance(value, datetime):
            return value
        return parse_datetime(value) if isinstance(value, str) else None

    def to_scim(self, current: Any) -> str:
        return scim_time(current)

    def same(self, sent: Any, current: Any) -> bool:
        moment = self.parse(sent)
        return moment is not None and bool(self.stored(moment) == current)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        moment = self.parse(value)
        if moment is None:
            raise self.refusal(f"expected {self.expected}, got {shown(value)}.")
        setattr(row, field.attname, self.stored(moment))

    def stored(self, moment: Any) -> Any:
        """The moment as the column keeps it."""
        return moments.stored(moment)

    def operand(self, value: Any) -> Any:
        moment = self.parse(value)
        return NO_SUCH_VALUE if moment is None else moment

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        return shown_moment(column.value(), op, operand)

    def order(self, column: Column) -> Expression:
        return column.value()  # type: ignore[return-value]


class Date(DateTime):
    """A day, such as the date of hire. SCIM has no type for it: Entra sends ``2030-01-31T00:00:00Z``, others the
    day alone. The day is taken as it is written, whatever the zone, and a day has no time to compare."""

    label = _("date")
    field_types = (models.DateField,)
    expected = "a date such as 2030-01-31"

    def _field(self, source: RowSource, name: str, rows: Mapping[str, RelatedRow]) -> Any:
        field = super()._field(source, name, rows)
        if isinstance(field, models.DateTimeField):
            message = f"Date needs a DateField, '{self.target}' is a DateTimeField"
            raise Unusable("unwritable", message, fitting(self.path, self.target, field))
        return field

    def parse(self, value: Any) -> date | None:
        if isinstance(value, datetime):
            return value.date()
        found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
        try:
            return date.fromisoformat(found[1]) if found and parse_datetime(value.strip()) else None
        except ValueError:
            return None

    def to_scim(self, current: Any) -> str:
        return f"{current.isoformat()}T00:00:00Z"

    def same(self, sent: Any, current: Any) -> bool:
        return bool(self.parse(sent) == current)

    def stored(self, moment: Any) -> Any:
        return moment

    def operand(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value
        day = self.parse(value)
        return NO_SUCH_VALUE if day is None else datetime.combine(day, time(), UTC)

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        """A day is shown as its midnight; a moment within it comes after it."""
        if op == "pr":
            return ordered(column.value(), op, None)
        if operand.time() == time() or op in ("gt", "le"):
            return ordered(column.value(), op, operand.date())
        after = {"ge": "gt", "lt": "le"}.get(op)
        return ordered(column.value(), after, operand.date()) if after else Q(Always(False))


def shown_moment(moment: Any, op: str, value: Any) -> Q:
    """``moment op value`` as clients see the moment.

    Times are shown in milliseconds and kept in microseconds: who compares with what was shown must find that
    person. Raises ``InvalidFilter`` for what is no moment.
    """
    if op == "pr":
        return ordered(moment, op, None)
    if not isinstance(value, datetime):
        raise InvalidFilter(f"{op} needs a dateTime.")
    # [start, end) are the moments that are shown as `value`, if any are.
    start = value.replace(microsecond=value.microsecond // 1000 * 1000)
    end = start + _MILLISECOND if start < _LATEST else start
    exact = start == value
    start, end = moments.bound(start), moments.bound(end)
    match op:
        case "gt":
            return ordered(moment, "ge", end)
        case "ge":
            return ordered(moment, "ge", start if exact else end)
        case "lt":
            return ordered(moment, "lt", start if exact else end)
        case "le":
            return ordered(moment, "lt", end)
    within = ordered(moment, "ge", start) & ordered(moment, "lt", end) if exact else Q(Always(False))
    return ~within if op == "ne" else within
