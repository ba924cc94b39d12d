"""``python -m benchmarks``: that it measures what it says. How much that is, is no test."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import models

from benchmarks.comparing import host_filling, people, verdict
from benchmarks.comparing.operations import MOST_GROWTH, ON_A_SERVER, chosen
from benchmarks.comparing.rounds import Taken, Times
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient

ROOT = Path(__file__).resolve().parent.parent.parent
#: What is of one row or of one request, and not of the person.
OWN = {
    "id",
    "user",
    "link",
    "scim_id",
    "password",
    "token",
    "token_prefix",
    "request_id",
    "address",
    "duration_ms",
}


def columns(row: models.Model, number: int) -> dict[str, Any]:
    values = {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {
        name: json.dumps(value).replace(f"{number:07d}", "#")
        for name, value in values.items()
        if name not in OWN and not isinstance(value, datetime)
    }


def kept_of(number: int) -> list[dict[str, Any]]:
    link = ProvisionedUser.objects.get(user_name=people.user_name(number))
    event = ProvisioningEvent.objects.get(link=link)
    return [columns(row, number) for row in (link, link.user, link.user.learner, event)]


def test_people_who_are_written_at_once_are_what_a_post_makes_of_them(db: None) -> None:
    host_filling.fill(people.KINDS)
    scim = ScimClient(host_filling.facts(people.KINDS)["token"])
    same_kind = people.KINDS + 7
    assert scim.post("/Users", people.body(same_kind)).status_code == 201
    assert kept_of(7) == kept_of(same_kind)


def test_a_disconnection_is_measured_to_its_end() -> None:
    command = [sys.executable, "-m", "benchmarks.disconnection", str(people.KINDS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "still active: 0" in done.stdout


def test_the_cursor_of_a_comparison_stands_where_nine_in_ten_are_seen(db: None) -> None:
    host_filling.fill(people.KINDS)
    facts = host_filling.facts(people.KINDS)
    scim = ScimClient(facts["token"])
    by_cursor = scim.get(f"/Users?cursor={quote(facts['cursor'])}&count={people.PAGE}").json()["Resources"]
    by_index = scim.get(f"/Users?startIndex={people.deep_start(people.KINDS)}&count={people.PAGE}").json()[
        "Resources"
    ]
    assert len(by_cursor) == people.KINDS // 10
    assert by_cursor == by_index


def times(**cpu: float) -> Times:
    """GET took so many milliseconds, of each contestant in each of three rounds."""
    entries = {
        "floor": ("floor", 200), "equal": ("equal", 200), "app": ("app", 200),
        "small_floor": ("floor", 100), "small_app": ("app", 100),
    }  # fmt: skip
    return {(*entries[who], "get"): Taken(*[[taken / 1000] * 3] * 3) for who, taken in cpu.items()}


@pytest.mark.parametrize(
    ("app", "small_app", "word"),
    [
        (2.0, 2.0, "aim met"),
        (2.7, 2.7, "must met"),
        (2.9, 2.9, "ABOVE MUST"),
        (2.7, 2.3, "must met, GROWS"),
        (2.9, 2.0, "ABOVE MUST, GROWS"),
    ],
)
def test_a_row_says_what_is_met_and_what_grows(app: float, small_app: float, word: str) -> None:
    taken = times(floor=2.0, equal=3.0, app=app, small_floor=2.0, small_app=small_app)
    (row,) = verdict.rows(taken, chosen(["get"]), 200, 100, MOST_GROWTH)
    assert (row.floor_ms, row.app_ratio, row.equal_ratio) == pytest.approx((2.0, app / 2, 1.5))
    assert row.word == word


def test_on_a_server_a_row_may_be_a_third_more() -> None:
    taken = times(floor=2.0, equal=3.0, app=3.6, small_floor=2.0, small_app=3.6)
    (row,) = verdict.rows(taken, chosen(["get"]), 200, 100, MOST_GROWTH, ON_A_SERVER)
    assert (row.must, row.aim) == pytest.approx((1.82, 1.3))
    assert row.word == "must met"


def test_an_operation_that_is_refused_fails_the_comparison_and_says_why() -> None:
    taken = times(floor=2.0, equal=3.0, app=2.0)
    taken["app", 200, "get"] = Taken(trouble="GET /scim/v2/Users: 503")
    (row,) = verdict.rows(taken, chosen(["get"]), 200, 200, MOST_GROWTH)
    assert row.is_above
    assert row.word == "FAILED: GET /scim/v2/Users: 503"


@pytest.mark.long
def test_floor_and_app_play_side_by_side_from_the_repository_alone(tmp_path: Path) -> None:
    asked = ["--users", "50", "--rounds", "1", "--ops", "hit,cursor,patch-nothing,entra"]
    command = [sys.executable, "-m", "benchmarks", *asked, "--json", "--no-verdict"]
    compared = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert compared.returncode == 0, compared.stderr
    rows = {row["key"]: row for row in json.loads(compared.stdout)["rows"]}
    # Of what has no floor of its own, what it is measured against is played too.
    assert list(rows) == ["hit", "deep", "cursor", "patch", "patch-nothing", "entra"]
    assert all(
        row["floor_ms"] > 0 and row["equal_ratio"] > 0 and row["app_ratio"] > 0 for row in rows.values()
    )
