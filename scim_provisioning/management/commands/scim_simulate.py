"""``manage.py scim_simulate``: an identity provider with made-up people, played against the running application."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import connections
from django.urls import NoReverseMatch
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import databases, rules
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import catalogue, rotation
from scim_provisioning.administration.selftest.sending import InProcess
from scim_provisioning.conf import tenant_url
from scim_provisioning.management import tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.models import SCIMConnection
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.testing.simulation import DIALECTS, Simulation, summary
from scim_provisioning.testing.simulators import Step, over_http

MOST_PEOPLE, MOST_PARALLEL = 10_000, 32
FAULTS_SHOWN = 10
#: The token ends by itself should the command be killed; it also bounds a run.
TOKEN_LIFE = timedelta(hours=1)
LABEL = "scim_simulate"
HEADINGS = ("OPERATION", "COUNT", "OK", "MEDIAN MS", "95 % MS", "FAULTS")


class Command(ScimCommand):
    """Everything is real: rows are written, hooks run, the log fills. The people are made up and deleted again."""

    help = (
        "Play an identity provider against the running application over HTTP, with made-up people under "
        "scim-simulation.invalid, and print what each kind of request took. Adapter hooks run for real."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
        parser.add_argument(
            "--people", type=_up_to(MOST_PEOPLE), default=10, metavar="N", help="how many (10)"
        )
        parser.add_argument(
            "--dialect", choices=DIALECTS, default="default", help="Entra's default or flagged one, or Okta's"
        )
        parser.add_argument(
            "--parallel", type=_up_to(MOST_PARALLEL), default=1, metavar="N", help="requests at once (1)"
        )
        way = parser.add_mutually_exclusive_group()
        way.add_argument(
            "--url", metavar="URL", help="where the application answers; the Tenant URL unless given"
        )
        way.add_argument(
            "--in-process",
            action="store_true",
            help="without a server, through this process's own middleware",
        )
        parser.add_argument("--keep", action="store_true", help="leave the people, and delete nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it. Raises ``CommandError`` when anything went wrong, and when the connection is not served."""
        connection = find_connection(options["connection"])
        _refuse_unless_served(connection)
        url, mark = options["url"] or _tenant_url(), secrets.token_hex(4)
        with _token(connection) as token:
            simulation = Simulation(
                url=url,
                token=token.reveal(),
                mark=mark,
                dialect=options["dialect"],
                people=options["people"],
                parallel=options["parallel"],
                keep=options["keep"],
                sender=InProcess if options["in_process"] else lambda: over_http,
                at_thread_end=connections.close_all,
            )
            steps = simulation.run()
        self._report(steps, mark, keep=options["keep"])

    def _report(self, steps: list[Step], mark: str, *, keep: bool) -> None:
        rows = [
            (line.operation, str(line.count), str(line.ok), f"{line.median:.0f}", f"{line.ninety_fifth:.0f}",
             str(line.faults))
            for line in summary(steps)
        ]  # fmt: skip
        for line in tables.lines([HEADINGS, *rows]):
            self.stdout.write(line)
        faults = [step for step in steps if not step.ok]
        for step in faults[:FAULTS_SHOWN]:
            self.stdout.write(f"{step.what}: {step.detail}", self.style.ERROR)
        if len(faults) > FAULTS_SHOWN:
            self.stdout.write(f"and {len(faults) - FAULTS_SHOWN} more", self.style.ERROR)
        people = f"The people are called simulated-{mark}-…@scim-simulation.invalid"
        if keep:
            self.stdout.write(f"{people}. They were kept.")
        else:
            self.stdout.write(
                f"{people}. They were deleted as an identity provider deletes: their accounts are switched off and "
                "stay, and so do units called “Simulation …” that your adapter made."
            )
        if faults:
            raise CommandError(f"{len(faults)} of {len(steps)} requests went wrong.")


@contextmanager
@sensitive_variables("secret")
def _token(connection: SCIMConnection) -> Iterator[rotation.Secret]:
    """A token for this run, revoked at its end. Raises ``TokenRefused`` when none may be made."""
    with databases.atomic():
        token, secret = rotation.generate(
            connection, actor=None, nonce=secrets.token_urlsafe(24), label=LABEL, expires_in_days=1
        )
        token.expires_at = timezone.now() + TOKEN_LIFE
        token.save(update_fields=["expires_at"])
    try:
        yield secret
    finally:
        rotation.revoke(token, actor=None)


def _refuse_unless_served(connection: SCIMConnection) -> None:
    """Raises ``CommandError`` with what to do, where every request would be refused."""
    try:
        with databases.rehearsed():
            # A copy, and rolled back: admit() archives a connection whose SSO settings are gone.
            rules.admit(SCIMConnection.objects.get(pk=connection.pk), get_adapter_class())
    except SCIMError as refusal:
        said = catalogue.explain(refusal.code, refusal.params)
        raise CommandError(f"{said.title} {said.todo}") from None


def _tenant_url() -> str:
    try:
        return tenant_url()
    except (ImproperlyConfigured, NoReverseMatch):
        raise CommandError("The Tenant URL is not known: run `manage.py check`, or give --url.") from None


def _up_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isdecimal() and 1 <= int(text) <= most):
            raise ArgumentTypeError(f"a number from 1 to {most:,} is expected")
        return int(text)

    return number
