"""One of a few values: a choice, and what switches access on and off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from django.db import models
from django.db.models import Case, CharField, Q, Value, When
from django.db.models.expressions import Expression
from django.db.models.lookups import Exact, In, IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import Always
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.kind import NO_SUCH_VALUE, MappedAttribute, with_canonical_values
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem
from scim_provisioning.adapters.remedies import listed, nearest
from scim_provisioning.adapters.rows import RelatedRow, RowSource
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.protocol.schema import Attribute
from scim_provisioning.protocol.text import fold, shown

#: For ``Choice(unknown=...)``: a value that is not in the list refuses the person.
REFUSE: Final[Any] = object()

_FLAG_OPERATORS = frozenset({"eq", "ne", "pr"})


class Choice(MappedAttribute):
    """One of a list of values, each stored as the host stores it.

    ``values`` maps what is sent, in any case, to what is stored; without it the field's own choices are sent as
    they are stored. ``unknown`` is what is stored for anything else; by default that is refused. The values are
    published as ``canonicalValues``.
    """

    label = _("choice")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.CharField, models.TextField, models.IntegerField)

    def __init__(
        self,
        path: str,
        target: str,
        *,
        values: Mapping[str, Any] | None = None,
        unknown: Any = REFUSE,
        **options: Any,
    ) -> None:
        super().__init__(path, target, **options)
        self._given = dict(values) if values is not None else None
        self.unknown = unknown
        self._known: dict[str, Any] = self._given or {}

    def _field(self, source: RowSource, name: str, rows: Mapping[str, RelatedRow]) -> Any:
        field = super()._field(source, name, rows)
        if self._given is None:
            self._known = {str(stored): stored for stored, _label in field.flatchoices}
        return field

    def to_scim(self, current: Any) -> str:
        return next((sent for sent, stored in self._known.items() if stored == current), str(current))

    def same(self, sent: Any, current: Any) -> bool:
        found = self._stored(sent)
        return found is not REFUSE and bool(found == current)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        stored = self._stored(value)
        if stored is REFUSE:
            wanted = ", ".join(shown(name) for name in self._known)
            raise self.refusal(f"expected one of {wanted}; got {shown(value)}.", code="attr.invalid")
        setattr(row, field.attname, stored)

    def displayed(self, row: models.Model, field: Any, person: Person) -> Any:
        return getattr(row, field.attname)

    def _stored(self, sent: Any) -> Any:
        key = fold(str(sent).strip())
        return next((stored for name, stored in self._known.items() if fold(name) == key), self.unknown)

    def operand(self, value: Any) -> str:
        return fold(str(value))

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        """Which of the values fulfil the comparison is known here; what else is stored is compared as text."""
        value = column.value()
        present = Q(IsNull(value, False)) & ~Q(Exact(Exactly(value), ""))
        if op == "pr":
            return present
        shown_as = {stored: self.to_scim(stored) for stored in self._known.values()}
        met = [stored for stored, name in shown_as.items() if _holds(op, fold(name), operand)]
        known = present & Q(In(value, met)) if met else Q(Always(False))
        others = present & ~Q(In(value, list(shown_as))) if shown_as else present
        return known | (others & super().condition(column, op, operand))

    def order(self, column: Column) -> Expression:
        whens = [
            When(Exact(column.value(), stored), then=Value(name)) for name, stored in self._known.items()
        ]
        return Case(*whens, default=super().order(column), output_field=CharField())

    def publish(self, attribute: Attribute) -> Attribute:
        return with_canonical_values(attribute, tuple(self._known))

    def problems(self, source: RowSource, field: Any) -> Iterator[MappingProblem]:
        yield from _not_among_choices(self, field, self._known.values(), "values")
        if self.unknown is not REFUSE:
            yield from _not_among_choices(self, field, [self.unknown], "unknown")
        if not self._known:
            message = f"'{self.target}' has no choices, and values names none"
            advice = 'Write values={"Junior": "J", …}: what is sent, and what the field stores for it.'
            yield MappingProblem("value", self.path, self.target, message, advice)


def _not_among_choices(
    line: MappedAttribute, field: Any, values: Iterable[Any], option: str
) -> Iterator[MappingProblem]:
    """What a line would store although the field does not allow it; often the label in place of the value."""
    labels = {str(label): stored for stored, label in field.flatchoices}
    for value in dict.fromkeys(values) if labels else ():
        if value in labels.values():
            continue
        message = f"{value!r} of {option} is not among the choices of '{line.target}'"
        near = nearest(str(value), [*labels, *map(str, labels.values())])
        meant = labels.get(near, next((stored for stored in labels.values() if str(stored) == near), None))
        instead = "" if meant is None else f"Write {meant!r} in place of {value!r}. "
        advice = f"{instead}The field stores one of {listed(labels.values())}."
        yield MappingProblem("value", line.path, line.target, message, advice)


def _holds(op: str, value: str, operand: str) -> bool:
    """``value op operand`` for two folded texts."""
    held = {
        "eq": value == operand,
        "co": operand in value,
        "sw": value.startswith(operand),
        "ew": value.endswith(operand),
        "gt": value > operand,
        "ge": value >= operand,
        "lt": value < operand,
        "le": value <= operand,
    }
    return held[op]


class Toggle(MappedAttribute):
    """What is either on or off. Only these can be mapped to ``active``: deactivation has to end access."""

    scim_type = "boolean"
    switches = True
    operators = _FLAG_OPERATORS
    # "deleted_at" and its like are seldom shown in forms.
    writes_uneditable = True

    def is_on(self, row: models.Model, field: Any) -> bool:
        """Whether it is on, as the row says it."""
        return bool(getattr(row, field.attname))

    def turn(self, row: models.Model, field: Any, on: bool) -> None:
        """Switch it (unsaved)."""
        setattr(row, field.attname, on)

    def on(self, column: Column) -> Q:
        """The condition that it is on."""
        return Q(Exact(column.value(), True))

    def current(self, row: models.Model, field: Any, person: Person) -> bool | None:
        value = getattr(row, field.attname)
        return None if value is None and isinstance(field, models.BooleanField) else self.is_on(row, field)

    def displayed(self, row: models.Model, field: Any, person: Person) -> Any:
        return getattr(row, field.attname)

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        if not isinstance(value, bool):
            raise self.refusal(f"expected true or false, got {shown(value)}.")
        self.turn(row, field, value)

    def operand(self, value: Any) -> Any:
        return value if isinstance(value, bool) else NO_SUCH_VALUE

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        present = self._present(column)
        return present if op == "pr" else present & (self.on(column) if operand else ~self.on(column))

    def _present(self, column: Column) -> Q:
        return Q(IsNull(column.value(), False))

    def order(self, column: Column) -> Expression:
        return column.value()  # type: ignore[return-value]


class Boolean(Toggle):
    """True or false. ``Boolean("active", "membership.is_active")`` chooses what deactivation switches off."""

    label = _("yes or no")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.BooleanField,)


class Switch(Toggle):
    """``active`` as one of several states: ``Switch("membership.status", on="active", off="suspended")``.

    Whatever is not ``on`` is inactive. Provisioning moves nobody out of the states in ``never_from``: somebody who
    was only invited stays so, whatever the identity provider says. Works on a flag that means the opposite too:
    ``Switch("blocked", on=False, off=True)``.
    """

    label = _("state")
    field_types: ClassVar[tuple[type[Any], ...]] = (
        models.CharField,
        models.TextField,
        models.IntegerField,
        models.BooleanField,
    )

    def __init__(self, target: str, *, on: Any, off: Any, never_from: Collection[Any] = ()) -> None:
        super().__init__("active", target)
        self._on, self._off = on, off
        # A text would come apart into letters; kept whole, the checks can say what was meant.
        self.never_from = never_from if isinstance(never_from, str) else frozenset(never_from)

    def is_on(self, row: models.Model, field: Any) -> bool:
        return bool(getattr(row, field.attname) == self._on)

    def may_turn(self, row: models.Model, field: Any) -> bool:
        # A row that is made for a newcomer has a state by default only; nobody has put them there.
        return row._state.adding or getattr(row, field.attname) not in self.never_from

    def turn(self, row: models.Model, field: Any, on: bool) -> None:
        # Not off either, which they are already: off and on again would be a way in.
        if self.may_turn(row, field):
            setattr(row, field.attname, self._on if on else self._off)

    def on(self, column: Column) -> Q:
        return Q(Exact(column.value(), self._on))

    def problems(self, source: RowSource, field: Any) -> Iterator[MappingProblem]:
        states = {"on": [self._on], "off": [self._off], "never_from": self.never_from}
        for option, values in states.items():
            yield from _not_among_choices(self, field, values, option)
        if self._on == self._off or self._on in self.never_from:
            message = "'on' must differ from 'off' and from never_from"
            advice = f"Write scim.Switch({self.target!r}, on=…, off=…) with two states."
            yield MappingProblem("switch", self.path, self.target, message, advice)

    def order(self, column: Column) -> Expression:
        return Case(When(self.on(column), then=Value(True)), default=Value(False))


class OffSince(Toggle):
    """``active`` as a moment: ``OffSince("deleted_at")`` is off once the moment is set."""

    label = _("off since")
    field_types: ClassVar[tuple[type[Any], ...]] = (models.DateTimeField,)

    def __init__(self, target: str) -> None:
        super().__init__("active", target)

    def is_on(self, row: models.Model, field: Any) -> bool:
        return getattr(row, field.attname) is None

    def turn(self, row: models.Model, field: Any, on: bool) -> None:
        if on or self.is_on(row, field):
            setattr(row, field.attname, None if on else timezone.now())

    def on(self, column: Column) -> Q:
        return Q(IsNull(column.value(), True))

    def _present(self, column: Column) -> Q:
        return Q(Always(True))

    def problems(self, source: RowSource, field: Any) -> Iterator[MappingProblem]:
        if not field.null:
            message = f"'{self.target}' cannot be empty, so nobody could be active"
            advice = f"Declare the field {field.name} with null=True, or map active to another field."
            yield MappingProblem("switch", self.path, self.target, message, advice)

    def order(self, column: Column) -> Expression:
        return Case(When(self.on(column), then=Value(True)), default=Value(False))
