"""What every verb and every kind of filter asks of the database, with 10,000 people: the plans of all statements.

On the database of the run. Creating somebody, and look-ups by name, number and address, have a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection as database

from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.people import ENTERPRISE, person
from tests.plans.explain import assert_uses_index, statements
from tests.plans.test_names import LARGE, LINKS, read_by_index
from tests.sharing import Customer

pytestmark = pytest.mark.django_db

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def scim(crowd: Customer) -> ScimClient:
    """A client whose token was used just now, and a process that has looked at the indexes."""
    assert crowd.scim.post("/Users", person("warm.up")).status_code == 201
    return crowd.scim


def id_of(number: int) -> str:
    return str(ProvisionedUser.objects.values_list("scim_id", flat=True).get(external_id=f"e{number}"))


def replaced(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "Replace", "path": path, "value": value}]


def patched(path: str, value: Any) -> Callable[[ScimClient, str], Any]:
    return lambda scim, scim_id: scim.patch(f"/Users/{scim_id}", replaced(path, value))


def put(scim: ScimClient, scim_id: str) -> Any:
    body = {**person("p"), "userName": "p7777@crowd.example", "externalId": "e7777", "title": "Welder"}
    return scim.put(f"/Users/{scim_id}", body)


def bulk(scim: ScimClient, scim_id: str) -> Any:
    data = {"schemas": [PATCH], "Operations": replaced("title", "Welder")}
    operation = {"method": "PATCH", "path": f"/Users/{scim_id}", "data": data}
    return scim.post("/Bulk", {"schemas": [BULK], "Operations": [operation]})


VERBS: dict[str, tuple[int, Callable[[ScimClient, str], Any]]] = {
    "GET": (200, lambda scim, scim_id: scim.get(f"/Users/{scim_id}")),
    "GET of nobody": (404, lambda scim, scim_id: scim.get("/Users/00000000-0000-4000-8000-000000000000")),
    "PATCH that changes nothing": (200, patched("externalId", "e7777")),
    "PATCH of a title": (200, patched("title", "Welder")),
    "PATCH of a team": (200, patched(f"{ENTERPRISE}:department", "TEAM 66")),
    "PATCH of a manager who is not here": (200, patched(f"{ENTERPRISE}:manager", "boss.of.nobody")),
    "PATCH of a name": (200, patched("userName", "renamed@crowd.example")),
    "PATCH to a name that is taken": (409, patched("userName", "P8888@crowd.example")),
    "PATCH to the name of somebody deleted": (200, patched("userName", "P88@crowd.example")),
    "PATCH of an address": (200, patched('emails[type eq "work"].value', "moved@crowd.example")),
    "PATCH that switches off": (200, patched("active", False)),
    "PUT": (200, put),
    "DELETE": (204, lambda scim, scim_id: scim.delete(f"/Users/{scim_id}")),
    "bulk": (200, bulk),
}


@pytest.mark.parametrize(("status", "do"), VERBS.values(), ids=VERBS)
def test_no_verb_reads_a_table_from_end_to_end(
    scim: ScimClient, status: int, do: Callable[[ScimClient, str], Any]
) -> None:
    scim_id = id_of(7777)
    with statements() as sent:
        answer = do(scim, scim_id)
    assert answer.status_code == status, answer.content
    assert len(list(read_by_index(sent))) >= 3


def test_a_manager_is_given_by_indexes_alone(scim: ScimClient) -> None:
    scim_id, boss = id_of(7777), id_of(8888)
    with statements() as sent:
        answer = scim.patch(f"/Users/{scim_id}", replaced(f"{ENTERPRISE}:manager", boss))
    assert answer.status_code == 200, answer.content
    assert len(list(read_by_index(sent))) >= 3


def test_somebody_who_was_switched_off_comes_back_by_indexes_alone(scim: ScimClient) -> None:
    scim_id = id_of(7777)
    scim.patch(f"/Users/{scim_id}", replaced("active", False))
    with statements() as sent:
        assert scim.patch(f"/Users/{scim_id}", replaced("active", True)).status_code == 200
    assert len(list(read_by_index(sent))) >= 3


# --- pages


@pytest.mark.parametrize(
    ("page", "tables", "may_sort"),
    [
        ("count=100", LARGE, False),
        ("count=100&cursor=", LARGE, False),
        # Of the few thousand who are left PostgreSQL may join all at once.
        ("count=100&startIndex=4501", (LINKS,), True),
    ],
)
def test_a_page_is_read_from_its_first_person_on(
    scim: ScimClient, page: str, tables: tuple[str, ...], may_sort: bool
) -> None:
    with statements() as sent:
        answer = scim.get(f"/Users?{page}").json()
    assert answer["itemsPerPage"] == 100
    (people,) = [sql for sql in sent if f"FROM {database.ops.quote_name(LINKS)}" in sql and "LIMIT 10" in sql]
    assert_uses_index(people, tables=tables, may_sort=may_sort)


# --- filters

FOUND_BY_KEY = [
    'id eq "{id}"',
    'userName eq "P7777@crowd.example" or userName eq "nobody@crowd.example"',
    'externalId eq "e7777" and active eq true',
    'userName eq "p7777@crowd.example" and title pr',
]


@pytest.mark.parametrize("text", FOUND_BY_KEY)
def test_a_filter_that_names_somebody_reads_no_table_from_end_to_end(scim: ScimClient, text: str) -> None:
    with statements() as sent:
        answer = scim.get(f"/Users?filter={quote(text.format(id=id_of(7777)))}")
    assert answer.status_code == 200, answer.content
    assert len(list(read_by_index(sent[1:]))) >= 2


#: Of these no index knows anything; nobody is found by them.
COMPARED = [
    'title eq "Nobody"',
    'title co "obody"',
    'title sw "Nobod"',
    'not (title ne "Nobody")',
    'name.familyName eq "Nobody"',
    'displayName eq "Nobody"',
    'nickName co "obody"',
    'phoneNumbers.value eq "0"',
    'emails.value co "obody"',
    'emails[type eq "home" and value sw "nobody"]',
    f'{ENTERPRISE}:employeeNumber eq "0"',
    f'{ENTERPRISE}:department co "obody"',
    f'{ENTERPRISE}:manager.value eq "nobody"',
    'userName co "obody"',
    'meta.lastModified gt "2099-01-01T00:00:00Z"',
    'meta.created lt "2000-01-01T00:00:00Z"',
    "active eq false",
]


@pytest.mark.parametrize("text", COMPARED)
def test_a_filter_that_compares_everybody_takes_as_many_statements_for_few_as_for_many(
    scim: ScimClient, text: str
) -> None:
    few = Customer.make()
    assert few.scim.post("/Users", person("one.alone")).status_code == 201
    # Whether an index knows the column is asked once a process.
    few.scim.get(f"/Users?filter={quote(text)}")
    counted = []
    for asking in (few.scim, scim):
        asking.get("/Users?count=1")
        with statements() as sent:
            answer = asking.get(f"/Users?filter={quote(text)}")
        assert answer.status_code == 200, answer.content
        assert answer.json()["totalResults"] == 0
        counted.append(len(sent))
    assert counted[0] == counted[1] <= 7


@pytest.mark.parametrize("by", ["userName", "name.familyName", "title", "meta.lastModified"])
def test_sorting_everybody_sorts_once(scim: ScimClient, by: str) -> None:
    with statements() as sent:
        assert scim.get(f"/Users?count=10&sortBy={by}").status_code == 200
    # MariaDB is told with the statement how long it may take, which ``statements`` takes for a frame.
    sorted_once = 0 if database.vendor == "mysql" else 1
    assert len([sql for sql in sent if LINKS in sql and "LIMIT 10" in sql]) == sorted_once
    assert len(sent) <= 7
