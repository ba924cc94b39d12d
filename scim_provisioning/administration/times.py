"""Moments as people read them: in the administrator's time zone, and how long ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DAYS_COUNTED: Final = 60
FORMATS: Final = {"full": "j M Y, H:i", "seconds": "j M Y, H:i:s", "day": "j M Y", "clock": "H:i"}


def written(moment: datetime, style: str = "full") -> str:
    """A moment as text, in the current time zone: "14 Feb 2027, 09:30"; styles "full", "day", "clock"."""
    return date_format(timezone.localtime(moment), FORMATS[style])


def brief(moment: datetime | None) -> str:
    """ "14:02" today, with the day otherwise; "—" for none."""
    if moment is None:
        return "—"
    is_today = timezone.localtime(moment).date() == timezone.localdate()
    return written(moment, "clock" if is_today else "full")


def ago(moment: datetime) -> str:
    """ "3 minutes ago", "in 12 days", "just now"."""
    now = timezone.now()
    if abs(now - moment) < timedelta(minutes=1):
        return _("just now")
    if moment > now:
        # A minute more, or a token of one year, just made, would end "in 11 months".
        return _("in %(span)s") % {"span": _span(now, moment + timedelta(minutes=1))}
    return _("%(span)s ago") % {"span": _span(moment, now)}


def _span(earlier: datetime, later: datetime) -> str:
    days = (later - earlier).days
    if 1 <= days <= DAYS_COUNTED:
        # Not "1 week" for 12 days: by these an administrator plans.
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    return timesince(earlier, later, depth=1)
