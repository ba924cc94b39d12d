"""The hooks of docs/recipes.md do what the page says of them."""

from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.hosts.signals import recipes
from tests.hosts.signals.models import Customer, Profile
from tests.people import person
from tests.vendors.asking import create

pytestmark = pytest.mark.django_db

OFF = [{"op": "replace", "path": "active", "value": False}]
ON = [{"op": "replace", "path": "active", "value": True}]


@pytest.fixture
def use(settings: Any) -> Any:
    def adapter(name: str) -> None:
        path = f"{recipes.__name__}.{name}"
        settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": path}

    recipes.DOORS.clear()
    return adapter


# --- calls after the commit


def test_another_system_is_called_once_the_change_is_committed(
    scim: ScimClient, use: Any, django_capture_on_commit_callbacks: Any
) -> None:
    use("WithDoors")
    made = create(scim, person())
    with django_capture_on_commit_callbacks(execute=True):
        scim.patch(f"/Users/{made['id']}", OFF)
        assert recipes.DOORS == []
    [call] = recipes.DOORS
    assert call == ("closed", Profile.objects.get().user_id)


def test_a_call_that_fails_leaves_the_change_and_the_answer_as_they_are(
    scim: ScimClient, use: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("WithDoors")
    made = create(scim, person())

    def unreachable(user_id: int) -> None:
        raise ConnectionError("the doors do not answer")

    monkeypatch.setattr(recipes, "close_doors", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        answer = scim.patch(f"/Users/{made['id']}", OFF)
    assert answer.status_code == 200
    assert not Profile.objects.get().user.is_active


# --- seats


@pytest.fixture
def one_seat(use: Any, organization: Customer) -> None:
    use("WithSeats")
    Customer.objects.filter(pk=organization.pk).update(seats=1)


def test_whoever_finds_no_seat_is_refused_and_leaves_nothing_behind(scim: ScimClient, one_seat: None) -> None:
    create(scim, person())
    answer = scim.post("/Users", person("rui.sousa"))
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("No seat is left in this directory (1 of 1 taken).")
    assert Profile.objects.count() == 1
    refused = ProvisioningEvent.objects.latest("pk")
    assert (refused.error_code, refused.cause["used"], refused.cause["total"]) == ("user.seats", 1, 1)


def test_a_seat_that_somebody_leaves_is_free_and_needed_to_come_back(
    scim: ScimClient, one_seat: None
) -> None:
    ines = create(scim, person())["id"]
    scim.patch(f"/Users/{ines}", OFF)
    create(scim, person("rui.sousa"))
    assert scim.patch(f"/Users/{ines}", ON).status_code == 403
    assert scim.get(f"/Users/{ines}").json()["active"] is False


def test_somebody_who_arrives_inactive_takes_no_seat(scim: ScimClient, one_seat: None) -> None:
    create(scim, person())
    create(scim, person("rui.sousa", active=False))
