"""``manage.py scim_index``: the indexes by which names are found in any case. Once, after ``migrate``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import translation

from scim_provisioning.administration import name_indexes
from scim_provisioning.management.base import ScimCommand


class Command(ScimCommand):
    """Idempotent. On PostgreSQL an index is made beside those who write."""

    help = (
        "Print the SQL of the indexes that are missing: without them each new person costs a look at every account. "
        "--create makes them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--create", action="store_true", help="make them, on a server in use too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, and print or make what is missing."""
        with translation.override("en"):
            missing = name_indexes.missing()
            if not missing:
                self.stdout.write("Nothing to do: names are found by an index.")
            for one in missing:
                self._mend(one, create=options["create"])

    def _mend(self, one: name_indexes.Wanted, *, create: bool) -> None:
        sql = one.sql
        said = name_indexes.sentence(one, timed=False)
        if not sql:
            self.stdout.write(f"-- {said} {name_indexes.remedy(one)}")
        elif create:
            self.stdout.write(f"{sql};")
            name_indexes.make(one)
        else:
            self.stdout.write(f"-- {said}\n{sql};")
