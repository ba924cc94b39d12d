"""The example LMS as it is deployed: gunicorn with several processes and threads, on a database of the test's own."""

from __future__ import annotations

import csv
import http.client
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.people import person
from tests.processes import ROOT
from tests.servers import free_port, running

#: Operations in the log beside those of the story: more than a chunk of the exported file.
EVENTS = 2500
_FILL = f"""
import django; django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
from scim_provisioning.models import ProvisioningEvent
from tests.sharing import Customer
customer = Customer.make()
event = dict(connection=customer.connection, operation="create", action="created", outcome="applied", status=201)
ProvisioningEvent.objects.bulk_create(ProvisioningEvent(**event) for _ in range({EVENTS}))
browser = Client()
browser.force_login(get_user_model().objects.create_superuser("ada", "ada@example.org", "correct horse battery"))
print(customer.token, browser.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Filled:
    """A database with one customer: its address, their token, an administrator's session."""

    url: str
    token: str
    session: str


def filled(url: str) -> Filled:
    """Migrate the database at ``url`` and fill it."""
    made = subprocess.run(
        [sys.executable, "-c", _FILL],
        env=_environment(url),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return Filled(url, *made.stdout.split()[-2:])


def _environment(url: str, **settings: Any) -> dict[str, str]:
    own = {
        "DATABASE_URL": url,
        "DATABASE_SETTINGS": json.dumps(settings),
        "DJANGO_SETTINGS_MODULE": "tests.deployment.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }
    inherited = {
        key: value for key, value in os.environ.items() if key not in ("REDIS_URL", "TEST_DATABASE_NAME")
    }
    return {**inherited, **own}


@dataclass(frozen=True)
class Site:
    """A running server, and what to ask it with."""

    port: int
    token: str
    session: str

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A SCIM request, on a connection of its own."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as wire:
            wire.request(method, f"/scim/v2{path}", None if body is None else json.dumps(body), headers)
            answer = wire.getresponse()
            return answer.status, json.loads(answer.read() or "null")

    def count(self, text: str) -> int:
        """How many people a filter finds."""
        status, found = self.send("GET", f"/Users?count=1&filter={quote(text)}")
        assert status == 200, found
        return int(found["totalResults"])

    def exported(self) -> int:
        """How many operations are in the file of the log."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as wire:
            path = "/admin/scim_provisioning/provisioningevent/export/"
            wire.request("GET", path, headers={"Cookie": f"sessionid={self.session}"})
            answer = wire.getresponse()
            assert answer.status == 200
            return len(list(csv.DictReader(io.StringIO(answer.read().decode("utf-8-sig")))))

    def day(self, name: str) -> None:
        """One person's day: looked up, made, found by a search, changed, deactivated."""
        user = person(name)
        assert self.count(f'externalId eq "{user["externalId"]}"') == 0
        status, made = self.send("POST", "/Users", user)
        assert status == 201, made
        assert self.count(f'userName co "{name}@"') == 1
        for path, value in (("title", f"Lead of {name}"), ("active", False)):
            change = {"op": "replace", "path": path, "value": value}
            body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [change]}
            status, changed = self.send("PATCH", f"/Users/{made['id']}", body)
            assert (status, changed.get(path)) == (200, value)
        assert self.send("GET", f"/Users/{made['id']}")[1]["title"] == f"Lead of {name}"

    def story(self, name: str, people: int = 12) -> None:
        """Many people's day at once, while an administrator exports the log; all of it is there afterwards."""
        with ThreadPoolExecutor(8) as threads:
            exports = [threads.submit(self.exported) for _ in range(2)]
            days = [threads.submit(self.day, f"{name}.no{number}") for number in range(people)]
            for done in (*days, *exports):
                done.result(120)
        assert all(export.result() >= EVENTS for export in exports)
        assert self.count(f'userName sw "{name}."') == people
        assert self.exported() >= EVENTS + 3 * people


@contextmanager
def serving(database: Filled, log: Path, *, url: str | None = None, **settings: Any) -> Iterator[Site]:
    """Serve it by two processes of four threads; ``settings`` are those of the database, ``url`` another way to it."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "example_project.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    command += ["--workers", "2", "--threads", "4", "--graceful-timeout", "5"]
    with running(command, port, log, env=_environment(url or database.url, **settings), cwd=ROOT):
        yield Site(port, database.token, database.session)
