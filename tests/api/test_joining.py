"""Two accounts of one person, as JSON, by the rules of the pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from example_project.lms.models import Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "manage_policy")


@pytest.fixture
def old(organization: Organization, scim: ScimClient, _doubles_are_made: None) -> User:
    """An account of Ines, whose identity provider has made a second one."""
    old: User = LearnerFactory(organization=organization, user__username="okafor", user__email=INES).user
    assert scim.post("/Users", person()).status_code == 201
    return old


def test_doubles_are_listed_and_joined(
    boss: API, connection: SCIMConnection, old: User, scim: ScimClient
) -> None:
    link = ProvisionedUser.objects.get()
    found = boss.get("doubles", connection.pk).json()
    assert found == {
        "can_merge": True,
        "doubles": [
            {
                "one": {"account": str(link.user_id), "name": INES, "scim_id": link.scim_id},
                "other": {"account": str(old.pk), "name": "okafor", "scim_id": ""},
                "reasons": ["The same e-mail address"],
            }
        ],
    }
    mine = boss.get("doubles", connection.pk, account=str(old.pk)).json()["doubles"]
    assert [one["other"]["name"] for one in mine] == [INES]
    called = boss.get("doubles", connection.pk, account=str(link.user_id), search="OKAFOR").json()
    assert [one["other"]["name"] for one in called["doubles"]] == ["okafor"]

    body = {"into": str(old.pk), "other": str(link.user_id)}
    assert boss.post("join", connection.pk, **body, password="wrong").status_code == 400
    joined = boss.post("join", connection.pk, **body, password=PASSWORD)
    assert (joined.status_code, "goes on" in joined.json()["sentence"]) == (200, True)
    link.refresh_from_db()
    assert link.user == old
    assert boss.get("doubles", connection.pk).json()["doubles"] == []


def test_what_is_in_the_way_is_said(
    boss: API, connection: SCIMConnection, old: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"into": str(old.pk), "other": str(ProvisionedUser.objects.get().user_id), "password": PASSWORD}
    User.objects.filter(pk=old.pk).update(is_staff=True)
    refused = boss.post("join", connection.pk, **body)
    assert (refused.status_code, "is protected" in refused.json()["detail"]) == (409, True)
    User.objects.filter(pk=old.pk).update(is_staff=False)
    monkeypatch.delattr(LearnerAdapter, "merge")
    assert boss.get("doubles", connection.pk).json()["can_merge"] is False
    refused = boss.post("join", connection.pk, **body)
    assert (refused.status_code, "does not say how" in refused.json()["detail"]) == (409, True)
    assert not ProvisioningEvent.objects.filter(action="merged").exists()


def test_nobody_joins_for_another_customer(
    boss: API, staff: Staff, connection: SCIMConnection, old: User
) -> None:
    body = {"into": str(old.pk), "other": str(ProvisionedUser.objects.get().user_id), "password": PASSWORD}
    assert staff(*POLICY[:1]).get("doubles", connection.pk).status_code == 403
    assert staff(*POLICY[:1]).post("join", connection.pk, **body).status_code == 403
    elsewhere = ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
    assert boss.post("join", elsewhere.pk, **body).status_code == 404
    assert boss.get("doubles", elsewhere.pk, account=str(old.pk)).status_code == 404
    assert boss.get("doubles", elsewhere.pk).json()["doubles"] == []
    for key in ("x", "0", "9" * 30):
        assert boss.post("join", connection.pk, **{**body, "other": key}).status_code == 404
