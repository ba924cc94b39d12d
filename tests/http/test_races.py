"""Requests that arrive at the same moment, each sent by a process of its own. On SQLite they queue at BEGIN, and must
end the same way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import Settings

from example_project.lms.models import Learner, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.faults.forks import at_once
from tests.people import ENTERPRISE, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]


@pytest.fixture
def clients(token: str) -> list[ScimClient]:
    return [ScimClient(token) for _ in range(4)]


def statuses(answers: list[Any]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


@pytest.mark.parametrize("attempt", range(3))
def test_two_posts_of_one_user_name_make_one_person_and_one_409(
    clients: list[ScimClient], attempt: int
) -> None:
    names = ("ines.okafor@harborline.example", "Ines.Okafor@harborline.example")
    answers = at_once(
        *[
            lambda client=client, name=names[n % 2]: client.post("/Users", person(userName=name))  # type: ignore[misc]
            for n, client in enumerate(clients)
        ]
    )
    assert statuses(answers) == [201, 409, 409, 409]
    assert {json.loads(a.content)["scimType"] for a in answers if a.status_code == 409} == {"uniqueness"}
    counts = [model.objects.count() for model in (ProvisionedUser, User, Learner)]
    assert counts == [1, 1, 1]


@pytest.mark.parametrize("attempt", range(3))
def test_two_posts_that_bring_one_person_back_bring_her_back_once(
    clients: list[ScimClient], attempt: int
) -> None:
    ines = clients[0].post("/Users", person()).json()["id"]
    clients[0].delete(f"/Users/{ines}")
    answers = at_once(*[lambda client=client: client.post("/Users", person()) for client in clients])  # type: ignore[misc]
    assert statuses(answers) == [201, 409, 409, 409]
    assert ProvisionedUser.objects.count() == 1
    assert ProvisioningEvent.objects.filter(action="revived").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_patches_of_different_attributes_all_survive(clients: list[ScimClient], attempt: int) -> None:
    ines = clients[0].post("/Users", person()).json()["id"]
    changes = {
        "title": "Fellow",
        "nickName": "Nan",
        "name.familyName": "Bell",
        f"{ENTERPRISE}:department": "Locks",
    }
    answers = at_once(
        *[
            lambda client=client, path=path, value=value: client.patch(  # type: ignore[misc]
                f"/Users/{ines}", [{"op": "replace", "path": path, "value": value}]
            )
            for client, (path, value) in zip(clients, changes.items(), strict=True)
        ]
    )
    assert statuses(answers) == [200] * 4
    left = clients[0].get(f"/Users/{ines}").json()
    assert (left["title"], left["nickName"], left["name"]["familyName"]) == ("Fellow", "Nan", "Bell")
    assert left[ENTERPRISE]["department"] == "Locks"
    assert ProvisionedUser.objects.get().version == 5
    learner = Learner.objects.get()
    assert (learner.job_role, learner.user.last_name, learner.team) == (
        "Fellow",
        "Bell",
        Team.objects.get(name="Locks"),
    )


@pytest.mark.parametrize("attempt", range(3))
def test_people_who_need_one_new_team_share_it(clients: list[ScimClient], attempt: int) -> None:
    answers = at_once(
        *[
            lambda client=client, n=n: client.post(  # type: ignore[misc]
                "/Users", person(f"p{n}.x", **{ENTERPRISE: {"department": "Brand New"}})
            )
            for n, client in enumerate(clients)
        ]
    )
    assert statuses(answers) == [201] * 4
    assert Team.objects.count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_deletes_one_is_204_and_one_404(clients: list[ScimClient], attempt: int) -> None:
    ines = clients[0].post("/Users", person()).json()["id"]
    answers = at_once(*[lambda client=client: client.delete(f"/Users/{ines}") for client in clients[:2]])  # type: ignore[misc]
    assert statuses(answers) == [204, 404]
    assert ProvisioningEvent.objects.filter(action="deleted").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_updates_of_one_version_one_is_412(clients: list[ScimClient], attempt: int) -> None:
    made = clients[0].post("/Users", person()).json()
    version = made["meta"]["version"]
    answers = at_once(
        *[
            lambda client=client, n=n: client.patch(  # type: ignore[misc]
                f"/Users/{made['id']}",
                [{"op": "replace", "path": "title", "value": f"T{n}"}],
                if_match=version,
            )
            for n, client in enumerate(clients[:2])
        ]
    )
    assert statuses(answers) == [200, 412]


def test_patch_that_waits_for_an_edit_in_the_lms_keeps_both(clients: list[ScimClient]) -> None:
    """An administrator's edit commits while the PATCH is waiting; neither may write back what it read."""
    ines = clients[0].post("/Users", person()).json()["id"]

    def edit() -> None:
        with transaction.atomic():
            learner = Learner.objects.select_for_update().get()
            learner.job_role = "Edited in the LMS"
            learner.save(update_fields=["job_role"])

    def patch() -> Any:
        return clients[1].patch(
            f"/Users/{ines}", [{"op": "replace", "path": "name.familyName", "value": "Bell"}]
        )

    for _ in range(5):
        _, answer = at_once(edit, patch)
        assert answer.status_code == 200
        learner = Learner.objects.get()
        assert (learner.job_role, learner.user.last_name) == ("Edited in the LMS", "Bell")
        assert clients[0].get(f"/Users/{ines}").json()["title"] == "Edited in the LMS"
        Learner.objects.update(job_role="Before")
        User.objects.update(last_name="Before")


class EditedMeanwhile(LearnerAdapter):
    """The example's, into whose requests somebody's edit of the learner falls: after reading, before saving."""

    def validate_dict(self, d: dict[str, Any]) -> None:
        Learner.objects.filter(user=self.obj).update(job_role="Edited in the LMS")
        User.objects.filter(pk=self.obj.pk).update(first_name="Edited")


def test_an_edit_that_commits_between_reading_and_saving_is_not_undone(
    clients: list[ScimClient], settings: Settings
) -> None:
    """What a PATCH does not change it does not write, neither the account's nor the profile's."""
    ines = clients[0].post("/Users", person()).json()["id"]
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": f"{__name__}.EditedMeanwhile"}
    changes = {"name.familyName": "Bell", f"{ENTERPRISE}:department": "Locks"}
    operations = [{"op": "replace", "path": path, "value": value} for path, value in changes.items()]
    assert clients[0].patch(f"/Users/{ines}", operations).status_code == 200
    learner = Learner.objects.get()
    assert (learner.user.last_name, learner.team) == ("Bell", Team.objects.get(name="Locks"))
    assert (learner.user.first_name, learner.job_role) == ("Edited", "Edited in the LMS")


def test_learner_deleted_in_the_lms_during_a_patch_is_404_or_gone_but_never_a_fault(
    clients: list[ScimClient],
) -> None:
    ines = clients[0].post("/Users", person()).json()["id"]
    _, answer = at_once(
        lambda: User.objects.all().delete(),
        lambda: clients[1].patch(f"/Users/{ines}", [{"op": "replace", "path": "title", "value": "X"}]),
    )
    assert answer.status_code in (200, 404, 409)
    assert clients[0].get(f"/Users/{ines}").status_code == 404
