"""A row that a page of Django's admin saves: whole, with what it read of it some statements before.

What somebody else has written meanwhile, as a request of an identity provider does, stays, unless the page itself
changes that column.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import ModelAdmin
from django.db import connections, router
from django.db.models import FileField, Model
from django.http import HttpRequest

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
else:
    _Base = object

_AS_READ: Final = "_scim_as_read"


class RowsAsRead(_Base):
    """Before a ``ModelAdmin``: its page about a row writes what the page has changed."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Django's own; what was read is remembered until it is saved."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            found.__dict__[_AS_READ] = _values(found)
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Django's own, which writes every column: what others have written since the row was read stays."""
        _catch_up(obj)
        super().save_model(request, obj, form, change)


def _catch_up(row: Model) -> None:
    """Lock a row of which it is remembered what was read, and take over what has changed in the columns that are as
    they were read (one query)."""
    before: dict[str, Any] | None = row.__dict__.pop(_AS_READ, None)
    if before is None:
        return
    alias = router.db_for_write(type(row), instance=row)
    stands = type(row)._base_manager.using(alias).filter(pk=row.pk)
    now = (stands.select_for_update() if connections[alias].in_atomic_block else stands).first()
    for name, value in _values(now).items() if now is not None else ():
        if name in before and value != before[name] and getattr(row, name) == before[name]:
            setattr(row, name, value)


def _values(row: Model) -> dict[str, Any]:
    """What the row holds by column, as far as it was read; a JSON value may be changed in place."""
    return {
        field.attname: deepcopy(row.__dict__[field.attname])
        for field in row._meta.concrete_fields
        if field.attname in row.__dict__ and not isinstance(field, FileField)
    }
