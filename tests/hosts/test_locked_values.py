"""A locked value stays as it is, whatever the host's shape. This test runs in every host."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.administration import keeping
from scim_provisioning.models import ProvisionedUser
from tests.client import ScimClient
from tests.hosts.current import spelled
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db


def test_what_is_locked_stays_and_is_answered_as_it_was_sent_and_is_given_back(scim: ScimClient) -> None:
    def sent(title: str, given: str, team: str) -> dict[str, Any]:
        body = person()
        body |= {"title": title, "name": {"givenName": given, "familyName": "Okafor"}}
        body[ENTERPRISE] = {**body[ENTERPRISE], "department": team}
        made: dict[str, Any] = spelled(body)
        return made

    made = scim.post("/Users", sent("Lead", "Ines", "Platform")).json()
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    for value in keeping.values(link):
        if value.may_be_locked:
            assert keeping.lock(link, value.path, reason="Ours", actor=None)
    link.refresh_from_db()
    before = {value.path: value.here for value in keeping.values(link)}
    answer = scim.put(f"/Users/{made['id']}", sent("Auditor", "Inês", "Quay"))
    assert (answer.status_code, answer.json()["title"]) == (200, "Auditor")
    assert answer.json()["name"]["givenName"] == "Inês"
    assert scim.get("/Users").json()["Resources"] == [answer.json()]
    link.refresh_from_db()
    assert {value.path: value.here for value in keeping.values(link)} == before

    for value in keeping.values(link):
        if value.lock is not None:
            assert keeping.unlock(link, value.path, actor=None)
    link.refresh_from_db()
    now = {value.path: value.here for value in keeping.values(link)}
    assert {path for path in now if now[path] != before[path]} >= {"title"}
    # What was never sent is shown as it is here again.
    shown = scim.get(f"/Users/{made['id']}").json()
    assert {name: shown[name] for name in answer.json() if name not in ("meta", "schemas")} == {
        name: value for name, value in answer.json().items() if name not in ("meta", "schemas")
    }
