"""What a kind of mapped attribute is: the contract that every line of ``LearnerAdapter.mapping`` keeps.

A kind answers for everything about itself: where its value lives, how it is read, compared, written and cleared,
how it is filtered and sorted by in SQL, what ``/Schemas`` says of it, what the system checks refuse, and what the
admin calls it. Nothing else asks which kind a line is, so a host's own kind is as good as one from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Expression
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from scim_provisioning.adapters.expressions import TEXT_OPERATORS, Always, TextMatch, sort_text
from scim_provisioning.adapters.kinds.column import Column
from scim_provisioning.adapters.kinds.meanings import Names
from scim_provisioning.adapters.kinds.targets import field_at, judge, row_at
from scim_provisioning.adapters.person import Person
from scim_provisioning.adapters.problems import MappingProblem, Unusable
from scim_provisioning.adapters.rows import RelatedRow, RowSource
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.protocol.errors import InvalidFilter, InvalidValue
from scim_provisioning.protocol.paths import Path
from scim_provisioning.protocol.resources import Document
from scim_provisioning.protocol.schema import TEXT_TYPES, Attribute
from scim_provisioning.protocol.text import shown

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Field: TypeAlias = "models.Field[Any, Any]"
#: For ``operand``: a value that no column of this kind can hold, such as letters in a number. Nobody has it.
NO_SUCH_VALUE: Final[Any] = object()


class MappedAttribute:
    """One SCIM attribute that is one field of the host's, compared as text unless a kind says otherwise.

    ``path`` is a SCIM path (RFC 7644 section 3.5.2): ``title``, ``name.givenName``,
    ``emails[type eq "work"].value``, ``urn:...:User:department``. Several declarations may name the same
    ``target``: the first one with a value wins. ``required`` refuses a person without a value;
    ``when_empty="keep"`` leaves the field alone when the identity provider clears the attribute.
    """

    #: What the admin calls this kind.
    label: ClassVar[StrOrPromise] = _("value")
    #: The model fields that it can be written to; a system check names them.
    field_types: ClassVar[tuple[type[Any], ...]] = (models.Field,)
    #: Whether fields that no form shows (``editable=False``) may be written all the same.
    writes_uneditable: ClassVar[bool] = False
    #: The type that ``/Schemas`` publishes for an attribute of the host's own (RFC 7643 section 2.3).
    scim_type: ClassVar[str] = "string"
    #: The filter operators that ``condition`` answers; others are refused with ``invalidFilter``.
    operators: ClassVar[frozenset[str]] = TEXT_OPERATORS
    #: Whether it can be mapped to ``active``: see ``Toggle``.
    switches: ClassVar[bool] = False
    #: Whether its value is a person of the connection, who may be awaited: see ``Manager``.
    is_manager: ClassVar[bool] = False
    #: Error code of a person who has no value although one is ``required``.
    missing_code: ClassVar[str] = "attr.required"
    #: The attribute whose value serves when this one was not sent; see ``Email``.
    fallback: str | None = None

    def __init__(
        self,
        path: str,
        target: str,
        *,
        required: bool = False,
        when_empty: Literal["clear", "keep"] = "clear",
    ) -> None:
        self.path = path
        self.target = target
        self.required = required
        self.when_empty = when_empty

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r}, {self.target!r})"

    # --- where it lives

    def locate(self, rows: Mapping[str, RelatedRow]) -> tuple[RowSource, Any]:
        """The row and the field that ``target`` names. Raises ``Unusable`` with a sentence for the host."""
        row_name, _dot, field_name = self.target.rpartition(".")
        source = self._row(row_name, rows)
        return source, self._field(source, field_name, rows)

    def _row(self, name: str, rows: Mapping[str, RelatedRow]) -> RowSource:
        return row_at(name, rows, path=self.path, target=self.target)

    def _field(self, source: RowSource, name: str, rows: Mapping[str, RelatedRow]) -> Any:
        field = field_at(source, name, rows, target=self.target)
        judge(
            field,
            path=self.path,
            target=f"{source.name}.{name}".strip("."),
            is_fitting=isinstance(field, self.field_types),
            wanted=f"{type(self).__name__} needs a {' or '.join(kind.__name__ for kind in self.field_types)}",
            uneditable=self.writes_uneditable,
        )
        return field

    @property
    def keys(self) -> tuple[str, ...]:
        """What of the field is meant: nothing more, or the keys inside a JSON value."""
        return ()

    def value_path(self, path: Path) -> Path:
        """The one value that ``path`` means. Raises ``Unusable`` when it means several."""
        attribute = path.attribute
        if attribute is None or (attribute.multi_valued and (path.filter is None or path.sub is None)):
            message = (
                f"'{self.path}' is not one value; name the element too, as in emails[type eq \"work\"].value"
            )
            raise Unusable("bad_path", message)
        return path

    def chosen(self, elements: list[Any]) -> Document | None:
        """Of the elements of a multi-valued attribute whose path has no filter, the one that is meant."""
        return None

    def joins(self, field: Any) -> str | None:
        """The relation of the row that reading follows, if it can be joined."""
        return None

    def prefetches(self, field: Any) -> str | None:
        """The relation of the row that reading follows, if it takes a statement of its own."""
        return None

    def looked_up(self, field: Any) -> NamedColumn | None:
        """The column that is better indexed, since requests look for people or rows by it."""
        return None

    # --- reading

    def reads(self, field: Any) -> tuple[str, ...] | None:
        """The columns, seen from the row, that ``current`` and ``is_on`` read; None where they need the row itself."""
        return (field.attname,)

    def current(self, row: models.Model, field: Any, person: Person) -> Any:
        """The row's value in Python, or None when the field is empty."""
        value = getattr(row, field.attname)
        return None if value == "" else value

    def to_scim(self, current: Any) -> Any:
        """The SCIM value that stands for ``current``, which is never None here."""
        return current

    def same(self, sent: Any, current: Any) -> bool:
        """Whether the row still means what the identity provider sent, so that it is returned as sent."""
        return bool(sent == current)

    def is_meant(self, sent: Any, row: models.Model | None, field: Any, person: Person) -> bool:
        """Whether the row stands as what was sent was understood, where it says otherwise (``Person.meant``)."""
        return False

    def name_keys(self, sent: Any) -> frozenset[str]:
        """What is the same of all spellings of the names that a value holds, as ``Person.meant`` knows them."""
        return frozenset()

    def shown(self, sent: Any, current: Any) -> Any:
        """What an answer holds: what was sent while the row means the same, else what the row means."""
        if current is None:
            return None
        return sent if sent is not None and self.same(sent, current) else self.to_scim(current)

    def displayed(self, row: models.Model, field: Any, person: Person) -> Any:
        """The row's value as an administrator knows it; None when there is none."""
        return self.current(row, field, person)

    # --- writing

    def is_written(self, sent: Any, current: Any, person: Person) -> bool:
        """Whether the row says already what was sent."""
        return current is not None and self.same(sent, current)

    def brings(self, value: Any, field: Any, person: Person) -> Iterable[tuple[Names, str]]:
        """Names that ``assign`` will lock, each with the rows that it may mean: they are locked before, together with
        those of other lines."""
        return ()

    def assign(self, row: models.Model, field: Any, value: Any, person: Person) -> None:
        """Put a SCIM value into the row (unsaved). Raises ``InvalidValue``."""
        setattr(row, field.attname, value)

    def clear(self, row: models.Model, field: Any, person: Person) -> None:
        """Empty the field (unsaved)."""
        setattr(row, field.attname, None if field.null else field.get_default())

    def validate(self, row: models.Model, field: Any) -> None:
        """Judge what ``assign`` wrote by the column's own choices and validators. Raises ``InvalidValue``."""
        value = getattr(row, field.attname)
        if value in field.empty_values:
            return
        try:
            self._judge(value, row, field)
        except ValidationError:
            # Identity providers are answered in English, whatever language the host's validators speak.
            with translation.override("en"):
                try:
                    self._judge(value, row, field)
                except ValidationError as error:
                    raise self.refusal(" ".join(error.messages), code="attr.invalid") from error

    def _judge(self, value: Any, row: models.Model, field: Any) -> None:
        field.validate(value, row)
        for validator in self.validators(field):
            validator(value)

    def validators(self, field: Any) -> Iterable[Callable[[Any], None]]:
        """Those of the column that its values must pass."""
        validators: list[Callable[[Any], None]] = field.validators
        return validators

    # --- switching (see Toggle): deactivation goes through what is mapped to ``active``

    def is_on(self, row: models.Model, field: Any) -> bool:
        """Whether access is on, as the row says it."""
        raise ImproperlyConfigured(f"{self} cannot switch access off; see manage.py check.")

    def turn(self, row: models.Model, field: Any, on: bool) -> None:
        """Switch access (unsaved)."""
        raise ImproperlyConfigured(f"{self} cannot switch access off; see manage.py check.")

    def may_turn(self, row: models.Model, field: Any) -> bool:
        """Whether provisioning may switch access on and off in the state in which the row is."""
        return True

    def on(self, column: Column) -> Q:
        """The condition that access is on."""
        raise ImproperlyConfigured(f"{self} cannot switch access off; see manage.py check.")

    def refusal(self, sentence: str, *, code: str = "attr.type") -> InvalidValue:
        """The error that names this attribute."""
        return InvalidValue(f"{self.path}: {sentence}", code=code, params={"attribute": self.path})

    # --- SQL

    def operand(self, value: Any) -> Any:
        """A filter's value in the form that ``condition`` compares, or ``NO_SUCH_VALUE``."""
        return str(value)

    def condition(self, column: Column, op: str, operand: Any) -> Q:
        """``column op operand`` (RFC 7644 section 3.4.2.2): never NULL, false where there is no value."""
        return Q(TextMatch(column.text(), op, operand))

    def compare(self, column: Column, op: str, value: Any) -> Q:
        """The condition that a filter's comparison means. Raises ``InvalidFilter`` for another operator."""
        if op not in self.operators:
            raise InvalidFilter(
                f"Filtering by {column.leaf.path} with {op} is not supported.",
                params={"attribute": column.leaf.path, "operator": op},
            )
        return self.matched(op, value, lambda operand: self.condition(column, op, operand))

    def matched(self, op: str, value: Any, condition: Callable[[Any], Q]) -> Q:
        """``condition`` of the operand that a filter's value means; nobody has what no column can hold."""
        operand = None if op == "pr" else self.operand(value)
        if operand is not NO_SUCH_VALUE:
            return condition(operand)
        if op != "eq":
            raise InvalidFilter(f"{self.path}: {shown(value)} has no place in an order here.")
        return Q(Always(False))

    def order(self, column: Column) -> Expression:
        """What ``sortBy`` orders by: NULL for whoever has no value."""
        return sort_text(column.text())

    # --- what is said of it

    def declare(self, name: str) -> Attribute:
        """The definition of an attribute of the host's own."""
        return self.publish(
            Attribute(
                name=name,
                type=self.scim_type,
                description=f"{name}, an attribute of this application",
                required=self.required,
            )
        )

    def publish(self, attribute: Attribute) -> Attribute:
        """What ``/Schemas`` says of the attribute that this line feeds."""
        return attribute

    def problems(self, source: RowSource, field: Any) -> Iterator[MappingProblem]:
        """What else cannot work, for the system checks."""
        return iter(())


def with_canonical_values(attribute: Attribute, values: tuple[str, ...]) -> Attribute:
    """The attribute with the values that the host knows (RFC 7643 section 7, ``canonicalValues``)."""
    return replace(attribute, canonical_values=values) if attribute.type in TEXT_TYPES else attribute
