"""Where a target leads: the row and the field that it names, what that can hold, or what to write in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scim_provisioning.adapters import remedies
from scim_provisioning.adapters.problems import Unusable
from scim_provisioning.adapters.rows import RelatedRow, RowSource, row_source
from scim_provisioning.protocol.errors import InvalidValue

#: Fields that decide who may do what. Provisioning never writes them (SECURITY: privilege escalation).
FORBIDDEN_TARGETS = frozenset(
    {"password", "is_staff", "is_superuser", "groups", "user_permissions", "last_login"}
)


def row_at(name: str, rows: Mapping[str, RelatedRow], *, path: str, target: str) -> RowSource:
    """The row ``name``. Raises ``Unusable``."""
    if name not in rows and name.partition(".")[0] in FORBIDDEN_TARGETS:
        raise _forbidden(target)
    try:
        return row_source(name, rows)
    except LookupError as error:
        raise Unusable("missing", str(error), remedies.of_the_row(path, target, rows)) from error


def field_at(source: RowSource, name: str, rows: Mapping[str, RelatedRow], *, target: str) -> Any:
    """The field ``name`` of a row, of whatever kind. Raises ``Unusable``."""
    if name in FORBIDDEN_TARGETS:
        raise _forbidden(target)
    field = remedies.field_of(source.model, name)
    if field is None:
        advice = remedies.of_the_field(source.name, name, source.model, rows)
        message = f"field '{name}' does not exist on {source.model._meta.object_name}"
        raise Unusable("missing", message, advice)
    return field


def judge(field: Any, *, path: str, target: str, is_fitting: bool, wanted: str, uneditable: bool) -> None:
    """Raise ``Unusable`` for a field that a kind cannot write.

    ``wanted`` says what the kind needs; ``uneditable`` whether it writes fields that no form shows.
    """
    if not is_fitting:
        message = f"{wanted}, '{target}' is a {type(field).__name__}"
        raise Unusable("unwritable", message, remedies.fitting(path, target, field))
    if getattr(field, "primary_key", False):
        reason, more = f"'{target}' is the key of its row", ""
    elif getattr(field, "generated", False):
        reason, more = f"'{target}' cannot be written: the database computes it", ""
    elif not (field.editable or uneditable):
        reason, more = f"'{target}' cannot be written: it is not editable", ", or make that one editable"
    else:
        return
    raise Unusable("unwritable", reason, f"Map '{path}' to another field{more}.")


def _forbidden(target: str) -> Unusable:
    return Unusable("forbidden", f"'{target}' decides what a person may do and is never provisioned")


def checked_text(path: str, value: Any, field: Any) -> str:
    """``value`` when ``field`` can hold it; raises ``InvalidValue`` (attr.type, attr.too_long) otherwise."""
    if not isinstance(value, str):
        raise InvalidValue(f"{path}: expected text.", code="attr.type", params={"attribute": path})
    if "\x00" in value:
        # PostgreSQL refuses NUL in text with a database error; say so before it does.
        detail = f"{path}: text must not hold NUL characters."
        raise InvalidValue(detail, code="attr.type", params={"attribute": path})
    if field.max_length is not None and len(value) > field.max_length:
        raise InvalidValue(
            f"{path}: expected text of at most {field.max_length} characters.",
            code="attr.too_long",
            params={"attribute": path, "limit": field.max_length, "length": len(value)},
        )
    return value
