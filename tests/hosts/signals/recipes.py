"""Hooks that docs/recipes.md shows, on the adapter of this host."""

from __future__ import annotations

from typing import Any

from scim_provisioning.commits import after_commit

from .models import Customer
from .scim import LearnerAdapter, tenant

#: What the door system was told.
DOORS: list[tuple[str, Any]] = []


def close_doors(user_id: int) -> None:
    DOORS.append(("closed", user_id))


class WithDoors(LearnerAdapter):
    def on_deactivated(self, learner, *, event):  # type: ignore[no-untyped-def]
        key = learner.user_id
        after_commit(lambda: close_doors(key))


class WithSeats(LearnerAdapter):
    @classmethod
    def seats(cls, connection):  # type: ignore[no-untyped-def]
        return Customer.objects.get(pk=tenant(connection)).seats
