"""Why somebody has no account, as JSON."""

from __future__ import annotations

import pytest

from example_project.lms.models import Organization
from scim_provisioning.administration.people.answer import STATES
from scim_provisioning.api.people import PersonSerializer
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.api.staff import API, Staff
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

READS_LOG = ("view_scimconnection", "view_provisioningevent")


def test_a_person_is_answered_with_their_state_and_what_to_do(
    boss: API, scim: ScimClient, connection: SCIMConnection
) -> None:
    made = scim.post("/Users", person()).json()
    assert scim.post("/Users", person("ada.roth", userName="a" * 400)).status_code == 400

    found = boss.get("people", connection.pk, search="okafor").json()
    assert [(one["state"], one["name"], one["scim_id"]) for one in found["people"]] == [
        ("active", "Ines Okafor", made["id"])
    ]
    assert found["never_seen"] == ""
    (refused,) = boss.get("people", connection.pk, search="Ada Roth").json()["people"]
    assert refused["state"] == "refused"
    assert refused["what_to_do"]
    assert boss.get("event", connection.pk, refused["event"]).status_code == 200


def test_of_nobody_it_is_said_when_somebody_was_last_asked_for(boss: API, connection: SCIMConnection) -> None:
    found = boss.get("people", connection.pk, search="zoe").json()
    assert found == {
        "people": [],
        "is_cut": False,
        "never_seen": "Nobody has asked for anybody on this connection yet.",
    }


@pytest.mark.parametrize("term", ["", "  ", "a\x00"])
def test_somebody_has_to_be_looked_for(boss: API, connection: SCIMConnection, term: str) -> None:
    assert boss.get("people", connection.pk, search=term).status_code == 400


def test_only_the_readers_of_a_connections_log_are_answered_and_of_that_connection_alone(
    staff: Staff, boss: API, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    assert staff("view_scimconnection").get("people", connection.pk, search="okafor").status_code == 403
    masked = staff(*READS_LOG).get("people", connection.pk, search="okafor").json()["people"]
    assert [one["name"] for one in masked] == ["ines.okafor@harborline.example"]
    other = ConnectionFactory(name="Brightwater")
    assert boss.get("people", other.pk, search="okafor").json()["people"] == []
    assert boss.get("people", 4711, search="okafor").status_code == 404


def test_somebody_whom_no_connection_manages_is_answered(
    boss: API, connection: SCIMConnection, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="bea.lindner")
    (found,) = boss.get("people", connection.pk, search="bea.lind").json()["people"]
    assert (found["state"], found["user_name"]) == ("unmanaged", "bea.lindner")
    assert (found["scim_id"], found["event"]) == ("", None)


def test_every_state_is_one_of_the_published(connection: SCIMConnection) -> None:
    assert set(PersonSerializer().fields["state"].choices) == set(STATES)
