"""What the contract knows of a host's mapping: each line as a subject of tests.

The only place of the contract that looks into a compiled mapping. Values in SCIM documents are read and written by
the simulators' own path code, not by the server's: the two must agree because both follow the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.entries import Entry, Group
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.protocol.constants import CORE_USER
from scim_provisioning.protocol.resources import Document
from scim_provisioning.testing.simulators import documents

#: Which element of a list a line means that does not say so (``emails``): the first of the first that fits.
_RANKS: tuple[Callable[[Document], bool], ...] = (
    lambda element: element.get("type") == "work",
    lambda element: element.get("primary") is True,
    lambda element: True,
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One line of the mapping. ``path`` is its SCIM path; ``shown_at`` is where a value is returned that nobody
    sent (the first line of those that feed one field)."""

    entry: Entry
    path: str
    shown_at: str
    is_manager: bool = False

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        """The name of the attribute, without URN and parts: ``emails``, ``department``."""
        return self.entry.attribute.name

    @property
    def urn(self) -> str:
        """The schema that the attribute belongs to."""
        return self.entry.attribute.extension or CORE_USER

    @property
    def type(self) -> str:
        """The type that ``/Schemas`` publishes for the value."""
        return self.entry.leaf.type

    @property
    def is_list(self) -> bool:
        """Whether the value is a list of plain values (several teams)."""
        return self.entry.leaf.multi_valued

    @property
    def canonical_values(self) -> tuple[str, ...]:
        """The values that ``/Schemas`` offers; empty: any."""
        return self.entry.leaf.canonical_values

    @property
    def is_case_exact(self) -> bool:
        return bool(self.entry.leaf.case_exact)

    @property
    def is_address(self) -> bool:
        """Whether the value is an e-mail address."""
        return self.name == "emails" or isinstance(self.field, models.EmailField)

    @property
    def field(self) -> Any:
        return self.entry.field

    @property
    def is_required(self) -> bool:
        return bool(self.entry.declaration.required)

    @property
    def is_kept(self) -> bool:
        """Whether the field is left alone when the identity provider clears the attribute."""
        return self.entry.declaration.when_empty == "keep"

    @property
    def is_relation(self) -> bool:
        """Whether several rows of another model are named."""
        return bool(self.field.many_to_many)

    @property
    def keeps_others(self) -> bool:
        """Whether rows of the relation that SCIM did not set are none of its business."""
        return getattr(self.entry.declaration, "others", "") == "keep"

    @property
    def can_be_empty(self) -> bool:
        """Whether the column has a way to be empty."""
        return self.is_relation or bool(self.field.null) or self.field.get_default() is not None

    @property
    def is_demanded(self) -> bool:
        """Whether a person has to come with a value."""
        return self.is_required or not self.can_be_empty

    @property
    def can_be_cleared(self) -> bool:
        """Whether clearing the attribute empties the field."""
        return not (self.is_demanded or self.is_kept)

    @property
    def plain_default(self) -> Any:
        """The model's default where it is a plain value that the line could lose; None where there is none."""
        if self.field.is_relation or isinstance(self.field, models.JSONField) or callable(self.field.default):
            return None
        return self.field.default if self.field.has_default() else None

    @property
    def named_by(self) -> models.Field[Any, Any] | None:
        """The column that holds the name of a referenced row; None for a line that names none."""
        by: str | None = getattr(self.entry.declaration, "by", None)
        model: Any = self.field.related_model
        column = model._meta.get_field(by) if by and model is not None else None
        return column if isinstance(column, models.Field) else None

    @property
    def makes_rows(self) -> bool:
        """Whether an unknown name makes a row of the referenced model."""
        return getattr(self.entry.declaration, "create", "auto") != "never"

    @property
    def is_scoped(self) -> bool:
        """Whether the referenced rows belong to one customer."""
        return self.named_by is not None and bool(getattr(self.entry.declaration, "within", None))

    @property
    def column(self) -> models.Field[Any, Any]:
        """The column that limits the text: the name of a referenced row, else the field itself."""
        return self.named_by or self.field

    @property
    def longest(self) -> int | None:
        """How many characters the column takes; None where it does not say, or offers values to choose from."""
        column = self.column
        if self.type != "string" or self.canonical_values or column.choices or self.is_manager:
            return None
        limits = [v.limit_value for v in column.validators if isinstance(v, MaxLengthValidator)]
        return min([*limits, *([column.max_length] if column.max_length else [])], default=None)

    def read(self, document: Mapping[str, Any], at: str = "") -> Any:
        """The value in a document: of a list without a filter, that of the work, primary or first element."""
        if not self.entry.is_chosen:
            return documents.read(document, at or self.path)
        elements = documents.read(document, self.entry.attribute.path) or []
        chosen = [element for rank in _RANKS for element in elements if rank(element)]
        return chosen[0].get("value") if chosen else None

    def put(self, document: Document, value: Any) -> None:
        """Set the value in a document, in place."""
        documents.put(document, self.sent_at, value)

    @property
    def sent_at(self) -> str:
        """The path that identity providers send a single value to."""
        return f'{self.entry.attribute.path}[type eq "work"].value' if self.entry.is_chosen else self.path

    def names(self, adapter: LearnerAdapter) -> list[str]:
        """The names of the related rows, asked of the database."""
        accessor = self.field.name if self.field.concrete else self.field.get_accessor_name()
        related = getattr(self.row_of(adapter), accessor).all()
        return sorted(str(getattr(row, self.named_by.name)) for row in related) if self.named_by else []

    def row_of(self, adapter: LearnerAdapter) -> models.Model:
        row = adapter.row(self.entry.source.name)
        if row is None:
            raise AssertionError(
                f"The person has no row “{self.entry.source.name}”, which {self.path} needs."
            )
        return row


