"""Hooks that docs/recipes.md shows, on the adapter of this host."""

from __future__ import annotations

from typing import Any

from django.db import transaction

import scim_provisioning.adapters as scim

from .models import Customer, Profile
from .scim import LearnerAdapter, tenant

#: What the door system was told.
DOORS: list[tuple[str, Any]] = []


def close_doors(user_id: int) -> None:
    DOORS.append(("closed", user_id))


class WithDoors(LearnerAdapter):
    def on_deactivated(self, learner, *, event):  # type: ignore[no-untyped-def]
        key = learner.user_id
        transaction.on_commit(lambda: close_doors(key), robust=True)


class WithSeats(LearnerAdapter):
    def on_provisioned(self, learner, *, event):  # type: ignore[no-untyped-def]
        if self.is_active:
            self.take_a_seat()

    def on_reactivated(self, learner, *, event):  # type: ignore[no-untyped-def]
        self.take_a_seat()

    def take_a_seat(self):  # type: ignore[no-untyped-def]
        # Locked, so that two requests cannot take the last seat.
        customer = Customer.objects.select_for_update().get(pk=tenant(self.connection))
        used = Profile.objects.filter(customer=customer, user__is_active=True).count()
        if customer.seats is not None and used > customer.seats:
            raise scim.Refuse(
                "No licence left; free one or buy more.",
                status=403,
                code="user.seats",
                params={"used": used - 1, "total": customer.seats},
            )
