"""What becomes of a person and of what they have learned: who was here before, marries, is deleted, comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from example_project.lms.models import Learner, Organization, Progress
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import LeaverBrake, ProvisionedUser, ProvisioningEvent
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, ProgressFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
OFF = [{"op": "Replace", "path": "active", "value": "False"}]


def find(scim: ScimClient, name: str = INES) -> list[str]:
    query = f'userName eq "{name}"'
    return [one["id"] for one in scim.get(f"/Users?filter={quote(query)}").json()["Resources"]]


def learned() -> list[tuple[Any, ...]]:
    return list(Progress.objects.order_by("pk").values_list("learner", "course", "percent"))


def test_somebody_who_was_here_before_keeps_their_progress_through_linking_leaving_and_returning(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    learner = LearnerFactory(organization=organization, user__username=INES, user__email=INES)
    ProgressFactory(learner=learner, percent=70)
    before = learned()
    assert find(scim) == []
    made = scim.post("/Users", person())
    assert (made.status_code, made.json()["active"]) == (201, True)
    assert scim.patch(f"/Users/{made.json()['id']}", OFF).status_code == 200
    assert scim.delete(f"/Users/{made.json()['id']}").status_code == 204
    back = scim.post("/Users", person(title="Lead"))
    assert (back.status_code, back.json()["id"]) == (201, made.json()["id"])
    assert Learner.objects.get().pk == learner.pk
    assert (learned(), User.objects.get().is_active) == (before, True)


def test_a_client_that_tests_its_connection_by_making_and_deleting_somebody_makes_nobody_twice(
    scim: ScimClient,
) -> None:
    ids = set()
    for _time in range(3):
        made = scim.post("/Users", person("test.user", externalId=None))
        assert made.status_code == 201
        ids.add(made.json()["id"])
        url = f"/Users/{made.json()['id']}"
        assert scim.patch(url, [{"op": "Replace", "path": "title", "value": "Changed"}]).status_code == 200
        assert scim.delete(url).status_code == 204
        assert (scim.get(url).status_code, find(scim, "test.user@harborline.example")) == (404, [])
    assert (len(ids), User.objects.count(), Learner.objects.count()) == (1, 1, 1)
    assert not User.objects.filter(is_active=True).exists()
    assert not LeaverBrake.objects.filter(tripped_at__isnull=False).exists()


def test_a_marriage_keeps_one_learner_with_their_progress_under_the_new_name(scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    ProgressFactory(learner=Learner.objects.get(), percent=40)
    before, new = learned(), "ines.adeyemi@harborline.example"
    changes = {"userName": new, "name.familyName": "Adeyemi", 'emails[type eq "work"].value': new}
    operations = [{"op": "Replace", "path": path, "value": value} for path, value in changes.items()]
    assert scim.patch(f"/Users/{scim_id}", operations).status_code == 200
    assert (find(scim, new), find(scim)) == ([scim_id], [])
    account = User.objects.get()
    assert (account.username, account.email, account.last_name) == (new, new, "Adeyemi")
    assert learned() == before
    # The old name is free: whoever is hired under it is somebody else.
    other = scim.post("/Users", person(externalId="another"))
    assert (other.status_code, other.json()["id"] == scim_id) == (201, False)
    assert learned() == before


def test_a_namesake_who_is_hired_after_a_leaver_inherits_neither_account_nor_progress(
    scim: ScimClient,
) -> None:
    leaver = scim.post("/Users", person()).json()["id"]
    ProgressFactory(learner=Learner.objects.get(), percent=90)
    before = learned()
    scim.delete(f"/Users/{leaver}")
    namesake = scim.post("/Users", person(externalId="somebody-else"))
    assert (namesake.status_code, namesake.json()["id"] == leaver) == (201, False)
    link = ProvisionedUser.objects.living().get()
    assert link.user is not None
    assert link.user.username == INES
    assert not Progress.objects.filter(learner__user=link.user).exists()
    assert learned() == before
    # The leaver's account has stepped aside, and an administrator is asked whether the two are one.
    assert User.objects.exclude(pk=link.user_id).get().username != INES
    assert ProvisioningEvent.objects.latest("pk").cause["earlier"] == [leaver]


def test_whoever_is_hired_again_after_a_purge_has_their_account_and_progress_back(scim: ScimClient) -> None:
    # Entra switches off, and deletes a month later; the account of the directory is made from the same source again.
    scim_id = scim.post("/Users", person()).json()["id"]
    ProgressFactory(learner=Learner.objects.get(), percent=90)
    before = learned()
    scim.patch(f"/Users/{scim_id}", OFF)
    scim.delete(f"/Users/{scim_id}")
    assert scim.patch(f"/Users/{scim_id}", OFF).status_code == 404
    back = scim.post("/Users", person(title="Back again"))
    assert (back.status_code, back.json()["id"], back.json()["active"]) == (201, scim_id, True)
    assert (learned(), User.objects.get().is_active) == (before, True)
    actions = ProvisioningEvent.objects.order_by("pk").values_list("action", flat=True)
    assert [action for action in actions if action != "refused"] == [
        "created",
        "deactivated",
        "deleted",
        "revived",
    ]


def test_whoever_was_deleted_in_the_lms_is_made_anew_and_the_identity_provider_hears_404_before(
    scim: ScimClient,
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    User.objects.all().delete()
    assert scim.get(f"/Users/{scim_id}").status_code == 404
    assert scim.patch(f"/Users/{scim_id}", OFF).status_code == 404
    anew = scim.post("/Users", person())
    assert (anew.status_code, anew.json()["id"] == scim_id) == (201, False)
    assert User.objects.get().username == INES
