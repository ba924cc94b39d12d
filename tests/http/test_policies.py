"""What an administrator chose for one customer, as its identity provider meets it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import (
    ExistingLearners,
    OnDelete,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import enterprise, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def choose(connection: SCIMConnection, **chosen: str) -> None:
    connection.policies = {**connection.policies, **chosen}
    connection.save()


def tombstone(scim_id: str) -> ProvisionedUser:
    link = ProvisionedUser.objects.get(scim_id=scim_id)
    assert link.is_deleted
    return link


# --- existing learners


@pytest.fixture
def known(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> Learner:
    """Ines, whom nobody provisioned, in an LMS where the user name is the subject of SSO: strong evidence."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    learner: Learner = LearnerFactory(organization=organization, user__username=INES)
    return learner


@pytest.mark.parametrize("chosen", [{}, {"existing_learners": "link"}])
def test_strong_evidence_links_unless_the_policy_says_otherwise(
    scim: ScimClient, connection: SCIMConnection, known: Learner, chosen: dict[str, str]
) -> None:
    choose(connection, **chosen)
    assert scim.post("/Users", person()).status_code == 201
    assert ProvisionedUser.objects.get().user == known.user
    assert ProvisioningEvent.objects.latest("pk").action == "adopted"


@pytest.mark.parametrize("stored", ["refuse", "a choice of a later version"])
def test_with_refuse_strong_evidence_is_answered_like_weak(
    scim: ScimClient, connection: SCIMConnection, known: Learner, stored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(connection, existing_learners=stored)
    before = contents()
    strong = scim.post("/Users", person())
    assert (strong.status_code, strong.json()["scimType"]) == (409, "uniqueness")
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.error_code, event.cause["policy"]) == ("user.exists_unmanaged", "refuse")
    assert contents() == before

    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", False)
    weak = scim.post("/Users", person())
    assert (weak.status_code, weak.json()) == (strong.status_code, strong.json())
    assert "policy" not in ProvisioningEvent.objects.latest("pk").cause


def test_refuse_keeps_nobody_out_who_is_new_or_returns(scim: ScimClient, connection: SCIMConnection) -> None:
    choose(connection, existing_learners="refuse")
    created = scim.post("/Users", person())
    assert created.status_code == 201
    assert scim.delete(f"/Users/{created.json()['id']}").status_code == 204
    returned = scim.post("/Users", person())
    assert (returned.status_code, returned.json()["id"]) == (201, created.json()["id"])


def test_policy_is_one_customers_own(scim: ScimClient, connection: SCIMConnection, known: Learner) -> None:
    choose(ConnectionFactory(name="Another"), existing_learners="refuse")
    assert connection.existing_learners is ExistingLearners.LINK
    assert scim.post("/Users", person()).status_code == 201


# --- what DELETE does


class Erasure:
    """A host's `erase`, and what it found."""

    def __init__(self, *, deletes_the_account: bool) -> None:
        self.deletes_the_account = deletes_the_account
        self.found: list[dict[str, Any]] = []

    def __call__(self, adapter: LearnerAdapter, learner: Learner) -> None:
        self.found.append(
            {
                "learner": learner.pk,
                "active": User.objects.get(pk=learner.user_id).is_active,
                "event": ProvisioningEvent.objects.latest("pk").action,
                "deleted": adapter.connection.links.get(user=learner.user_id).is_deleted,
            }
        )
        if self.deletes_the_account:
            learner.user.delete()
        else:
            User.objects.filter(pk=learner.user_id).update(username=f"erased-{learner.user_id}", email="")


