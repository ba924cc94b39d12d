"""Played by ``test_replicas.py`` in a process of its own: the settings have a replica that is always behind."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import router

from example_project.lms.models import Learner, Team
from scim_provisioning.administration import reactivation
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.protocol.constants import BULK_REQUEST as BULK
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db(databases=["default", "primary", "replica"])


def test_the_hosts_own_code_goes_on_reading_from_the_replica(scim: ScimClient) -> None:
    assert router.db_for_read(Learner) == router.db_for_read(User) == "replica"
    scim.post("/Users", person())
    assert not User.objects.exists()
    assert User.objects.using("primary").exists()


def test_everything_that_is_written_is_found_by_the_next_request(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    for number in range(4):
        answer = scim.patch(
            f"/Users/{scim_id}",
            [
                {"op": "add", "path": 'emails[type eq "home"].value', "value": f"h{number}@x.example"},
                {"op": "replace", "path": "title", "value": f"Role {number}"},
                {"op": "add", "path": "nickName", "value": f"n{number}"},
            ],
        )
        assert answer.status_code == 200, answer.content
    for found in (
        scim.get(f"/Users/{scim_id}").json(),
        scim.get("/Users?filter=userName+eq+%22ines.okafor@harborline.example%22").json()["Resources"][0],
        scim.get("/Users?sortBy=title").json()["Resources"][0],
    ):
        assert (found["title"], found["nickName"]) == ("Role 3", "n3")
    assert Learner.objects.using("primary").get().job_role == "Role 3"


def test_a_whole_life_is_played_on_the_primary(scim: ScimClient) -> None:
    boss = scim.post("/Users", person("boss.one")).json()["id"]
    sent = person(**{ENTERPRISE: {"department": "Sales", "manager": {"value": boss}}})
    scim_id = scim.post("/Users", sent).json()["id"]
    assert scim.post("/Users", sent).status_code == 409
    assert scim.put(f"/Users/{scim_id}", {**sent, "title": "Put"}).json()["title"] == "Put"
    off = scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "active", "value": False}])
    assert off.json()["active"] is False
    learner = Learner.objects.using("primary").get(job_role="Put")
    assert not User.objects.using("primary").get(pk=learner.user_id).is_active
    assert scim.delete(f"/Users/{scim_id}").status_code == 204
    assert scim.get(f"/Users/{scim_id}").status_code == 404
    assert scim.post("/Users", sent).json()["id"] == scim_id
    assert Team.objects.using("primary").filter(name="Sales").count() == 1
    operations = [{"method": "POST", "path": "/Users", "bulkId": "b", "data": person("bulk.one")}]
    results: list[Any] = scim.post("/Bulk", {"schemas": [BULK], "Operations": operations}).json()[
        "Operations"
    ]
    assert [result["status"] for result in results] == ["201"]
    actions = (
        ProvisioningEvent.objects.filter(outcome="applied").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == ["created", "created", "updated", "deactivated", "deleted", "revived", "created"]


def test_departures_are_taken_back_on_the_primary(scim: ScimClient, connection: SCIMConnection) -> None:
    """From an administrator's page: outside of a SCIM request."""
    boss = scim.post("/Users", person("boss.one")).json()["id"]
    sent = person(**{ENTERPRISE: {"department": "Sales", "manager": {"value": boss}}})
    scim_id = scim.post("/Users", sent).json()["id"]
    before = scim.get(f"/Users/{scim_id}").json()
    change = [
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Gone"},
        {"op": "remove", "path": f"{ENTERPRISE}:manager"},
    ]
    assert scim.patch(f"/Users/{scim_id}", change).status_code == 200
    assert scim.delete(f"/Users/{boss}").status_code == 204
    done = reactivation.undo(connection, list(reactivation.departures(connection, 1)), actor=None)
    assert (done.back, done.failed) == (2, [])
    assert {**scim.get(f"/Users/{scim_id}").json(), "meta": None} == {**before, "meta": None}
    assert Team.objects.using("primary").filter(name="Sales").count() == 1
    assert User.objects.using("primary").filter(is_active=True).count() == 2


def test_what_belongs_to_this_package_is_never_read_from_the_replica(
    connection: SCIMConnection, token: str
) -> None:
    assert SCIMConnection.objects.get() == connection
    assert SCIMToken.objects.get().connection == connection
    call_command("scim_token", "list", verbosity=0)


def test_a_refused_write_leaves_nothing_on_the_primary(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from example_project.lms.scim import LearnerAdapter

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", refuse)
    assert scim.post("/Users", person()).status_code == 500
    assert not User.objects.using("primary").exists()
    assert not ProvisionedUser.objects.exists()
    assert ProvisioningEvent.objects.get().outcome == "refused"
