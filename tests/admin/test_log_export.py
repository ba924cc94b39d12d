"""The exported log: every column of it, and what it costs however many rows there are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scim_provisioning.models import Action, Operation, Outcome, ProvisioningEvent, SCIMConnection

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
