"""What a connection did in the last 24 hours, as figures and as a row of bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from scim_provisioning.administration import reactivation
from scim_provisioning.models import Action, Operation, ProvisioningEvent, SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

HOURS: Final = 24
#: Always in the table, at 0 too; others join it when they happened.
FIGURES: Final = (
    Action.CREATED,
    Action.UPDATED,
    Action.DEACTIVATED,
    Action.REACTIVATED,
    Action.REFUSED,
    Action.HELD,
)
BAR_WIDTH, BAR_GAP, HEIGHT = 10, 4, 48


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: a rectangle of the picture, with the refusals at its foot."""

    begins_at: datetime
    total: int
    refused: int
    x: int
    y: int
    height: int
    refused_y: int
    refused_height: int


@dataclass(frozen=True, slots=True)
class Figure:
    """How often something happened, and where those are to whom it did; ``url`` may be empty."""

    action: Action
    count: int
    url: str = ""

    @property
    def label(self) -> StrOrPromise:
        """What happened, in words."""
        return self.action.label


@dataclass(frozen=True, slots=True)
class Activity:
    """Figures by action, and the bars of the last 24 hours, oldest first."""

    figures: list[Figure]
    bars: list[Bar]
    total: int
    width: int = HOURS * (BAR_WIDTH + BAR_GAP)
    height: int = HEIGHT
    bar_width: int = BAR_WIDTH


def of_last_day(connection: SCIMConnection, urls: Mapping[Action, str] | None = None) -> Activity:
    """The activity of the last 24 full hours and the running one (one query). ``urls``: where those are to whom
    something happened."""
    first = timezone.now().replace(minute=0, second=0, microsecond=0, fold=0) - timedelta(hours=HOURS - 1)
    rows = ProvisioningEvent.objects.filter(connection=connection, created_at__gte=first)
    # Of what administrators did only whom they brought back: who went would seem to be gone still.
    rows = rows.filter(~Q(operation=Operation.ADMIN) | Q(action__in=reactivation.RETURNS)).order_by()
    # In UTC, for MariaDB has the tables of other zones only where somebody loaded them; a host without zones: its own.
    hourly = rows.annotate(hour=TruncHour("created_at", tzinfo=UTC)).values("hour", "action")
    actions: Counter[str] = Counter()
    totals: Counter[datetime] = Counter()
    refused: Counter[datetime] = Counter()
    for row in hourly.annotate(n=Count("pk")):
        hour = row["hour"]
        actions[row["action"]] += row["n"]
        totals[hour] += row["n"]
        if row["action"] in (Action.REFUSED, Action.HELD):
            refused[hour] += row["n"]
    highest = max(totals.values(), default=0)
    hours = [first + timedelta(hours=number) for number in range(HOURS)]
    bars = [_bar(number, hour, totals[hour], refused[hour], highest) for number, hour in enumerate(hours)]
    shown = [*FIGURES, *(action for action in Action if action not in FIGURES and actions[action])]
    leads = urls or {}
    figures = [Figure(one, actions[one], leads.get(one, "") if actions[one] else "") for one in shown]
    return Activity(figures, bars, sum(actions.values()))


def leads(log: str, urls: Mapping[str, str], *, is_held: bool) -> dict[Action, str]:
    """Where the figures lead to: what was refused stands in ``log``; of ``urls`` are who went, and who is held now."""
    went, held = departures(urls), urls.get("held", "") if is_held else ""
    return {Action.DEACTIVATED: went, Action.DELETED: went, Action.REFUSED: log, Action.HELD: held}


def departures(urls: Mapping[str, str]) -> str:
    """Where those are who went within a day; empty for who may not decide on them."""
    return f"{urls['undo']}?hours={max(reactivation.HOURS)}" if "undo" in urls else ""


def _bar(number: int, hour: datetime, total: int, refused: int, highest: int) -> Bar:
    def scaled(count: int) -> int:
        # Something that happened once is seen, however busy another hour was.
        return max(2, round(HEIGHT * count / highest)) if count else 0

    height, foot = scaled(total), scaled(refused)
    return Bar(
        begins_at=hour,
        total=total,
        refused=refused,
        x=number * (BAR_WIDTH + BAR_GAP),
        y=HEIGHT - height,
        height=height,
        refused_y=HEIGHT - foot,
        refused_height=foot,
    )
