"""Two customers give two people one name in two cases at the same moment. On SQLite the requests queue at BEGIN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.hosts.current import make_connection
from tests.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

ROUNDS = 8


@pytest.fixture(autouse=True)
def _names_are_what_people_sign_in_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


def posted(scim: ScimClient, name: str) -> Callable[[], Any]:
    return lambda: scim.post("/Users", person("some.body", userName=name, externalId=name))


def test_of_two_who_are_given_one_name_in_two_cases_one_gets_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    other = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    for n in range(ROUNDS):
        answers = at_once(posted(scim, f"p{n}@x.example"), posted(other, f"P{n}@x.example"))
        assert sorted(answer.status_code for answer in answers) == [201, 409], n
        assert get_user_model().objects.filter(username__iexact=f"p{n}@x.example").count() == 1


def test_of_two_who_are_renamed_to_one_name_in_two_cases_one_gets_it(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    other = ScimClient(TokenFactory(connection=make_connection("Other")).plaintext)
    ids = [
        client.post("/Users", person(name)).json()["id"] for client, name in ((scim, "a.x"), (other, "b.x"))
    ]
    for n in range(ROUNDS):
        renames = [
            (
                lambda client=client, key=key, name=name: client.patch(  # type: ignore[misc]
                    f"/Users/{key}", [{"op": "replace", "path": "userName", "value": name}]
                )
            )
            for client, key, name in ((scim, ids[0], f"q{n}@x.example"), (other, ids[1], f"Q{n}@x.example"))
        ]
        answers = at_once(*renames)
        assert sorted(answer.status_code for answer in answers) == [200, 409], n
