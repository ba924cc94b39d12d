"""``manage.py scim_notify``: mail the contacts of connections what they should know. Made for cron, hourly."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils import translation

from scim_provisioning.administration import (
    churn,
    disconnection,
    health,
    host,
    jobs,
    notices,
    numbers,
    unit_findings,
)
from scim_provisioning.administration.connections import archive_without_sso_row
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection
from scim_provisioning.provisioning import late_wishes


class Command(ScimCommand):
    """Idempotent: it may run as often as you like; each occasion is mailed once, in one mail a day."""

    in_parts = True
    help = "Mail notices about tokens and trouble to the contacts of each SCIM connection."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", metavar="NAME", help="only this one; its name or SSO key")
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be mailed, and mail nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises ``CommandError`` at the end when a mail could not be sent."""
        name = options["connection"]
        connections = [find_connection(name)] if name else [*SCIMConnection.objects.current(), *_left()]
        if not options["dry_run"]:
            connections = [one for one in connections if one.is_archived or not self._ends(one)]
        untold: list[SCIMConnection] = []
        # Mails are written in the site's language, whatever the shell's is.
        with translation.override(settings.LANGUAGE_CODE):
            states = health.of_connections(connections)

            def work(connection: SCIMConnection) -> None:
                if not (options["dry_run"] or connection.is_archived):
                    self._warn(connection)
                if not self._tell(connection, states[connection.pk], dry=options["dry_run"]):
                    untold.append(connection)

            failure = self.each(connections, work)
        if not (name or options["dry_run"]):
            numbers.roll_up()
            jobs.note_run(jobs.NOTIFY)
        if not options["dry_run"]:
            late = self._carry_out(connections if name else [*connections, *late_wishes.ended()])
            failure = failure or late
        if failure is not None:
            raise failure
        if untold:
            raise CommandError(f"{len(untold)} connections could not be told; the next run tries again.")

    def _ends(self, connection: SCIMConnection) -> bool:
        """Whether its SSO settings are gone, and it with them by now."""
        is_gone = archive_without_sso_row(connection)
        if is_gone:
            self.stdout.write(f"{connection}: archived, its SSO settings are gone.")
        return is_gone

    def _carry_out(self, connections: Iterable[SCIMConnection]) -> Exception | None:
        """Do what identity providers, and administrators who have disconnected them, have asked for and could not be
        done before; return the first failure. An adapter that does not load keeps nobody from their mail: that is said,
        and the next run goes on."""
        try:
            host.adapter_class()
        except host.AdapterBroken as broken:
            self.stderr.write(broken.message)
            return None

        def work(connection: SCIMConnection) -> None:
            if number := late_wishes.carry_out(connection):
                self.stdout.write(f"{connection}: {number} switched off, as was asked before.")

        with translation.override(settings.LANGUAGE_CODE):
            due = {one.pk: one for one in connections if one.is_archived or not one.is_paused}
            return self.each(due.values(), work)

    def _warn(self, connection: SCIMConnection) -> None:
        """What cannot wait for a daily mail has one of its own."""
        for found in churn.note(connection):
            self.stdout.write(f"{connection}: {found.sentence}")
        unit_findings.note(connection)

    def _tell(self, connection: SCIMConnection, state: health.Health, *, dry: bool) -> bool:
        """Whether it went well; nothing to tell is well."""
        due = notices.due(connection, state)
        if not due:
            return True
        for notice in due:
            self.stdout.write(f"{connection}: {notice.sentence}")
        if not connection.contacts:
            self.stderr.write(f"{connection} has no contacts: nobody is told. Add some to its policies.")
        elif not dry:
            try:
                done = notices.send(connection, due)
            except Exception as error:
                self.stderr.write(f"{connection}: {type(error).__name__}: {error}")
                return False
            said = f"mailed to {len(connection.contacts)}" if done else "kept for tomorrow's mail"
            self.stdout.write(f"{connection}: {said}")
        return True


def _left() -> QuerySet[SCIMConnection]:
    """Those that were disconnected and with whose learners nobody has gone on."""
    return SCIMConnection.objects.filter(disconnection__in=disconnection.left())
