"""How many people arrived, changed, left and were refused, by day and by month.

Days that are over are counted once, by ``scim_notify``, into ``DailyFigure``: the log of a year has a million lines,
and nobody waits for them to be counted. The days since then are counted when they are asked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from scim_provisioning import databases, moments
from scim_provisioning.administration import catalogue
from scim_provisioning.models import Action, DailyFigure, Operation, ProvisioningEvent, SCIMConnection

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAYS: Final = 30
MONTHS: Final = 12
#: What was logged at the last moment of a day may be committed after it.
_SETTLED: Final = timedelta(minutes=15)
#: So many days that nobody has counted yet are counted for a page; more means that ``scim_notify`` does not run.
_LIVE_DAYS: Final = 3
#: So many reasons of refusals are named.
_CAUSES: Final = 8

ARRIVED, CHANGED, LEFT, REFUSED, HELD = "arrived", "changed", "left", "refused", "held"
LABELS: Final[Mapping[str, StrOrPromise]] = {
    # Translators: figures of a day: how many people arrived, changed, left, and how many requests were refused or held.
    ARRIVED: pgettext_lazy("figures of a day", "Arrived"),
    CHANGED: pgettext_lazy("figures of a day", "Changed"),
    LEFT: pgettext_lazy("figures of a day", "Left"),
    REFUSED: pgettext_lazy("figures of a day", "Refused"),
    HELD: pgettext_lazy("figures of a day", "Held"),
}
HELP: Final[Mapping[str, StrOrPromise]] = {
    ARRIVED: gettext_lazy("created, linked to an existing account, or back after a deletion"),
    CHANGED: gettext_lazy("updated, or switched on again"),
    LEFT: gettext_lazy("deactivated or deleted"),
    REFUSED: gettext_lazy("requests that were answered with an error"),
    HELD: gettext_lazy("requests that waited for an administrator"),
}
_KIND_OF: Final[Mapping[str, str]] = {
    Action.CREATED: ARRIVED,
    Action.ADOPTED: ARRIVED,
    Action.REVIVED: ARRIVED,
    Action.UPDATED: CHANGED,
    Action.REACTIVATED: CHANGED,
    Action.DEACTIVATED: LEFT,
    Action.DELETED: LEFT,
    Action.REFUSED: REFUSED,
    Action.HELD: HELD,
}

#: Day, action, error code, how often.
_Row = tuple[date, str, str, int]


@dataclass(frozen=True, slots=True)
class Span:
    """A day, or a month (its first day), with its figures in the order of ``LABELS``."""

    begins: date
    figures: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a page shows: days and months, oldest first, and why people were refused within the days shown.

    ``missing``: the first and the last day that nobody has counted; None where all days are counted. ``each``: the sums
    of the days by the key of a connection, where they were asked for.
    """

    days: list[Span]
    months: list[Span]
    causes: list[tuple[str, str, int]]
    missing: tuple[date, date] | None
    each: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def totals(self) -> tuple[int, ...]:
        """The sums of the days."""
        return tuple(sum(column) for column in zip(*(day.figures for day in self.days), strict=True))


def roll_up() -> int:
    """Count the days that are over and were not counted before; returns how many rows were written.

    Two statements where there is nothing to do; safe beside another run.
    """
    written, today = 0, _day_of(timezone.now())
    last = _last_counted()
    if last is not None and last >= today:
        # The clock was ahead when that was counted: the day is not over.
        DailyFigure.objects.filter(day__gte=today).delete()
        last = _last_counted()
    while day := _first_to_count(last):
        rows = [
            DailyFigure(connection_id=key, day=day, action=action, error_code=code, times=times)
            for key, action, code, times in _of_day(ProvisioningEvent.objects.all(), day)
        ]
        with databases.atomic():
            DailyFigure.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        written, last = written + len(rows), day
    return written


