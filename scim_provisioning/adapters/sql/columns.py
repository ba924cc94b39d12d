"""The host's columns that a mapping names, as expressions seen from a ``ProvisionedUser``.

A column's value is not always what is shown: an e-mail address may stand in for userName, an element may have
come without a type. What is not shown is not found either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.lookups import Exact, IsNull

from scim_provisioning.adapters import shared_rows
from scim_provisioning.adapters.customers import Customer, customer_of, moved_here, with_a_word
from scim_provisioning.adapters.entries import Entry, Group
from scim_provisioning.adapters.expressions import Always, DocumentText, ElementExists, TextMatch
from scim_provisioning.adapters.kinds import Column
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.person import LOCKED, locked_key
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.adapters.sql.searchable import AS_SENT, SENT, element_key, fallback_key, key
from scim_provisioning.adapters.text_forms import Exactly
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.errors import InvalidFilter
from scim_provisioning.protocol.filters import AttributeRef
from scim_provisioning.protocol.schema import TEXT_TYPES, Attribute
from scim_provisioning.protocol.text import fold

_ORDERED: Final = ("gt", "ge", "lt", "le")


@dataclass(frozen=True, slots=True)
class Columns:
    """Finds the entries of one connection's mapping, and what each reads."""

    mapping: CompiledMapping
    connection: SCIMConnection
    #: Fields of the mapping that an administrator has locked of some of these people.
    locked: frozenset[str] = frozenset()
    _asked: dict[str, tuple[int, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _odd_names: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def column(self, entry: Entry) -> Column:
        """Where the entry's value stands, for its kind to compare and to order by."""
        return Column(
            source=entry.source,
            field=entry.field,
            leaf=entry.leaf,
            keys=tuple(self.keys(ref_of(entry))),
            connection=self.connection,
            people=self.mapping.people_source,
            customer=self._customer if entry.declaration.is_manager else Customer(),
            odd_names=self._odd_names,
        )

    @property
    def _customer(self) -> Customer:
        return customer_of(self.mapping.sources, self.connection)

    def compare(self, entry: Entry, op: str, value: Any) -> Q:
        """``entry op value`` where the value is shown. Raises ``InvalidFilter``."""
        found = self.shown(entry) & entry.declaration.compare(self.column(entry), op, value)
        if self.is_always_shown(entry):
            return found
        is_row = self.from_row(entry)
        if entry.is_element:
            return is_row & found
        # Of an account that another connection owns, and of a locked value, what was sent is shown.
        return (is_row & found) | (~is_row & self._sent(entry, op, value))

    def is_always_shown(self, entry: Entry) -> bool:
        """Whether the row's value is everybody's who is asked for."""
        is_one = entry.source.belongs_to_account or self._fellows(entry.source)
        return not is_one and self._field(entry) not in self.locked

    def from_row(self, entry: Entry) -> Q:
        """Whose row says what the entry's value is: it is the connection's to write, and not locked. Of the others what
        was sent is shown."""
        owned = self._owned(entry.source)
        if (field := self._field(entry)) not in self.locked:
            return owned
        return owned & ~Q(TextMatch(DocumentText("search", LOCKED, locked_key(field)), "pr", None))

    def _owned(self, source: RowSource) -> Q:
        if source.belongs_to_account:
            return Q(owns_profile=True)
        fellows = self._fellows(source)
        return ~shared_rows.written_by(fellows) if fellows else Q(Always(True))

    def _fellows(self, source: RowSource) -> tuple[int, ...]:
        """The other connections of the customer that have the same row of somebody; asked for once."""
        if source.name not in self._asked:
            self._asked[source.name] = shared_rows.fellows(source, self.connection)
        return self._asked[source.name]

    def _field(self, entry: Entry) -> str:
        return self.mapping.fields.get(entry.declaration.path, "")

    def _sent(self, entry: Entry, op: str, value: Any) -> Q:
        """The comparison with what the searchable copy keeps: as text. Raises ``InvalidFilter`` for what that cannot
        tell of a locked field: which moment a text means, the order of numbers."""
        is_untold = op != "pr" if entry.leaf.type == "dateTime" else op in _ORDERED
        if is_untold and entry.leaf.type not in TEXT_TYPES and self._field(entry) in self.locked:
            raise InvalidFilter(
                f"Filtering by {entry.leaf.path} with {op} is not supported while somebody's value is locked.",
                params={"attribute": entry.leaf.path, "operator": op},
            )
        keys, text = self.keys(ref_of(entry)), _text(entry, value)
        if entry.attribute.multi_valued:
            return Q(ElementExists("search", keys, ("always", True) if op == "pr" else ("value", op, text)))
        return Q(TextMatch(DocumentText("search", *keys), op, text))

    def present(self, entries: Iterable[Entry]) -> Q:
        """Whether any of the entries has a value that is shown."""
        return any_of(self.compare(entry, "pr", None) for entry in entries)

    def is_active(self) -> Q:
        """Whether people are shown as active: see ``document.is_active``."""
        entry = self.mapping.active
        if entry is None:
            return Q(active=True)
        on, source = self._is_on(entry), entry.source
        if source.belongs_to_account:
            return on & (Q(active=True) | ~self._kept_on())
        fellows = self._fellows(source)
        return on & (Q(active=True) | ~shared_rows.kept_on_by(fellows)) if fellows else on

    def is_on_by_itself(self) -> Q:
        """Whose account is on although no other connection keeps it on; of a mapping with an ``active`` of accounts."""
        entry = self.mapping.active
        return Q() if entry is None else self._is_on(entry) & ~self._kept_on()

    def _is_on(self, entry: Entry) -> Q:
        """Whether the row is there and switched on; never NULL, so that its opposite is whoever is off."""
        column = self.column(entry)
        on = entry.declaration.on(column)
        if entry.source.is_account and not entry.field.null:
            return on
        if not entry.source.is_account:
            on &= (
                Q(IsNull(F(entry.source.lookup("pk")), False))
                if entry.source.is_joined
                else Q(Exists(column.rows()))
            )
        return Q(Case(When(on, then=Value(True)), default=Value(False), output_field=BooleanField()))

    def _kept_on(self) -> Q:
        """Whether another connection keeps the account on: none from whose customer the LMS has moved it."""
        others = ProvisionedUser.objects.granting().exclude(connection=self.connection)
        beside = others.filter(user=OuterRef("user"))
        whose = self._customer
        if not whose.lookups:
            return Q(Exists(beside))
        moved = moved_here(whose.lookups, whose.values)
        return Q(Exists(with_a_word(beside, whose.lookups))) | (Q(Exists(beside)) & ~moved)

    def falls_back(self, entry: Entry) -> bool:
        """Whether the column may hold what stands in another attribute."""
        return self._group(entry).fallback_name is not None

    def shown(self, entry: Entry) -> Q:
        """Whether the column's value is shown at all: one that merely fell back to userName is not."""
        group = self._group(entry)
        name = group.fallback_name
        if name is None:
            return Q(Always(True))
        fell_back = Q(TextMatch(DocumentText("search", fallback_key(group.first)), "pr", None))
        if name != "userName":
            return ~fell_back
        same = Exact(Exactly(self.column(entry).value()), Exactly(F("user_name")))
        return ~(fell_back & Q(same))

    def untyped(self, entries: list[Entry]) -> Q:
        """Whether the element came without what selects it, and is still shown so."""
        sent = DocumentText("search", element_key(entries[0]), AS_SENT)
        same = any_of(Q(Exact(Exactly(self.column(entry).value()), sent)) for entry in entries)
        return Q(TextMatch(sent, "pr", None)) & same

    def was_sent(self, entry: Entry) -> Q:
        """Whether the element that the kind chooses came from the identity provider."""
        return Q(TextMatch(DocumentText("search", element_key(entry), SENT), "pr", None))

    def entry(self, ref: AttributeRef) -> Entry | None:
        """The entry of a single-valued attribute, or of a list of plain values."""
        for entry in self.mapping.entries:
            is_same = entry.path.sub == ref.sub or (ref.sub is None and entry.declaration.is_manager)
            if is_same and entry.path.attribute == ref.attribute and not entry.is_element:
                return entry
        return None

    def elements(self, attribute: Attribute) -> list[Entry]:
        """The entries that live in elements of a multi-valued attribute."""
        return [e for e in self.mapping.entries if e.path.attribute == attribute and e.is_element]

    def _group(self, entry: Entry) -> Group:
        return next(group for group in self.mapping.groups if entry in group.entries)

    def keys(self, ref: AttributeRef) -> list[str]:
        """Where the searchable copy of the document keeps an attribute."""
        urn = ref.attribute.urn
        extension = [urn.casefold()] if urn and self.mapping.schema.extension(urn) else []
        return [*extension, key(ref.attribute), *([ref.sub.name.casefold()] if ref.sub else [])]


def _text(entry: Entry, value: Any) -> str | None:
    """An operand in the form in which the searchable copy keeps values."""
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if entry.leaf.case_exact else fold(text)


def ref_of(entry: Entry) -> AttributeRef:
    """What a filter would write to mean this entry."""
    return AttributeRef(entry.attribute, entry.path.sub)


def any_of(conditions: Iterable[Q]) -> Q:
    found = list(conditions)
    return Q(*found, _connector=Q.OR) if found else Q(Always(False))
