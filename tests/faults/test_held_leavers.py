"""Whom the brake holds, after people came and went by other ways than the one that was held."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import leaver_brake, reactivation
from scim_provisioning.models import HeldLeaver, LeaverBrake, SCIMConnection
from tests.client import ScimClient
from tests.leavers import ON, learners, leave, let_go_at_most
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(connection: SCIMConnection) -> SCIMConnection:
    return let_go_at_most(connection, 3)


@pytest.fixture
def people(scim: ScimClient, limited: SCIMConnection) -> list[str]:
    return learners(scim, 8)


@pytest.mark.parametrize("how", ["open", "percent", "lms", "delete"])
def test_whoever_left_and_returns_is_held_no_more(
    scim: ScimClient, people: list[str], limited: SCIMConnection, how: str
) -> None:
    assert leave(scim, *people[:4]) == [200, 200, 200, 503]
    if how == "percent":
        limited.policies = {**limited.policies, "leavers_percent": 100}
        limited.save()
    elif how == "lms":
        get_user_model().objects.filter(scim_links__scim_id=people[3]).update(is_active=False)
    else:
        leaver_brake.allow_all(limited, actor=None)
    if how == "delete":
        assert scim.delete(f"/Users/{people[3]}").status_code == 204
        assert scim.post("/Users", person("p3")).status_code == 201
    else:
        assert leave(scim, people[3]) == [200]
        assert scim.patch(f"/Users/{people[3]}", ON).status_code == 200
    limited.policies = {**limited.policies, "leavers_percent": 5}
    limited.save()
    LeaverBrake.objects.update(open_until=None, recent=[])
    assert list(leaver_brake.held(limited)) == []
    assert leave(scim, people[4]) == [200]


def test_whoever_is_off_and_held_from_being_erased_can_be_decided_on(
    scim: ScimClient, people: list[str], limited: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[Any] = []
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: erased.append(learner))
    limited.policies = {**limited.policies, "on_delete": "erase"}
    limited.save()
    assert leave(scim, *people[:3]) == [200] * 3
    assert scim.delete(f"/Users/{people[0]}").status_code == 503
    hold = leaver_brake.of(limited)
    assert hold is not None
    assert hold.waiting == 1
    (row,) = leaver_brake.held(limited)
    assert leaver_brake.allow(limited, [row.pk], actor=None) == 1
    assert scim.delete(f"/Users/{people[0]}").status_code == 204
    assert not HeldLeaver.objects.exists()


def test_whoever_the_lms_has_switched_on_again_and_is_held_can_be_decided_on(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    assert leave(scim, *people[:3]) == [200] * 3
    get_user_model().objects.filter(scim_links__scim_id=people[0]).update(is_active=True)
    assert leave(scim, people[0]) == [503]
    (row,) = leaver_brake.held(limited)
    assert leaver_brake.allow(limited, [row.pk], actor=None) == 1
    assert leave(scim, people[0]) == [200]
    assert not HeldLeaver.objects.exists()


def test_undoing_departures_that_were_not_counted_makes_no_room(
    scim: ScimClient, people: list[str], limited: SCIMConnection
) -> None:
    assert leave(scim, *people[:4]) == [200, 200, 200, 503]
    leaver_brake.allow_all(limited, actor=None)
    assert leave(scim, people[3], people[4], people[5]) == [200] * 3
    brake = LeaverBrake.objects.get()
    assert sum(n for _, n in brake.recent) == 3
    went = list(reactivation.departures(limited, 1))[3:]
    assert reactivation.undo(limited, went, actor=None).back == 3
    brake.refresh_from_db()
    # Three are off still, and were counted.
    assert sum(n for _, n in brake.recent) == 3


def test_who_is_back_counts_no_more_while_others_are_still_brought_back(
    scim: ScimClient, people: list[str], limited: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leave(scim, *people[:3]) == [200, 200, 200]
    monkeypatch.setattr(reactivation, "COUNTED_TOGETHER", 2)
    counted: list[int] = []
    bring_back = reactivation._bring_back

    def watched(*about: Any) -> bool:
        # Whoever is killed here counts nobody any more.
        counted.append(LeaverBrake.objects.get().departed(timezone.now()))
        return bring_back(*about)

    monkeypatch.setattr(reactivation, "_bring_back", watched)
    went = list(reactivation.departures(limited, 1))
    assert reactivation.undo(limited, went, actor=None).back == 3
    assert counted == [3, 3, 1]
    assert LeaverBrake.objects.get().departed(timezone.now()) == 0
