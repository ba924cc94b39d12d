"""A kind of the host's own is a kind like any other: it reads, writes, filters, sorts, publishes and is checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from tests.client import ScimClient
from tests.hosts.every_kind.badge import Badge
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import OWN, LearnerAdapter
from tests.people import CORE

pytestmark = pytest.mark.django_db


class BadgeAdapter(LearnerAdapter):
    mapping = [
        *(line for line in LearnerAdapter.mapping if line.target != "dossier.badge"),
        Badge(f"{OWN}:badge", "dossier.badge"),
    ]


class ShortAdapter(LearnerAdapter):
    """``level`` holds one character."""

    mapping = [Badge(f"{OWN}:badge", "dossier.level")]


@pytest.fixture(autouse=True)
def badges(settings: Any) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.BadgeAdapter"}


def post(scim: ScimClient, name: str, badge: str | None) -> Any:
    own = {} if badge is None else {OWN: {"badge": badge}}
    return scim.post("/Users", {"schemas": [CORE], "userName": name, "title": "Safety", **own})


@pytest.fixture
def people(scim: ScimClient) -> ScimClient:
    for name, badge in (("ana", "B-100"), ("ben", "b-0009"), ("cleo", None), ("dee", "17")):
        assert post(scim, name, badge).status_code == 201
    return scim


def names(scim: ScimClient, query: str) -> list[str]:
    answer = scim.get(f"/Users?{query}")
    assert answer.status_code == 200, answer.content
    return [user["userName"] for user in answer.json()["Resources"]]


def test_it_is_stored_as_the_host_writes_it_and_returned_as_it_was_sent(people: ScimClient) -> None:
    assert Dossier.objects.get(user__username="ben").badge == "B-9"
    shown = people.get("/Users?filter=userName+eq+%22ben%22").json()["Resources"][0]
    assert shown[OWN]["badge"] == "b-0009"


def test_what_the_lms_changed_is_shown_and_what_is_no_badge_is_refused(people: ScimClient) -> None:
    Dossier.objects.filter(user__username="ben").update(badge="B-8")
    shown = people.get("/Users?filter=userName+eq+%22ben%22").json()["Resources"][0]
    assert shown[OWN]["badge"] == "B-8"

    answer = post(people, "eve", "lost it")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert f"{OWN}:badge: expected a badge" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ('eq "0009"', ["ben"]),
        ('ne "9"', ["ana", "cleo", "dee"]),
        ('gt "B-9"', ["ana", "dee"]),
        ('ge "B-17"', ["ana", "dee"]),
        ('lt "100"', ["ben", "dee"]),
        ('le "17"', ["ben", "dee"]),
        ('eq "lost"', []),
        ("pr", ["ana", "ben", "dee"]),
    ],
)
def test_it_is_filtered_by_its_number(people: ScimClient, comparison: str, expected: list[str]) -> None:
    assert sorted(names(people, f"filter={quote(f'{OWN}:badge {comparison}')}")) == expected
    opposite = sorted({"ana", "ben", "cleo", "dee"} - set(expected))
    assert sorted(names(people, f"filter={quote(f'not ({OWN}:badge {comparison})')}")) == opposite


def test_each_database_is_asked_in_its_own_words_as_the_page_shows_them(people: ScimClient) -> None:
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}[database.vendor]
    page = (Path(__file__).parents[3] / "docs" / "kinds.md").read_text("utf-8")
    shown = page.partition(f"-- {name}\n")[2].partition("\n")[0]
    with CaptureQueriesContext(database) as asked:
        names(people, "filter=" + quote(OWN + ':badge gt "9"'))
    assert shown
    assert any(shown in query["sql"] for query in asked)


@pytest.mark.parametrize("comparison", ['co "1"', 'gt "lost"'])
def test_what_has_no_answer_is_refused(people: ScimClient, comparison: str) -> None:
    answer = people.get(f"/Users?filter={quote(f'{OWN}:badge {comparison}')}")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_it_is_sorted_by_its_number_and_whoever_has_none_comes_last(people: ScimClient) -> None:
    assert names(people, f"sortBy={OWN}:badge") == ["ben", "dee", "ana", "cleo"]


def test_it_is_published_and_named_by_the_checks(scim: ScimClient, settings: Any) -> None:
    own = next(s for s in scim.get("/Schemas").json()["Resources"] if s["id"] == OWN)
    assert next(a["type"] for a in own["attributes"] if a["name"] == "badge") == "string"

    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.ShortAdapter"}
    with pytest.raises(SystemCheckError, match=r"too short for a badge(.|\n)*HINT: Give the column"):
        call_command("check", "--tag", "scim_provisioning")
