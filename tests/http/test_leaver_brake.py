"""The leaver brake: too many people who go at once wait for an administrator, and nobody else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import (
    Action,
    HeldLeaver,
    LeaverBrake,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.signals import leavers_held
from tests.client import ScimClient
from tests.leavers import OFF, ON, established, learners, leave, let_go_at_most
from tests.lms_factories import LearnerFactory
from tests.people import person
from tests.sharing import Customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(connection: SCIMConnection) -> SCIMConnection:
    return let_go_at_most(connection, 3)


@pytest.fixture
def people(scim: ScimClient, limited: SCIMConnection) -> list[str]:
    return learners(scim, 8)


def is_active(scim: ScimClient, scim_id: str) -> Any:
    return scim.get(f"/Users/{scim_id}").json()["active"]


def test_who_goes_above_the_limit_is_answered_try_again_later_and_stays(
    scim: ScimClient, people: list[str]
) -> None:
    assert leave(scim, *people[:3]) == [200, 200, 200]
    held = scim.patch(f"/Users/{people[3]}", OFF)
    assert held.status_code == 503
    assert held.headers["Retry-After"] == "1800"
    assert held.json()["detail"] == "Deactivations are held for approval in the application."
    assert is_active(scim, people[3]) is True


def test_every_road_out_counts_and_is_held(scim: ScimClient, people: list[str]) -> None:
    assert leave(scim, people[0]) == [200]
    assert scim.delete(f"/Users/{people[1]}").status_code == 204
    assert scim.put(f"/Users/{people[2]}", {**person("p2"), "active": False}).status_code == 200
    assert leave(scim, people[3]) == [503]
    assert scim.delete(f"/Users/{people[4]}").status_code == 503
    assert scim.put(f"/Users/{people[5]}", {**person("p5"), "active": False}).status_code == 503
    assert [is_active(scim, scim_id) for scim_id in people[3:6]] == [True] * 3


def test_each_operation_of_a_bulk_request_counts(scim: ScimClient, people: list[str]) -> None:
    operations = [
        {"method": "PATCH", "path": f"/Users/{scim_id}", "data": {"Operations": OFF}} for scim_id in people
    ]
    answer = scim.post("/Bulk", {"Operations": operations}).json()["Operations"]
    assert [one["status"] for one in answer] == ["200"] * 3 + ["503"] * 5
    assert HeldLeaver.objects.count() == 5


def test_everything_else_goes_on_while_people_are_held(scim: ScimClient, people: list[str]) -> None:
    leave(scim, *people)
    title = [{"op": "Replace", "path": "title", "value": "Trainer"}]
    assert scim.patch(f"/Users/{people[7]}", title).status_code == 200
    assert scim.post("/Users", person("new.comer")).status_code == 201
    on = [{"op": "Replace", "path": "active", "value": "True"}]
    assert scim.patch(f"/Users/{people[0]}", on).status_code == 200
    # Said once more of somebody who is off already: nobody goes.
    assert leave(scim, people[1]) == [200]
    assert scim.delete(f"/Users/{people[1]}").status_code == 204


def test_whoever_is_to_be_erased_counts_though_they_were_off_already(
    scim: ScimClient, people: list[str], limited: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[Any] = []
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: erased.append(learner))
    limited.policies = {**limited.policies, "on_delete": "erase"}
    limited.save()
    leave(scim, *people[:3])
    age_departures(limited, timedelta(hours=2))
    assert [scim.delete(f"/Users/{scim_id}").status_code for scim_id in people[:3]] == [204] * 3
    assert [scim.delete(f"/Users/{scim_id}").status_code for scim_id in people[3:]] == [503] * 5
    assert len(erased) == 3


def test_other_customers_leavers_are_not_counted_and_not_held(scim: ScimClient, people: list[str]) -> None:
    leave(scim, *people)
    other = Customer.make()
    theirs = ScimClient(other.token)
    somebody = theirs.post("/Users", person("somebody.else")).json()["id"]
    assert leave(theirs, somebody) == [200]


def test_who_is_held_stands_in_the_log_and_in_a_list_and_is_noted_once(
    scim: ScimClient, people: list[str]
) -> None:
    leave(scim, *people[:4])
    leave(scim, people[3])
    held = HeldLeaver.objects.get()
    assert (held.link.scim_id, held.times, held.operation) == (people[3], 2, "patch")
    events = ProvisioningEvent.objects.filter(action=Action.HELD)
    assert [event.error_code for event in events] == ["conn.held"] * 2
    assert events[0].cause == {"count": 4, "limit": 3}


def test_a_departure_that_was_held_leaves_nothing_behind(scim: ScimClient, people: list[str]) -> None:
    leave(scim, *people[:3])
    before = scim.get(f"/Users/{people[4]}").json()
    change = [*OFF, {"op": "Replace", "path": "title", "value": "Gone"}]
    assert scim.patch(f"/Users/{people[4]}", change).status_code == 503
    assert scim.get(f"/Users/{people[4]}").json() == before


def test_once_people_are_held_nobody_goes_even_when_the_hour_is_over(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    leave(scim, *people[:4])
    age_departures(limited, timedelta(hours=2))
    assert leave(scim, people[3], people[5]) == [503, 503]


def test_departures_of_more_than_an_hour_ago_are_not_counted(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    leave(scim, *people[:3])
    age_departures(limited, timedelta(minutes=61))
    assert leave(scim, *people[3:7]) == [200, 200, 200, 503]


def test_who_is_asked_for_no_more_holds_nobody_back_after_a_week(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    leave(scim, *people[:4])
    age_departures(limited, timedelta(days=8))
    HeldLeaver.objects.update(last_asked_at=timezone.now() - timedelta(days=8))
    assert leave(scim, people[5]) == [200]
    assert LeaverBrake.objects.get().tripped_at is None


def test_the_share_counts_where_it_is_larger(scim: ScimClient, limited: SCIMConnection) -> None:
    limited.policies = {"leavers_at_least": 1, "leavers_percent": 40}
    limited.save()
    ids = [scim.post("/Users", person(f"s{n}")).json()["id"] for n in range(10)]
    established()
    assert leave(scim, *ids) == [200] * 4 + [503] * 6


def test_people_who_came_within_the_hour_make_no_room_for_leavers(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    established()
    limited.policies = {"leavers_at_least": 1, "leavers_percent": 25}
    limited.save()
    for n in range(40):
        scim.post("/Users", person(f"made.up{n}"))
    assert leave(scim, *people) == [200, 200] + [503] * 6


def test_whoever_was_made_within_the_hour_may_go_uncounted_even_while_others_are_held(
    scim: ScimClient, people: list[str]
) -> None:
    leave(scim, *people)
    fresh = [scim.post("/Users", person(f"f{n}")).json()["id"] for n in range(5)]
    assert leave(scim, *fresh[:2]) == [200, 200]
    assert [scim.delete(f"/Users/{scim_id}").status_code for scim_id in fresh] == [204] * 5


def test_a_learner_of_the_lms_who_was_adopted_within_the_hour_counts(
    scim: ScimClient,
    people: list[str],
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    name = "known.already@harborline.example"
    LearnerFactory(organization=organization, user__username=name, user__email=name)
    adopted = scim.post("/Users", person("known.already")).json()["id"]
    leave(scim, *people[:3])
    assert leave(scim, adopted) == [503]


def test_a_share_of_100_per_cent_holds_nobody(scim: ScimClient, limited: SCIMConnection) -> None:
    limited.policies = {"leavers_at_least": 1, "leavers_percent": 100}
    limited.save()
    scim_id = scim.post("/Users", person("to.and.fro")).json()["id"]
    established()
    on = [{"op": "Replace", "path": "active", "value": "True"}]
    for _ in range(3):
        assert leave(scim, scim_id) == [200]
        assert scim.patch(f"/Users/{scim_id}", on).status_code == 200


def test_a_learner_of_the_lms_who_is_adopted_and_switched_off_counts_as_well(
    scim: ScimClient,
    people: list[str],
    limited: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    name = "known.already@harborline.example"
    LearnerFactory(organization=organization, user__username=name, user__email=name)
    leave(scim, *people[:3])
    answer = scim.post("/Users", {**person("known.already"), "active": False})
    assert answer.status_code == 503, answer.content
    assert get_user_model().objects.get(username=name).is_active
    # Nobody could decide on somebody who is not linked: no alarm, and they go once there is room.
    assert LeaverBrake.objects.get().tripped_at is None
    age_departures(limited, timedelta(hours=2))
    assert scim.post("/Users", {**person("known.already"), "active": False}).status_code == 201


def test_a_receiver_is_told_once_with_the_figures(
    scim: ScimClient, people: list[str], limited: SCIMConnection, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[dict[str, Any]] = []

    def receiver(**facts: Any) -> None:
        told.append(facts)

    leavers_held.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            leave(scim, *people)
    finally:
        leavers_held.disconnect(receiver)
    assert [(facts["connection"], facts["count"], facts["limit"]) for facts in told] == [(limited, 4, 3)]


def age_departures(connection: SCIMConnection, by: timedelta) -> None:
    brake = LeaverBrake.objects.get(connection=connection)
    minutes = int(by.total_seconds()) // 60
    brake.recent = [[minute - minutes, number] for minute, number in brake.recent]
    brake.save()


def test_who_goes_to_and_fro_within_the_hour_is_one_leaver(scim: ScimClient, people: list[str]) -> None:
    for _again in range(4):
        assert leave(scim, people[0]) == [200]
        assert scim.patch(f"/Users/{people[0]}", ON).status_code == 200
    assert leave(scim, *people[:4]) == [200, 200, 200, 503]
