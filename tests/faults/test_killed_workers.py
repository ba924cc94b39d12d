"""A worker that is killed, wherever it is: what was asked for stands as a whole with its row of the log, or not at all.

Not a sample: a PATCH, a POST, a PUT and a DELETE are killed before each of the statements that they send, one by one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, ProvisioningPayload
from tests.client import ScimClient
from tests.databases import inherited
from tests.people import ENTERPRISE, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.usefixtures("shared_database"),
]

Ask = Callable[[ScimClient, str], Any]
#: More than any of these requests sends.
MOST = 80
WAIT = 10


def patch(scim: ScimClient, scim_id: str) -> Any:
    return scim.patch(
        f"/Users/{scim_id}",
        [
            {"op": "replace", "path": "userName", "value": "after@harborline.example"},
            {"op": "replace", "path": "title", "value": "After"},
            {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "A new team"},
            {"op": "replace", "path": "active", "value": False},
        ],
    )


def put(scim: ScimClient, scim_id: str) -> Any:
    return scim.put(f"/Users/{scim_id}", person("after", title="After"))


def post(scim: ScimClient, scim_id: str) -> Any:
    return scim.post(
        "/Users", person("after", **{ENTERPRISE: {"department": "A new team", "manager": scim_id}})
    )


def delete(scim: ScimClient, scim_id: str) -> Any:
    return scim.delete(f"/Users/{scim_id}")


class KilledAt:
    """Kills this process before the statement of that number, COMMIT included."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._count()
        return execute(sql, params, many, context)

    def commit(self, commit: Callable[[], None]) -> Callable[[], None]:
        def counted() -> None:
            self._count()
            commit()

        return counted

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            os._exit(9)


def killed(ask: Ask, scim: ScimClient, scim_id: str, number: int) -> bool:
    """Ask in a process of its own that dies before that statement; whether it did."""
    connections.close_all()
    inherit = inherited()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            inherit()
            kill = KilledAt(number)
            connection.ensure_connection()
            connection._commit = kill.commit(connection._commit)
            with connection.execute_wrapper(kill):
                status = 0 if ask(scim, scim_id).status_code < 300 else 1
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) in (0, 9)
    return os.waitstatus_to_exitcode(ended) == 9


def rows() -> dict[str, Any]:
    """Everything that a write may touch, without what says when."""
    links = ProvisionedUser.objects.values(
        "user_name", "user_name_key", "active", "deleted_at__year", "version"
    )
    return {
        "accounts": sorted(User.objects.values_list("username", "first_name", "is_active")),
        "learners": sorted(Learner.objects.values_list("user__username", "job_role", "team__name")),
        "teams": sorted(Team.objects.values_list("name", flat=True)),
        "links": sorted(map(str, links)),
    }


def log() -> int:
    """The rows of the log, each with what was sent where there was a body."""
    assert ProvisioningPayload.objects.count() <= ProvisioningEvent.objects.count()
    return ProvisioningEvent.objects.count()


def settled(read: Callable[[], Any]) -> Any:
    """What is read once the server has noticed that the worker is gone."""
    until = time.monotonic() + WAIT
    found = read()
    while (again := read()) != found and time.monotonic() < until:
        found = again
    return found


@pytest.mark.parametrize("ask", [patch, put, post, delete])
def test_whatever_is_killed_before_any_statement_is_done_as_a_whole_or_not_at_all(
    ask: Ask, scim: ScimClient
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    before, entries = rows(), log()
    for number in range(MOST):
        was_killed = killed(ask, scim, scim_id, number)
        stands = settled(rows)
        if stands != before:
            break
        assert was_killed
        assert log() == entries, f"killed before statement {number}"
    else:
        pytest.fail("It was never done.")
    assert number > 7, "so few statements cannot be all of them"
    assert log() == entries + 1
    as_a_whole = {
        patch: ("after@harborline.example", "After", "A new team", False),
        put: ("after@harborline.example", "After", "Platform Security", True),
        post: ("after@harborline.example", "Secure Coding Lead", "A new team", True),
        delete: ("ines.okafor@harborline.example", "Secure Coding Lead", "Platform Security", False),
    }
    changed = Learner.objects.select_related("user", "team").latest("pk")
    assert (
        changed.user.username,
        changed.job_role,
        changed.team.name if changed.team else None,
        changed.user.is_active,
    ) == as_a_whole[ask]
