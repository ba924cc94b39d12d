"""The exported log: every column of it, and what it costs however many rows there are."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scim_provisioning.administration import log_export
from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

EXPORT = reverse("admin:scim_provisioning_provisioningevent_export")


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def admin(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def exported(client: Client) -> tuple[list[str], int]:
    """The lines, and how many statements they took."""
    with CaptureQueriesContext(database) as captured:
        text = b"".join(client.get(EXPORT, {"lookups": "show"}).streaming_content).decode()
    return text.split("\r\n"), len(captured)


def test_every_column_is_written_as_people_read_it(
    admin: Client, root: User, connection: SCIMConnection
) -> None:
    connection.name = 'Harbor "line", Ltd'
    connection.save()
    common = {"connection": connection, "created_at": datetime(2026, 11, 3, 9, 14, 2, 999, tzinfo=UTC)}
    ProvisioningEvent.objects.create(
        **common,
        operation=Operation.PATCH,
        action=Action.REFUSED,
        outcome=Outcome.REFUSED,
        status=409,
        error_code="user.username_taken",
        detail="userName is\n already in use.",
        changes={"urn:x:User:title": [None, "=1"], 'emails[type eq "work"].value': ["a@x", "ä@x"]},
        ignored=["roles", "=x"],
        user_name="+49 ana",
        external_id="e7",
        scim_id="s7",
        token_prefix="r8fe0000",
        request_id="q7",
        method="PATCH",
        path="/scim/v2/Users/s7",
        address="192.0.2.7",
        client="Entra/1.0",
        duration_ms=0,
    )
    ProvisioningEvent.objects.create(
        **common, operation=Operation.ADMIN, action=Action.PAUSED, outcome=Outcome.APPLIED, actor=root
    )

    lines, _statements = exported(admin)

    assert lines[0].startswith("\ufeffTime (UTC),Connection,userName")
    assert lines[1] == ('2026-11-03 09:14:02,"Harbor ""line"", Ltd",,,,Paused,Applied,,,,,,,,root,,,,,,,{}')
    assert lines[2] == (
        '2026-11-03 09:14:02,"Harbor ""line"", Ltd",\'+49 ana,e7,s7,Refused,Refused,'
        '"title, emails[type eq ""work""].value","roles, =x",409,user.username_taken,'
        "The userName belongs to another learner.,"
        '"userName is\n already in use.",lmsscim_r8fe…,,q7,PATCH,/scim/v2/Users/s7,192.0.2.7,Entra/1.0,0,'
        '"{""urn:x:User:title"": [null, ""=1""], ""emails[type eq \\""work\\""].value"": [""a@x"", ""ä@x""]}"'
    )
    assert lines[3:] == [""]


def test_many_rows_take_no_more_statements_than_few(
    admin: Client, root: User, connection: SCIMConnection
) -> None:
    def rows(number: int) -> None:
        ProvisioningEvent.objects.bulk_create(
            ProvisioningEvent(
                connection=connection,
                operation=Operation.ADMIN,
                action=Action.PAUSED,
                outcome=Outcome.APPLIED,
                actor=root,
            )
            for _ in range(number)
        )

    rows(2)
    exported(admin)
    few, statements_of_few = exported(admin)
    rows(2500)
    many, statements_of_many = exported(admin)

    assert (len(few), len(many)) == (2 + 2, 2502 + 2)
    assert statements_of_many == statements_of_few


def _events(connection: SCIMConnection, number: int, **values: Any) -> None:
    common = {"operation": Operation.ADMIN, "action": Action.PAUSED, "outcome": Outcome.APPLIED} | values
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(connection=connection, request_id=f"q{n}", **common) for n in range(number)
    )


def test_a_page_exports_the_latest_and_says_what_writes_the_others(
    admin: Client, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log of 300,000 rows took most of a minute in one request."""
    monkeypatch.setattr(log_export, "AT_MOST", 3)
    _events(connection, 3)
    lines, _ = exported(admin)
    assert (len(lines), lines[1].split(",")[15]) == (1 + 3 + 1, "q2")
    _events(connection, 2)
    lines, _ = exported(admin)
    assert [line.split(",")[15] for line in lines[1:4]] == ["q1", "q0", "q2"]
    assert lines[4:] == [
        "These are the latest 3 operations. “manage.py scim_log” on the server writes all of them.",
        "",
    ]


def test_the_command_writes_all_of_it_between_two_days(
    admin: Client, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(log_export, "AT_MOST", 1)
    _events(connection, 2, created_at=datetime(2026, 11, 3, 9, tzinfo=UTC), changes={"title": ["a", "b"]})
    _events(connection, 1, created_at=datetime(2026, 11, 4, 9, tzinfo=UTC))
    _events(ConnectionFactory(name="Other"), 1, created_at=datetime(2026, 11, 3, 9, tzinfo=UTC))

    def written(*arguments: str) -> list[str]:
        out = StringIO()
        call_command("scim_log", *arguments, stdout=out)
        return out.getvalue().split("\r\n")[1:-1]

    assert len(written()) == 4
    own = written("--connection", connection.name, "--from", "2026-11-03", "--until", "2026-11-03")
    assert [line.split(",")[0] for line in own] == ["2026-11-03 09:00:00"] * 2
    assert "[" not in own[0]
    assert written("--values", "--until", "2026-11-03")[1].endswith('"{""title"": [""a"", ""b""]}"')
    file = tmp_path / "log.csv"
    call_command("scim_log", "--values", "--output", str(file))
    assert len(file.read_bytes().split(b"\r\n")) == 1 + 4 + 1
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("scim_log", "--output", str(tmp_path / "none" / "log.csv"))
    with pytest.raises(CommandError, match="no day"):
        written("--from", "yesterday")
