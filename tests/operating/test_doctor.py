"""scim_doctor: what an operator has not set up, with the fix, and the self-test shows the same lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.dummy import DummyCache
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db import connections
from django.utils import timezone, translation
from pytest_django import Settings

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import Reference
from scim_provisioning.administration import selftest
from scim_provisioning.administration.doctor import CHECKS
from scim_provisioning.models import (
    CommandRun,
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.testing.factories import ConnectionFactory
from tests.plans.explain import gather_statistics
from tests.processes import ROOT

pytestmark = pytest.mark.django_db

HTTPS = ("HTTP_X_FORWARDED_PROTO", "https")

Lines = dict[str, dict[str, str]]


def examined() -> tuple[Lines, int]:
    """What the command prints for programs, by key, and how it ends."""
    out = StringIO()
    code = 0
    try:
        call_command("scim_doctor", json=True, stdout=out)
    except CommandError as error:
        code = error.returncode
    return {line["key"]: line for line in json.loads(out.getvalue())}, code


def line(key: str) -> tuple[str, str, str]:
    """Result, what was found, how to mend it."""
    found = examined()[0][key]
    return found["result"], found["found"], found["mend"]


@pytest.fixture
def sound(settings: Settings, tmp_path: Path, connection: SCIMConnection) -> None:
    """A server on which everything is set up."""
    on_disk = "django.core.cache.backends.filebased.FileBasedCache"
    settings.CACHES = {"default": {"BACKEND": on_disk, "LOCATION": tmp_path}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "lms@harborline.example"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    connection.policies = {"contacts": ["it@customer.example"]}
    connection.save()
    if database.vendor == "postgresql":
        # How many accounts there are is the planner's word, which may be of an earlier test.
        gather_statistics()
    call_command("scim_notify", stdout=StringIO())
    call_command("scim_managers", stdout=StringIO())
    call_command("scim_units", stdout=StringIO())
    call_command("scim_prune", stdout=StringIO())


@pytest.mark.usefixtures("sound")
def test_where_all_is_set_up_every_line_passes_and_it_ends_with_0() -> None:
    lines, code = examined()
    assert {key: found for key, found in lines.items() if found["result"] != "passed"} == {}
    assert code == 0
    expected = {*CHECKS, "contacts"} - (set() if database.vendor == "sqlite" else {"sqlite"})
    assert set(lines) == expected


@pytest.mark.usefixtures("sound")
def test_for_people_each_line_stands_with_its_fix_in_english(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    out = StringIO()
    with translation.override("de"), pytest.raises(CommandError, match=r"1 of \d+ lines") as caught:
        call_command("scim_doctor", stdout=out)
    assert caught.value.returncode == 1
    assert "ok    The tables are migrated\n" in out.getvalue()
    console = "django.core.mail.backends.console.EmailBackend"
    assert f"WARN  Notices are mailed ({console} sends no mail.)\n      Set EMAIL_BACKEND" in out.getvalue()


@pytest.mark.usefixtures("sound")
def test_the_self_test_shows_the_same_lines(connection: SCIMConnection, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    CommandRun.objects.all().delete()
    told = {
        (found["what"], found["result"], found["found"], found["mend"]) for found in examined()[0].values()
    }
    shown = {
        (found.what, str(found.result), found.found, found.mend)
        for found in selftest.run(connection, reach=False)
        if found.key
    }
    assert shown == told
    assert {result for _what, result, _found, _mend in shown} == {"passed", "warning"}


# --- cron


@pytest.mark.parametrize(
    ("command", "key", "hours"),
    [
        ("scim_notify", "notify", 26),
        ("scim_managers", "managers", 26),
        ("scim_units", "units", 26),
        ("scim_prune", "prune", 72),
    ],
)
def test_a_command_that_cron_does_not_run_is_missed(
    command: str, key: str, hours: int, connection: SCIMConnection
) -> None:
    result, found, mend = line(key)
    assert (result, found) == ("warning", f"“{command}” was never run.")
    assert f"manage.py {command}" in mend
    call_command(command, stdout=StringIO(), dry_run=True)
    assert line(key)[0] == "warning"
    call_command(command, stdout=StringIO())
    assert line(key)[0] == "passed"
    CommandRun.objects.update(last_at=timezone.now() - timedelta(hours=hours - 1))
    assert line(key)[0] == "passed"
    CommandRun.objects.update(last_at=timezone.now() - timedelta(hours=hours + 1))
    result, found, _mend = line(key)
    assert (result, found.partition(" on ")[0]) == ("warning", f"“{command}” was last run")
    assert CommandRun.objects.count() == 1


def test_where_no_name_of_a_team_is_mapped_nobody_misses_the_command_for_them(
    monkeypatch: pytest.MonkeyPatch, connection: SCIMConnection
) -> None:
    assert "units" in examined()[0]
    plain = [line for line in LearnerAdapter.mapping if not isinstance(line, Reference)]
    monkeypatch.setattr(LearnerAdapter, "mapping", plain)
    assert "units" not in examined()[0]


@pytest.mark.parametrize(
    ("command", "key"), [("scim_notify", "notify"), ("scim_managers", "managers"), ("scim_units", "units")]
)
def test_what_is_done_for_one_connection_is_no_run_of_cron(
    connection: SCIMConnection, command: str, key: str
) -> None:
    call_command(command, connection="Entra", stdout=StringIO(), stderr=StringIO())
    assert line(key)[0] == "warning"


@pytest.mark.usefixtures("sound")
def test_pruning_that_cannot_keep_up_is_noticed_although_it_ran(connection: SCIMConnection) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    event = ProvisioningEvent.objects.create(
        connection=connection, operation="patch", action="updated", outcome="applied", created_at=long_ago
    )
    ProvisioningPayload.objects.create(event=event, request="{}", created_at=long_ago)
    assert line("prune")[:2] == ("warning", "There are messages older than 30 days.")


# --- what stands around the application


class Gone(DummyCache):
    """A cache whose server is not there."""

    def set(self, *args: Any, **kwargs: Any) -> None:
        raise ConnectionError("no cache")


@pytest.mark.parametrize(
    ("backend", "found"),
    [
        ("django.core.cache.backends.locmem.LocMemCache", "Each process counts for itself"),
        ("django.core.cache.backends.dummy.DummyCache", "The cache keeps nothing"),
        (f"{__name__}.Gone", "It does not answer"),
    ],
)
@pytest.mark.usefixtures("sound")
def test_a_cache_in_which_nothing_is_counted_for_all(backend: str, found: str, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": backend}}
    result, said, mend = line("cache")
    assert result == "warning"
    assert said.startswith(found)
    assert "CACHES" in mend


@pytest.mark.parametrize(
    ("trusted", "header", "last_used_ip", "result", "found"),
    [
        ([], None, "20.190.160.1", "passed", "No proxy is known."),
        ([], None, None, "passed", "No proxy is known."),
        ([], None, "127.0.0.1", "passed", "No proxy is known."),
        ([], None, "10.1.2.3", "warning", "10.1.2.3, which is an address of your own network"),
        ([], HTTPS, "20.190.160.1", "warning", "TRUSTED_PROXIES that there is none"),
        (["10.0.0.0/8"], None, "20.190.160.1", "passed", "10.0.0.0/8"),
        (["10.0.0.0/8"], None, "10.1.2.3", "warning", "from the proxy 10.1.2.3 itself"),
    ],
)
@pytest.mark.usefixtures("sound", "token")
def test_a_proxy_that_hides_who_calls(
    trusted: list[str], header: Any, last_used_ip: str | None, result: str, found: str, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": trusted}
    settings.SECURE_PROXY_SSL_HEADER = header
    SCIMToken.objects.update(last_used_ip=last_used_ip)
    said = line("proxies")
    assert said[0] == result
    assert found in said[1]


@pytest.mark.usefixtures("sound", "token")
def test_on_a_site_of_the_world_this_machine_is_a_proxy(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "TRUSTED_PROXIES": [],
        "SITE_URL": "https://lms.harborline.example",
    }
    SCIMToken.objects.update(last_used_ip="127.0.0.1")
    assert line("proxies")[0] == "warning"


@pytest.mark.usefixtures("sound")
def test_mail_that_comes_from_nobody(settings: Settings) -> None:
    settings.DEFAULT_FROM_EMAIL = "webmaster@localhost"
    assert line("mail")[:2] == ("warning", "They come from webmaster@localhost, which many servers refuse.")


@pytest.mark.usefixtures("sound")
def test_a_connection_without_contacts_is_named_to_the_operator_and_not_to_another_customers_staff(
    connection: SCIMConnection,
) -> None:
    ConnectionFactory(name="Brightwater")
    assert line("contacts")[:2] == ("warning", "Brightwater has none: nobody is told when its token ends.")
    ConnectionFactory(name="Kestrel")
    assert line("contacts")[1] == (
        "2 have none, among them Brightwater, Kestrel: nobody is told when their tokens end."
    )
    assert "Brightwater" not in str(selftest.run(connection, reach=False))


@pytest.mark.usefixtures("sound")
def test_metrics_that_cannot_be_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = "scim_provisioning.telemetry.prometheus.PrometheusMetrics"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "METRICS": path}
    assert line("metrics")[:2] == ("passed", path)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "no"))
    result, _found, mend = line("metrics")
    assert result == "warning"
    assert "PROMETHEUS_MULTIPROC_DIR" in mend
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "METRICS": "no.such.Backend"}
    assert line("metrics")[:2] == ("warning", "no.such.Backend cannot be used.")


@pytest.mark.usefixtures("sound")
def test_the_system_checks_are_named_by_their_ids(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["elsewhere.example"]
    assert line("checks")[:2] == ("warning", "scim_provisioning.W008")
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "NONSENSE": 1}
    lines, code = examined()
    assert (lines["checks"]["result"], code) == ("failed", 2)
    assert "manage.py check" in lines["checks"]["mend"]
    settings.SILENCED_SYSTEM_CHECKS = ["scim_provisioning.E002", "scim_provisioning.W008"]
    assert line("checks")[0] == "passed"


# --- the database


class Apart:
    """A router that has this app in another database than the users."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default" if model._meta.app_label == "scim_provisioning" else "users"


