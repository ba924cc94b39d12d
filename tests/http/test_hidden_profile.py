"""A profile that the host's default manager leaves out: nobody is called active whom the LMS does not show."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import models

from example_project.lms.models import Company, Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

OFF = [{"op": "replace", "path": "active", "value": False}]
ON = [{"op": "replace", "path": "active", "value": True}]


class WithCompany(models.Manager[Any]):
    """Shows learners of a company only; whose company is taken away, is deleted."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(company__isnull=False)


@pytest.fixture
def leaver(scim: ScimClient, monkeypatch: pytest.MonkeyPatch) -> str:
    manager = WithCompany()
    manager.model = Learner
    monkeypatch.setattr(Learner._meta, "default_manager", manager)
    scim_id: str = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    assert not Learner._default_manager.exists()
    return scim_id


def test_nobody_returns_whose_profile_stays_hidden(scim: ScimClient, leaver: str) -> None:
    answer = scim.patch(f"/Users/{leaver}", ON)
    assert (answer.status_code, ProvisioningEvent.objects.latest("pk").error_code) == (409, "user.hidden")
    assert scim.get(f"/Users/{leaver}").json()["active"] is False
    assert not User.objects.get().is_active


def test_who_is_shown_again_by_the_host_returns(
    scim: ScimClient, leaver: str, monkeypatch: pytest.MonkeyPatch, organization: Any
) -> None:
    def restore(self: LearnerAdapter, account: User) -> None:
        account.learner.company = Company.objects.create(organization=organization, name="Harborline")
        account.learner.save()

    monkeypatch.setattr(LearnerAdapter, "restore", restore)
    assert scim.patch(f"/Users/{leaver}", ON).json()["active"] is True
    assert Learner._default_manager.get().user.is_active
