"""Moments of hosts with time zones and of hosts without (``USE_TZ = False``).

``timezone.now()`` and every column give aware moments to the first, and to the others naive ones, in their
``TIME_ZONE``. What is compared with a column stays as Django gives it. What is shown, written down or sent goes through
here, and so does what comes in.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

_MINUTE: Final = timedelta(minutes=1)


def aware(moment: datetime) -> datetime:
    """The moment with its zone. The hour that comes twice in autumn is always its first coming to a host without zones:
    its columns cannot tell them apart, and what was just made must read as it will tomorrow."""
    return (
        moment
        if moment.tzinfo
        else timezone.make_aware(moment.replace(fold=0), timezone.get_default_timezone())
    )


def utc(moment: datetime) -> datetime:
    """The moment in UTC; as near as that comes to one at the very end of the calendar."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return aware(moment).astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def local(moment: datetime) -> datetime:
    """The moment in the zone of whoever reads: the active one, else the host's."""
    return timezone.localtime(aware(moment))


def today() -> date:
    """The day it is in the zone of whoever reads."""
    return local(timezone.now()).date()


def stored(moment: datetime) -> datetime:
    """An aware moment as the host's columns keep it; as near as they come to one at the very end of the calendar."""
    if settings.USE_TZ:
        return moment
    try:
        return timezone.make_naive(moment, timezone.get_default_timezone())
    except OverflowError:
        return moment.replace(tzinfo=None)


def bound(moment: datetime) -> datetime:
    """The first value of a column that is no earlier than an aware moment: what a filter compares with."""
    first = stored(moment)
    if first.fold:
        # The second coming of an hour: until it is over every value is read as the first.
        while aware(first) < moment:
            first = first.replace(second=0, microsecond=0) + _MINUTE
    return first
