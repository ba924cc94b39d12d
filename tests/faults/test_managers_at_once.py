"""Two people are made each other's manager at the same moment: both are, until ``scim_managers`` finds it."""

from __future__ import annotations

import os
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database

from example_project.lms.models import Learner
from scim_provisioning.adapters.people import People
from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.faults.forks import FORK, PATIENCE, at_once
from tests.people import ENTERPRISE, person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite has one writer: nobody meets"),
]


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has found that no circle is closed before either writes. Who is played again, after a deadlock, would meet
    nobody any more and see the other's: they go by what they found first."""
    barrier, is_above, found = FORK.Barrier(2), People.is_above, dict[int, bool]()

    def looked(self: People, *arguments: Any) -> bool:
        if os.getpid() not in found:
            found[os.getpid()] = is_above(self, *arguments)
            barrier.wait(PATIENCE)
        return found[os.getpid()]

    monkeypatch.setattr(People, "is_above", looked)


def manage(token: str, scim_id: str, manager: str) -> Any:
    path = f"{ENTERPRISE}:manager"
    return ScimClient(token).patch(f"/Users/{scim_id}", [{"op": "replace", "path": path, "value": manager}])


def test_a_circle_that_is_closed_by_two_at_once_is_broken_within_the_hour(
    shared_database: None, token: str, met: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim = ScimClient(token)
    ids = [str(scim.post("/Users", person(name)).json()["id"]) for name in ("ann.roe", "bob.lind")]
    answers = at_once(partial(manage, token, *ids), partial(manage, token, *reversed(ids)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert Learner.objects.filter(manager__isnull=False).count() == 2
    monkeypatch.undo()
    out = StringIO()
    call_command("scim_managers", stdout=out)
    assert "Broke 1 circles of managers." in out.getvalue()
    assert Learner.objects.filter(manager__isnull=False).count() == 1
    assert ProvisioningEvent.objects.filter(cause__has_key="manager_circle").count() == 1
