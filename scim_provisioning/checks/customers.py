"""Whether the rows of new people get their customer, as the rows that they refer to do.

The column is often NULL until somebody fills it: such an adapter saves everybody, and the LMS shows them to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.mapping import CompiledMapping
from scim_provisioning.adapters.remedies import field_of
from scim_provisioning.adapters.rows import RowSource
from scim_provisioning.checks import faults


def rows_without_customer(adapter: type[LearnerAdapter], mapping: CompiledMapping) -> Iterator[CheckMessage]:
    """One message for each row with a nullable column that the references are ``within``, and nothing fills."""
    scopes = list(_scopes(mapping))
    for source in mapping.sources.values():
        if not source.user_field:
            continue  # the account, and what it points at itself: new_account() is where those are filled
        filled = {entry.field.name for entry in mapping.all_entries if entry.source is source}
        filled |= _named(source, (*source.within, *source.defaults))
        for key, related, path in scopes:
            field = field_of(source.model, key)
            if _is_unfilled(field, related, filled):
                filled.add(field.name)
                yield _message(adapter, source, field, key, path)


def _scopes(mapping: CompiledMapping) -> Iterator[tuple[str, Any, str]]:
    """What the references are narrowed by: the key, the model that it points at, and the path of the line."""
    for entry in mapping.entries:
        line = entry.declaration
        # A kind of the host's own may be narrowed too.
        for key in getattr(line, "within", ()):
            field = field_of(entry.field.related_model, key) if entry.field.is_relation else None
            if field is not None and field.is_relation:
                yield key, field.related_model, line.path


def _named(source: RowSource, keys: tuple[str, ...]) -> set[str]:
    return {field.name for key in keys if (field := field_of(source.model, key)) is not None}


def _is_unfilled(field: Any, related: Any, filled: set[str]) -> bool:
    """Whether it may stay NULL; where it must not be, W004 says so."""
    if field is None or not field.concrete or field.related_model is not related:
        return False
    return field.null and not field.has_default() and field.name not in filled


def _message(
    adapter: type[LearnerAdapter], source: RowSource, field: Any, key: str, path: str
) -> CheckMessage:
    name, label = source.name, source.model._meta.label
    declared = f'scim.RelatedRow("{label}", user_field="{source.user_field}", within={{"{key}": …}})'
    facts = {"target": f"{name}.{field.name}", "path": path, "row": f'{{"{name}": {declared}}}'}
    return faults.ROW_WITHOUT_CUSTOMER.at(obj=adapter, **facts)
