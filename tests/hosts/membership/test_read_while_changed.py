"""A membership is read by a statement of its own. Whoever is changed before it is answered as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database

from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

READS = {
    "GET": "/Users/{id}",
    "search": "/Users?filter=userName+eq+%22ines.okafor@harborline.example%22",
    "page": "/Users?startIndex=1&count=2",
    "cursor": "/Users?cursor&count=1",
}


@contextmanager
def before_memberships_are_read(change: Callable[[], Any], times: int = 1) -> Iterator[list[str]]:
    """``change`` is called before a statement that reads memberships; yields the statements that were sent."""
    sent: list[str] = []
    left = times

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal left
        sent.append(sql)
        if left and sql.startswith("SELECT") and 'FROM "membership_membership"' in sql.replace("`", '"'):
            # The change reads a membership itself.
            left, others = 0, left - 1
            change()
            left = others
        return execute(sql, *rest)

    with database.execute_wrapper(watch):
        yield sent


def resource(answer: Any) -> Any:
    found = answer.json()
    return found["Resources"][0] if "Resources" in found else found


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person(title="old", nickName="old")).json()["id"]
    return scim_id


def change(scim: ScimClient, scim_id: str, value: str) -> None:
    operations = [{"op": "replace", "path": path, "value": value} for path in ("title", "nickName")]
    assert scim.patch(f"/Users/{scim_id}", operations).status_code == 200


@pytest.mark.parametrize("path", READS.values(), ids=READS)
def test_what_is_answered_is_one_state(scim: ScimClient, ines: str, path: str) -> None:
    with before_memberships_are_read(lambda: change(scim, ines, "new")):
        found = resource(scim.get(path.format(id=ines)))
    assert (found["title"], found["nickName"]) == ("new", "new")
    assert found["meta"]["version"] == scim.get(f"/Users/{ines}").headers["ETag"]


def test_whoever_is_renamed_meanwhile_is_not_found_by_the_old_name(scim: ScimClient, ines: str) -> None:
    rename = [{"op": "replace", "path": "userName", "value": "ines.new@harborline.example"}]
    with before_memberships_are_read(lambda: scim.patch(f"/Users/{ines}", rename)):
        answer = scim.get(READS["search"])
    assert (answer.json()["totalResults"], answer.json().get("Resources", [])) == (0, [])


def test_whoever_is_deleted_meanwhile_is_not_there(scim: ScimClient, ines: str) -> None:
    with before_memberships_are_read(lambda: scim.delete(f"/Users/{ines}")):
        assert scim.get(f"/Users/{ines}").status_code == 404


def test_whoever_never_stands_still_is_asked_for_later(scim: ScimClient, ines: str) -> None:
    numbers = iter(range(1000))
    with before_memberships_are_read(lambda: change(scim, ines, str(next(numbers))), times=1000):
        answer = scim.get(f"/Users/{ines}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_it_costs_one_statement_where_nobody_is_changed(scim: ScimClient, ines: str) -> None:
    with before_memberships_are_read(lambda: None) as sent:
        scim.get(f"/Users/{ines}")
    # Token, SSO settings, link with account, membership, whether the link has moved.
    assert len([sql for sql in sent if sql.startswith("SELECT")]) == 5
