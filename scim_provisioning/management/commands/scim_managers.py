"""``manage.py scim_managers``: give people the managers whom they wait for, once these are here, and break circles of
managers. For cron, hourly."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from scim_provisioning.administration import jobs
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection
from scim_provisioning.provisioning import managers


class Command(ScimCommand):
    """Idempotent; safe beside running requests."""

    in_parts = True
    help = (
        "Give people who wait for a manager that manager, once they are here, and leave a manager out where somebody "
        "is their own, through others. Paused connections are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", metavar="NAME", help="only this one; its name or SSO key")
        parser.add_argument("--dry-run", action="store_true", help="count only, and give nobody a manager")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say to how many people."""
        name, dry_run = options["connection"], options["dry_run"]
        connections = [find_connection(name)] if name else list(SCIMConnection.objects.current())
        served = [connection for connection in connections if not connection.is_paused]
        if dry_run:
            waiting = sum(managers.due(connection).count() for connection in served)
            found = sum(len(managers.circles(connection)) for connection in served)
            self.stdout.write(
                f"{waiting} people wait for a manager who is here.{_circles('There are', found)}"
            )
            return
        broken: list[int] = []
        given: list[int] = []
        failures = [
            self.each(served, lambda connection: broken.append(managers.break_circles(connection))),
            self.each(served, lambda connection: given.append(managers.settle(connection))),
        ]
        if not name:
            jobs.note_run(jobs.MANAGERS)
        self.stdout.write(f"Gave {sum(given)} people their manager.{_circles('Broke', sum(broken))}")
        if failure := failures[0] or failures[1]:
            raise failure


def _circles(verb: str, number: int) -> str:
    return f" {verb} {number} circles of managers." if number else ""