@pytest.fixture(params=[True, False], ids=["account-deleted", "account-anonymised"])
def erasure(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Erasure:
    hook = Erasure(deletes_the_account=request.param)
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: hook(self, learner))
    return hook


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def test_delete_only_deactivates_unless_the_policy_says_otherwise(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    assert connection.on_delete is OnDelete.DEACTIVATE
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert erasure.found == []
    assert tombstone(ines).user == User.objects.get()
    assert ProvisioningEvent.objects.latest("pk").cause == {}


def test_with_erase_a_delete_deactivates_logs_erases_and_leaves_a_tombstone_without_account(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    learner = Learner.objects.get()
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert erasure.found == [{"learner": learner.pk, "active": False, "event": "deleted", "deleted": True}]
    link = tombstone(ines)
    assert (link.user, link.document, link.search) == (None, {}, {})
    assert User.objects.exists() != erasure.deletes_the_account
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.link, event.cause) == ("deleted", link, {"erased": True})
    assert scim.get(f"/Users/{ines}").status_code == 404
    assert scim.delete(f"/Users/{ines}").status_code == 404


def test_whoever_returns_after_an_erasure_is_somebody_new(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    before = Learner.objects.get().pk
    scim.delete(f"/Users/{ines}")
    again = scim.post("/Users", person())
    assert again.status_code == 201
    assert again.json()["id"] != ines
    assert ProvisionedUser.objects.living().get().user.learner.pk != before
    assert tombstone(ines).user is None


def test_somebody_who_was_inactive_already_is_erased_too(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    scim.patch(f"/Users/{ines}", [{"op": "replace", "path": "active", "value": False}])
    assert len(erasure.found) == 0
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert len(erasure.found) == 1


def test_delete_in_bulk_erases_as_well(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    answer = scim.post(
        "/Bulk",
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "DELETE", "path": f"/Users/{ines}"}],
        },
    )
    assert answer.json()["Operations"][0]["status"] == "204"
    assert tombstone(ines).user is None


def test_nobody_is_erased_whom_another_connection_manages(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    account = User.objects.get()
    elsewhere = ProvisionedUserFactory(connection=ConnectionFactory(name="Another"), user=account)
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert erasure.found == []
    assert tombstone(ines).user == account
    assert ProvisioningEvent.objects.latest("pk").cause == {}
    elsewhere.refresh_from_db()
    assert elsewhere.user == account


@pytest.mark.parametrize("ends", ["archived_at", "deleted_at"])
def test_a_connection_that_has_ended_or_let_go_keeps_nobody_from_being_erased(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure, ends: str
) -> None:
    choose(connection, on_delete="erase")
    elsewhere = ProvisionedUserFactory(connection=ConnectionFactory(name="Another"), user=User.objects.get())
    ended = SCIMConnection.objects.filter(pk=elsewhere.connection_id) if ends == "archived_at" else None
    (ended or ProvisionedUser.objects.filter(pk=elsewhere.pk)).update(**{ends: timezone.now()})
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert len(erasure.found) == 1
    assert tombstone(ines).user is None


def test_of_somebody_erased_not_even_whom_they_waited_for_is_kept(
    scim: ScimClient, connection: SCIMConnection, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    sent = person("rui.sousa", **enterprise(manager={"value": "Ines Okafor"}))
    rui = scim.post("/Users", sent).json()["id"]
    assert ProvisionedUser.objects.get(scim_id=rui).awaited_manager == "Ines Okafor"
    scim.delete(f"/Users/{rui}")
    left = tombstone(rui)
    assert (left.awaited_manager, left.document, left.search) == (None, {}, {})


def test_protected_account_is_not_erased(
    scim: ScimClient, connection: SCIMConnection, ines: str, erasure: Erasure
) -> None:
    choose(connection, on_delete="erase")
    User.objects.update(is_staff=True)
    assert scim.delete(f"/Users/{ines}").status_code == 403
    assert erasure.found == []


def test_erasure_that_fails_undoes_the_delete(
    scim: ScimClient, connection: SCIMConnection, ines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: LearnerAdapter, learner: Learner) -> None:
        learner.user.delete()
        raise RuntimeError("the archive is locked")

    choose(connection, on_delete="erase")
    monkeypatch.setattr(LearnerAdapter, "erase", fail)
    before = contents()
    assert scim.delete(f"/Users/{ines}").status_code == 500
    assert contents() == before
    assert ProvisioningEvent.objects.latest("pk").error_code == "host.hook"


def test_host_that_cannot_erase_any_longer_deactivates(
    scim: ScimClient, connection: SCIMConnection, ines: str
) -> None:
    choose(connection, on_delete="erase")
    assert not LearnerAdapter.overrides("erase")
    assert scim.delete(f"/Users/{ines}").status_code == 204
    assert tombstone(ines).user == User.objects.get()
