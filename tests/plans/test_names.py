"""Creating somebody, and looking somebody up, costs the same however many there are: the plans of every statement.

With 10,000 accounts, links and teams each, on the database of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.db.models.sql.compiler import SQLCompiler

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.plans.explain import assert_uses_index, explain, statements
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

ACCOUNTS = get_user_model()._meta.db_table
LINKS = ProvisionedUser._meta.db_table
TEAMS = Team._meta.db_table
LARGE = (ACCOUNTS, LINKS, TEAMS, Learner._meta.db_table)


@pytest.fixture
def scim(crowd: Customer) -> ScimClient:
    """A client whose token was used just now, and a process that has looked at the indexes."""
    client = crowd.scim
    assert client.post("/Users", person("warm.up")).status_code == 201
    client.get("/Users?filter=emails.value+eq+%22nobody%40crowd.example%22")
    return client


def read_by_index(sent: list[str]) -> Iterator[str]:
    """The statements that read or change rows, each of which reads no large table from end to end."""
    for sql in sent:
        if sql.startswith(("SELECT", "UPDATE", "DELETE", "(SELECT")):
            assert_uses_index(sql, tables=LARGE)
            yield sql


NEWCOMERS = {
    "somebody new": (201, {}),
    "a team that is there": (201, {"department": "Team 77"}),
    "a team in another case": (201, {"department": "TEAM 77"}),
    "a name beyond ASCII": (201, {"userName": "élodie.ÇELİK@harborline.example"}),
    "a long name with many spellings": (201, {"userName": "юлия.александровна@пример.example"}),
    "the name of somebody who is here": (409, {"userName": "P7777@crowd.example"}),
    "the name of somebody who was deleted": (201, {"userName": "P7@crowd.example"}),
    "somebody who returns": (201, {"userName": "p7@CROWD.example", "externalId": "e7"}),
    "the externalId of somebody who was deleted": (201, {"externalId": "e8"}),
}


@pytest.mark.parametrize(("status", "sent"), NEWCOMERS.values(), ids=NEWCOMERS)
def test_a_post_reads_no_table_from_end_to_end(scim: ScimClient, status: int, sent: dict[str, str]) -> None:
    body = person("new.comer", **{ENTERPRISE: {"department": sent.get("department", "Team 1")}})
    body |= {name: value for name, value in sent.items() if name != "department"}
    with statements() as captured:
        answer = scim.post("/Users", body)
    assert answer.status_code == status, answer.content
    assert len(list(read_by_index(captured))) >= 3


def test_a_new_team_is_looked_for_once_among_the_customers_in_spellings_that_no_index_knows(
    scim: ScimClient,
) -> None:
    """Only what is about to be made: another spelling in the LMS would have it twice."""
    with statements() as captured:
        body = person("new.comer", **{ENTERPRISE: {"department": "Brand new"}})
        assert scim.post("/Users", body).status_code == 201
    read = [sql for sql in captured if sql.startswith("SELECT") and " REGEXP" in sql or " ~ " in sql]
    assert len(read) == 1
    assert "organization_id" in read[0]
    assert len(list(read_by_index([sql for sql in captured if sql not in read]))) >= 3


def test_the_history_is_found_by_the_index_of_each_key(scim: ScimClient) -> None:
    with statements() as captured:
        scim.post("/Users", person("new.comer"))
    (history,) = [
        sql for sql in captured if "CASE WHEN" in sql and f"FROM {database.ops.quote_name(LINKS)}" in sql
    ]
    # Beside them it is asked, of the few who are found, whether an administrator lets the connection share them.
    used = {name for name in explain(history).indexes(LINKS) if "share" not in name}
    keys = {"scim_link_tombstone", "scim_link_external_id"}
    # SQLite has a name of its own for the constraint of userNames; MariaDB merges the three and names none of them.
    assert (used > keys and len(used) == 3) or database.vendor == "mysql", used
    assert_uses_index(history, tables=LARGE)


def test_names_are_found_in_any_case_by_one_statement_that_the_index_leads(scim: ScimClient) -> None:
    with statements() as captured:
        scim.post("/Users", person("new.comer"))
    asked = [
        sql
        for sql in captured
        if sql.startswith("SELECT") and f"FROM {database.ops.quote_name(ACCOUNTS)}" in sql
    ]
    assert len(asked) == 1, asked
    assert_uses_index(asked[0], tables=LARGE)


@pytest.mark.parametrize("name", ["Team 77", "team 77", "  TEAM   77 "])
def test_a_team_that_is_there_costs_one_statement_however_it_is_written(scim: ScimClient, name: str) -> None:
    with statements() as captured:
        body = person("new.comer", **{ENTERPRISE: {"department": name}})
        assert scim.post("/Users", body).status_code == 201
    asked = [sql for sql in captured if f"FROM {database.ops.quote_name(TEAMS)}" in sql]
    assert len(asked) == 1, asked
    assert_uses_index(asked[0], tables=LARGE)
    assert Learner.objects.get(user__username__startswith="new.comer").team.name == "Team 77"


@pytest.mark.parametrize("name", ["Backstock", "Kiosk Bank", "Ärzte ÖL", "Εκδοτική Ομάδα"])
def test_a_team_whose_letters_have_several_forms_is_found_as_fast(
    scim: ScimClient, crowd: Customer, name: str
) -> None:
    """``k`` is the small letter of the Kelvin sign too, and SQLite's LOWER knows the letters of ASCII only."""
    there = Team.objects.create(organization=crowd.organization, name=name)
    for number, written in enumerate((name, name.upper(), name.lower())):
        with statements() as captured:
            body = person(f"new.comer{number}", **{ENTERPRISE: {"department": written}})
            assert scim.post("/Users", body).status_code == 201
        asked = [sql for sql in captured if f"FROM {database.ops.quote_name(TEAMS)}" in sql]
        assert len(asked) == 1, asked
        assert_uses_index(asked[0], tables=LARGE)
        assert Learner.objects.get(user__username__startswith=f"new.comer{number}").team == there


