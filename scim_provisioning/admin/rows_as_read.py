"""A row that a page of Django's admin saves: whole, with what it read of it some statements before.

What somebody else has written meanwhile, as a request of an identity provider does, stays, unless the page itself
changes that column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin import ModelAdmin
from django.db import connections, router
from django.db.models import FileField, Model
from django.forms import BaseModelFormSet
from django.http import HttpRequest

if TYPE_CHECKING:
    _Base = ModelAdmin[Any]
    _Rows = BaseModelFormSet[Any, Any]
else:
    _Base = _Rows = object

_AS_READ: Final = "_scim_as_read"


class RowsAsRead(_Base):
    """Before a ``ModelAdmin``: its page about a row writes what the page has changed, also of rows beside it (inlines)
    and of those that the list edits."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Django's own; what was read is remembered until it is saved."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            _remember(found)
        return found

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Django's own, which writes every column: what others have written since the row was read stays, and of a
        field that shows its hidden initial value since the page was opened."""
        _catch_up(obj, _left_alone(form))
        super().save_model(request, obj, form, change)

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[tuple[Any, Any]]:
        """Django's own; the formsets save their rows as ``save_model`` does."""
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            yield _as_read(formset, tells=self.tells_how_rows_stood(request, obj, inline.model)), inline

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """As for inlines."""
        formset = super().get_changelist_formset(request, **kwargs)
        return _as_read(formset, tells=self.tells_how_rows_stood(request, None, self.model))

    def tells_how_rows_stood(self, request: HttpRequest, obj: Any, model: type[Model]) -> bool:
        """Whether a page with several rows of this model (beside ``obj``, or of the list) says how they stood when it
        was opened: what was changed since, and not on the page, stays."""
        return False


class _RowsAsRead(_Rows):
    """Before a formset of a model."""

    tells: bool

    def get_queryset(self) -> Any:
        is_first = not hasattr(self, "_queryset")
        rows = super().get_queryset()
        for row in rows if is_first and self.is_bound else ():
            if _AS_READ not in row.__dict__:
                _remember(row)
        return rows

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if self.tells and index is not None and index < self.initial_form_count():
            _tell_how_the_row_stood(form)

    def save_existing(self, form: Any, obj: Any, commit: bool = True) -> Any:
        _catch_up(form.instance, _left_alone(form))
        return super().save_existing(form, obj, commit=commit)


def _as_read(formset: Any, *, tells: bool) -> Any:
    return type(formset.__name__, (_RowsAsRead, formset), {"tells": tells})


def _tell_how_the_row_stood(form: Any) -> None:
    """Have the form of one row of several say it of all its columns; else as ``tell_how_it_stood``."""
    options = form.instance._meta
    columns = {field.name for field in options.concrete_fields if not isinstance(field, FileField)}
    for name in columns & {*form.fields} - {options.pk.name}:
        initial = form[name].html_initial_name
        if not form.is_bound or _is_told(form.fields[name], initial, form.data):
            form.fields[name].show_hidden_initial = True


def _remember(row: Model) -> None:
    row.__dict__[_AS_READ] = _values(row)


def tell_how_it_stood(form: Any, request: HttpRequest, names: Iterable[str]) -> None:
    """Have a page's form class, which is its own, say how these fields stood when the page was opened. Who posts
    without having opened a page means what is posted."""
    for name in names:
        field = copy(form.base_fields[name])
        if request.method != "POST" or _is_told(field, f"initial-{name}", request.POST):
            field.show_hidden_initial = True
            form.base_fields[name] = field


def _is_told(field: Any, name: str, data: Any) -> bool:
    """Whether what was posted says how a field stood; a moment has two inputs."""
    return not field.hidden_widget().value_omitted_from_data(data, {}, name)


def _left_alone(form: Any) -> set[str]:
    """The columns that stand as they stood when the page was opened, as far as it says how they did."""
    told = {name for name, field in form.fields.items() if field.show_hidden_initial}
    told = {name for name in told if _is_told(form.fields[name], form[name].html_initial_name, form.data)}
    columns = form.instance._meta.concrete_fields
    return {field.attname for field in columns if field.name in told - {*form.changed_data}}


def _catch_up(row: Model, left_alone: Collection[str]) -> None:
    """Lock a row of which it is remembered what was read, and take over what has changed in the columns that are as
    they were read, and what stands in those that were ``left_alone`` (one query)."""
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
