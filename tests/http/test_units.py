"""Companies, business units and teams whose names mean something else than they say: renamed in the LMS, renamed in
Entra, merged by hand, not known yet."""

from __future__ import annotations

from io import StringIO
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import call_command

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import units
from scim_provisioning.models import Meaning, ProvisionedUser, ProvisioningEvent, ReferenceKey, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, OrganizationFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

DEPARTMENT = f"{ENTERPRISE}:department"


def join(scim: ScimClient, name: str, team: str) -> str:
    """The SCIM id of somebody new who is sent with that team, and is answered so."""
    answer = scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}}))
    assert answer.status_code == 201, answer.content
    assert answer.json()[ENTERPRISE]["department"] == team
    return str(answer.json()["id"])


def move(scim: ScimClient, scim_id: str, team: str) -> Any:
    answer = scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": DEPARTMENT, "value": team}])
    assert answer.status_code == 200, answer.content
    return answer.json()[ENTERPRISE]["department"]


def team_of(scim_id: str) -> Team | None:
    return Learner.objects.get(user__scim_links__scim_id=scim_id).team


def sent(scim: ScimClient, scim_id: str) -> Any:
    return scim.get(f"/Users/{scim_id}").json().get(ENTERPRISE, {}).get("department")


def found(scim: ScimClient, filter_text: str) -> set[str]:
    answer = scim.get(f"/Users?filter={quote(filter_text)}")
    assert answer.status_code == 200, answer.content
    return {resource["id"] for resource in answer.json()["Resources"]}


def key(connection: SCIMConnection, name: str) -> tuple[units.Line, ReferenceKey]:
    """The line of teams, and what is remembered of a name."""
    line = next(line for line in units.choosable(connection) if line.path == DEPARTMENT)
    return line, ReferenceKey.objects.get(digest=line.rows.digest(name))


def merge(connection: SCIMConnection, old: str, new: str) -> None:
    line, name = key(connection, old)
    units.merge(line, name, Team.objects.get(name=new), actor=None)
    units.settle(line, actor=None)


def review(connection: SCIMConnection, option: str = "review") -> None:
    connection.policies = {"new_units": {DEPARTMENT: option}}
    connection.save()


