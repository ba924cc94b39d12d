"""One membership, two connections of its customer, the same moment: each has to know what the other has done.

Each request is a process's. On SQLite they queue at BEGIN; on PostgreSQL and MariaDB they meet.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.http import HttpResponse

from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.hosts.current import let_share, make_connection
from tests.hosts.membership.models import Membership
from tests.leavers import OFF, ON
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

ROUNDS = 4


class Both:
    """Two connections of one customer; everybody is sent by both, and has one membership."""

    def __init__(self, customer: Any) -> None:
        self.connections = [make_connection(name, customer) for name in ("Entra", "Beside")]
        self.clients = [ScimClient(TokenFactory(connection=one).plaintext) for one in self.connections]

    def send(self, name: str) -> list[str]:
        """The SCIM ids of somebody new."""
        answers = [self.clients[0].post("/Users", person(name))]
        let_share(person(name)["userName"], "Beside")
        answers.append(self.clients[1].post("/Users", person(name)))
        assert [answer.status_code for answer in answers] == [201, 201]
        return [answer.json()["id"] for answer in answers]

    def patch(self, index: int, scim_id: str, operations: Any) -> Callable[[], HttpResponse]:
        return partial(self.clients[index].patch, f"/Users/{scim_id}", operations)

    def delete(self, index: int, scim_id: str) -> Callable[[], HttpResponse]:
        return partial(self.clients[index].delete, f"/Users/{scim_id}")


@pytest.fixture
def both(organization: Any) -> Both:
    return Both(organization)


def is_on(name: str) -> bool:
    """Whether the one membership of somebody is on."""
    return bool(Membership.objects.get(user__username=person(name)["userName"]).is_active)


def statuses(*calls: Callable[[], Any]) -> list[int]:
    return [answer.status_code for answer in at_once(*calls)]


def test_a_membership_that_both_switch_off_at_the_same_moment_is_off(both: Both) -> None:
    for n in range(ROUNDS):
        name = f"p{n}.x"
        first, second = both.send(name)
        assert statuses(both.patch(0, first, OFF), both.patch(1, second, OFF)) == [200, 200]
        assert not is_on(name)


def test_a_membership_that_one_switches_off_and_the_other_deletes_is_off(both: Both) -> None:
    for n in range(ROUNDS):
        name = f"p{n}.x"
        first, second = both.send(name)
        assert statuses(both.patch(0, first, OFF), both.delete(1, second)) == [200, 204]
        assert not is_on(name)


def test_a_membership_that_one_of_them_wants_ends_on_whoever_comes_last(both: Both) -> None:
    first, second = both.send("p.x")
    for n in range(ROUNDS):
        one, two = (OFF, ON) if n % 2 else (ON, OFF)
        assert statuses(both.patch(0, first, one), both.patch(1, second, two)) == [200, 200]
        assert is_on("p.x")
        assert statuses(both.patch(0, first, OFF), both.patch(1, second, OFF)) == [200, 200]
        assert not is_on("p.x")


def test_a_membership_is_off_once_one_is_switched_off_and_the_other_connection_suspends(both: Both) -> None:
    """A disconnection takes people batch by batch; here it meets the other connection's word."""
    first, _second = both.send("p.x")

    def disconnect() -> None:
        connections.disconnect(SCIMConnection.objects.get(name="Beside"), actor=None, learners="suspend")

    answer, _done = at_once(both.patch(0, first, OFF), disconnect)
    assert answer.status_code == 200
    assert not is_on("p.x")


def test_of_somebody_whom_both_send_at_the_same_moment_there_is_one_owner_and_one_membership(
    both: Both,
) -> None:
    for n in range(ROUNDS):
        name = f"p{n}.x"
        calls = [partial(client.post, "/Users", person(name)) for client in both.clients]
        assert sorted(statuses(*calls)) == [201, 409]
        links = ProvisionedUser.objects.filter(user__username=person(name)["userName"])
        assert [link.owns_profile for link in links] == [True]
        assert is_on(name)
