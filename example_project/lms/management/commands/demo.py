"""`manage.py demo`: a small LMS, a SCIM connection, and Entra provisioning it over real HTTP."""

from __future__ import annotations

import os
import shutil
import threading
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler, get_internal_wsgi_application
from django.urls import reverse
from django.utils import timezone

from example_project.lms.demonstration import Demonstration
from example_project.lms.seeds import ADMIN_NAME, SeededLMS, seed_lms
from scim_provisioning.administration import rotation
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import SCIMConnection
from scim_provisioning.tokens import TokenRefused

HOST = "127.0.0.1"
CONNECTION = "demo"
TOKEN_LABEL = "manage.py demo"  # noqa: S105 - a label
#: What cron runs every hour.
HOURLY = ("scim_managers", "scim_units", "scim_notify")
FAULTS_SHOWN = 20
NARROWEST = 6
HEADINGS = (
    "learner", "e-mail", "job role", "company", "business unit", "team", "manager", "active", "progress",
    "what happened",
)  # fmt: skip


class QuietHandler(WSGIRequestHandler):
    """Leaves the request log to Entra's side, which says what each request is for."""

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


class Command(BaseCommand):
    help = (
        "Seed a small LMS, play Entra ID against it over HTTP, show what became of whom, and go on serving."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="Port on 127.0.0.1; 0 picks a free one.")
        group = parser.add_mutually_exclusive_group()
        group.add_argument(
            "--once", action="store_true", help="Stop after the cycle; exit 1 if anything went wrong."
        )
        group.add_argument(
            "--seed-only", action="store_true", help="Migrate and seed, and stop before the server starts."
        )

    def handle(self, *args: Any, port: int, once: bool, seed_only: bool, **options: Any) -> None:
        self._say("Migrate and seed")
        call_command("migrate", verbosity=0, interactive=False)
        # Once: names are found by an index from now on, in whatever case they are written.
        call_command("scim_index", create=True, stdout=StringIO())
        lms = seed_lms()
        connection, _ = SCIMConnection.objects.get_or_create(
            sso_key=str(lms.sso.pk), defaults={"name": CONNECTION}
        )
        if seed_only:
            self._say(f"Seeded. Connection: {connection.name}. Administrator: {self._sign_in(lms)}")
            self._say(f"Next: manage.py scim_token create --connection {connection.name}")
            return
        with self._serving(port) as server:
            token = self._issue_token(connection, lms)
            demonstration = Demonstration(
                connection, lms.organization, self._local_tenant_url(server), token, self._say
            )
            demonstration.play()
            # What looks after the rest, and finds a team that is spelled in two ways: see docs/operations.md.
            for job in HOURLY:
                call_command(job, stdout=StringIO())
            self._show(demonstration)
            if once:
                if demonstration.faults:
                    raise CommandError(f"{len(demonstration.faults)} things went wrong.")
                return
            self._serve_on(server, lms, token)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _sign_in(self, lms: SeededLMS) -> str:
        return f"{ADMIN_NAME} / {lms.admin_password or '(the password it has already)'}"

    def _issue_token(self, connection: SCIMConnection, lms: SeededLMS) -> str:
        """Replace the token of an earlier run: a connection has two live tokens at most."""
        for old in connection.tokens.live().filter(label=TOKEN_LABEL):
            rotation.revoke(old, actor=lms.admin)
        try:
            _row, secret = rotation.generate(connection, actor=lms.admin, label=TOKEN_LABEL)
        except TokenRefused as refusal:
            raise CommandError(refusal.message) from refusal
        return secret.reveal()

    @contextmanager
    def _serving(self, port: int) -> Iterator[ThreadedWSGIServer]:
        """Serve the LMS, admin and static files included, from threads of this process."""
        try:
            server = ThreadedWSGIServer((HOST, port), QuietHandler, ipv6=False)
        except OSError as error:
            raise CommandError(
                f"Port {port} on {HOST} is not free ({error.strerror}). Use --port."
            ) from error
        if "SITE_URL" not in os.environ:
            # The Tenant URL has to name the port that was picked.
            site = f"http://{HOST}:{server.server_port}"
            settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": site}
        server.set_app(StaticFilesHandler(get_internal_wsgi_application()))
        thread = threading.Thread(target=server.serve_forever, name="lms", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _local_tenant_url(self, server: ThreadedWSGIServer) -> str:
        return f"http://{HOST}:{server.server_port}{reverse('scim_provisioning:root').rstrip('/')}"

    def _show(self, demonstration: Demonstration) -> None:
        self._say("")
        # Whole in a file or a pipe; on a terminal, as wide as that is.
        width = shutil.get_terminal_size((1000, 24)).columns
        for line in table(HEADINGS, demonstration.rows(), width):
            self._say(line)
        steps = demonstration.entra.steps
        slowest = max((step.ms for step in steps), default=0.0)
        self._say("")
        self._say(f"{len(steps)} requests, {len(demonstration.faults)} faults, slowest {slowest:.0f} ms.")
        for fault in demonstration.faults[:FAULTS_SHOWN]:
            self._say(self.style.ERROR(f"  {fault}"))
        if len(demonstration.faults) > FAULTS_SHOWN:
            self._say(self.style.ERROR(f"  and {len(demonstration.faults) - FAULTS_SHOWN} more"))

    def _serve_on(self, server: ThreadedWSGIServer, lms: SeededLMS, token: str) -> None:
        page = reverse("admin:lms_ssosettings_change", args=[lms.sso.pk])
        base = f"http://{HOST}:{server.server_port}"
        self._say("")
        self._say(f"Admin       {base}{reverse('admin:index')}")
        self._say(f"Sign-in     {self._sign_in(lms)}")
        self._say(f"SSO page    {base}{page}")
        self._say(f"Tenant URL  {tenant_url()}")
        self._say(f"Token       {token}")
        self._say(f"Serving since {timezone.localtime():%H:%M}. Ctrl-C stops.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            self._say("Stopped.")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a plain table. Where it is wider than `width`, columns between the first and the
    last are cut, the widest first."""
    cells = [headings, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    while sum(widths) + 2 * len(widths) > width and max(widths[1:-1]) > NARROWEST:
        widths[widths.index(max(widths[1:-1]), 1)] -= 1
    lines = [
        "  ".join(_cut(cell, size).ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return [lines[0], "  ".join("-" * size for size in widths), *lines[1:]]


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"