@pytest.mark.usefixtures("sound")
def test_routers_are_looked_at(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [f"{__name__}.Apart"]
    result, found, mend = line("routing")
    assert result == "failed"
    assert "scim_provisioning.SCIMConnection: default" in found
    assert "DATABASE_ROUTERS" in mend


class ApartBy:
    """A router that has one model in another database than all others."""

    label = ""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "elsewhere" if model._meta.label == self.label else None


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize(
    ("label", "result"), [("lms.Learner", "failed"), ("lms.Team", "failed"), ("lms.SSOSettings", "warning")]
)
def test_what_is_mapped_and_the_sso_settings_are_looked_for_in_the_same_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, label: str, result: str
) -> None:
    monkeypatch.setattr(ApartBy, "label", label)
    settings.DATABASE_ROUTERS = [f"{__name__}.ApartBy"]
    said = line("routing")
    assert said[0] == result
    assert f"{label}: elsewhere" in said[1]
    assert "DATABASE_ROUTERS" in said[2]


@pytest.fixture
def without(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Any, str, Any], None]]:
    """Takes an index or a constraint of a model away, until the test is over."""
    gone: list[tuple[Any, str, Any]] = []

    def take(model: Any, kind: str, index: Any) -> None:
        # SQLite makes a table anew from what its model says.
        with monkeypatch.context() as patch, database.schema_editor() as editor:
            patch.setattr(model._meta, "constraints", [])
            getattr(editor, f"remove_{kind}")(model, index)
        gone.append((model, kind, index))

    yield take
    for model, kind, index in gone:
        with database.schema_editor() as editor:
            getattr(editor, f"add_{kind}")(model, index)


