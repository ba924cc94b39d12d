"""What a column or a field of the host's is called by the identity provider: the mapping, read backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scim_provisioning.adapters.database_errors import Column

if TYPE_CHECKING:
    from scim_provisioning.adapters.mapping import CompiledMapping


def by_column(compiled: CompiledMapping) -> dict[Column, str]:
    """The SCIM path of every mapped column; of several that feed one column, the preferred one."""
    names: dict[Column, str] = {}
    for entry in compiled.all_entries:
        column = getattr(entry.field, "column", None)
        if column is not None:
            names.setdefault((entry.field.model._meta.db_table, str(column)), entry.declaration.path)
    return names


def by_field(compiled: CompiledMapping) -> dict[str, str]:
    """The SCIM path of every mapped field by its name alone; a name that two rows share stands for neither."""
    names: dict[str, str] = {}
    rows: dict[str, set[str]] = {}
    for entry in compiled.all_entries:
        names.setdefault(entry.field.name, entry.declaration.path)
        rows.setdefault(entry.field.name, set()).add(entry.source.name)
    return {name: path for name, path in names.items() if len(rows[name]) == 1}
