"""How several connections stand together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from scim_provisioning.models import HeldLeaver, ProvisionedUser, Reconciliation, SCIMConnection
from scim_provisioning.models.provisioned_user import AWAITED_VERSION


@dataclass(frozen=True, slots=True)
class Totals:
    """Their learners. ``drifted`` of ``compared`` are otherwise here than last sent; others were not compared yet.
    ``awaited`` were linked beforehand and not sent yet; ``since`` is the oldest last change of somebody who is on.
    ``each``: how many are managed, and how many of them are active, by the key of their connection."""

    managed: int
    inactive: int
    held: int
    awaited: int
    since: datetime | None
    drifted: int
    compared: int
    each: Mapping[int, tuple[int, int]]

    @property
    def active(self) -> int:
        """Whom their identity providers want on."""
        return self.managed - self.inactive

    @property
    def all_sent_since(self) -> datetime | None:
        """As ``Facts`` says it of one connection: of the one that is furthest behind."""
        return None if self.awaited else self.since


def of(connections: QuerySet[SCIMConnection]) -> Totals:
    """Of those of them that have not ended (four queries, of which one reads all their learners)."""
    keys = list(connections.filter(archived_at__isnull=True).values_list("pk", flat=True))
    learners = ProvisionedUser.objects.living().filter(connection__in=keys).order_by()
    on = Q(active=True, user__isnull=False)
    rows = learners.values("connection").annotate(
        managed=Count("pk"),
        inactive=Count("pk", filter=Q(active=False)),
        awaited=Count("pk", filter=on & Q(version=AWAITED_VERSION)),
        since=Min("modified_at", filter=on),
    )
    compared = Reconciliation.objects.filter(connection__in=keys).aggregate(
        drifted=Coalesce(Sum("drifted"), 0), compared=Coalesce(Sum("compared"), 0)
    )
    on_hold = HeldLeaver.objects.filter(
        connection__in=keys, connection__leaver_brake__tripped_at__isnull=False
    )
    counted = list(rows)
    return Totals(
        managed=sum(row["managed"] for row in counted),
        inactive=sum(row["inactive"] for row in counted),
        held=on_hold.waiting().count(),
        awaited=sum(row["awaited"] for row in counted),
        since=min((row["since"] for row in counted if row["since"]), default=None),
        **compared,
        each={row["connection"]: (row["managed"], row["managed"] - row["inactive"]) for row in counted},
    )
