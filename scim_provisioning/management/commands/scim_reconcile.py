"""``manage.py scim_reconcile``: who is here and unknown to the identity provider, who is there and not here, and who
differs. Changes nobody."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import translation

from scim_provisioning.administration import reconciliation
from scim_provisioning.administration.reconciliation import Report, words
from scim_provisioning.management import exports, tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection

#: So many people are printed; the report holds all.
_SHOWN: Final = 50
#: The command has done what was asked, and there are people to be looked at.
_TO_BE_LOOKED_AT: Final = 3


class Command(ScimCommand):
    """Exit codes: 0, both sides agree; 3, some people are to be looked at; 1, it could not be done."""

    help = (
        "Compare a connection's learners with an export of its directory: who is missing on either side, who differs. "
        "Changes nobody; the numbers are kept for the connection's pages."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        without = (
            "the accounts that no identity provider manages, the learners whose account is gone, and the people who "
            "were refused in the last 30 days"
        )
        exports.add_arguments(parser, without=without)

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, remember the figures, and report."""
        connection = find_connection(options["connection"])
        # As every command: English, whoever reads it.
        with translation.override("en"):
            report = reconciliation.examine(connection, exports.directory(connection, options))
            reconciliation.remember(connection, report)
            self._say(connection, report)
            if options["report"]:
                everything = words.everything(report, in_clear=True)
                self.stdout.write(exports.write(options["report"], words.header(), everything))
        if report.doubtful:
            raise CommandError(f"{report.doubtful} people need a look.", returncode=_TO_BE_LOOKED_AT)

    def _say(self, connection: SCIMConnection, report: Report) -> None:
        beside = "the directory" if report.with_directory else "what is known without an export"
        self.stdout.write(f"“{connection}” beside {beside}:")
        counted = [(f"{count}", str(words.LABELS[found])) for found, count in report.counts.items()]
        if report.unreadable:
            counted.append((f"{len(report.unreadable)}", "Not readable"))
        for line in tables.lines(counted):
            self.stdout.write(f"  {line}")
        self.stdout.write(
            f"{report.drifted} of {report.compared} learners are otherwise here than they were last sent."
        )
        shown = list(words.rows(report.lines[:_SHOWN], in_clear=True))
        if shown:
            self.stdout.write("")
            for line in tables.lines([tuple(text.upper() for text in words.header()), *shown]):
                self.stdout.write(line)
        for where, why in report.unreadable[:_SHOWN]:
            self.stdout.write(f"{where}: {why}")
        if len(report.lines) > _SHOWN:
            self.stdout.write(f"... and {len(report.lines) - _SHOWN} more: --report FILE holds all.")
