"""Saving the rows of many people at once: one statement in place of one a row, where nobody would miss the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.models.signals import post_save, pre_save

from scim_provisioning.databases.listening import is_heard

#: A row, and the columns of it that have changed.
Changed = tuple[models.Model, Sequence[str]]


def may_be_saved_together(model: type[models.Model]) -> bool:
    """Whether saving a row of this model runs no code but Django's: no signal of it is listened to, it has no ``save``
    of the host's, and it lies in one table."""
    methods = (model.save, model.save_base)
    return (
        not is_heard(model, pre_save, post_save)
        and not model._meta.parents
        and all(method.__module__.startswith("django.") for method in methods)
    )


def save_together(changed: Iterable[Changed]) -> None:
    """Save these columns of these rows: one statement for each model and set of columns. Rows that get the same value
    each, as those who are switched off do, are the cheapest."""
    alike: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]] = defaultdict(list)
    for row, columns in changed:
        if columns:
            alike[type(row), tuple(columns)].append(row)
    for (model, columns), rows in alike.items():
        _save_alike(model, [field for field in model._meta.concrete_fields if field.attname in columns], rows)


def _save_alike(model: type[models.Model], fields: list[Any], rows: list[models.Model]) -> None:
    for field in fields:
        # What Django's save() asks each field. The moment of a change is the same for all of them.
        moment = field.pre_save(rows[0], add=False) if getattr(field, "auto_now", False) else None
        for row in rows:
            setattr(row, field.attname, moment or field.pre_save(row, add=False))
    values = {field.attname: [getattr(row, field.attname) for row in rows] for field in fields}
    if all(each == found[0] for found in values.values() for each in found):
        same = model._base_manager.filter(pk__in=[row.pk for row in rows])
        same.update(**{name: found[0] for name, found in values.items()})
    else:
        model._base_manager.bulk_update(rows, list(values))
