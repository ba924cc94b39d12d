"""The end of a connection through the API: confirmed as on the page, and gone on with until everybody is handled."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User

from scim_provisioning.api import disconnection as views
from scim_provisioning.models import Disconnection, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ProvisionedUserFactory
from tests.api.staff import API, PASSWORD
from tests.batches import batches_of
from tests.client import ScimClient

pytestmark = pytest.mark.django_db


def confirmed(connection: SCIMConnection, learners: str = "suspend", **instead: str) -> dict[str, str]:
    return {"learners": learners, "name": connection.name, "password": PASSWORD, **instead}


@pytest.fixture
def slow(connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five learners, of whom a request handles two and has no time for more."""
    ProvisionedUserFactory.create_batch(5, connection=connection)
    batches_of(2, monkeypatch)
    monkeypatch.setattr(views, "SECONDS", 0)


@pytest.mark.usefixtures("slow")
def test_the_door_is_shut_at_once_and_whoever_asks_again_goes_on(
    boss: API, connection: SCIMConnection, scim: ScimClient
) -> None:
    first = boss.post("disconnect", connection.pk, **confirmed(connection))
    assert first.status_code == 200, first.content
    assert scim.get("/Users").status_code == 401
    looked = boss.get("disconnection", connection.pk).json()
    assert first.json() == looked
    assert (looked["learners"], looked["managed"], looked["handled"]) == ("suspend", 5, 2)
    assert (looked["finished"], looked["finished_at"]) == (False, None)
    assert looked["sentence"] == "2 learners were suspended."
    assert User.objects.filter(scim_links__isnull=False, is_active=True).count() == 3

    answers = [boss.post("disconnection", connection.pk).json() for _time in range(2)]
    assert [(answer["handled"], answer["finished"]) for answer in answers] == [(4, False), (5, True)]
    assert answers[-1]["sentence"] == "5 learners were suspended."
    assert not User.objects.filter(scim_links__isnull=False, is_active=True).exists()
    told = ProvisioningEvent.objects.filter(operation="admin", link=None).order_by("pk")
    assert [(event.action, event.actor and event.actor.username) for event in told] == [
        ("disconnected", "boss"),
        ("disconnect_done", "boss"),
    ]
    assert LogEntry.objects.count() == 2
    assert boss.get("connection", connection.pk).json()["is_archived"] is True


@pytest.mark.parametrize(
    ("instead", "field", "said"),
    [
        ({"learners": "forget"}, "learners", "is not a valid choice"),
        ({"name": "Okta"}, "name", "Type “Entra”, exactly as it is written. Nothing was changed."),
        ({"name": ""}, "name", "blank"),
        ({"password": "wrong"}, "password", "password"),
        ({"password": ""}, "password", "required"),
    ],
)
def test_without_choice_name_and_password_nothing_ends(
    boss: API, connection: SCIMConnection, scim: ScimClient, instead: dict[str, str], field: str, said: str
) -> None:
    response = boss.post("disconnect", connection.pk, **confirmed(connection, **instead))
    assert (response.status_code, list(response.json())) == (400, [field])
    assert said in response.json()[field][0]
    assert scim.get("/Users").status_code == 200
    assert not Disconnection.objects.exists()


@pytest.mark.parametrize("learners", ["keep", "sso_only", "suspend"])
def test_every_choice_is_carried_out_and_a_second_time_is_a_conflict(
    boss: API, connection: SCIMConnection, learners: str
) -> None:
    learner = ProvisionedUserFactory(connection=connection).user
    learner.set_password("of one's own")
    learner.save()
    done = boss.post("disconnect", connection.pk, **confirmed(connection, learners))
    assert (done.status_code, done.json()["finished"]) == (200, True), done.content
    learner.refresh_from_db()
    assert learner.is_active is (learners != "suspend")
    assert learner.has_usable_password() is (learners != "sso_only")
    again = boss.post("disconnect", connection.pk, **confirmed(connection, learners))
    assert (again.status_code, again.json()["detail"]) == (409, "This connection is archived already.")


def test_what_was_not_disconnected_has_no_progress(boss: API, connection: SCIMConnection) -> None:
    assert boss.get("disconnection", connection.pk).status_code == 404
    assert boss.post("disconnection", connection.pk).status_code == 404


@pytest.mark.usefixtures("slow")
def test_whoever_was_let_in_before_the_door_was_shut_is_counted_among_the_managed(
    boss: API, connection: SCIMConnection
) -> None:
    """A request that was under way commits after everybody was counted."""
    boss.post("disconnect", connection.pk, **confirmed(connection))
    ProvisionedUserFactory.create_batch(3, connection=connection)
    answers = [boss.post("disconnection", connection.pk).json() for _time in range(4)]
    assert all(answer["handled"] <= answer["managed"] for answer in answers)
    assert (answers[-1]["handled"], answers[-1]["managed"]) == (8, 8)
