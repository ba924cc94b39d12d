"""``manage.py scim_log``: the provisioning log as CSV, however long it is."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone, translation
from django.utils.dateparse import parse_date

from scim_provisioning import moments
from scim_provisioning.administration import log_export, spreadsheets
from scim_provisioning.events import lines
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_among
from scim_provisioning.models import ProvisioningEvent, SCIMConnection


class Command(ScimCommand):
    """The newest first."""

    only_reads = True
    help = (
        "Write the provisioning log as CSV, however long it is: the columns of the export in the admin. Without "
        "--values values before and after, and what may hold one, are left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", metavar="NAME", help="only this one's; its name or SSO key")
        parser.add_argument(
            "--from", dest="first", type=_day, metavar="DAY", help="from this day on: 2026-11-03"
        )
        parser.add_argument(
            "--until", dest="last", type=_day, metavar="DAY", help="up to this day, and with it"
        )
        parser.add_argument("--output", metavar="FILE", help="write it there, and not to the standard output")
        parser.add_argument("--values", action="store_true", help="values and refusals in clear")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, piece by piece."""
        events = ProvisioningEvent.objects.order_by("-id")
        if name := options["connection"]:
            found = find_among(SCIMConnection.objects.all(), name, "There is no SCIM connection.")
            events = events.filter(connection=found)
        if first := options["first"]:
            events = events.filter(created_at__gte=_beginning(first))
        if last := options["last"]:
            events = events.filter(created_at__lt=_beginning(last + timedelta(days=1)))
        in_clear = options["values"]
        lines.audit({"action": "log_exported", "actor": None, "address": "", "values": in_clear})
        # As every command: English, whoever reads it.
        with translation.override("en"):
            rows = log_export.rows(events, in_clear)
            with self._open(options["output"]) as file:
                for piece in spreadsheets.lines(log_export.header(in_clear), rows):
                    file.write(piece)

    def _open(self, path: str | None) -> AbstractContextManager[Any]:
        if path is None:
            self.stdout.ending = ""
            return nullcontext(self.stdout)
        try:
            return Path(path).open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from None


def _day(text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"“{text}” is no day such as 2026-11-03")
    return found


def _beginning(day: date) -> datetime:
    moment = datetime.combine(day, time.min)
    return moments.bound(timezone.make_aware(moment, timezone.get_current_timezone()))
