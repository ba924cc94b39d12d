"""A membership has a role that the club hands out and a status that the club changes; SCIM respects both."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Result
from scim_provisioning.models import SCIMConnection
from tests.client import ScimClient
from tests.hosts.club.models import Club, Membership, Role
from tests.hosts.club.scim import LearnerAdapter
from tests.hosts.current import let_share
from tests.people import person
from tests.vendors.asking import Body, create, patch, read

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
Status = Membership.Status


def membership(club: Club) -> Membership:
    return Membership.objects.get(user__username=INES, club=club)


def made_by_hand(club: Club, status: str) -> Membership:
    """What the club did before its identity provider was connected."""
    role = Role.objects.create(club=club, name="Guest")
    user = User.objects.create_user(INES, INES)
    return Membership.objects.create(user=user, club=club, role=role, status=status)


def switched(active: object) -> list[Body]:
    return [{"op": "Replace", "path": "active", "value": active}]


# --- a role that the database demands and the identity provider does not know


def test_a_newcomer_starts_as_a_member_and_may_come_in(scim: ScimClient, organization: Club) -> None:
    """Although the model's own default is that somebody was only invited."""
    create(scim, person())
    assert membership(organization).role.name == "Member"
    assert membership(organization).may_come_in


def test_somebody_created_inactive_is_suspended(scim: ScimClient, organization: Club) -> None:
    create(scim, person(active=False))
    assert membership(organization).status == Status.SUSPENDED


def test_somebody_whom_the_club_promoted_is_changed_in_their_new_role(
    scim: ScimClient, organization: Club
) -> None:
    made = create(scim, person())
    coach = Role.objects.create(club=organization, name="Coach")
    Membership.objects.update(role=coach)
    patch(scim, made["id"], [{"op": "Replace", "path": "title", "value": "Fellow"}])
    now = Membership.objects.get()
    assert (now.role, now.job_role) == (coach, "Fellow")
    patch(scim, made["id"], switched("False"))
    assert not membership(organization).may_come_in
    assert membership(organization).role == coach


def test_the_role_of_an_existing_member_is_not_what_newcomers_get(
    scim: ScimClient, organization: Club
) -> None:
    made_by_hand(organization, Status.ACTIVE)
    create(scim, person())
    assert membership(organization).role.name == "Guest"


def test_each_club_has_an_entry_role_of_its_own(scim: ScimClient, other: ScimClient) -> None:
    create(scim, person())
    let_share(INES)
    create(other, person())
    assert User.objects.filter(username=INES).count() == 1
    for one in Membership.objects.select_related("role"):
        assert one.role.club_id == one.club_id


# --- a status in place of a switch


@pytest.mark.parametrize("inactive", [False, "False"])
def test_a_leaver_is_suspended_and_a_returner_active(
    scim: ScimClient, organization: Club, inactive: object
) -> None:
    made = create(scim, person())
    assert patch(scim, made["id"], switched(inactive))["active"] is False
    assert membership(organization).status == Status.SUSPENDED
    assert membership(organization).user.is_active
    assert patch(scim, made["id"], switched(True))["active"] is True
    assert membership(organization).status == Status.ACTIVE


def test_a_delete_suspends_and_a_rehire_comes_back_in_the_same_role(
    scim: ScimClient, organization: Club
) -> None:
    made = create(scim, person())
    Membership.objects.update(role=Role.objects.create(club=organization, name="Coach"))
    assert scim.delete(f"/Users/{made['id']}").status_code == 204
    assert membership(organization).status == Status.SUSPENDED
    assert create(scim, person())["id"] == made["id"]
    assert membership(organization).may_come_in
    assert membership(organization).role.name == "Coach"


def test_leaving_one_club_is_not_leaving_the_other(scim: ScimClient, other: ScimClient) -> None:
    first = create(scim, person())
    let_share(INES)
    second = create(other, person())
    patch(scim, first["id"], switched("False"))
    assert read(other, second["id"])["active"] is True
    assert sorted(Membership.objects.values_list("status", flat=True)) == [Status.ACTIVE, Status.SUSPENDED]


def test_somebody_who_was_invited_is_let_in_by_no_directory(scim: ScimClient, organization: Club) -> None:
    made_by_hand(organization, Status.INVITED)
    made = create(scim, person())
    assert made["active"] is False
    assert membership(organization).status == Status.INVITED
    patch(scim, made["id"], switched("True"))
    assert membership(organization).status == Status.INVITED
    assert read(scim, made["id"])["active"] is False


def test_nobody_is_let_in_by_being_deleted_and_created_again(scim: ScimClient, organization: Club) -> None:
    """What SCIM may not switch on it does not switch off either: else off and on would be a way in."""
    made_by_hand(organization, Status.INVITED)
    made = create(scim, person())
    assert scim.delete(f"/Users/{made['id']}").status_code == 204
    assert not membership(organization).may_come_in
    create(scim, person())
    assert membership(organization).status == Status.INVITED


def test_somebody_whom_the_club_suspended_is_shown_as_inactive_and_stays_so(
    scim: ScimClient, organization: Club
) -> None:
    made = create(scim, person())
    Membership.objects.update(status=Status.SUSPENDED)
    assert read(scim, made["id"])["active"] is False
    patch(scim, made["id"], [{"op": "Replace", "path": "title", "value": "Fellow"}])
    assert membership(organization).status == Status.SUSPENDED


# --- the self-test


def looked_at(connection: SCIMConnection) -> list[tuple[Result, str]]:
    """What the self-test found in the club's own table: after deactivation, activation and deletion."""
    lines = selftest.run(connection, reach=False)
    return [(line.result, line.found) for line in lines if line.what.endswith("in the application’s table")]


def test_the_selftest_looks_at_the_status(connection: SCIMConnection) -> None:
    assert looked_at(connection) == [(Result.PASSED, "membership.status")] * 3


def test_the_selftest_names_a_status_that_a_hook_gave_back(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgive(self: LearnerAdapter, learner: Membership, **event: object) -> None:
        Membership.objects.filter(pk=learner.pk).update(status=Status.ACTIVE)

    monkeypatch.setattr(LearnerAdapter, "on_deactivated", forgive)
    still_in = (Result.FAILED, "membership.status holds active: the learner is still let in.")
    assert looked_at(connection) == [still_in, (Result.PASSED, "membership.status"), still_in]


def test_the_selftest_expects_nobody_to_be_let_in_who_was_only_invited(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invite(self: LearnerAdapter, learner: Membership, **event: object) -> None:
        Membership.objects.filter(pk=learner.pk).update(status=Status.INVITED)

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", invite)
    assert looked_at(connection) == [(Result.PASSED, "membership.status")] * 3
