"""A row that a page of Django's admin saves: whole, with what it read of it some statements before.

What somebody else has written meanwhile, as a request of an identity provider does, stays, unless the page itself
changes that column.
"""

from __future__ import annotations

from collections.abc import Collection
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
        """Django's own, which writes every column: what others have written since the row was read stays, and of a
        field that shows its hidden initial value since the page was opened."""
        _catch_up(obj, _left_alone(form))
        super().save_model(request, obj, form, change)


def _left_alone(form: Any) -> set[str]:
    """The fields that stand as they stood when the page was opened, as far as it says how they did."""
    told = {name for name, field in form.fields.items() if field.show_hidden_initial}
    return {name for name in told if form[name].html_initial_name in form.data} - {*form.changed_data}


def _catch_up(row: Model, left_alone: Collection[str]) -> None:
    """Lock a row of which it is remembered what was read, and take over what has changed in the columns that are as
    they were read, and what stands in the fields that were ``left_alone`` (one query)."""
    before: dict[str, Any] | None = row.__dict__.pop(_AS_READ, None)
    if before is None:
        return
    alias = router.db_for_write(type(row), instance=row)
    stands = type(row)._base_manager.using(alias).filter(pk=row.pk)
    now = (stands.select_for_update() if connections[alias].in_atomic_block else stands).first()
    for name, value in _values(now).items() if now is not None else ():
        is_as_read = name in before and value != before[name] and getattr(row, name) == before[name]
        if is_as_read or name in left_alone:
            setattr(row, name, value)


def _values(row: Model) -> dict[str, Any]:
    """What the row holds by column, as far as it was read; a JSON value may be changed in place."""
    return {
        field.attname: deepcopy(row.__dict__[field.attname])
        for field in row._meta.concrete_fields
        if field.attname in row.__dict__ and not isinstance(field, FileField)
    }
