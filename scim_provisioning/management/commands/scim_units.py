"""``manage.py scim_units``: bring people to the companies and teams that were decided on. For cron, hourly."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from scim_provisioning.administration import jobs
from scim_provisioning.administration.units import can_be_asked
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection
from scim_provisioning.provisioning import units


class Command(ScimCommand):
    """Idempotent; safe beside running requests."""

    in_parts = True
    help = (
        "Give people the companies, business units and teams that they wait for, once an administrator has decided on "
        "them, and move those whose unit was merged into another. Paused connections are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", metavar="NAME", help="only this one; its name or SSO key")
        parser.add_argument("--dry-run", action="store_true", help="count only, and give nobody a unit")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say to how many people."""
        name, dry_run = options["connection"], options["dry_run"]
        connections = [find_connection(name)] if name else list(SCIMConnection.objects.current())
        served = [one for one in connections if not one.is_paused and can_be_asked(one)]
        if dry_run:
            waiting = sum(len(units.due(connection)) for connection in served)
            self.stdout.write(
                f"{waiting} people wait for a company, business unit or team that was decided on."
            )
            return
        written: list[int] = []
        failure = self.each(served, lambda connection: written.append(units.settle(connection)))
        if not name:
            jobs.note_run(jobs.UNITS)
        self.stdout.write(f"Brought {sum(written)} people to their company, business unit or team.")
        if failure is not None:
            raise failure