def test_a_team_renamed_in_the_lms_and_in_entra_and_merged_stays_one_team(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines, rui = join(scim, "ines.okafor", "Locks"), join(scim, "rui.sousa", "Locks")
    locks = team_of(ines)
    assert locks is not None
    # In the LMS.
    locks.name = "Locks and Bolts"
    locks.save()
    assert move(scim, ines, "LOCKS") == "LOCKS"
    assert (team_of(ines), Team.objects.count()) == (locks, 1)
    # In Entra, which sends everybody with the new name; nobody told the LMS.
    assert move(scim, ines, "Fasteners") == "Fasteners"
    fasteners = team_of(ines)
    assert Team.objects.count() == 2
    # An administrator says that the two are one.
    merge(connection, "Fasteners", "Locks and Bolts")
    assert (team_of(ines), sent(scim, ines)) == (locks, "Fasteners")
    # It holds: neither the next change nor the next person makes the old team again, or comes into it.
    assert move(scim, rui, "Fasteners") == "Fasteners"
    assert team_of(rui) == locks
    assert team_of(join(scim, "lin.wei", "fasteners ")) == locks
    assert list(Learner.objects.filter(team=fasteners)) == []
    assert Team.objects.count() == 2
    Team.objects.filter(name="Fasteners").delete()
    assert team_of(join(scim, "ann.bell", "Fasteners")) == locks
    assert found(scim, f'{DEPARTMENT} eq "fasteners"') == found(scim, f'{DEPARTMENT} eq "Locks and Bolts"')
    assert len(found(scim, f'{DEPARTMENT} eq "fasteners"')) == 4


def test_a_merger_moves_everybody_with_an_event_and_entra_finds_no_difference(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    ines, rui = join(scim, "ines.okafor", "Locks"), join(scim, "rui.sousa", "Bolts")
    theirs = LearnerFactory(organization=organization, team=Team.objects.get(name="Bolts"))
    before = scim.get(f"/Users/{rui}").json()
    merge(connection, "Bolts", "Locks")
    locks = Team.objects.get(name="Locks")
    assert set(Learner.objects.filter(team=locks)) == {
        theirs,
        *Learner.objects.filter(user__scim_links__scim_id__in=[ines, rui]),
    }
    after = scim.get(f"/Users/{rui}").json()
    assert {**after, "meta": None} == {**before, "meta": None}
    assert after["meta"]["version"] != before["meta"]["version"]
    event = ProvisioningEvent.objects.filter(link__scim_id=rui).latest("pk")
    assert (event.operation, event.action, event.changes) == (
        "admin",
        "updated",
        {DEPARTMENT: ["Bolts", "Locks"]},
    )
    count = ProvisioningEvent.objects.count()
    assert move(scim, rui, "Bolts") == "Bolts"
    assert ProvisioningEvent.objects.count() == count


def test_a_person_whom_the_lms_moves_after_a_merger_is_shown_where_they_are(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    join(scim, "ines.okafor", "Locks")
    rui = join(scim, "rui.sousa", "Bolts")
    merge(connection, "Bolts", "Locks")
    keys = Team.objects.create(organization=organization, name="Keys")
    Learner.objects.filter(user__scim_links__scim_id=rui).update(team=keys)
    assert sent(scim, rui) == "Keys"
    assert move(scim, rui, "Bolts") == "Bolts"
    assert getattr(team_of(rui), "name", None) == "Locks"


def test_a_merger_of_a_merger_leads_to_the_last(scim: ScimClient, connection: SCIMConnection) -> None:
    ids = [join(scim, f"p{n}.x", name) for n, name in enumerate(("Locks", "Bolts", "Keys"))]
    merge(connection, "Locks", "Bolts")
    merge(connection, "Bolts", "Keys")
    assert {getattr(team_of(scim_id), "name", None) for scim_id in ids} == {"Keys"}
    assert [sent(scim, scim_id) for scim_id in ids] == ["Locks", "Bolts", "Keys"]
    assert getattr(team_of(join(scim, "ann.bell", "Locks")), "name", None) == "Keys"


def test_an_unknown_team_waits_and_is_given_to_everybody_once_it_is_created(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    review(connection)
    ines, rui = join(scim, "ines.okafor", "Locsk"), join(scim, "rui.sousa", " LOCSK")
    assert (team_of(ines), Team.objects.count()) == (None, 0)
    assert sent(scim, rui) == " LOCSK"
    assert found(scim, f'{DEPARTMENT} eq "Locsk"') >= {ines}
    assert found(scim, f"{DEPARTMENT} pr") == {ines, rui}
    event = ProvisioningEvent.objects.get(link__scim_id=ines)
    assert event.cause["unknown_names"] == [[DEPARTMENT, "Locsk"]]
    # The same once more is no change.
    count = ProvisioningEvent.objects.count()
    assert move(scim, ines, "Locsk") == "Locsk"
    assert ProvisioningEvent.objects.count() == count
    line, name = key(connection, "Locsk")
    assert (name.meaning, name.name, name.brought_by) == (Meaning.WAITING, "Locsk", ines)
    units.create(line, name, actor=None)
    assert units.settle(line, actor=None) == 2
    team = Team.objects.get(name="Locsk")
    assert {team_of(ines), team_of(rui)} == {team}
    assert (sent(scim, ines), sent(scim, rui)) == ("Locsk", " LOCSK")


def test_whoever_is_moved_to_an_unknown_team_leaves_the_old_one(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    ines = join(scim, "ines.okafor", "Locks")
    review(connection)
    assert move(scim, ines, "Locsk") == "Locsk"
    assert team_of(ines) is None
    line, name = key(connection, "Locsk")
    units.call(line, name, Team.objects.get(name="Locks"), actor=None)
    units.settle(line, actor=None)
    assert (getattr(team_of(ines), "name", None), sent(scim, ines)) == ("Locks", "Locsk")
    assert found(scim, f'{DEPARTMENT} eq "locsk"') == {ines}
    assert move(scim, ines, "Locks") == "Locks"
    link = ProvisionedUser.objects.get(scim_id=ines)
    assert "~meant" not in link.search


def test_a_team_that_is_never_created_is_left_out_and_named_in_the_log(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    review(connection, "never")
    known = Team.objects.create(organization=organization, name="Locks")
    assert team_of(join(scim, "ines.okafor", "locks")) == known
    rui = join(scim, "rui.sousa", "Locsk")
    assert (team_of(rui), Team.objects.count()) == (None, 1)
    assert ProvisioningEvent.objects.get(link__scim_id=rui).cause["unknown_names"] == [[DEPARTMENT, "Locsk"]]


def test_a_name_that_an_administrator_wants_never_is_not_made_where_others_are(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    review(connection)
    ines = join(scim, "ines.okafor", "Locsk")
    line, name = key(connection, "Locsk")
    units.leave_out(line, name, actor=None)
    assert units.settle(line, actor=None) == 0
    review(connection, "create")
    assert team_of(join(scim, "rui.sousa", "LOCSK")) is None
    assert getattr(team_of(join(scim, "lin.wei", "Locks")), "name", None) == "Locks"
    assert team_of(ines) is None


def test_the_command_brings_everybody_what_was_decided(scim: ScimClient, connection: SCIMConnection) -> None:
    review(connection)
    ids = [join(scim, f"p{n}.x", "Locks") for n in range(5)]
    line, name = key(connection, "Locks")
    units.create(line, name, actor=None)
    out = StringIO()
    call_command("scim_units", "--dry-run", stdout=out)
    assert out.getvalue().startswith("5 people wait")
    assert {team_of(scim_id) for scim_id in ids} == {None}
    call_command("scim_units", connection=connection.name)
    assert {getattr(team_of(scim_id), "name", None) for scim_id in ids} == {"Locks"}
    # Where new teams are created at once from now on, nobody waits for a word.
    more = join(scim, "late.x", "Bolts")
    review(connection, "create")
    call_command("scim_units")
    assert getattr(team_of(more), "name", None) == "Bolts"


def test_two_connections_of_a_customer_share_what_a_name_means_and_nobody_else_does(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    second = ConnectionFactory(name="Second", sso_key=str(SSOSettingsFactory(organization=organization).pk))
    foreign = ConnectionFactory(
        name="Theirs", sso_key=str(SSOSettingsFactory(organization=OrganizationFactory()).pk)
    )
    join(scim, "ines.okafor", "Locks")
    join(scim, "rui.sousa", "Bolts")
    merge(connection, "Bolts", "Locks")
    other = ScimClient(TokenFactory(connection=second).plaintext)
    theirs = ScimClient(TokenFactory(connection=foreign).plaintext)
    assert getattr(team_of(join(other, "lin.wei", "Bolts")), "name", None) == "Locks"
    assert getattr(team_of(join(theirs, "ann.bell", "Bolts")), "name", None) == "Bolts"
    assert units.find(foreign, key(connection, "Bolts")[1].digest) is None


def test_the_host_may_let_hyphens_count_for_nothing(
    scim: ScimClient, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scim_provisioning.adapters import Reference

    def tenant(connection: SCIMConnection) -> int:
        return int(connection.sso.organization_id)

    others = [line for line in LearnerAdapter.mapping if line.path != DEPARTMENT]
    teams = Reference(DEPARTMENT, "learner.team", within={"organization_id": tenant}, hyphens="ignore")
    monkeypatch.setattr(LearnerAdapter, "mapping", [*others, teams])
    theirs = Team.objects.create(organization=organization, name="Locks-and-Bolts")
    assert team_of(join(scim, "ines.okafor", "Locks and Bolts")) == theirs
    assert team_of(join(scim, "rui.sousa", "LOCKS–and Bolts")) == theirs
    assert Team.objects.count() == 1


def test_another_unicode_form_of_a_name_of_the_lms_makes_no_double(
    scim: ScimClient, organization: Organization
) -> None:
    theirs = Team.objects.create(organization=organization, name="Cafe\u0301 ﬁve")
    assert team_of(join(scim, "ines.okafor", "CAF\u00c9 FIVE")) == theirs
    assert Team.objects.count() == 1


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u00ad", "\u202e"], ids=ascii)
@pytest.mark.parametrize("of_the_lms", [True, False])
def test_what_nobody_can_see_in_a_name_makes_no_double(
    scim: ScimClient, organization: Organization, unseen: str, of_the_lms: bool
) -> None:
    if of_the_lms:
        Team.objects.create(organization=organization, name="Locks")
    else:
        join(scim, "mei.tan", "Locks")
    assert team_of(join(scim, "ines.okafor", f"Loc{unseen}ks")).name == "Locks"
    assert Team.objects.count() == 1
