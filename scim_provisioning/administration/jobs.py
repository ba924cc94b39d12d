"""The commands that cron runs, and the memory of when they were last done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from scim_provisioning.models import CommandRun

MANAGERS: Final = "scim_managers"
NOTIFY: Final = "scim_notify"
PRUNE: Final = "scim_prune"
UNITS: Final = "scim_units"

#: After so long without a run cron does not run it: one that is missed now and then is no trouble.
OVERDUE: Final[Mapping[str, timedelta]] = {
    MANAGERS: timedelta(hours=26),
    NOTIFY: timedelta(hours=26),
    PRUNE: timedelta(days=3),
    UNITS: timedelta(hours=26),
}


def note_run(name: str) -> None:
    """Remember that a command came to its end just now."""
    CommandRun.objects.update_or_create(name=name, defaults={"last_at": timezone.now()})


def last_run(name: str) -> datetime | None:
    """When it last came to its end; None for never."""
    return CommandRun.objects.filter(name=name).values_list("last_at", flat=True).first()


def is_overdue(name: str, last_at: datetime | None) -> bool:
    """Whether cron does not run it."""
    return last_at is None or timezone.now() - last_at > OVERDUE[name]
