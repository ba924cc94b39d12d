"""The filters of the provisioning log by time: Django's links, and from one day to another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from scim_provisioning import moments
from scim_provisioning.admin.log_recent import Events, RecentFacets
from scim_provisioning.administration import times

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.db.models import Model

#: What the address of the list says of a range.
DAYS: Final = ("from", "until")
# Near the ends of the calendar there are days that have no beginning in UTC.
_FIRST, _LAST = date(1900, 1, 1), date(9000, 1, 1)


class DateFilter(RecentFacets, admin.DateFieldListFilter):
    """A link with a zone in it is understood on a host without zones too, where Django would fail."""

    def queryset(self, request: HttpRequest, queryset: Events) -> Events | None:
        for name in {self.lookup_kwarg_since, self.lookup_kwarg_until} & self.used_parameters.keys():
            texts: Any = self.used_parameters[name]
            self.used_parameters[name] = [_as_stored(text) for text in texts]
        return super().queryset(request, queryset)


class RangeFilter(admin.ListFilter):
    """From one day to another, both included, by the form above the list; beside it only while it is chosen."""

    title = _("days")
    parameter_names: ClassVar[tuple[str, str]] = DAYS

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: ModelAdmin[Any]
    ) -> None:
        super().__init__(request, params, model, model_admin)
        chosen = {name: params.pop(name, [""])[-1] for name in self.parameter_names}
        self.days = {name: _day(text) for name, text in chosen.items()}
        self.is_asked = any(chosen.values())

    def expected_parameters(self) -> list[str | None]:
        return [*self.parameter_names]

    def has_output(self) -> bool:
        return self.is_asked

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        remove = changelist.get_query_string(remove=[*self.parameter_names])
        yield {"selected": False, "query_string": remove, "display": _("All")}
        ends = [times.written(_begin(day), "day") if day else "…" for day in self.days.values()]
        here = changelist.get_query_string()
        yield {"selected": True, "query_string": here, "display": " – ".join(ends)}

    def queryset(self, request: HttpRequest, queryset: Events) -> Events:
        first, last = self.days.values()
        if first is not None:
            queryset = queryset.filter(created_at__gte=_begin(first))
        if last is not None:
            queryset = queryset.filter(created_at__lt=_begin(last + timedelta(days=1)))
        return queryset


def _day(text: str) -> date | None:
    """What a browser sends of a day, as is its "2026-11-03"; None for none, and for what can be no day of a log."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day is not None and _FIRST <= day <= _LAST else None


def _begin(day: date) -> datetime:
    """When a day begins in the zone of whoever reads, as the column has it."""
    moment = datetime.combine(day, time.min)
    return moments.bound(timezone.make_aware(moment, timezone.get_current_timezone()))


def _as_stored(text: Any) -> Any:
    try:
        moment = parse_datetime(text)
    except ValueError:
        return text
    return text if moment is None or moment.tzinfo is None else moments.stored(moment)
