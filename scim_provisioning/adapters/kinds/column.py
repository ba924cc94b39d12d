"""A mapped field in a query over ``ProvisionedUser``: what a kind compares and orders by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Subquery

from scim_provisioning.adapters.customers import Customer
from scim_provisioning.adapters.expressions import DocumentText
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.adapters.text_forms import Exactly, Folded, SingleSpaced
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.schema import Attribute


@dataclass(frozen=True, slots=True)
class Column:
    """Where the value of one mapped attribute stands in SQL.

    ``leaf`` is the attribute or sub-attribute whose type and case rule apply; ``keys`` say where the searchable
    copy of the document keeps it; ``people`` is the row that a manager's foreign key points at, ``customer`` tells
    whose they are.
    """

    source: RowSource
    field: Any
    leaf: Attribute
    keys: tuple[str, ...]
    connection: SCIMConnection
    people: RowSource | None = None
    customer: Customer = Customer()
    #: What was read of names that are not plain, for all that is asked of a person: see ``NamedRows``.
    odd_names: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def value(self, name: str = "") -> F | Subquery:
        """The column (or what ``name`` reaches from it), by a join or, for a row of which an account has several,
        by a subquery."""
        column = f"{self.field.name}__{name}" if name else self.field.name
        if self.source.is_joined:
            return F(self.source.lookup(column))
        return Subquery(self._own_rows().values(column)[:1])

    def text(self, name: str = "") -> Exactly:
        """The same as text, in the form in which the attribute is compared."""
        form = Exactly if self.leaf.case_exact else Folded
        return form(self.value(name))

    def name(self, name: str) -> Exactly:
        """The same of a name, however many spaces are around it and between its words."""
        form = Exactly if self.leaf.case_exact else Folded
        return form(SingleSpaced(self.value(name)))

    def document(self) -> DocumentText:
        """What the document holds in place of the column."""
        return DocumentText("search", *self.keys)

    def rows(self) -> models.QuerySet[Any]:
        """The person's row itself, for what has to be asked by a subquery of its own."""
        if self.source.is_joined:
            return self.source.model._base_manager.filter(pk=OuterRef(self.source.lookup("pk")))
        return self._own_rows()

    def _own_rows(self) -> models.QuerySet[Any]:
        rows = self.source.queryset(self.connection)
        return rows.filter(**{self.source.user_field: OuterRef("user_id")})
