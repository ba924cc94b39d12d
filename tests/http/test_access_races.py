"""Two connections that share an account, at the same moment: whoever comes last must know what the other has done.

Each request is a process's. On SQLite they queue at BEGIN; on PostgreSQL and MariaDB they meet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.hosts.current import make_connection
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

PEOPLE = 12
OFF = [{"op": "Replace", "path": "active", "value": False}]
ON = [{"op": "Replace", "path": "active", "value": True}]


class Both:
    """Two connections; everybody is shared by them."""

    def __init__(self, first: SCIMConnection, second: SCIMConnection) -> None:
        self.connections = (first, second)
        self.tokens = [TokenFactory(connection=connection).plaintext for connection in self.connections]
        self.a, self.b = (ScimClient(token) for token in self.tokens)

    def share(self, name: str) -> tuple[str, str]:
        """A person of both connections; their SCIM ids."""
        first = self.a.post("/Users", person(name)).json()["id"]
        account = ProvisionedUser.objects.get(scim_id=first).user
        for connection in self.connections:
            SharedAccount.objects.create(connection=connection, user=account)
        answer = self.b.post("/Users", person(name))
        assert answer.status_code == 201, answer.content
        return first, answer.json()["id"]


@pytest.fixture
def both(connection: SCIMConnection) -> Both:
    return Both(connection, make_connection("Other"))


def answered(answers: list[Any], *expected: int) -> None:
    assert [answer.status_code for answer in answers] == list(expected), [a.content for a in answers]


def patched(client: ScimClient, scim_id: str, operations: list[Any]) -> Callable[[], Any]:
    return lambda: client.patch(f"/Users/{scim_id}", operations)


def test_of_people_whom_two_connections_deactivate_at_the_same_moment_none_stays_active(both: Both) -> None:
    for n in range(PEOPLE):
        first, second = both.share(f"p{n}.x")
        answered(at_once(patched(both.a, first, OFF), patched(both.b, second, OFF)), 200, 200)
        assert not User.objects.get(username=f"p{n}.x@harborline.example").is_active, n


def test_of_people_whom_one_deactivates_and_the_other_deletes_none_stays_active(both: Both) -> None:
    for n in range(PEOPLE):
        first, second = both.share(f"p{n}.x")
        answered(
            at_once(patched(both.a, first, OFF), lambda second=second: both.b.delete(f"/Users/{second}")),  # type: ignore[misc]
            200,
            204,
        )
        assert not User.objects.get(username=f"p{n}.x@harborline.example").is_active, n


def test_whoever_is_brought_back_while_the_other_deactivates_is_active(both: Both) -> None:
    for n in range(PEOPLE):
        name = f"p{n}.x"
        first, second = both.share(name)
        both.b.delete(f"/Users/{second}")
        answered(
            at_once(patched(both.a, first, OFF), lambda name=name: both.b.post("/Users", person(name))),  # type: ignore[misc]
            200,
            201,
        )
        assert User.objects.get(username=f"{name}@harborline.example").is_active, n


def test_a_second_link_that_comes_while_the_first_deactivates_is_active(both: Both) -> None:
    for n in range(PEOPLE):
        name = f"p{n}.x"
        first = both.a.post("/Users", person(name)).json()["id"]
        account = ProvisionedUser.objects.get(scim_id=first).user
        SharedAccount.objects.create(connection=both.connections[1], user=account)
        answered(
            at_once(patched(both.a, first, OFF), lambda name=name: both.b.post("/Users", person(name))),  # type: ignore[misc]
            200,
            201,
        )
        assert User.objects.get(username=f"{name}@harborline.example").is_active, n


def test_an_account_that_two_connections_adopt_at_the_same_moment_has_one_owner(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    monkeypatch.setattr(
        LearnerAdapter, "tenant_users", classmethod(lambda cls, connection: User.objects.all())
    )
    for n in range(PEOPLE):
        name = f"p{n}.x"
        User.objects.create_user(f"{name}@harborline.example")
        answers = at_once(
            *[
                lambda client=client, name=name: client.post("/Users", person(name))
                for client in (both.a, both.b)
            ]  # type: ignore[misc]
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409], [a.content for a in answers]
        links = ProvisionedUser.objects.filter(user__username=f"{name}@harborline.example")
        assert [link.owns_profile for link in links] == [True]


def test_on_and_off_from_both_sides_end_in_what_the_two_links_say(both: Both) -> None:
    first, second = both.share("p.x")
    for n in range(PEOPLE):
        one, two = (OFF, ON) if n % 2 else (ON, OFF)
        answered(at_once(patched(both.a, first, one), patched(both.b, second, two)), 200, 200)
        assert User.objects.get(username="p.x@harborline.example").is_active
        answered(at_once(patched(both.a, first, OFF), patched(both.b, second, OFF)), 200, 200)
        assert not User.objects.get(username="p.x@harborline.example").is_active
