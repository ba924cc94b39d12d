"""What cron should run: noticed by when it was last done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.adapters.kinds import Reference
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import jobs, times
from scim_provisioning.administration.report import Line, passed, warned
from scim_provisioning.conf import app_settings
from scim_provisioning.models import ProvisioningPayload, ReferenceKey

#: Days by which messages may outlive their time before somebody is told: cron runs once a day.
_GRACE = 2


def notify() -> Iterator[Line]:
    """Cron runs ``scim_notify``."""
    mend = _("Let cron run “manage.py scim_notify” every hour.")
    yield _of(jobs.NOTIFY, _("Contacts are told in time"), mend)


def managers() -> Iterator[Line]:
    """Cron runs ``scim_managers``."""
    mend = _("Let cron run “manage.py scim_managers” every hour.")
    yield _of(jobs.MANAGERS, _("Nobody waits for a manager who is back"), mend)


def units() -> Iterator[Line]:
    """Cron runs ``scim_units``, where the mapping names companies, units or teams."""
    if _names_units():
        mend = _("Let cron run “manage.py scim_units” every hour.")
        yield _of(jobs.UNITS, _("Nobody waits for a team that was decided on"), mend)


def _names_units() -> bool:
    """Whether the mapping has a line of these, or such a name was heard by one of a customer's own."""
    try:
        entries = get_adapter_class().compiled(None).entries
    except Exception:
        # Whatever the host's module does: the system checks and the self-test say so.
        return False
    has_line = any(isinstance(entry.declaration, Reference) for entry in entries)
    return has_line or ReferenceKey.objects.exists()


def prune() -> Iterator[Line]:
    """Cron runs ``scim_prune``, and it can keep up."""
    what, mend = _("Old messages are deleted"), _("Let cron run “manage.py scim_prune” once a day.")
    days = app_settings.retention.payload_days
    limit = timezone.now() - timedelta(days=days + _GRACE)
    if ProvisioningPayload.objects.filter(created_at__lt=limit).exists():
        yield warned(what, _("There are messages older than %(days)s days.") % {"days": days}, mend)
        return
    yield _of(jobs.PRUNE, what, mend)


def _of(command: str, what: str, mend: str) -> Line:
    last_at = jobs.last_run(command)
    if last_at is None:
        return warned(what, _("“%(command)s” was never run.") % {"command": command}, mend)
    found = _("“%(command)s” was last run on %(day)s.") % {
        "command": command,
        "day": times.written(last_at),
    }
    return warned(what, found, mend) if jobs.is_overdue(command, last_at) else passed(what, found)
