"""Look-ups by a column of the host's, such as a work e-mail address: whom an index leads to, before they are compared.

A filter's condition asks columns and documents at once, which no index serves. Here the few are found who can fulfil it
at all: those whose column holds the value, and those of whom the document may say something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db import connections, models

from scim_provisioning.adapters.any_case import called
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.kinds import MappedAttribute
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.adapters.sql.searchable import element_key
from scim_provisioning.databases import indexes
from scim_provisioning.databases.indexes import NamedColumn
from scim_provisioning.models import ProvisionedUser
from scim_provisioning.protocol.filters import And, Comparison, Filter, ValuePath
from scim_provisioning.protocol.schema import Attribute

#: Of more people nothing is gained.
_MOST: Final = 100
#: What says what a comparison of a kind means. One that has its own is asked by its condition only.
_AS_TEXT: Final = ("compare", "matched", "condition", "operand")


def few_who_may(using: str, tree: Filter, columns: Columns) -> list[int] | None:
    """The keys of those, at most a hundred, who may fulfil the filter (one query), perhaps other connections' among
    them. None where no index leads to them, or to more, or the filter compares no column of the host's with a value."""
    for entries, value in _compared(tree, columns):
        if value and entries and all(_is_indexed(entry, using) for entry in entries):
            found = _found(entries, value, columns)
            return found if len(found) <= _MOST else None
    return None


def _found(entries: list[Entry], value: str, columns: Columns) -> list[int]:
    doubtful = ProvisionedUser.objects.filter(connection=columns.connection, asks_document__in=[True])
    # Without the connection, by whose list SQLite would go; ``people`` are of the connection already.
    held = [
        ProvisionedUser.objects.filter(user__in=_accounts(entry, value)).values_list("pk")
        for entry in entries
    ]
    # In a list: Django compares a bare boolean column, which no index of SQLite's and MariaDB's serves.
    keys = doubtful.values_list("pk").union(*held, all=True)[: _MOST + 1]
    return [key for (key,) in keys]


def _accounts(entry: Entry, value: str) -> models.QuerySet[Any]:
    """The accounts whose column holds the value in any case."""
    rows = entry.source.model._base_manager.filter(called(NamedColumn(entry.field), value))
    return rows.values("pk" if entry.source.is_account else entry.source.user_field)


def _is_indexed(entry: Entry, using: str) -> bool:
    source, kind = entry.source, type(entry.declaration)
    if not source.is_account and not (source.is_joined and source.user_field):
        return False
    if entry.leaf.case_exact or not isinstance(entry.field, (models.CharField, models.TextField)):
        return False
    if any(getattr(kind, name) is not getattr(MappedAttribute, name) for name in _AS_TEXT):
        return False
    return indexes.for_any_case(NamedColumn(entry.field), connections[using]) is not None


def _compared(tree: Filter, columns: Columns) -> Iterator[tuple[list[Entry], str]]:
    """Comparisons that whoever is found fulfils, each with the columns that may hold the value."""
    match tree:
        case And(terms):
            for term in terms:
                yield from _compared(term, columns)
        case ValuePath(attribute, inner) if _are_addresses(attribute):
            for term in inner.terms if isinstance(inner, And) else (inner,):
                if isinstance(term, Comparison) and term.op == "eq" and isinstance(term.value, str):
                    yield _holding(attribute, term, columns), term.value
        case Comparison(ref, "eq", value) if isinstance(value, str):
            if _are_addresses(ref.attribute) and ref.sub is not None:
                yield _holding(ref.attribute, tree, columns), value
            elif not ref.attribute.multi_valued and (entry := columns.entry(ref)) is not None:
                yield [entry], value


def _are_addresses(attribute: Attribute) -> bool:
    """Whether ``asks_document`` tells of this list whether all of it is in columns."""
    return attribute.name == "emails" and not attribute.extension


def _holding(attribute: Attribute, term: Comparison, columns: Columns) -> list[Entry]:
    """The columns that hold this part of an element. None, if any element keeps it in the document."""
    elements: dict[str, list[Entry]] = {}
    for entry in columns.elements(attribute):
        elements.setdefault(element_key(entry), []).append(entry)
    held = [[e for e in entries if e.path.sub == term.ref.leaf] for entries in elements.values()]
    return [found for entries in held for found in entries] if all(held) else []
