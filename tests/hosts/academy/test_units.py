"""Teams that are reached by a many-to-many relation: merged, renamed, waiting for an administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from scim_provisioning.adapters.kinds import odd_names
from scim_provisioning.administration import units
from scim_provisioning.models import ReferenceKey, SCIMConnection
from tests.client import ScimClient
from tests.hosts.academy.models import Team
from tests.hosts.academy.scim import ACADEMY, ENTERPRISE
from tests.hosts.academy.test_facts import DEPARTMENT, TEAMS, employee, found, learner, teams
from tests.vendors.asking import create, patch, read

pytestmark = pytest.mark.django_db


def key(connection: SCIMConnection, name: str) -> tuple[units.Line, ReferenceKey]:
    line = next(line for line in units.choosable(connection) if line.path == TEAMS)
    return line, ReferenceKey.objects.get(digest=line.rows.digest(name))


def merge(connection: SCIMConnection, old: str, new: str) -> int:
    line, name = key(connection, old)
    units.merge(line, name, Team.objects.get(name=new), actor=None)
    return units.settle(line, actor=None)


def sent(scim: ScimClient, scim_id: str) -> Any:
    return read(scim, scim_id)[ACADEMY]["teams"]


def replaced(*names: str) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": TEAMS, "value": list(names)}]


def test_a_merger_moves_everybody_and_what_was_sent_is_returned(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines = create(scim, employee(academy={"teams": ["Locks", "Bolts"]}))["id"]
    create(scim, employee("rui.sousa", academy={"teams": ["Keys"]}))
    learner().teams.add(Team.objects.create(customer=learner().customer, name="Of the LMS"))
    assert merge(connection, "Bolts", "Keys") == 1
    assert teams() == {"Locks", "Keys", "Of the LMS"}
    assert sent(scim, ines) == ["Locks", "Bolts"]
    before = read(scim, ines)["meta"]["version"]
    assert patch(scim, ines, replaced("Locks", "Bolts"))["meta"]["version"] == before
    assert found(scim, f'{TEAMS} eq "bolts"') == ["Ines", "Rui"]
    # What SCIM set is taken back, by whatever name it went.
    patch(scim, ines, replaced("Locks"))
    assert teams() == {"Locks", "Of the LMS"}
    patch(scim, ines, replaced("Bolts"))
    assert teams() == {"Keys", "Of the LMS"}


def test_a_renamed_team_is_meant_still(scim: ScimClient, connection: SCIMConnection) -> None:
    ines = create(scim, employee(academy={"teams": ["Locks"]}))["id"]
    Team.objects.update(name="Bolts")
    patch(scim, ines, replaced("Locks", "Keys"))
    assert (teams(), sent(scim, ines)) == ({"Bolts", "Keys"}, ["Locks", "Keys"])


def test_an_unknown_team_waits_and_the_others_are_given(scim: ScimClient, connection: SCIMConnection) -> None:
    create(scim, employee("rui.sousa", academy={"teams": ["Locks"]}))
    connection.policies = {"new_units": {TEAMS: "review", DEPARTMENT: "review"}}
    connection.save()
    ines = create(scim, employee(academy={"teams": ["Locks", "Bolst"]}))["id"]
    assert (teams(), sent(scim, ines)) == ({"Locks"}, ["Locks", "Bolst"])
    assert found(scim, f'{TEAMS} eq "bolst"') == ["Ines"]
    line, name = key(connection, "Bolst")
    units.create(line, name, actor=None)
    assert units.settle(line, actor=None) == 1
    assert teams() == {"Locks", "Bolst"}
    ana = create(scim, employee("ana.roth", department="Keys"))["id"]
    assert (teams("ana.roth"), read(scim, ana)[ENTERPRISE]["department"]) == (set(), "Keys")


def test_names_that_are_not_plain_are_read_once_for_a_whole_list(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines = create(scim, employee(academy={"teams": ["Locks", "Büro"]}))["id"]
    with CaptureQueriesContext(database) as asked:
        patch(scim, ines, replaced(*(f"Ｃ{number} é" for number in range(30))))
    odd = [query["sql"] for query in asked if odd_names.ODD in query["sql"]]
    assert len(odd) == 1
    assert len(teams()) == 30
