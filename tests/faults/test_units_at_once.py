"""Names of teams that several people bring at the same moment, and an administrator who decides on them meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from example_project.lms.models import Learner, Team
from scim_provisioning.administration import units
from scim_provisioning.models import Meaning, ReferenceKey, SCIMConnection
from tests.faults.crowds import Crowd, Request, answered, crowd, levels
from tests.people import ENTERPRISE, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

SIZE = 4
DEPARTMENT = f"{ENTERPRISE}:department"
SPELLINGS = ("Locks and Bolts", "LOCKS AND BOLTS", "locks  and bolts")


@pytest.fixture(params=levels())
def people(request: pytest.FixtureRequest, token: str) -> Iterator[Crowd]:
    with crowd(SIZE, isolation=request.param) as crowd_of_this_level:
        yield crowd_of_this_level


def post(token: str, name: str, team: str) -> Request:
    return Request(token, "POST", "/Users", person(name, **{ENTERPRISE: {"department": team}}))


def key(connection: SCIMConnection, name: str) -> tuple[units.Line, ReferenceKey]:
    line = next(line for line in units.choosable(connection) if line.path == DEPARTMENT)
    return line, ReferenceKey.objects.get(digest=line.rows.digest(name))


def review(connection: SCIMConnection) -> None:
    connection.policies = {"new_units": {DEPARTMENT: "review"}}
    connection.save()


def test_people_who_bring_one_unknown_name_wait_for_one_word(
    people: Crowd, token: str, connection: SCIMConnection
) -> None:
    review(connection)
    answers = people.at_once(*[post(token, f"p{k}.x", SPELLINGS[k % 3]) for k in range(SIZE)])
    answered(answers, s201=SIZE)
    line, name = key(connection, SPELLINGS[0])
    assert (name.meaning, Team.objects.count()) == (Meaning.WAITING, 0)
    units.create(line, name, actor=None)
    assert units.settle(line, actor=None) == SIZE
    assert Learner.objects.filter(team=Team.objects.get()).count() == SIZE


def test_a_merger_holds_for_those_who_come_into_the_old_team_meanwhile(
    people: Crowd, token: str, connection: SCIMConnection
) -> None:
    made = people.at_once(*[post(token, f"p{k}.x", "Bolts") for k in range(SIZE)])
    answered(made, s201=SIZE)
    answered(people.at_once(post(token, "ines.okafor", "Locks")), s201=1)
    line, name = key(connection, "Bolts")
    locks, failures = Team.objects.get(name="Locks"), list[Exception]()

    def merge() -> None:
        try:
            units.merge(line, name, locks, actor=None)
            units.settle(line, actor=None)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    administrator = threading.Thread(target=merge)
    administrator.start()
    back = [
        Request(
            token,
            "PATCH",
            f"/Users/{one.body['id']}",
            {"Operations": [{"op": "replace", "path": DEPARTMENT, "value": team}]},
        )
        for one, team in zip(made, ("BOLTS", "Keys", "bolts", "Bolts"), strict=True)
    ]
    answered(people.at_once(*back), s200=SIZE)
    administrator.join()
    assert failures == []
    # Whoever was written while the administrator decided is found by the next look.
    units.settle(line, actor=None)
    assert not Learner.objects.filter(team__name="Bolts").exists()
    answered(people.at_once(post(token, "late.x", "Bolts")), s201=1)
    assert Learner.objects.get(user__username="late.x@harborline.example").team == locks


def test_of_two_administrators_one_decides(people: Crowd, token: str, connection: SCIMConnection) -> None:
    review(connection)
    answered(people.at_once(post(token, "ines.okafor", "Locks")), s201=1)
    line, name = key(connection, "Locks")
    said: list[str] = []

    def decide(verdict: str) -> None:
        try:
            units.create(line, name, actor=None) if verdict == "create" else units.leave_out(
                line, name, actor=None
            )
            said.append(verdict)
        except ValidationError as refusal:
            said.append(refusal.message)
        finally:
            connections.close_all()

    both = [threading.Thread(target=decide, args=(verdict,)) for verdict in ("create", "leave_out")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sum("Somebody else has decided" in one for one in said) == 1, said
