"""Companies, business units and teams as JSON, by the rules of the pages."""

from __future__ import annotations

import pytest

from example_project.lms.models import Learner, Organization, Team
from scim_provisioning.models import Meaning, ReferenceKey, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.api.staff import API, PASSWORD, Staff
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"
POLICY = ("view_scimconnection", "manage_policy")


@pytest.fixture
def locsk(connection: SCIMConnection, scim: ScimClient, organization: Organization) -> str:
    """The digest of a mistyped name, which waits: nobody is in a team."""
    connection.policies = {"new_units": {DEPARTMENT: "review"}}
    connection.save()
    Team.objects.create(organization=organization, name="Locks")
    scim.post("/Users", person("ines.okafor", **{ENTERPRISE: {"department": "Locsk"}}))
    digest: str = ReferenceKey.objects.get(name="Locsk").digest
    return digest


def team() -> str | None:
    one = Learner.objects.select_related("team").get()
    return None if one.team is None else one.team.name


def test_names_are_listed_with_what_becomes_of_new_ones(
    boss: API, connection: SCIMConnection, locsk: str
) -> None:
    found = boss.get("units", connection.pk, show="open").json()
    assert [(one["name"], one["meaning"], one["waiting"]) for one in found["names"]] == [
        ("Locsk", "waiting", 1)
    ]
    assert (found["waiting"], found["new_units"][DEPARTMENT]) == (1, "review")
    assert boss.get("units", connection.pk, search="nothing").json()["names"] == []
    assert boss.get("units", connection.pk, show="some").status_code == 400


def test_a_name_is_decided_on_and_its_people_get_the_unit(
    boss: API, connection: SCIMConnection, locsk: str
) -> None:
    one = boss.get("unit", connection.pk, locsk).json()
    assert one["verdicts"] == ["create", "alias", "rename", "leave_out"]
    unknown = boss.post("unit", connection.pk, locsk, verdict="alias", unit="Nowhere", password=PASSWORD)
    assert (unknown.status_code, list(unknown.json())) == (400, ["unit"])
    done = boss.post("unit", connection.pk, locsk, verdict="alias", unit="locks", password=PASSWORD)
    assert done.json() == {"written": 1, "is_unfinished": False}
    assert team() == "Locks"
    assert ReferenceKey.objects.get(digest=locsk).meaning == Meaning.ALIAS


def test_what_cannot_be_said_of_a_name_is_a_conflict(
    boss: API, connection: SCIMConnection, locsk: str
) -> None:
    refused = boss.post("unit", connection.pk, locsk, verdict="merge", unit="Locks", password=PASSWORD)
    assert refused.status_code == 409
    assert team() is None


def test_what_becomes_of_new_names_is_chosen(boss: API, connection: SCIMConnection, locsk: str) -> None:
    refused = boss.patch("units", connection.pk, new_units={"title": "never"}, password=PASSWORD)
    assert "title" in refused.json()["new_units"][0]
    changed = boss.patch("units", connection.pk, new_units={DEPARTMENT: "never"}, password=PASSWORD)
    assert changed.json()["new_units"][DEPARTMENT] == "never"
    connection.refresh_from_db()
    assert connection.policies["new_units"] == {DEPARTMENT: "never"}


def test_without_the_password_nothing_is_decided(boss: API, connection: SCIMConnection, locsk: str) -> None:
    for password in ({}, {"password": "wrong"}):
        decided = boss.post("unit", connection.pk, locsk, verdict="create", **password)
        chosen = boss.patch("units", connection.pk, new_units={DEPARTMENT: "never"}, **password)
        assert [list(answer.json()) for answer in (decided, chosen)] == [["password"], ["password"]]
    connection.refresh_from_db()
    assert (team(), connection.policies["new_units"]) == (None, {DEPARTMENT: "review"})


def test_only_who_may_choose_policies_decides(staff: Staff, connection: SCIMConnection, locsk: str) -> None:
    viewer, keeper = staff("view_scimconnection"), staff(*POLICY)
    for name, keys in (("units", ()), ("unit", (locsk,))):
        assert viewer.get(name, connection.pk, *keys).status_code == 403
        assert keeper.get(name, connection.pk, *keys).status_code == 200
    body = {"verdict": "create", "password": PASSWORD}
    assert viewer.post("unit", connection.pk, locsk, **body).status_code == 403
    assert viewer.patch("units", connection.pk, new_units={}, password=PASSWORD).status_code == 403


def test_another_customers_name_is_not_found(boss: API, connection: SCIMConnection, locsk: str) -> None:
    sso = SSOSettingsFactory(organization=OrganizationFactory())
    other = ConnectionFactory(name="Brightwater", sso_key=str(sso.pk))
    assert boss.get("units", other.pk).json()["names"] == []
    assert boss.get("unit", other.pk, locsk).status_code == 404
    body = {"verdict": "create", "password": PASSWORD}
    assert boss.post("unit", other.pk, locsk, **body).status_code == 404
    assert boss.get("unit", connection.pk, "a\x00").status_code == 404


def test_look_alikes_and_what_a_merger_has_emptied_are_in_the_list(
    boss: API, connection: SCIMConnection, locsk: str
) -> None:
    def listed() -> tuple[str, str]:
        (one,) = boss.get("units", connection.pk, search="Locsk").json()["names"]
        return one["alike"], one["emptied"]

    assert listed() == ("Locks", "")
    assert boss.post("unit", connection.pk, locsk, verdict="create", password=PASSWORD).status_code == 200
    assert listed() == ("Locks", "")
    merged = boss.post("unit", connection.pk, locsk, verdict="merge", unit="Locks", password=PASSWORD)
    assert merged.status_code == 200
    assert (team(), listed()) == ("Locks", ("", "Locsk"))
