"""A moment in the place of a switch: somebody is off since then, and hidden by the host's own manager."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import ScimClient
from tests.hosts.academy import soft_delete
from tests.hosts.academy.models import User
from tests.hosts.current import spelled
from tests.people import person
from tests.vendors.asking import create

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def off_since(settings: Any) -> None:
    path = f"{soft_delete.__name__}.LearnerAdapter"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": path}


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = create(scim, spelled(person()))["id"]
    return scim_id


def switched(active: bool) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": "active", "value": active}]


def active(scim: ScimClient, text: str) -> list[str]:
    return [user["id"] for user in scim.get(f"/Users?filter=active+eq+{text}").json()["Resources"]]


def test_a_leaver_is_hidden_still_readable_and_shown_again_when_they_return(
    scim: ScimClient, ines: str
) -> None:
    assert scim.patch(f"/Users/{ines}", switched(False)).json()["active"] is False
    assert not User.objects.exists()
    since = User.everybody.get().deleted_at
    assert since is not None
    assert scim.get(f"/Users/{ines}").json()["active"] is False
    assert (active(scim, "true"), active(scim, "false")) == ([], [ines])

    assert scim.patch(f"/Users/{ines}", switched(True)).json()["active"] is True
    assert User.objects.get().deleted_at is None
    assert (active(scim, "true"), active(scim, "false")) == ([ines], [])


def test_the_moment_stays_when_somebody_is_switched_off_again(scim: ScimClient, ines: str) -> None:
    scim.patch(f"/Users/{ines}", switched(False))
    since = User.everybody.get().deleted_at
    scim.delete(f"/Users/{ines}")
    assert User.everybody.get().deleted_at == since


def test_a_rehire_is_shown_under_the_same_id_without_any_code_of_the_hosts(
    scim: ScimClient, ines: str
) -> None:
    scim.delete(f"/Users/{ines}")
    assert not User.objects.exists()
    assert create(scim, spelled(person()))["id"] == ines
    assert User.objects.count() == User.everybody.count() == 1


def test_somebody_whom_the_application_deleted_is_inactive(scim: ScimClient, ines: str) -> None:
    User.objects.get().soft_delete()
    assert scim.get(f"/Users/{ines}").json()["active"] is False
    assert active(scim, "false") == [ines]


def test_people_are_sorted_with_those_who_are_off_first(scim: ScimClient, ines: str) -> None:
    other = create(scim, spelled(person("rui.sousa")))["id"]
    scim.patch(f"/Users/{other}", switched(False))
    page = scim.get("/Users?sortBy=active").json()["Resources"]
    assert [user["id"] for user in page] == [other, ines]
