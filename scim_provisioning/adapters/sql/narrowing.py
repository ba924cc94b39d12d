"""Look-ups by a column of the host's, such as a work e-mail address: whom an index leads to, before they are compared.

A filter's condition asks columns and documents at once, which no index serves. Here the few are found who can fulfil it
at all: those whose column holds the value, and those of whom the document may say something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from django.db import connections, models

from scim_provisioning.adapters import letters
from scim_provisioning.adapters.any_case import called, spellings
from scim_provisioning.adapters.entries import Entry
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.adapters.sql.searchable import element_key
from scim_provisioning.databases import indexes, prepared
from scim_provisioning.databases.indexes import NamedColumn, NameIndex
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.filters import And, Comparison, Filter, ValuePath
from scim_provisioning.protocol.schema import Attribute

#: Of more people nothing is gained.
_MOST: Final = 100
#: More texts that are one are not asked for each by itself.
_SPELLINGS: Final = 16


def few_who_may(using: str, tree: Filter, columns: Columns) -> list[int] | None:
    """The keys of those, at most a hundred, who may fulfil the filter (one query), perhaps other connections' among
    them. None where no index leads to them, or to more, or the filter compares no column of the host's with a value."""
    for entries, value in _compared(tree, columns):
        held = [_holder(entry, using) for entry in entries] if value else []
        texts = letters.others(value, _SPELLINGS) if held and all(held) else None
        if texts:
            asked = [(one, text) for one in held if one for text in texts]
            found = _found(asked, columns.connection, using)
            return found if len(found) <= _MOST else None
    return None


class _Holder(NamedTuple):
    """A column of the host's, the account of its rows (``owner``), and the index that leads to a text there."""

    model: type[models.Model]
    field: Any
    owner: str
    led_by: NameIndex


def _found(asked: Sequence[tuple[_Holder, str]], connection: SCIMConnection, using: str) -> list[int]:
    """The keys of whom the columns' indexes lead to by these texts, and of those of whom the document may say more."""
    vendor = connections[using].vendor
    held = tuple(one for one, _text in asked)
    spelled = [value for one, text in asked for value in (text, spellings(one.led_by, text, vendor))]
    values, given = (connection, *spelled), (held,)
    build: prepared.Build = _who_may
    if all(prepared.is_plain(one.model._base_manager) for one in held):
        keys = prepared.rows(build, *values, given=given)
    else:
        keys = list(build(*given, *values))
    return list(dict.fromkeys(key for (key,) in keys))


def _who_may(
    held: tuple[_Holder, ...], connection: SCIMConnection, *spelled: Any
) -> models.QuerySet[Any, Any]:
    # In a list: Django compares a bare boolean column, which no index of SQLite's and MariaDB's serves.
    doubtful = ProvisionedUser.objects.filter(connection=connection, asks_document__in=[True])
    # Without the connection, by whose list SQLite would go; ``people`` are of the connection already.
    others = [
        ProvisionedUser.objects.filter(user__in=_accounts(one, text, found)).values_list("pk")
        for one, text, found in zip(held, spelled[::2], spelled[1::2], strict=True)
    ]
    return doubtful.values_list("pk").union(*others, all=True)[: _MOST + 1]


def _accounts(held: _Holder, value: str, spelled: tuple[str, ...] | None) -> models.QuerySet[Any]:
    """The accounts whose column holds the value in any case."""
    named = called(NamedColumn(held.field), value, spelled)
    return held.model._base_manager.filter(named).values(held.owner)


def _holder(entry: Entry, using: str) -> _Holder | None:
    """The column of an entry; None where no index leads to a text in it."""
    source = entry.source
    if not source.is_account and not (source.is_joined and source.user_field):
        return None
    if not entry.is_text_column:
        return None
    index = indexes.for_any_case(NamedColumn(entry.field), connections[using])
    owner = "pk" if source.is_account else source.user_field
    return None if index is None else _Holder(source.model, entry.field, owner, index)


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