def of(connections: Sequence[SCIMConnection] | None, *, of_each: bool = False) -> Numbers:
    """The numbers of these connections together; None: of all that there are. ``of_each``: and of each of them (one
    query more)."""
    today = _day_of(timezone.now())
    first = _months_before(today, MONTHS - 1)
    counted = DailyFigure.objects.filter(day__gte=first, day__lt=today)
    events = ProvisioningEvent.objects.all()
    if connections is not None:
        counted = counted.filter(connection__in=connections)
        events = events.filter(connection__in=connections)
    last = _last_counted(before=today)
    sums = counted.order_by().values_list("day", "action", "error_code").annotate(Sum("times"))
    # MariaDB adds whole numbers up to a decimal.
    rows: list[_Row] = [(day, action, code, int(times)) for day, action, code, times in sums]
    uncounted = list(_uncounted(last, today))
    live = [(day, *row) for day in uncounted for row in _of_day(events, day)]
    rows += [(day, action, code, times) for day, _key, action, code, times in live]
    days = [today - timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    months = [_months_before(today, number) for number in range(MONTHS - 1, -1, -1)]
    return Numbers(
        _spans(days, {day: day for day in days}, rows),
        _spans(months, {row[0]: row[0].replace(day=1) for row in rows}, rows),
        _causes(row for row in rows if row[0] >= days[0]),
        _missing(last, uncounted),
        _by_connection(counted.filter(day__gte=days[0]), live) if of_each else {},
    )


def _by_connection(
    counted: QuerySet[DailyFigure], live: Sequence[tuple[date, Any, str, str, int]]
) -> dict[int, tuple[int, ...]]:
    """The sums of each connection, in the order of ``LABELS`` (one query)."""
    sums = counted.order_by().values_list("connection", "action").annotate(Sum("times"))
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for key, action, times in [*sums, *((key, action, times) for _day, key, action, _code, times in live)]:
        if action in _KIND_OF:
            counts[key][_KIND_OF[action]] += int(times)
    return {key: tuple(of_one[kind] for kind in LABELS) for key, of_one in counts.items()}


def _last_counted(before: date = date.max) -> date | None:
    """The last day that was counted."""
    days = DailyFigure.objects.filter(day__lt=before).order_by("-day")
    return days.values_list("day", flat=True).first()


def _missing(last: date | None, live: Sequence[date]) -> tuple[date, date] | None:
    """The days between what was counted and the days counted for the page, where something happened on them (one
    query)."""
    first = _first_to_count(last)
    if first is None or not live or first >= live[0]:
        return None
    return first, live[0] - timedelta(days=1)


def _spans(spans: list[date], of_day: Mapping[date, date], rows: Sequence[_Row]) -> list[Span]:
    counts: Counter[tuple[date, str]] = Counter()
    for day, action, _code, times in rows:
        if day in of_day and action in _KIND_OF:
            counts[of_day[day], _KIND_OF[action]] += times
    return [Span(span, tuple(counts[span, kind] for kind in LABELS)) for span in spans]


def _causes(rows: Iterator[_Row]) -> list[tuple[str, str, int]]:
    """Code, title and number of the commonest reasons of refusals."""
    counts: Counter[str] = Counter()
    for _day, action, code, times in rows:
        if _KIND_OF.get(action) == REFUSED:
            counts[code] += times
    return [(code, catalogue.title(code), times) for code, times in counts.most_common(_CAUSES)]


def _first_to_count(last: date | None) -> date | None:
    """The first day after ``last`` of which there is something to count and which is over."""
    events = ProvisioningEvent.objects.order_by("created_at")
    if last is not None:
        events = events.filter(created_at__gte=_begins(last + timedelta(days=1)))
    at = events.values_list("created_at", flat=True).first()
    if at is None:
        return None
    day = _day_of(at)
    is_over = timezone.now() >= _begins(day + timedelta(days=1)) + _SETTLED
    return day if is_over else None


def _uncounted(last: date | None, today: date) -> Iterator[date]:
    """The latest days that are counted for the page itself."""
    first = today - timedelta(days=_LIVE_DAYS - 1)
    day = first if last is None else max(first, last + timedelta(days=1))
    while day <= today:
        yield day
        day += timedelta(days=1)


def _of_day(events: QuerySet[ProvisioningEvent], day: date) -> Iterator[tuple[Any, str, str, int]]:
    """Connection, action, error code and number of what identity providers asked for on a day."""
    rows = events.filter(created_at__gte=_begins(day), created_at__lt=_begins(day + timedelta(days=1)))
    rows = rows.filter(connection__isnull=False).exclude(operation=Operation.ADMIN).order_by()
    for key, action, code, times in rows.values_list("connection", "action", "error_code").annotate(
        Sum("times")
    ):
        yield key, action, code, int(times)


def _begins(day: date) -> datetime:
    return moments.stored(moments.aware(datetime.combine(day, time.min)))


def _day_of(moment: datetime) -> date:
    """The day in the site's calendar, whoever reads."""
    return moments.aware(moment).astimezone(timezone.get_default_timezone()).date()


def _months_before(day: date, number: int) -> date:
    """The first day of the month that lies so many months before."""
    years, month = divmod(day.year * 12 + day.month - 1 - number, 12)
    return date(years, month + 1, 1)
