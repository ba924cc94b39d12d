"""A team that several people need at the same moment and nobody has made yet: one row comes of it, however it is
spelled, and whatever the host's table allows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections, models
from django.db.models.signals import pre_save

from example_project.lms.models import Company, Learner, Organization, SSOSettings, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import Refuse
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.faults.crowds import Answer, Crowd, Request, answered, crowd, levels, undisturbed
from tests.hosts.current import host
from tests.people import ENTERPRISE, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

ROUNDS, SIZE = 3, 6
SPELLINGS = ("Locks and Bolts", "LOCKS AND BOLTS", "locks  and bolts")


@pytest.fixture(params=levels())
def level(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def people(level: str, token: str) -> Iterator[Crowd]:
    with crowd(SIZE, isolation=level) as crowd_of_this_level:
        yield crowd_of_this_level


def post(token: str, n: int, k: int, **enterprise: str) -> Request:
    """One of the people of a round."""
    return Request(token, "POST", "/Users", person(f"p{n}{k}.x", **{ENTERPRISE: enterprise}))


def spelled(k: int, n: int) -> str:
    """A name of the round ``n``, as the person ``k`` has it."""
    return f"{SPELLINGS[k % len(SPELLINGS)]} {n}"


def all_served(answers: list[Answer], level: str, **expected: int) -> None:
    """Assert that they were; where nobody reads what was there before, without a deadlock."""
    answered(answers, **expected)
    if not level:
        undisturbed(answers)


def test_people_who_need_one_new_team_share_it_however_it_is_spelled(
    people: Crowd, level: str, token: str
) -> None:
    for n in range(ROUNDS):
        answers = people.at_once(*[post(token, n, k, department=spelled(k, n)) for k in range(SIZE)])
        all_served(answers, level, s201=SIZE)
        assert [answer.body[ENTERPRISE]["department"] for answer in answers] == [
            spelled(k, n) for k in range(SIZE)
        ]
        assert (Team.objects.count(), Learner.objects.filter(team=None).count()) == (n + 1, 0)


def test_people_who_are_moved_to_one_new_team_share_it(people: Crowd, level: str, token: str) -> None:
    made = people.at_once(*[post(token, 0, k) for k in range(SIZE)])
    for n in range(ROUNDS):
        moves = [
            {"op": "replace", "path": f"{ENTERPRISE}:department", "value": spelled(k, n)} for k in range(SIZE)
        ]
        answers = people.at_once(
            *[
                Request(token, "PATCH", f"/Users/{answer.body['id']}", {"Operations": [move]})
                for answer, move in zip(made, moves, strict=True)
            ]
        )
        all_served(answers, level, s200=SIZE)
        assert Team.objects.count() == n + 1


def test_several_new_rows_of_one_person_are_made_in_one_order(people: Crowd, level: str, token: str) -> None:
    for n in range(ROUNDS):
        names = [
            dict.fromkeys(["organization", "division", "department"], spelled(k, n)) for k in range(SIZE)
        ]
        answers = people.at_once(*[post(token, n, k, **names[k]) for k in range(SIZE)])
        all_served(answers, level, s201=SIZE)
        assert (Team.objects.count(), Company.objects.count()) == (n + 1, n + 1)


@pytest.fixture
def unconstrained(shared_database: None) -> Iterator[None]:
    """An LMS that lets two teams have one name."""
    constraint = next(c for c in Team._meta.constraints if isinstance(c, models.UniqueConstraint))
    with database.schema_editor() as editor:
        editor.remove_constraint(Team, constraint)
    yield
    Team.objects.all().delete()
    with database.schema_editor() as editor:
        editor.add_constraint(Team, constraint)


def test_the_host_need_not_have_a_constraint(unconstrained: None, level: str, token: str) -> None:
    with crowd(SIZE, isolation=level) as people:
        for n in range(ROUNDS):
            answers = people.at_once(*[post(token, n, k, department=f"Locks {n}") for k in range(SIZE)])
            all_served(answers, level, s201=SIZE)
            assert Team.objects.count() == n + 1


def test_two_connections_of_one_customer_share_the_new_team(
    people: Crowd, level: str, token: str, sso: SSOSettings
) -> None:
    second: Any = host().make_sso(sso.organization)
    connection: SCIMConnection = ConnectionFactory(name="Second", sso_key=str(second.pk))
    tokens = (token, TokenFactory(connection=connection).plaintext)
    for n in range(ROUNDS):
        posts = [
            Request(
                tokens[k % 2],
                "POST",
                "/Users",
                person(f"p{n}{k}.x", **{ENTERPRISE: {"department": spelled(k, n)}}),
            )
            for k in range(SIZE)
        ]
        all_served(people.at_once(*posts), level, s201=SIZE)
        assert Team.objects.count() == n + 1


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An LMS that refuses every second person, when all is written."""

    def on_provisioned(self: Any, learner: Learner, *, event: Any) -> None:
        if int(learner.user.username.partition(".")[0][-1]) % 2:
            raise Refuse("Not this one.", status=400)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", on_provisioned)


@pytest.mark.usefixtures("refusing")
def test_a_team_whose_maker_was_refused_is_made_by_the_next(level: str, token: str) -> None:
    with crowd(SIZE, isolation=level) as people:
        for n in range(ROUNDS):
            answers = people.at_once(*[post(token, n, k, department=spelled(k, n)) for k in range(SIZE)])
            answered(answers, s201=SIZE // 2, s400=SIZE // 2)
            assert Team.objects.count() == n + 1
            assert Learner.objects.filter(team__isnull=False).count() == (n + 1) * SIZE // 2


@pytest.mark.skipif(database.vendor == "sqlite", reason="on SQLite one transaction writes at a time")
def test_a_team_that_a_page_of_the_lms_makes_in_the_meantime_is_the_one(
    scim: ScimClient, organization: Organization
) -> None:
    """The LMS takes no lock of ours: its constraint speaks up, and its row is found."""
    made = []

    def make() -> None:
        made.append(Team(organization=organization, name="Locks"))
        made[0].save()
        connections.close_all()

    def meanwhile(sender: Any, **kwargs: Any) -> None:
        if not made:
            page = threading.Thread(target=make)
            page.start()
            page.join()

    pre_save.connect(meanwhile, sender=Team)
    try:
        answer = scim.post("/Users", person("ines.okafor", **{ENTERPRISE: {"department": "Locks"}}))
    finally:
        pre_save.disconnect(meanwhile, sender=Team)
    assert answer.status_code == 201, answer.content
    assert [learner.team for learner in Learner.objects.select_related("team")] == made
    assert Team.objects.count() == 1