def lines_of(mapping: CompiledMapping) -> list[Mapped]:
    """Every line of a mapping but ``userName``, ``externalId`` and ``active``, which are the link's own."""
    return [_line(entry, group, mapping) for group in mapping.groups for entry in group.entries]


def _line(entry: Entry, group: Group, mapping: CompiledMapping) -> Mapped:
    return Mapped(entry, str(entry.path), str(group.first.path), entry == mapping.manager)


def switches_account_off(mapping: CompiledMapping) -> bool:
    """Whether ``active`` is ``is_active`` of the account, which Django's own sign-in asks."""
    entry = mapping.active
    return entry is not None and entry.source.is_account and entry.field.name == "is_active"


def user_name_of(adapter: LearnerAdapter) -> Any:
    """The name that the host's own row holds."""
    entry = adapter.compiled_mapping.user_name
    row = adapter.row(entry.source.name) if entry else None
    return getattr(row, entry.field.attname) if entry and row else None


def columns_of(adapter: LearnerAdapter) -> dict[str, dict[str, Any]]:
    """Every column of the rows that the mapping names, as they were read."""
    return {
        name: {column.attname: getattr(row, column.attname) for column in row._meta.concrete_fields}
        for name, row in _rows(adapter)
    }


def keys_of(adapter: LearnerAdapter) -> dict[str, Any]:
    """The primary keys of these rows."""
    return {name: row.pk for name, row in _rows(adapter)}


def _rows(adapter: LearnerAdapter) -> Iterator[tuple[str, models.Model]]:
    for name in adapter.compiled_mapping.sources:
        row = adapter.row(name)
        if row is not None:
            yield name or "account", row


def same_value(sent: Any, held: Any) -> bool:
    """Whether what a row says means what was sent: text and numbers alike, lists in any order, moments as such."""
    if isinstance(sent, list) or isinstance(held, list):
        return sorted(_listed(sent)) == sorted(_listed(held))
    if sent == held or str(sent) == str(held):
        return True
    moments = [_moment(sent), _moment(held)]
    return None not in moments and moments[0] == moments[1]


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item is not None]


def _moment(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None) if isinstance(value, str) else None
    except ValueError:
        return None
