"""Saving the rows of many people at once: one statement in place of one a row, where nobody would miss the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import models
from django.db.models.signals import post_save, pre_save

#: A row, and the columns of it that have changed.
Changed = tuple[models.Model, Sequence[str]]


def may_be_saved_together(model: type[models.Model]) -> bool:
    """Whether saving a row of this model runs no code but Django's: no signal of it is listened to, it has no ``save``
    of the host's, and it lies in one table."""
    listened = any(signal.has_listeners(model) for signal in (pre_save, post_save))
    methods = (model.save, model.save_base)
    return (
        not listened
        and not model._meta.parents
        and all(method.__module__.startswith("django.") for method in methods)
    )


def save_together(changed: Iterable[Changed]) -> None:
    """Save these columns of these rows: one statement for each model and set of columns."""
    alike: dict[tuple[type[models.Model], tuple[str, ...]], list[models.Model]] = defaultdict(list)
    for row, columns in changed:
        if columns:
            alike[type(row), tuple(columns)].append(row)
    for (model, columns), rows in alike.items():
        for field in (found for found in model._meta.concrete_fields if found.attname in columns):
            for row in rows:
                # What Django's save() asks each field, by which ``auto_now`` is the time of the change.
                field.pre_save(row, add=False)
        model._base_manager.bulk_update(rows, columns)