def test_a_missing_index_is_named_with_the_statement_that_makes_it(
    sound: None, without: Callable[[Any, str, Any], None]
) -> None:
    assert line("indexes")[0] == "passed"
    index = next(index for index in ProvisioningEvent._meta.indexes if index.name == "scim_event_created_at")
    without(ProvisioningEvent, "index", index)
    result, found, mend = line("indexes")
    assert (result, found) == ("warning", "scim_event_created_at is missing.")
    statement = mend.removeprefix("Run this on the database: ")
    with database.cursor() as cursor:
        cursor.execute(statement)
    assert line("indexes")[0] == "passed"
    with database.schema_editor() as editor:
        editor.remove_index(ProvisioningEvent, index)


def test_a_missing_constraint_must_be_mended(sound: None, without: Callable[[Any, str, Any], None]) -> None:
    (constraint,) = ProvisionedUser._meta.constraints
    without(ProvisionedUser, "constraint", constraint)
    lines, code = examined()
    assert (lines["indexes"]["result"], lines["indexes"]["found"]) == (
        "failed",
        "scim_link_user_name_unique is missing.",
    )
    assert code == 2


@pytest.mark.skipif(database.vendor != "sqlite", reason="about SQLite")
@pytest.mark.usefixtures("sound")
def test_sqlite_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections["default"], "transaction_mode", None)
    result, _found, mend = line("sqlite")
    assert result == "warning"
    assert "IMMEDIATE" in mend


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [("TIME_ZONE", "America/Chicago", "as it is where nobody set it"), ("USE_TZ", False, "USE_TZ is off")],
)
@pytest.mark.usefixtures("sound")
def test_a_time_zone_that_nobody_chose(name: str, value: Any, found: str, settings: Settings) -> None:
    call_command("scim_notify", stdout=StringIO())
    setattr(settings, name, value)
    said = line("time_zone")
    assert said[0] == "warning"
    assert found in said[1]


# --- where nothing can be looked at


def doctor_on(url: str) -> tuple[list[dict[str, str]], int]:
    """The command in a process of its own, on that database."""
    done = subprocess.run(
        [sys.executable, "manage.py", "scim_doctor", "--json"],
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "example_project.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found, done.returncode


def test_without_a_database_it_says_that_and_ends(tmp_path: Path) -> None:
    lines, code = doctor_on(f"sqlite:///{tmp_path / 'no' / 'folder.sqlite3'}")
    assert [(found["key"], found["result"]) for found in lines] == [("database", "failed")]
    assert code == 2


def test_without_tables_it_says_what_to_run(tmp_path: Path) -> None:
    lines, code = doctor_on(f"sqlite:///{tmp_path / 'db.sqlite3'}")
    assert [(found["key"], found["result"]) for found in lines] == [
        ("database", "passed"),
        ("tables", "failed"),
    ]
    assert "manage.py migrate" in lines[1]["mend"]
    assert code == 2


def test_what_cannot_be_looked_at_is_a_line_too(monkeypatch: pytest.MonkeyPatch, sound: None) -> None:
    def fail() -> Iterator[Any]:
        raise RuntimeError("no route")
        yield

    monkeypatch.setitem(CHECKS, "mail", fail)  # type: ignore[arg-type]
    assert line("mail")[:2] == ("failed", "RuntimeError: no route")
