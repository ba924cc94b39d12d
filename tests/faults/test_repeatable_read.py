"""Hosts whose transactions go on reading what there was when they began: nothing that was changed while the lock was
waited for is undone. PostgreSQL refuses the lock then; MariaDB gives it, and shows the row as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import Candidate
from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.faults.crowds import Crowd, Request, answered, crowd, isolated
from tests.faults.forks import Fork, Gate, forks, somebody_waits_for_a_lock, until
from tests.hosts.current import let_share, make_connection
from tests.people import enterprise, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("shared_database"),
    pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite has one level"),
]

Start = Callable[[Callable[[], Any]], Fork]

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


def test_a_row_that_hooks_make_where_there_is_none_is_made_once(
    token: str, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def welcome(self: LearnerAdapter, learner: Learner, **news: Any) -> None:
        learner.team, _made = Team.objects.get_or_create(organization=organization, name=learner.job_role)
        learner.save(update_fields=["team"])

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", welcome)
    with crowd(4, isolation="repeatable read") as newcomers:
        for n in range(ROUNDS):
            names = [f"ines.{n}{letter}" for letter in "abcd"]
            bodies = [person(name, title=f"Class {n}", **enterprise()) for name in names]
            answered(newcomers.at_once(*[Request(token, "POST", "/Users", body) for body in bodies]), s201=4)
            assert Learner.objects.filter(team__name=f"Class {n}").count() == 4


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


# --- who comes in while somebody waits for the lock that tells of them


@pytest.fixture
def start() -> Iterator[Start]:
    with forks() as starts:

        def at_this_level(work: Callable[[], Any]) -> Fork:
            with isolated("repeatable read"):
                return starts(work)

        yield at_this_level


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Whoever is added waits there, all but committed."""
    found = Gate()
    monkeypatch.setattr(LearnerAdapter, "on_provisioned", lambda self, learner, *, event: found.wait_here())
    return found


def meet(start: Start, gate: Gate, first: Callable[[], int], second: Callable[[], int]) -> list[int]:
    """The second begins before the first has committed, and waits for it."""
    quicker = start(first)
    gate.until_reached()
    slower = start(second)
    until(somebody_waits_for_a_lock)
    gate.open()
    return [quicker.result(), slower.result()]


def posted(token: str) -> Callable[[], int]:
    return lambda: ScimClient(token).post("/Users", person()).status_code


def test_of_two_connections_that_adopt_one_account_one_owns_it(
    scim: ScimClient,
    token: str,
    organization: Any,
    monkeypatch: pytest.MonkeyPatch,
    start: Start,
    request: pytest.FixtureRequest,
) -> None:
    """Nothing of the account or its rows changes by it: they are as they are sent."""
    second = TokenFactory(connection=make_connection("Other", organization)).plaintext
    scim.post("/Users", person())
    ProvisionedUser.objects.all().delete()
    account = User.objects.get(username=person()["userName"])
    known = [Candidate(account, strong=True)]
    monkeypatch.setattr(LearnerAdapter, "find_learner", lambda self, scim_user: known)
    gate = request.getfixturevalue("gate")
    assert meet(start, gate, posted(token), posted(second)) == [201, 409]
    assert ProvisionedUser.objects.filter(owns_profile=True).count() == ProvisionedUser.objects.count() == 1


@pytest.fixture
def theirs(scim: ScimClient, organization: Any) -> Callable[[], int]:
    """Ines is managed already; another connection of her customer may share her account, and comes to do so."""
    second = TokenFactory(connection=make_connection("Other", organization)).plaintext
    scim.post("/Users", person())
    let_share(person()["userName"])
    return posted(second)


def test_who_is_shared_meanwhile_is_not_switched_off(
    scim: ScimClient, theirs: Callable[[], int], start: Start, request: pytest.FixtureRequest
) -> None:
    gate = request.getfixturevalue("gate")
    mine = ProvisionedUser.objects.get()
    off = [{"op": "replace", "path": "active", "value": False}]
    switch = lambda: scim.patch(f"/Users/{mine.scim_id}", off).status_code  # noqa: E731
    assert meet(start, gate, theirs, switch) == [201, 200]
    mine.refresh_from_db()
    assert (mine.active, mine.user.is_active) == (False, True)


def test_who_shares_an_account_meanwhile_owns_it_when_its_owner_leaves(
    scim: ScimClient, theirs: Callable[[], int], start: Start, request: pytest.FixtureRequest
) -> None:
    gate = request.getfixturevalue("gate")
    mine = ProvisionedUser.objects.get()
    # Nothing of the account changes when its owner leaves.
    scim.patch(f"/Users/{mine.scim_id}", [{"op": "replace", "path": "active", "value": False}])
    leave = lambda: scim.delete(f"/Users/{mine.scim_id}").status_code  # noqa: E731
    assert meet(start, gate, theirs, leave) == [201, 204]
    assert ProvisionedUser.objects.living().get().owns_profile


def test_nobody_is_added_to_a_connection_that_ends_after_the_transaction_began(
    connection: SCIMConnection, scim: ScimClient, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()

    def find_learner(self: Any, scim_user: Any) -> list[Any]:
        gate.wait_here()
        return []

    monkeypatch.setattr(LearnerAdapter, "find_learner", find_learner)
    late = start(lambda: scim.post("/Users", person()).status_code)
    gate.until_reached()
    assert connections.disconnect(connection, actor=None, learners="suspend").is_done
    gate.open()
    assert late.result() == 401
    assert not ProvisionedUser.objects.exists()
