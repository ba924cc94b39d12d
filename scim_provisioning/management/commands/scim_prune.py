"""``manage.py scim_prune``: delete what the provisioning log need not keep any longer. Made for cron, daily."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from scim_provisioning.administration import jobs, retention
from scim_provisioning.management.base import ScimCommand


class Command(ScimCommand):
    """Idempotent; safe beside running requests."""

    in_parts = True
    help = "Delete messages and operations of the provisioning log, and notes of sessions, that are past their time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--dry-run", action="store_true", help="count only, and delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say how many rows."""
        dry_run: bool = options["dry_run"]
        pruned = retention.prune(dry_run=dry_run)
        if not dry_run:
            jobs.note_run(jobs.PRUNE)
        verb = "Would delete" if dry_run else "Deleted"
        also = {
            "counts of wrong passwords": pruned.confirmations,
            "notes of sessions": pruned.sign_ins,
            "counts of unknown callers": pruned.strangers,
            "held leavers nobody asks for any more": pruned.held,
            "answered questions of identity": pruned.questions,
            "notes of mails to the contacts": pruned.notices,
        }
        said = "".join(f" And {number} {what}." for what, number in also.items() if number)
        self.stdout.write(f"{verb} {pruned.payloads} messages and {pruned.events} operations.{said}")
