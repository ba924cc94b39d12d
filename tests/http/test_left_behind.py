"""The team that the LMS leaves on a learner whom it moves to another customer is nothing to the other customer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host
from tests.people import ENTERPRISE, person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"
SECRET = {"department": "Secret Team", "organization": "Secret Company", "division": "Secret Unit"}


@pytest.fixture(autouse=True)
def _subject(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def other() -> Customer:
    return Customer.make()


@pytest.fixture
def ines(scim: ScimClient, other: Customer) -> str:
    """Her id with the other customer, after the LMS moved her and nothing else."""
    scim.post("/Users", person(**{ENTERPRISE: SECRET}))
    Learner.objects.update(organization=other.organization)
    bare = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": person()["userName"]}
    answer = other.scim.post("/Users", bare)
    assert answer.status_code == 201, answer.content
    assert "Secret" not in answer.content.decode()
    scim_id: str = answer.json()["id"]
    return scim_id


def found(client: ScimClient, tree: str) -> int:
    answer = client.get(f"/Users?filter={quote(tree)}")
    assert answer.status_code == 200, answer.content
    return int(answer.json()["totalResults"])


def team() -> Any:
    return Learner.objects.get().team


def test_it_is_shown_neither_alone_nor_in_a_list(other: Customer, ines: str) -> None:
    for path in (f"/Users/{ines}", "/Users", f"/Users?filter={quote('userName pr')}"):
        assert "Secret" not in other.scim.get(path).content.decode()
    assert team().name == "Secret Team"


@pytest.mark.parametrize("name", SECRET)
@pytest.mark.parametrize("rest", ['eq "{}"', 'co "ecret"', 'sw "Secret"', 'ew "t"', "pr"])
def test_no_filter_finds_it(other: Customer, ines: str, name: str, rest: str) -> None:
    tree = f"{ENTERPRISE}:{name} {rest.format(SECRET[name])}"
    assert found(other.scim, tree) == 0
    assert found(other.scim, f"not ({tree})") == 1
    assert found(other.scim, f'{ENTERPRISE}:{name} ne "{SECRET[name]}"') == 1


def test_nobody_is_sorted_by_it(other: Customer, ines: str) -> None:
    other.scim.post("/Users", person("aaa.first", **{ENTERPRISE: {"department": "Zebras"}}))
    answer = other.scim.get(f"/Users?sortBy={DEPARTMENT}").json()["Resources"]
    assert [one["id"] for one in answer][-1] == ines


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_the_same_name_is_looked_up_among_the_customers_own(
    other: Customer, ines: str, organization: Any, verb: str
) -> None:
    theirs = Team.objects.get()
    if verb == "put":
        sent = {**person(), ENTERPRISE: {"department": "Secret Team"}}
        answer = other.scim.put(f"/Users/{ines}", sent)
    else:
        operation = {"op": "Replace", "path": DEPARTMENT, "value": "Secret Team"}
        answer = other.scim.patch(f"/Users/{ines}", [operation])
    assert answer.status_code == 200, answer.content
    assert answer.json()[ENTERPRISE] == {"department": "Secret Team"}
    assert (team().organization, team() == theirs) == (other.organization, False)
    assert (theirs.organization, Team.objects.count()) == (organization, 2)
    assert found(other.scim, f'{DEPARTMENT} eq "Secret Team"') == 1


def test_a_team_that_the_lms_gives_to_another_customer_is_the_first_ones_no_more(
    scim: ScimClient, other: Customer
) -> None:
    answer = scim.post("/Users", person(**{ENTERPRISE: SECRET})).json()
    Team.objects.update(organization=other.organization, name="Their Own Name")
    shown = scim.get(f"/Users/{answer['id']}").json()[ENTERPRISE]
    assert shown == {name: value for name, value in SECRET.items() if name != "department"}
    assert found(scim, f"{DEPARTMENT} pr") == found(scim, f'{DEPARTMENT} eq "Secret Team"') == 0


def test_a_connection_whose_customer_nobody_knows_reads_no_team(
    scim: ScimClient, organization: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scim_provisioning.adapters import Reference

    def unknown(connection: object) -> int:
        raise LookupError("nobody's")

    answer = scim.post("/Users", person(**{ENTERPRISE: SECRET})).json()
    lines = [line for line in LearnerAdapter.mapping if line.path != DEPARTMENT]
    line = Reference(DEPARTMENT, "learner.team", within={"organization_id": unknown})
    monkeypatch.setattr(LearnerAdapter, "mapping", [*lines, line])
    assert "department" not in scim.get(f"/Users/{answer['id']}").json()[ENTERPRISE]
    assert found(scim, f"{DEPARTMENT} pr") == 0


def test_two_connections_of_one_customer_read_the_same_team(scim: ScimClient, organization: Any) -> None:
    scim.post("/Users", person(**{ENTERPRISE: SECRET}))
    again = ConnectionFactory(name="Second", sso_key=str(host().make_sso(organization).pk))
    theirs = ScimClient(TokenFactory(connection=again).plaintext)
    answer = theirs.post("/Users", person("lin.wei", **{ENTERPRISE: SECRET})).json()
    assert answer[ENTERPRISE] == SECRET
    assert Team.objects.count() == 1
