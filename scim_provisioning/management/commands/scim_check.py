"""``manage.py scim_check``: would this connection work? Entra's typical requests, played and rolled back."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from scim_provisioning import moments
from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection

_MARKS = {Result.PASSED: "ok", Result.WARNING: "WARN", Result.FAILED: "FAIL", Result.UNKNOWN: "?"}


class Command(ScimCommand):
    """Prints one line a check; ends with status 1 when something must be mended."""

    only_reads = True
    help = "Run the self-test of a SCIM connection. Nothing is changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
        parser.add_argument(
            "--no-network",
            action="store_true",
            help="leave out the request to the Tenant URL over the network",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it. Raises ``CommandError`` when a check failed."""
        connection = find_connection(options["connection"])
        lines = selftest.run(connection, reach=not options["no_network"])
        for line in lines:
            found = f" ({line.found})" if line.found else ""
            self.stdout.write(f"{_MARKS[line.result]:4}  {line.what}{found}")
            if line.mend and line.result is not Result.PASSED:
                self.stdout.write(f"      {line.mend}")
        self.stdout.write("")
        for tick in selftest.first_contact(connection):
            at = f"{moments.utc(tick.at):%Y-%m-%d %H:%M} UTC" if tick.at else "not yet"
            self.stdout.write(f"{'ok' if tick.at else '-':4}  {tick.label}: {at}")
        if selftest.failed(lines):
            raise CommandError("The self-test failed. Nothing was changed.")
