"""A manager goes and comes back while sixty people who wait for them are changed and deleted, by other processes.

What somebody was told is done stays done: no attribute is lost, nobody who was deleted is alive again, and in the end
everybody who is left has their manager.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command

from example_project.lms.models import Learner
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.people import enterprise, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.long,
    pytest.mark.usefixtures("shared_database"),
]

PEOPLE = 60
ROUNDS = 2
BOSS = person("boss.one")


class Request(NamedTuple):
    method: str
    path: str
    body: Any = None


def script(token: str, requests: Sequence[Request]) -> Callable[[], list[Any]]:
    """Sends requests one after the other."""
    return lambda: [ScimClient(token).request(*request) for request in requests]


def patch(scim_id: str, attribute: str, value: str) -> Request:
    operation = {"op": "replace", "path": attribute, "value": value}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    return Request("PATCH", f"/Users/{scim_id}", body)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_nothing_is_lost_of_people_whose_manager_returns_meanwhile(
    scim: ScimClient, token: str, number: int
) -> None:
    boss = scim.post("/Users", BOSS).json()["id"]
    scim.delete(f"/Users/{boss}")
    bodies = [person(f"p{n}.x", **enterprise(manager={"value": boss})) for n in range(PEOPLE)]
    people = [scim.post("/Users", body).json()["id"] for body in bodies]
    gone = people[number::6]
    comes_and_goes = [Request("POST", "/Users", BOSS), Request("DELETE", f"/Users/{boss}")] * 3

    scripts = [
        [*comes_and_goes, Request("POST", "/Users", BOSS)],
        [patch(one, "nickName", f"nick {one}") for one in people],
        # A column of the learner's, from the other end, and twice.
        [patch(one, "title", f"title {n} {one}") for n in range(2) for one in reversed(people)],
        [Request("DELETE", f"/Users/{one}") for one in gone],
    ]
    answers = at_once(*[script(token, requests) for requests in scripts])

    expected = [{201, 204}, {200, 404}, {200, 404}, {204}]
    for answered, statuses in zip(answers, expected, strict=True):
        unexpected = [answer for answer in answered if answer.status_code not in statuses]
        assert not unexpected
    call_command("scim_managers", verbosity=0)
    for one, body in zip(people, bodies, strict=True):
        link = ProvisionedUser.objects.select_related("user__learner__manager").get(scim_id=one)
        read = scim.get(f"/Users/{one}")
        if one in gone:
            assert (read.status_code, link.user.is_active, link.user_name_key) == (404, False, None)
            assert scim.post("/Users", body).json()["id"] == one
            continue
        assert (read.json()["nickName"], read.json()["title"]) == (f"nick {one}", f"title 1 {one}")
        assert link.user.is_active
        assert link.user.learner.job_role == f"title 1 {one}"
        assert link.user.learner.manager == Learner.objects.get(user__username=BOSS["userName"])
