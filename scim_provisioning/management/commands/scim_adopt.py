"""``manage.py scim_adopt``: who of an identity provider's people is here already, before it sends anybody; with
``--apply``, link those who are certain."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import translation

from scim_provisioning.administration import adoption
from scim_provisioning.administration.adoption import Report, words
from scim_provisioning.management import exports, tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection

#: So many people are printed; the report holds all.
_SHOWN: Final = 50
#: The command has done what was asked, and there are people to be looked at.
_TO_BE_LOOKED_AT: Final = 3


class Command(ScimCommand):
    """A dry run unless ``--apply`` is said. Exit codes: 0, nobody needs a look; 3, some do; 1, it could not be done."""

    help = (
        "Show which accounts of this application the people of an identity provider are, by the rules that a POST "
        "goes by. Changes nothing without --apply, which links those who are certain."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        exports.add_arguments(parser, without="the people who were refused in the last 30 days")
        parser.add_argument("--apply", action="store_true", help="link those who are certain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, report, and link what is certain where that was asked."""
        connection = find_connection(options["connection"])
        # As every command: English, whoever reads it.
        with translation.override("en"):
            people = exports.directory(connection, options)
            report = adoption.examine(connection, adoption.from_log(connection) if people is None else people)
            self._say(connection, report, options["report"])
            if options["apply"]:
                self._link(connection, report)
        if report.doubtful:
            raise CommandError(f"{report.doubtful} people need a look.", returncode=_TO_BE_LOOKED_AT)

    def _say(self, connection: SCIMConnection, report: Report, file: str | None) -> None:
        total = len(report.verdicts) + len(report.unreadable)
        self.stdout.write(f"{total} people were read; “{connection}” would meet them so:")
        counted = [(f"{count}", str(words.FINDINGS[finding])) for finding, count in report.counts.items()]
        if report.unreadable:
            counted.append((f"{len(report.unreadable)}", "Not readable"))
        for line in tables.lines(counted):
            self.stdout.write(f"  {line}")
        doubtful = report.of(*adoption.DOUBTFUL)
        if doubtful:
            table = [tuple(text.upper() for text in adoption.header()), *adoption.rows(doubtful[:_SHOWN])]
            self.stdout.write("")
            for line in tables.lines(table):
                self.stdout.write(line)
        for where, why in report.unreadable[:_SHOWN]:
            self.stdout.write(f"{where}: {why}")
        if report.doubles:
            self.stdout.write("")
            self.stdout.write("Accounts here that may be one person's (the learner's page joins them):")
            for line in tables.lines(list(adoption.double_rows(report.doubles[:_SHOWN]))):
                self.stdout.write(line)
        if len(doubtful) > _SHOWN:
            self.stdout.write(f"... and {len(doubtful) - _SHOWN} more: --report FILE holds all.")
        if file:
            self._write(report, file)

    def _write(self, report: Report, file: str) -> None:
        unreadable = [(where, "Not readable", "", why) for where, why in report.unreadable]
        everybody = [*adoption.rows(report.verdicts), *adoption.double_rows(report.doubles), *unreadable]
        self.stdout.write(exports.write(file, adoption.header(), everybody))

    def _link(self, connection: SCIMConnection, report: Report) -> None:
        done = adoption.link(connection, report, actor=None)
        self.stdout.write(
            f"Linked {done} accounts. Their identity provider finds them when it looks for them next."
        )
