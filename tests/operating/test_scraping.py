"""Real servers, scraped: several processes are one, and django-prometheus' page shows what ours does."""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scim_provisioning.telemetry import metrics
from tests.people import person
from tests.processes import ROOT, serving

pytestmark = [pytest.mark.long]

WSGI = "example_project.wsgi:application"
TWO_PROCESSES = ["gunicorn", WSGI, "--bind", "127.0.0.1:{port}", "--workers", "2", "--max-requests", "12"]
ONE_PROCESS = ["waitress", "--listen=127.0.0.1:{port}", WSGI]
MAKE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("scim_prune", verbosity=0)
from tests.sharing import Customer
print(Customer.make().token)
"""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def on(file: Path) -> dict[str, str]:
    """The host on that database file, whatever server the other tests run on."""
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "tests.operating.scraped",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A database file with one customer, and a token; each test has a copy of it."""
    file = tmp_path_factory.mktemp("made") / "db.sqlite3"
    done = subprocess.run(
        [sys.executable, "-c", MAKE], env=on(file), cwd=ROOT, capture_output=True, text=True, check=True
    )
    return file, done.stdout.strip().splitlines()[-1]


@pytest.fixture
def environment(made: tuple[Path, str], tmp_path: Path) -> dict[str, str]:
    # Not by the file system: what SQLite has not yet put into the file stands beside it.
    with closing(sqlite3.connect(made[0])) as ready, closing(sqlite3.connect(tmp_path / "db.sqlite3")) as own:
        ready.backup(own)
    return on(tmp_path / "db.sqlite3")


@pytest.fixture
def bearer(made: tuple[Path, str]) -> str:
    return made[1]


@pytest.fixture
def several(environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """The port of a server with two processes, each of which is replaced after a dozen requests."""
    counts = tmp_path / "counts"
    counts.mkdir()
    with serving(TWO_PROCESSES, {**environment, "PROMETHEUS_MULTIPROC_DIR": str(counts)}, tmp_path) as port:
        yield port


@pytest.fixture
def one(environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """The port of a server with one process."""
    with serving(ONE_PROCESS, environment, tmp_path) as port:
        yield port


def ask(port: int, method: str, path: str, token: str | None = None, body: object = None) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as wire:
        headers = {"Content-Type": "application/scim+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        wire.request(method, path, None if body is None else json.dumps(body), headers)
        answer = wire.getresponse()
        return answer.status, answer.read().decode()


def scraped(port: int, path: str = "/metrics") -> Samples:
    """Every sample of ours on the page."""
    status, text = ask(port, "GET", path)
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("scim_")
    }


def value(samples: Samples, name: str, /, **labels: str) -> float:
    """The sum of those samples that have these labels."""
    return sum(
        number
        for (known, said), number in samples.items()
        if known == name and labels.items() <= dict(said).items()
    )


def play(port: int, token: str, people: int) -> None:
    """Make people, make one of them twice, look for one, and call without a token."""
    for number in range(people):
        assert ask(port, "POST", "/scim/v2/Users", token, person(f"person{number}.x"))[0] == 201
    assert ask(port, "POST", "/scim/v2/Users", token, person("person0.x"))[0] == 409
    assert ask(port, "GET", "/scim/v2/Users", token)[0] == 200
    assert ask(port, "GET", "/scim/v2/Users/4711")[0] == 401


def check(samples: Samples, people: int) -> None:
    made = {"method": "POST", "route": "/Users", "status": "201", "error": ""}
    assert value(samples, "scim_requests_total", **made) == people
    assert value(samples, "scim_requests_total", status="409", error="user.username_taken") == 1
    assert value(samples, "scim_requests_total", connection="", route="/Users/{id}", status="401") == 1
    assert value(samples, "scim_operations_total", action="created", result="applied") == people
    assert value(samples, "scim_operations_total", action="refused", result="refused") == 1
    assert value(samples, "scim_request_seconds_count", method="POST", route="/Users") == people + 1
    assert value(samples, "scim_auth_failures_total", reason="no_bearer_token") == 1
    assert value(samples, "scim_managed_users", state="active") == people
    assert value(samples, "scim_managed_users", state="inactive") == 0
    assert 300 * 86_400 < value(samples, "scim_token_expiry_seconds") <= 365 * 86_400
    assert value(samples, "scim_last_success_timestamp") > 1_700_000_000
    assert value(samples, "scim_command_last_run_timestamp", command="scim_prune") > 1_700_000_000
    assert value(samples, "scim_connection_info", name="Entra", state="active") == 1


def test_several_processes_are_counted_as_one_also_those_that_have_ended(several: int, bearer: str) -> None:
    play(several, bearer, people=20)
    for _ in range(4):  # whichever process answers
        check(scraped(several), people=20)


def test_django_prometheus_shows_ours_beside_its_own(one: int, bearer: str) -> None:
    play(one, bearer, people=3)
    check(scraped(one, "/theirs/metrics"), people=3)
    check(scraped(one), people=3)
    assert "django_http_requests_total" in ask(one, "GET", "/metrics")[1]


def test_the_page_names_every_metric_and_its_labels(one: int, bearer: str) -> None:
    play(one, bearer, people=1)
    counted = (metrics.REQUESTS, metrics.OPERATIONS, metrics.AUTH_FAILURES, metrics.REQUEST_SECONDS)
    families = {
        family.name: family for family in text_string_to_metric_families(ask(one, "GET", "/metrics")[1])
    }
    for metric in (*counted, *metrics.GAUGES):
        family = families[metric.name.removesuffix("_total")]
        assert family.documentation == metric.help
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels)
    assert {name for name in families if name.startswith("scim_") and not name.endswith("_created")} == {
        metric.name.removesuffix("_total") for metric in (*counted, *metrics.GAUGES)
    }


def test_no_label_is_what_a_client_wrote(one: int, bearer: str) -> None:
    mark = "Zaphodine"
    for below in (f"Users/{mark}", mark, f"Schemas/{mark}", f"Users?filter={mark}"):
        path = f"/scim/v2/{below}"
        for method in ("GET", mark.upper()):
            ask(one, method, path, bearer)
            ask(one, method, path, mark)
    assert mark.lower() not in str(scraped(one)).lower()
    assert value(scraped(one), "scim_requests_total", method="OTHER") == 8
