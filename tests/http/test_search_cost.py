"""What a search may cost: how often everybody is compared, how dear each comparison is, and how long it may take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.db import connection as database
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.lookups import Exact
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from example_project.lms.models import Learner
from scim_provisioning.adapters import Text
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from scim_provisioning.protocol.text import fold
from tests.client import ScimClient
from tests.sharing import Customer, rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_customer")]

SIZE = 400
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def _directory(shared_customer: Customer) -> Iterator[None]:
    """Four hundred people, each managed by the one before, written straight to the tables."""
    with rolled_back():
        User = get_user_model()
        names = [f"p{number}@crowd.example" for number in range(SIZE)]
        User.objects.bulk_create([User(username=name, email=name) for name in names])
        # Read again, here and below: MySQL tells no keys of many rows at once.
        users = list(User.objects.filter(username__in=names).order_by("pk"))
        organization = shared_customer.organization
        Learner.objects.bulk_create(
            [Learner(user=user, organization=organization, job_role="Crew") for user in users]
        )
        learners = list(Learner.objects.filter(user__in=users).order_by("pk"))
        for boss, learner in zip(learners, learners[1:], strict=False):
            learner.manager = boss
        Learner.objects.bulk_update(learners, ["manager"])
        ProvisionedUser.objects.bulk_create(
            ProvisionedUser(
                connection=shared_customer.connection,
                user=user,
                user_name=user.username,
                user_name_key=fold(user.username),
                document={"userName": user.username},
            )
            for user in users
        )
        yield


def search(scim: ScimClient, text: str, **parameters: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    return scim.get(f"/Users?filter={quote(text)}{more}")


def joined(terms: list[str], word: str = "or") -> str:
    return f" {word} ".join(terms)


# --- how many comparisons


def test_an_identifier_that_everybody_may_have_takes_nothing_off_the_count(
    scim: ScimClient, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"filter_scans": 1}}
    dear = '(title co "a" or title co "b")'
    for unique in ('userName eq "p1@crowd.example"', '(id eq "1" or userName eq "p1@crowd.example")'):
        assert search(scim, f"{unique} and {dear}").status_code == 200
    answer = search(scim, f'externalId eq "same" and {dear}')
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")
    assert search(scim, 'externalId eq "same" and active eq true').status_code == 200


@pytest.mark.parametrize("attribute", ["title", "nickName", "manager.value", "emails.value", "userName"])
@pytest.mark.parametrize("word", ["or", "and"])
def test_comparisons_that_no_index_serves_are_bounded(scim: ScimClient, attribute: str, word: str) -> None:
    terms = [f'{attribute} co "q{number}"' for number in range(11)]
    assert search(scim, joined(terms[:10], word)).status_code == 200
    answer = search(scim, joined(terms, word))
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")
    for word in ("11", "10", "userName"):
        assert word in answer.json()["detail"]


def test_they_are_counted_inside_brackets_and_under_not(scim: ScimClient) -> None:
    inside = joined([f'value co "q{number}"' for number in range(11)])
    for text in (f"emails[{inside}]", f"not (emails[{inside}])", f'id eq "x" or emails[{inside}]'):
        assert search(scim, text).json()["scimType"] == "tooMany", text


def test_look_ups_that_an_index_serves_are_not_counted(scim: ScimClient) -> None:
    for attribute in ("userName", "externalId", "id"):
        assert search(scim, joined([f'{attribute} eq "q{n}"' for n in range(20)])).status_code == 200
    # Whoever is found by the index is compared, and nobody else.
    narrowed = ['userName eq "p7@crowd.example"', *(f'title ne "q{n}"' for n in range(19))]
    assert search(scim, joined(narrowed, "and")).json()["totalResults"] == 1


def test_the_bound_is_a_setting(scim: ScimClient, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"filter_scans": 1}}
    assert search(scim, 'title co "a"').status_code == 200
    assert search(scim, 'title co "a" or title co "b"').status_code == 400


# --- how dear each is


def statement(scim: ScimClient, text: str) -> str:
    """The statement that reads the page."""
    with CaptureQueriesContext(database) as captured:
        assert search(scim, text, count="10").status_code == 200
    return next(query["sql"] for query in captured if "LIMIT 10" in query["sql"])


@pytest.mark.parametrize(
    ("attribute", "op"),
    [
        *(("title", op) for op in ("eq", "co", "sw", "ew", "gt", "le", "pr")),
        *(("nickName", op) for op in ("eq", "co", "sw", "ew", "pr")),
        ("name.givenName", "co"),
    ],
)
def test_the_operand_of_a_comparison_is_read_once(scim: ScimClient, attribute: str, op: str) -> None:
    once, twice = (
        statement(
            scim, joined([attribute + (" pr" if op == "pr" else f' {op} "q{n}"') for n in range(count)])
        )
        for count in (1, 2)
    )
    word = {"title": "job_role", "nickName": "nickname", "name.givenName": "first_name"}[attribute]
    where = [sql.partition(" WHERE ")[2].partition(" ORDER BY ")[0].count(word) for sql in (once, twice)]
    assert where == [1, 2]


@pytest.mark.skipif(
    database.vendor != "sqlite", reason="SQLite counts its steps; the SQL is the same everywhere"
)
def test_finding_people_by_manager_costs_in_proportion_to_the_people_and_not_for_each_of_them(
    scim: ScimClient,
) -> None:
    def steps(text: str) -> int:
        """Thousands of instructions of SQLite's machine."""
        count = 0

        def step() -> int:
            nonlocal count
            count += 1
            return 0

        sql = statement(scim, text)
        database.connection.set_progress_handler(step, 1000)
        with database.cursor() as cursor:
            cursor.execute(sql.replace("%", "%%"))
            cursor.fetchall()
        database.connection.set_progress_handler(None, 0)
        return count

    terms = [f'manager.value co "q{number}"' for number in range(10)]
    plain = [f'nickName co "q{number}"' for number in range(10)]
    assert steps(joined(terms)) <= 12 * steps(joined(plain))
    assert steps(joined(terms)) <= 11 * steps(terms[0])


# --- how long


class Endless(Text):
    """A kind whose comparison never ends: what a search looks like that no bound foresaw."""

    def condition(self, column: Any, op: str, operand: Any) -> Q:
        endless = {
            "sqlite": "(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n)",
            "postgresql": "(SELECT 1 FROM pg_sleep(600))",
            "mysql": "(SELECT SLEEP(600))",
        }[database.vendor]
        return Q(Exact(RawSQL(endless, []), 2))  # noqa: S611 - nobody's text is in it


@pytest.fixture
def endless(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from example_project.lms.scim import LearnerAdapter

    mapping = [
        Endless("title", "learner.job_role") if line.path == "title" else line
        for line in LearnerAdapter.mapping
    ]
    monkeypatch.setattr(LearnerAdapter, "mapping", mapping)
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "LIMITS": {"search_seconds": 1}}


@pytest.mark.usefixtures("endless")
def test_a_search_without_end_is_given_up_and_the_next_request_is_served(scim: ScimClient) -> None:
    answer = search(scim, 'title eq "x"')
    assert (answer.status_code, answer.json()["scimType"]) == (400, "tooMany")
    assert "1 seconds" in answer.json()["detail"]
    assert ProvisioningEvent.objects.get(error_code="search.timeout").status == 400
    # Neither the connection nor its transaction is broken, and no limit is left over.
    assert search(scim, 'userName eq "p7@crowd.example"').json()["totalResults"] == 1
    assert search(scim, 'nickName co "x"').status_code == 200
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
