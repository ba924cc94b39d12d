"""Moments as people read them: in the administrator's time zone, and how long ago."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import npgettext_lazy, pgettext

from scim_provisioning import moments

DAYS_COUNTED: Final = 60

#: As Django's own, but in the grammatical case that "in" and "ago" ask for in some languages.
_UNITS: Final[dict[str, Any]] = {
    "year": npgettext_lazy("after “in” or before “ago”", "%(num)d year", "%(num)d years", "num"),
    "month": npgettext_lazy("after “in” or before “ago”", "%(num)d month", "%(num)d months", "num"),
    "week": npgettext_lazy("after “in” or before “ago”", "%(num)d week", "%(num)d weeks", "num"),
    "day": npgettext_lazy("after “in” or before “ago”", "%(num)d day", "%(num)d days", "num"),
    "hour": npgettext_lazy("after “in” or before “ago”", "%(num)d hour", "%(num)d hours", "num"),
    "minute": npgettext_lazy("after “in” or before “ago”", "%(num)d minute", "%(num)d minutes", "num"),
}


def written(moment: datetime, style: str = "full") -> str:
    """A moment as text, in the current time zone: "14 Feb 2027, 09:30".

    Styles: "full", "seconds", "day", "clock".
    """
    # Translators: formats of a date and a time, in the letters of Django's template filter "date".
    formats = {
        "full": pgettext("date format", "j M Y, H:i"),
        "seconds": pgettext("date format", "j M Y, H:i:s"),
        "day": pgettext("date format", "j M Y"),
        "clock": pgettext("date format", "H:i"),
    }
    return date_format(moments.local(moment), formats[style])


def day(of: date) -> str:
    """A day of the calendar, as ``written`` has it: "14 Feb 2027"."""
    return date_format(of, pgettext("date format", "j M Y"))


def brief(moment: datetime | None) -> str:
    """ "14:02" today, with the day otherwise; "—" for none."""
    if moment is None:
        return "—"
    is_today = moments.local(moment).date() == moments.today()
    return written(moment, "clock" if is_today else "full")


def ago(moment: datetime) -> str:
    """ "3 minutes ago", "in 12 days", "just now"."""
    now = timezone.now()
    if abs(now - moment) < timedelta(minutes=1):
        # Translators: stands alone or in a sentence, like "3 minutes ago".
        return _("just now")
    if moment > now:
        # A minute more, or a token of one year, just made, would end "in 11 months".
        return _("in %(span)s") % {"span": _span(now, moment + timedelta(minutes=1))}
    return _("%(span)s ago") % {"span": _span(moment, now)}


def _span(earlier: datetime, later: datetime) -> str:
    days = (later - earlier).days
    if 1 <= days <= DAYS_COUNTED:
        # Not "1 week" for 12 days: by these an administrator plans.
        return str(_UNITS["day"] % {"num": days})
    return timesince(earlier, later, time_strings=_UNITS, depth=1)
