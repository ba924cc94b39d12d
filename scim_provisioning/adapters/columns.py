"""The host's columns that a mapping names, as expressions seen from a ``ProvisionedUser``.

A column's value is not always what is shown: an e-mail address may stand in for userName, an element may have
come without a type. What is not shown is not found either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Expression

from scim_provisioning.adapters.attributes import Manager
from scim_provisioning.adapters.expressions import Always, DocumentText, Exactly, Folded, TextMatch
from scim_provisioning.adapters.mapping import CompiledMapping, Entry, Group, uses_fallback
from scim_provisioning.adapters.searchable import AS_SENT, element_key, fallback_key, key
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.filters import AttributeRef
from scim_provisioning.protocol.schema import Attribute


@dataclass(frozen=True, slots=True)
class Columns:
    """Finds the entries of one connection's mapping, and what each reads."""

    mapping: CompiledMapping
    connection: SCIMConnection

    def text(self, entry: Entry) -> Expression:
        """The text of a mapped column, in the form in which it is compared."""
        if isinstance(entry.declaration, Manager):
            return Exactly(self.manager_id(entry))
        leaf = entry.path.sub or entry.path.attribute
        form = Exactly if leaf is not None and leaf.case_exact else Folded
        return form(self.value(entry))

    def value(self, entry: Entry) -> F | Subquery:
        """The column as it is, reached by a join or, where there is no accessor, by a subquery."""
        column, source = entry.declaration.column(entry.field.name), entry.source
        if source.accessor is None and not source.is_account:
            rows = source.queryset(self.connection).filter(**{source.user_field: OuterRef("user_id")})
            return Subquery(rows.values(column)[:1])
        return F(source.lookup(column))

    def manager_id(self, entry: Entry, *, living: bool = False) -> Subquery:
        """The SCIM id of the person whom the manager's foreign key names; a living link before a deleted one,
        or ``living`` ones only."""
        target = self.mapping.manager_source
        if target is None:
            raise InvalidFilter("Filtering by manager is not supported.")
        people = ProvisionedUser.objects.living() if living else ProvisionedUser.objects.all()
        source, links = entry.source, people.filter(connection=self.connection)
        if source.accessor is None and not source.is_account:
            own = source.queryset(self.connection).filter(
                **{source.user_field: OuterRef(OuterRef("user_id"))}
            )
            links = links.filter(**{f"{target.lookup('pk')}__in": own.values(entry.field.attname)})
        else:
            links = links.filter(**{target.lookup("pk"): OuterRef(source.lookup(entry.field.attname))})
        newest = links.order_by(F("deleted_at").asc(nulls_first=True), "pk")
        return Subquery(newest.values("scim_id")[:1])

    def shown(self, entry: Entry) -> Q:
        """Whether the column's value is shown at all: one that merely fell back to userName is not."""
        group = self._group(entry)
        if not uses_fallback(group):
            return Q(Always(True))
        fell_back = Q(TextMatch(DocumentText("search", fallback_key(group.first)), "pr", None))
        name = next(e.declaration.fallback for e in group.entries if getattr(e.declaration, "fallback", None))  # type: ignore[attr-defined]
        if name != "userName":
            return ~fell_back
        same = models.lookups.Exact(Exactly(self.value(entry)), Exactly(F("user_name")))
        return ~(fell_back & Q(same))

    def untyped(self, entries: list[Entry]) -> Q:
        """Whether the element came without what selects it, and is still shown so."""
        sent = DocumentText("search", element_key(entries[0]), AS_SENT)
        same = any_of(Q(models.lookups.Exact(Exactly(self.value(entry)), sent)) for entry in entries)
        return Q(TextMatch(sent, "pr", None)) & same

    def entry(self, ref: AttributeRef) -> Entry | None:
        """The entry of a single-valued attribute."""
        for entry in self.mapping.entries:
            if entry.path.attribute != ref.attribute or entry.selector is not None:
                continue
            if entry.path.sub == ref.sub or (ref.sub is None and isinstance(entry.declaration, Manager)):
                return entry
        return None

    def elements(self, attribute: Attribute) -> list[Entry]:
        """The entries that live in elements of a multi-valued attribute."""
        return [e for e in self.mapping.entries if e.path.attribute == attribute and e.selector is not None]

    def _group(self, entry: Entry) -> Group:
        return next(group for group in self.mapping.groups if entry in group.entries)

    def keys(self, ref: AttributeRef) -> list[str]:
        """Where the searchable copy of the document keeps an attribute."""
        urn = ref.attribute.urn
        extension = [urn.casefold()] if urn and self.mapping.schema.extension(urn) else []
        return [*extension, key(ref.attribute), *([ref.sub.name.casefold()] if ref.sub else [])]


def ref_of(entry: Entry) -> AttributeRef:
    """What a filter would write to mean this entry."""
    return AttributeRef(entry.path.attribute, entry.path.sub)  # type: ignore[arg-type]


def any_of(conditions: Iterable[Q]) -> Q:
    found = list(conditions)
    return Q(*found, _connector=Q.OR) if found else Q(Always(False))
