"""How much of each table forgetting somebody changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet


@dataclass
class Tally:
    """How many rows of each table were changed, and how many are gone; ``changed_in_history`` are entries of Django's
    own history of the connection."""

    changed: Counter[type[Model]] = field(default_factory=Counter)
    deleted: Counter[type[Model]] = field(default_factory=Counter)
    changed_in_history: int = 0

    def __bool__(self) -> bool:
        return bool(self.tables or self.changed_in_history)

    def delete(self, rows: QuerySet[Any]) -> None:
        """Delete these rows, with what goes with them."""
        for label, number in rows.delete()[1].items():
            self.deleted[rows.model._meta.apps.get_model(label)] += number

    @property
    def tables(self) -> list[tuple[type[Model], int, int]]:
        """Each table of ours that was touched, in the order of their names: how many rows changed, how many went."""
        models = sorted((+self.changed).keys() | (+self.deleted).keys(), key=lambda model: model._meta.label)
        return [(model, self.changed[model], self.deleted[model]) for model in models]
