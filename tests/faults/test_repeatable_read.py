"""Hosts whose transactions go on reading what there was when they began: nothing that was changed while the lock was
waited for is undone. PostgreSQL refuses the lock then; MariaDB gives it, and shows the row as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.faults.crowds import Crowd, Request, answered, crowd
from tests.hosts.current import make_connection
from tests.people import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shared_database"),
    pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite has one level"),
]

ROUNDS = 5
CHANGES = {"title": "Fellow", "nickName": "Nan", "displayName": "Nan Bell"}


@pytest.fixture
def people(token: str) -> Iterator[Crowd]:
    with crowd(len(CHANGES), isolation="repeatable read") as crowd_of_this_level:
        yield crowd_of_this_level


def patch(token: str, scim_id: str, path: str, value: Any) -> Request:
    operation = {"op": "replace", "path": path, "value": value}
    return Request(token, "PATCH", f"/Users/{scim_id}", {"Operations": [operation]})


def make(people: Crowd, token: str, name: str) -> str:
    (made,) = people.at_once(Request(token, "POST", "/Users", person(name)))
    scim_id: str = made.body["id"]
    return scim_id


def test_changes_of_different_attributes_all_survive(people: Crowd, token: str) -> None:
    for n in range(ROUNDS):
        ines = make(people, token, f"ines.{n}")
        answered(people.at_once(*[patch(token, ines, *change) for change in CHANGES.items()]), s200=3)
        (left,) = people.at_once(Request(token, "GET", f"/Users/{ines}"))
        assert {name: left.body[name] for name in CHANGES} == CHANGES
        assert ProvisionedUser.objects.get(scim_id=ines).version == 1 + len(CHANGES)


def test_of_people_whom_two_connections_deactivate_none_stays_active(
    people: Crowd, token: str, connection: SCIMConnection
) -> None:
    other = make_connection("Other")
    second = TokenFactory(connection=other).plaintext
    for n in range(ROUNDS):
        mine = make(people, token, f"ines.{n}")
        account: User = ProvisionedUser.objects.get(scim_id=mine).user
        SharedAccount.objects.bulk_create(
            SharedAccount(connection=each, user=account) for each in (connection, other)
        )
        theirs = make(people, second, f"ines.{n}")
        answered(
            people.at_once(patch(token, mine, "active", False), patch(second, theirs, "active", False)),
            s200=2,
        )
        account.refresh_from_db()
        assert not account.is_active
