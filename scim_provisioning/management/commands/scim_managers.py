"""``manage.py scim_managers``: give people the managers whom they wait for, once these are here. For cron, hourly."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from scim_provisioning import provisioning
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection


class Command(BaseCommand):
    """Idempotent; safe beside running requests."""

    help = "Give people who wait for a manager that manager, once they are here. Paused connections are left alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", metavar="NAME", help="only this one; its name or SSO key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say to how many people."""
        name = options["connection"]
        connections = [find_connection(name)] if name else list(SCIMConnection.objects.current())
        given = sum(provisioning.settle_managers(one) for one in connections if not one.is_paused)
        self.stdout.write(f"Gave {given} people their manager.")
