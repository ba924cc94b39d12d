"""A person's rows saved as Django saves them, without what it builds and compiles for each of them.

Only where nobody could tell the difference. Django's ``save`` is called where a receiver waits for ``pre_save`` or
``post_save``; where the host, or a library of theirs, has written a part of the way from ``save`` to the statement; for
models and fields that need more than one statement with plain values (parents, generated columns, values that the
database makes); and where an UPDATE meets no row, for the error that Django raises then.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from django import VERSION
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, Model

from scim_provisioning.databases import row_statements
from scim_provisioning.databases.prepared import KNOWN, is_plain

#: The way from ``save`` to the statement.
_WAY: Final = ("save_base", "_save_table", "_save_parents", "_do_insert", "_do_update", "_get_pk_val")


def save(row: Model, changed: tuple[str, ...] = ()) -> None:
    """As ``row.save()`` of a row that is new, as ``row.save(update_fields=changed)`` of one that is there (one
    statement). Raises what they raise."""
    connection = row_statements.connection_of(row)
    if not _is_usual(row, connection):
        _by_django(row, changed)
        return
    # What Django asks first: whoever is pointed at has to be saved.
    row._prepare_related_fields_for_save("save")  # type: ignore[attr-defined]
    if not changed:
        row_statements.insert(row, connection)
    elif not row_statements.update(row, connection, changed, ()):
        _by_django(row, changed)


def _by_django(row: Model, changed: tuple[str, ...]) -> None:
    if changed:
        row.save(update_fields=changed)
    else:
        row.save()


def _is_usual(row: Model, connection: BaseDatabaseWrapper) -> bool:
    model = type(row)
    return (
        row._state.adding == (row.pk is None)
        and row_statements.is_unheard(model, connection)
        and _saves_as_django(row)
        and _has_plain_columns(model)
        and not row.get_deferred_fields()
        and not any(hasattr(value, "resolve_expression") for value in row.__dict__.values())
    )


def _saves_as_django(row: Model) -> bool:
    """Whether every step of ``save`` is Django's own. That of an account does more once a password was set."""
    model = type(row)
    if VERSION[:2] not in KNOWN or any(getattr(model, step) is not getattr(Model, step) for step in _WAY):
        return False
    return model.save is Model.save or (model.save is _of_accounts() and row._password is None)  # type: ignore[attr-defined]


@lru_cache(maxsize=1)
def _of_accounts() -> Any:
    # A model itself: it cannot be imported before the apps are known.
    from django.contrib.auth.base_user import AbstractBaseUser

    return AbstractBaseUser.save


@lru_cache(maxsize=64)
def _has_plain_columns(model: type[Model]) -> bool:
    options: Any = model._meta
    is_plain_model = not (options.proxy or options.select_on_save or options.order_with_respect_to)
    return is_plain_model and is_plain(model._base_manager) and all(map(_is_plain_column, options.fields))


def _is_plain_column(field: Field[Any, Any]) -> bool:
    """Whether a column takes one value that is known before it is written, and says nothing back."""
    is_written: bool = field.primary_key or not (field.generated or field.has_db_default())
    is_djangos = type(field).pre_save.__module__.startswith("django.")
    return is_written and is_djangos and not hasattr(field, "get_placeholder")
