"""How much of each table forgetting somebody changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet

T = TypeVar("T")

#: How much is looked at by whoever only wants to know: rows that may mention the person, and rows that are theirs.
LOOKED_THROUGH: Final = 10_000
REWRITTEN: Final = 500


@dataclass
class Tally:
    """How many rows of each table were changed, and how many are gone; ``changed_in_history`` are entries of Django's
    own history of the connection. A ``bounded`` one stops counting where a page would be waited for: then it
    ``is_least``."""

    bounded: bool = False
    is_least: bool = False
    changed: Counter[type[Model]] = field(default_factory=Counter)
    deleted: Counter[type[Model]] = field(default_factory=Counter)
    changed_in_history: int = 0

    def __bool__(self) -> bool:
        return bool(self.tables or self.changed_in_history)

    def newest(self, rows: QuerySet[Any], *order: str) -> QuerySet[Any]:
        """``rows``; of a bounded tally the last of them, in this order, that of their keys backwards."""
        if not self.bounded:
            return rows
        keys = rows.order_by(*order).values_list("pk", flat=True)
        beyond = next(iter(keys[LOOKED_THROUGH : LOOKED_THROUGH + 1]), None)
        if beyond is None:
            return rows
        self.is_least = True
        return rows.filter(pk__gt=beyond)

    def last(self, rows: Sequence[T]) -> Sequence[T]:
        """``rows`` that are to be changed, or their keys; of a bounded tally the last of them."""
        if not self.bounded or len(rows) <= REWRITTEN:
            return rows
        self.is_least = True
        return rows[-REWRITTEN:]

    def delete(self, rows: QuerySet[Any]) -> None:
        """Delete these rows, with what goes with them."""
        for label, number in rows.delete()[1].items():
            self.deleted[rows.model._meta.apps.get_model(label)] += number

    @property
    def tables(self) -> list[tuple[type[Model], int, int]]:
        """Each table of ours that was touched, in the order of their names: how many rows changed, how many went."""
        models = sorted((+self.changed).keys() | (+self.deleted).keys(), key=lambda model: model._meta.label)
        return [(model, self.changed[model], self.deleted[model]) for model in models]
