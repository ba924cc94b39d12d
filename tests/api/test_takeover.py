"""New SSO settings take the connection of deleted ones over, as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = pytest.mark.django_db

NEEDED = ("view_scimconnection", "add_scimconnection", "change_scimconnection", "change_ssosettings")


@pytest.fixture
def new(connection: SCIMConnection, scim: ScimClient) -> SSOSettings:
    """The customer's new SSO settings; the old ones, which had a learner, are deleted."""
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    old = SSOSettings.objects.get(pk=connection.sso_key)
    made: SSOSettings = SSOSettingsFactory(organization=old.organization, name="Entra ID, new")
    old.delete()
    connection.refresh_from_db()
    return made


def take(api: API, connection: SCIMConnection, sso: SSOSettings, **body: Any) -> Any:
    return api.post("take_over", connection.pk, **{"sso_key": str(sso.pk), "password": PASSWORD, **body})


def test_the_same_learners_go_on_with_the_new_settings(
    boss: API, connection: SCIMConnection, new: SSOSettings
) -> None:
    (ended,) = boss.get("ended", sso_key=str(new.pk)).json()
    assert (ended["id"], ended["learners"]) == (connection.pk, 1)
    answer = take(boss, connection, new)
    assert (answer.status_code, answer.json()["sso_key"]) == (200, str(new.pk))
    connection.refresh_from_db()
    assert not connection.is_archived
    assert ProvisionedUser.objects.living().get().connection == connection
    assert boss.get("ended", sso_key=str(new.pk)).json() == []


def test_a_connection_that_has_not_ended_is_a_conflict(
    boss: API, connection: SCIMConnection, sso: SSOSettings
) -> None:
    assert take(boss, connection, SSOSettingsFactory(organization=sso.organization)).status_code == 409


def test_the_settings_of_another_customer_are_answered_as_if_there_were_none(
    boss: API, connection: SCIMConnection, new: SSOSettings
) -> None:
    theirs = SSOSettingsFactory()
    refused = take(boss, connection, theirs)
    nothing = take(boss, connection, theirs, sso_key="4711")
    assert refused.status_code == nothing.status_code == 400
    assert refused.json()["sso_key"][0].replace(str(theirs.pk), "4711") == nothing.json()["sso_key"][0]
    connection.refresh_from_db()
    assert connection.is_archived


def test_whoever_would_not_see_it_afterwards_changes_nothing(
    staff: Staff, connection: SCIMConnection, new: SSOSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived = SCIMConnection.objects.filter(archived_at__isnull=False)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: archived.all()))
    assert take(staff(*NEEDED), connection, new).status_code == 400
    connection.refresh_from_db()
    assert connection.is_archived


@pytest.mark.parametrize("lacking", NEEDED)
def test_each_permission_of_the_page_is_needed(
    staff: Staff, connection: SCIMConnection, new: SSOSettings, lacking: str
) -> None:
    poor = staff(*(name for name in NEEDED if name != lacking))
    if lacking != "view_scimconnection":
        # To change connections is to view them.
        assert take(poor, connection, new).status_code == 403
        assert poor.get("ended", sso_key=str(new.pk)).status_code == 403
    else:
        assert poor.get("ended", sso_key=str(new.pk)).status_code == 200


def test_without_the_password_nothing_is_taken_over(
    boss: API, connection: SCIMConnection, new: SSOSettings
) -> None:
    assert list(take(boss, connection, new, password="wrong").json()) == ["password"]
    connection.refresh_from_db()
    assert connection.is_archived
