"""Texts that others have chosen give no orders to the terminal of whoever runs a command, nor to a file of its."""

from __future__ import annotations

import csv
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.test import Client
from django.urls import reverse

from scim_provisioning.management.commands import scim_adopt
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

#: A title of the window, a bell, a screen that is wiped in two ways, a line turned around, one written over.
ACTING = "\x1b]0;pwned\x07\x1b[2J\x9b2J\u202e\u2066\u2028\x7f\x85"
ORDERS = {*"\x1b\x07\x9b\u202e\u2066\u2028\x7f\x85"}
SHOWN = "\\u001b]0;pwned\\u0007\\u001b[2J\\u009b2J\\u202e\\u2066\\u2028\\u007f\\u0085"


def said(*arguments: str) -> str:
    out = StringIO()
    with suppress(CommandError):
        call_command(*arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def export(tmp_path: Path) -> str:
    file = tmp_path / "entra.csv"
    lines = [
        "userPrincipalName,mail",
        f"x{ACTING}@y.example,m@y.example",
        '"x\nCertain  5000@y.example",n@y.example',
    ]
    file.write_bytes("\n".join([*lines, ""]).encode())
    return str(file)


@pytest.mark.parametrize("command", ["scim_adopt", "scim_reconcile"])
def test_an_export_gives_no_orders_by_what_a_command_says_of_it_nor_by_its_report(
    connection: SCIMConnection, tmp_path: Path, export: str, command: str
) -> None:
    report = tmp_path / "report.csv"
    told = said(command, "--connection", connection.name, "--from", export, "--report", str(report))
    for text in (told, report.read_text(encoding="utf-8-sig")):
        assert not ORDERS & {*text}
        assert SHOWN in text
    # A name makes no line of its own either.
    assert not any(line.startswith("Certain  5000") for line in told.splitlines())


def test_a_refusal_of_a_command_gives_no_orders(
    connection: SCIMConnection, capsys: pytest.CaptureFixture[str], export: str
) -> None:
    with pytest.raises(SystemExit):
        scim_adopt.Command().run_from_argv(["manage.py", "scim_adopt", "--connection", f"x{ACTING}"])
    shown = capsys.readouterr()
    assert SHOWN in shown.err
    assert not ORDERS & {*shown.out, *shown.err}


@pytest.fixture
def log(scim: ScimClient) -> None:
    """Operations that hold such a text wherever one may stand."""
    name = {"givenName": ACTING, "familyName": ACTING}
    more: list[dict[str, Any]] = [
        {"title": ACTING},
        {"externalId": ACTING},
        {f"evil{ACTING}": 1},
        {"name": name},
        {ENTERPRISE: {"department": ACTING, "manager": {"value": ACTING}}},
        {"active": ACTING},
        {"userName": ACTING},
        {"emails": [{"value": f"x{ACTING}@y.example", "type": "work"}]},
    ]
    for n, each in enumerate(more):
        scim.post("/Users", {**person(f"p{n}"), **each})
    ines = scim.post("/Users", person()).json()["id"]
    for operation in (
        {"op": ACTING, "path": "title", "value": 1},
        {"op": "add", "path": f"x{ACTING}", "value": 1},
        {"op": "replace", "path": f'emails[type eq "{ACTING}"].value', "value": "a@b.example"},
    ):
        scim.patch(f"/Users/{ines}", [operation])


@pytest.mark.parametrize("values", [[], ["--values"]], ids=["masked", "values"])
@pytest.mark.usefixtures("log")
def test_the_log_gives_no_orders_to_a_terminal_nor_in_a_file(
    connection: SCIMConnection, tmp_path: Path, admin_client: Client, values: list[str]
) -> None:
    file = tmp_path / "log.csv"
    call_command("scim_log", *values, "--output", str(file))
    on_terminal = said("scim_log", *values)
    written = file.read_bytes().decode()
    page: Any = admin_client.get(reverse("admin:scim_provisioning_provisioningevent_export"))
    downloaded = b"".join(page.streaming_content).decode()
    for text in (on_terminal, written, downloaded):
        assert not ORDERS & {*text}
        assert ("\\u202e" in text) or not values
    # It is a file for spreadsheets still: its mark, its rows.
    assert on_terminal == written
    assert written.startswith("\ufeff")
    rows = list(csv.DictReader(StringIO(written.removeprefix("\ufeff"), newline="")))
    assert len(rows) >= 12
    assert all(None not in row for row in rows)


def test_what_a_command_says_in_colour_stays_coloured_and_gives_no_other_orders() -> None:
    out = StringIO()
    command: BaseCommand = scim_adopt.Command(stdout=out, force_color=True)  # type: ignore[arg-type]
    command.stdout.write(f"a{ACTING}", command.style.ERROR)
    text = out.getvalue()
    assert text.startswith("\x1b[31;1ma\\u001b]0;")
    assert text.rstrip("\n").endswith("\x1b[0m")
    assert not (ORDERS - {"\x1b"}) & {*text}
    assert text.count("\x1b") == 2