LOOK_UPS = {
    'emails[type eq "work"].value eq "P7777@Crowd.example"': 1,
    'emails.value eq "P7777@crowd.EXAMPLE"': 1,
    'emails[type eq "work" and value eq "nobody@crowd.example"]': 0,
    'userName eq "P7777@crowd.example"': 1,
    'externalId eq "e7777"': 1,
}


@pytest.mark.parametrize(("text", "count"), LOOK_UPS.items())
def test_a_look_up_reads_no_table_from_end_to_end(scim: ScimClient, text: str, count: int) -> None:
    with statements() as captured:
        answer = scim.get(f"/Users?filter={quote(text)}").json()
    assert answer["totalResults"] == count
    assert len(list(read_by_index(captured))) == len(captured) <= 4


@pytest.mark.parametrize(
    "asked",
    [
        'userName eq "{name}"',
        'externalId eq "{external_id}"',
        'emails[type eq "work"].value eq "{name}"',
        'emails.value eq "{name}"',
    ],
)
@pytest.mark.parametrize("name", ["ada.roth", "kim.okafor"])
def test_a_look_up_that_was_asked_before_compiles_no_statement(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch, name: str, asked: str
) -> None:
    """A ``k`` is the small letter of the Kelvin sign too: what has one is asked for in the same way all the same."""
    found = scim.post("/Users", person(name)).json()
    text = quote(asked.format(name=found["userName"], external_id=found["externalId"]))
    compiled: list[object] = []
    as_sql = SQLCompiler.as_sql

    def counted(self: SQLCompiler, *args: Any, **options: Any) -> Any:
        compiled.append(self.query)
        return as_sql(self, *args, **options)

    for _time in range(2):
        assert scim.get(f"/Users?filter={text}").json()["totalResults"] == 1
    monkeypatch.setattr(SQLCompiler, "as_sql", counted)
    assert scim.get(f"/Users?filter={text}").json()["totalResults"] == 1
    assert compiled == []
