"""Rows that several people need at the same moment, and whose model has no constraint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection as database
from django.db import connections, transaction

from example_project.lms.models import Organization, Team
from scim_provisioning.administration import units
from scim_provisioning.models import NewUnits, ReferenceKey, SCIMConnection
from scim_provisioning.models.reference_key import key_of
from scim_provisioning.protocol.constants import PATCH_OP
from scim_provisioning.provisioning import late_wishes
from scim_provisioning.provisioning import units as provisioning
from tests.client import ScimClient
from tests.databases import shared_by_threads
from tests.faults.crowds import Request, answered, counting, crowd, undisturbed
from tests.hosts.every_kind.models import Dossier, Topic
from tests.hosts.every_kind.scim import OWN
from tests.people import CORE, ENTERPRISE

pytestmark = pytest.mark.django_db(transaction=True)

SIZE, ROUNDS = 6, 3


def test_lists_in_opposite_orders_make_each_row_once_and_nobody_waits_for_each_other(
    transactional_db: None, token: str, tmp_path: Path
) -> None:
    with shared_by_threads(tmp_path), crowd(SIZE) as people:
        for n in range(ROUNDS):
            topics = [f"Ropes {n}", f"Sails {n}", f"Tides {n}"]
            bodies = [
                {
                    "schemas": [CORE, OWN],
                    "userName": f"p{n}{k}@x.example",
                    "title": "Safety",
                    OWN: {"topics": topics[:: 1 if k % 2 else -1]},
                }
                for k in range(SIZE)
            ]
            answers = people.at_once(*[Request(token, "POST", "/Users", body) for body in bodies])
            answered(answers, s201=SIZE)
            undisturbed(answers)
            # And the one that all have as their title.
            assert Topic.objects.count() == 1 + len(topics) * (n + 1)
        assert {dossier.topics.count() for dossier in Dossier.objects.all()} == {len(topics)}


def test_whoever_is_wanted_again_stays_on_although_an_earlier_wish_is_carried_out_at_that_moment(
    transactional_db: None, scim: ScimClient, token: str, tmp_path: Path
) -> None:
    def said(**operation: object) -> dict[str, object]:
        return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", **operation}]}

    made = scim.post("/Users", {"schemas": [CORE], "userName": "ines@x.example", "title": "Safety"}).json()
    path = f"/Users/{made['id']}"
    with shared_by_threads(tmp_path), crowd(SIZE) as people:
        for n in range(ROUNDS):
            Dossier.objects.update(status="invited")
            scim.patch(path, said(path="active", value=False))
            Dossier.objects.update(status="active")
            titles = [said(path="displayName", value=f"Ines {n} {k}") for k in range(SIZE - 1)]
            bodies = [said(path="active", value=True), *titles]
            answers = people.at_once(*[Request(token, "PATCH", path, body) for body in bodies])
            answered(answers, s200=SIZE)
            undisturbed(answers)
            assert late_wishes.carry_out(SCIMConnection.objects.get()) == 0
            assert Dossier.objects.get().status == "active"


def patch(token: str, scim_id: str, **values: object) -> Request:
    """What replaces a title, topics and clubs."""
    paths = {"title": "title", "topics": f"{OWN}:topics", "clubs": f"{ENTERPRISE}:department"}
    operations = [{"op": "replace", "path": paths[name], "value": value} for name, value in values.items()]
    return Request(token, "PATCH", f"/Users/{scim_id}", {"Operations": operations})


def made(token: str, **more: object) -> list[str]:
    """The SCIM ids of people."""
    bodies = [
        {"schemas": [CORE], "userName": f"p{k}@x.example", "title": "Safety", **more} for k in range(SIZE)
    ]
    return [ScimClient(token).post("/Users", body).json()["id"] for body in bodies]


def told_at_once(token: str, told: Callable[[int, int], dict[str, object]]) -> None:
    """Assert that people who are told this at the same moment, by round and number, do not wait for each other."""
    people = made(token)
    with crowd(SIZE) as processes:
        for n in range(ROUNDS):
            requests = [patch(token, one, **told(n, k)) for k, one in enumerate(people)]
            answers = processes.at_once(*requests)
            answered(answers, s200=SIZE)
            undisturbed(answers)


def new_to_all(n: int, k: int) -> dict[str, object]:
    """Names in two lines of the mapping, crosswise."""
    names = [f"Ropes {n} {j}" for j in range(10)][:: 1 if k % 2 else -1]
    return {"title": names[0], "topics": names[1:]}


def test_new_names_of_two_lines_that_share_a_model_are_locked_in_one_order(
    shared_database: None, token: str
) -> None:
    told_at_once(token, new_to_all)
    assert Topic.objects.count() == 1 + 10 * ROUNDS


def test_names_that_the_lms_has_and_nobody_has_sent_yet_are_noted_in_one_order(
    shared_database: None, token: str, organization: Organization
) -> None:
    Topic.objects.bulk_create(
        Topic(name=name, organization=organization)
        for n in range(ROUNDS)
        for name in (f"Ropes {n} {j}" for j in range(10))
    )
    told_at_once(token, new_to_all)
    assert Topic.objects.count() == 1 + 10 * ROUNDS


def test_new_names_of_several_models_are_locked_in_one_order(shared_database: None, token: str) -> None:
    """Whoever has one line more crosses those who have names in one."""

    def told(n: int, k: int) -> dict[str, object]:
        names = [f"Ropes {n} {j}" for j in range(10)]
        clubs = {"clubs": f"Knots {n}"}
        return (
            {"topics": names, **clubs},
            {"title": names[0], **clubs},
            {"title": names[9], "topics": names[:9]},
        )[k % 3]

    told_at_once(token, told)
    assert (Topic.objects.count(), Team.objects.count()) == (1 + 10 * ROUNDS, ROUNDS)


def choose(connection: SCIMConnection, verdict: NewUnits) -> None:
    units.choose(connection, {f"{OWN}:topics": verdict}, actor=None)


def test_names_that_many_people_wait_for_are_locked_in_the_order_of_who_brings_them_all(
    shared_database: None, connection: SCIMConnection, token: str
) -> None:
    """``scim_units`` writes many people in one transaction, each with a name of their own."""
    people = made(token)
    with crowd(SIZE) as processes:
        for n in range(ROUNDS):
            choose(connection, NewUnits.REVIEW)
            names = [f"Ropes {n} {k}" for k in range(SIZE)]
            for one, name in zip(people, reversed(names), strict=True):
                request = patch(token, one, topics=[name])
                assert ScimClient(token).patch(request.path, request.body["Operations"]).status_code == 200
            choose(connection, NewUnits.CREATE)
            newcomers = [
                {"schemas": [CORE, OWN], "userName": f"q{n}{k}@x.example", "title": "Safety"}
                | {OWN: {"topics": names}}
                for k in range(SIZE)
            ]
            with counting() as restarts, settling(connection):
                answers = processes.at_once(*[Request(token, "POST", "/Users", body) for body in newcomers])
            answered(answers, s201=SIZE)
            undisturbed(answers)
            assert restarts == []
    assert Topic.objects.count() == 1 + SIZE * ROUNDS


@contextmanager
def settling(connection: SCIMConnection) -> Iterator[None]:
    """Meanwhile people are given the units that they wait for."""

    def work() -> None:
        try:
            provisioning.settle(connection)
        finally:
            connections.close_all()

    at_work = threading.Thread(target=work)
    at_work.start()
    yield
    at_work.join()


@pytest.mark.skipif(database.vendor == "sqlite", reason="on SQLite one transaction writes at a time")
@pytest.mark.parametrize("verdict", ["merge", "rename"])
def test_an_administrator_locks_the_names_of_a_unit_in_the_order_of_everybody(
    shared_database: None, connection: SCIMConnection, token: str, verdict: str
) -> None:
    """A unit has two names once the LMS, or the identity provider, calls it otherwise."""
    line = next(line for line in units.choosable(connection) if line.path == f"{OWN}:topics")
    first, last = sorted(["Ropes", "Sails"], key=line.rows.digest)
    choose(connection, NewUnits.REVIEW)
    scim = ScimClient(token)
    one, other = made(token)[:2]
    Topic.objects.create(name="Tides", organization=Topic.objects.get().organization)
    if verdict == "merge":
        choose(connection, NewUnits.CREATE)
    request = patch(token, one, topics=[last])
    assert scim.patch(request.path, request.body["Operations"]).status_code == 200
    key = ReferenceKey.objects.get(digest=line.rows.digest(last))
    if verdict == "merge":
        unit = Topic.objects.get(name="Tides")
        Topic.objects.filter(name=last).update(name=first)
    else:
        unit = Topic.objects.create(name=first, organization=Topic.objects.get(name="Tides").organization)
    decide = threading.Thread(target=lambda: decided(getattr(units, verdict), line, key, unit))
    with transaction.atomic():
        ReferenceKey.locked(line.rows.digest(first))
        decide.start()
        decide.join(1)
        assert decide.is_alive()
        # Whoever has the first name gets the last one.
        assert ReferenceKey.objects.select_for_update(nowait=True).get(pk=key.pk).meaning == key.meaning
    decide.join()
    assert ReferenceKey.objects.get(pk=key.pk).target == key_of(unit)


def decided(verdict: Callable[..., object], line: units.Line, key: ReferenceKey, unit: Topic) -> None:
    try:
        verdict(line, key, unit, actor=None)
    finally:
        connections.close_all()
