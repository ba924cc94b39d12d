"""An adoption is undone: the account is what it was before, under its own names, and nobody is linked to it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import post_save, pre_save
from django.dispatch import Signal
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Learner, Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import adoption, ownership, retention
from scim_provisioning.administration.adoption import Directory
from scim_provisioning.events import Caller
from scim_provisioning.models import Adoption, ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.provisioning import undoing
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, move_switch, text
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.leavers import OFF
from tests.lms_factories import CompanyFactory, LearnerFactory, OrganizationFactory, TeamFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def ines(organization: Organization) -> User:
    learner = LearnerFactory(
        organization=organization,
        job_role="Analyst",
        team=TeamFactory(organization=organization, name="Old team"),
        company=CompanyFactory(organization=organization, name="Old company"),
        user__username=INES.upper(),
        user__email="ines@home.example",
        user__first_name="Ina",
    )
    user: User = learner.user
    return user


def held() -> dict[str, Any]:
    """All that the LMS has of her."""
    learner = Learner.objects.values().get()
    return {**User.objects.values().get(pk=learner["user_id"]), **learner}


@pytest.fixture
def before(ines: User) -> dict[str, Any]:
    return held()


@pytest.fixture
def link(scim: ScimClient, before: dict[str, Any]) -> ProvisionedUser:
    """Adopted by a POST, which wrote her names, her address and her references."""
    body = person("ines.okafor")
    body[ENTERPRISE] |= {"department": "New team", "organization": "New company"}
    assert scim.post("/Users", body).status_code == 201
    assert {key for key, value in held().items() if value != before[key]} == {
        "username",
        "first_name",
        "last_name",
        "email",
        "job_role",
        "team_id",
        "company_id",
    }
    return ProvisionedUser.objects.get()


def page(link: ProvisionedUser) -> str:
    return reverse("admin:scim_provisioning_scimconnection_take_back", args=[link.connection_id, link.pk])


def undo(browser: Client, link: ProvisionedUser, password: str = PASSWORD) -> Any:
    return browser.post(page(link), {"password": password}, follow=True)


def test_the_account_is_what_it_was(
    administrator: Callable[..., Client], link: ProvisionedUser, before: dict[str, Any]
) -> None:
    browser = administrator(*POLICY)
    written = Learner.objects.values().get()
    shown = text(browser.get(page(link)))
    assert f"userName {INES} {INES.upper()}" in shown
    assert "title Secure Coding Lead Analyst" in shown
    assert Learner.objects.values().get() == written
    undo(browser, link, "wrong")
    assert Learner.objects.values().get() == written
    assert "The account is what it was before" in text(undo(browser, link))
    learner = Learner.objects.select_related("user", "team", "company").get()
    assert (learner.job_role, learner.team.name, learner.company.name) == (
        "Analyst",
        "Old team",
        "Old company",
    )
    account = learner.user
    assert (account.username, account.email, account.first_name) == (
        INES.upper(),
        "ines@home.example",
        "Ina",
    )
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.action, event.actor.username) == ("adoption_undone", "ada")
    assert event.changes["title"] == ["Secure Coding Lead", "Analyst"]


def test_the_next_try_is_refused_until_somebody_says_who_it_is(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    undo(admin_client, link)
    assert scim.get(f"/Users/{link.scim_id}").status_code == 404
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    queue = text(
        admin_client.get(reverse("admin:scim_provisioning_scimconnection_queue", args=[link.connection_id]))
    )
    assert "An administrator took the link to this account back." in queue
    assert not ProvisionedUser.objects.living().exists()


def test_whom_apply_linked_is_what_they_were_after_a_patch(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    before: dict[str, Any],
) -> None:
    report = adoption.examine(connection, Directory([{"userName": INES, "active": True}]))
    assert adoption.link(connection, report, actor=None) == 1
    link = ProvisionedUser.objects.get()
    changes = [
        {"op": "Replace", "path": "title", "value": "Lead"},
        {"op": "Replace", "path": "userName", "value": "ines.bell@harborline.example"},
        {"op": "Replace", "path": "active", "value": "False"},
    ]
    assert scim.patch(f"/Users/{link.scim_id}", changes).status_code == 200
    undo(admin_client, link)
    after = held()
    # An account without a password that can be used gets another such one when it is switched on.
    assert {key for key in before if after[key] != before[key]} <= {"password"}


def test_former_names_lead_to_what_happened(admin_client: Client, link: ProvisionedUser) -> None:
    undo(admin_client, link)
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    assert "Link taken back" in text(admin_client.get(log, {"q": INES}))


def test_it_can_be_undone_for_thirty_days(
    admin_client: Client, link: ProvisionedUser, before: dict[str, Any]
) -> None:
    Adoption.objects.update(made_at=timezone.now() - timedelta(days=29, hours=23))
    assert admin_client.get(page(link)).status_code == 200
    retention.prune()
    Adoption.objects.update(made_at=timezone.now() - timedelta(days=30, hours=1))
    assert admin_client.get(page(link)).status_code == 404
    retention.prune()
    assert not Adoption.objects.exists()


def test_a_name_that_somebody_else_has_by_now_is_not_taken_from_them(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    renamed = [{"op": "Replace", "path": "userName", "value": "ines.bell@harborline.example"}]
    assert scim.patch(f"/Users/{link.scim_id}", renamed).status_code == 200
    other = User.objects.create(username=INES.upper())
    assert "already in use" in text(admin_client.get(page(link), follow=True))
    said = text(undo(admin_client, link))
    assert "already in use" in said
    assert ProvisionedUser.objects.living().get() == link
    assert User.objects.get(pk=link.user_id).username == "ines.bell@harborline.example"
    other.refresh_from_db()
    assert other.username == INES.upper()


def test_the_learners_page_leads_there(admin_client: Client, link: ProvisionedUser) -> None:
    learner = reverse("admin:lms_learner_change", args=[Learner.objects.get().pk])
    assert page(link) in admin_client.get(learner).content.decode()
    undo(admin_client, link)
    assert page(link) not in admin_client.get(learner).content.decode()


def test_who_was_made_by_provisioning_was_nothing_before(
    admin_client: Client, scim: ScimClient, organization: Organization
) -> None:
    scim.post("/Users", person("rui.sousa"))
    assert not Adoption.objects.exists()
    assert admin_client.get(page(ProvisionedUser.objects.get())).status_code == 404


def test_only_who_may_choose_policies_and_sees_the_connection_takes_it_back(
    administrator: Callable[..., Client], link: ProvisionedUser, other_connection: SCIMConnection
) -> None:
    assert administrator(*POLICY[:2]).get(page(link)).status_code == 403
    elsewhere = reverse(
        "admin:scim_provisioning_scimconnection_take_back", args=[other_connection.pk, link.pk]
    )
    browser = administrator(*POLICY, name="vera")
    assert browser.get(elsewhere).status_code == 404
    assert browser.post(elsewhere, {"password": PASSWORD}).status_code == 404
    assert ProvisionedUser.objects.living().exists()


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What the receivers of a host's are told: mail, an index, another system."""
    told: list[str] = []

    def hear(instance: Any, **_more: Any) -> None:
        told.append(type(instance).__name__)

    signals: tuple[Signal, ...] = (pre_save, post_save)
    for signal in signals:
        for sender in (User, Learner):
            signal.connect(hear, sender=sender)
    yield told
    for signal in signals:
        for sender in (User, Learner):
            signal.disconnect(hear, sender=sender)


def test_no_receiver_of_the_hosts_hears_of_a_look(
    admin_client: Client, link: ProvisionedUser, heard: list[str]
) -> None:
    heard.clear()
    shown = text(admin_client.get(page(link)))
    assert heard == []
    assert "ines@home.example" in shown
    assert "Analyst" in shown
    assert "Old team" in shown
    undo(admin_client, link)
    # The account and its learner, before and after.
    assert [heard.count(name) for name in ("User", "Learner")] == [2, 2]


def test_looking_at_it_ends_no_session_and_tells_the_host_nothing(
    admin_client: Client, link: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(LearnerAdapter, "on_updated", lambda self, learner, *, event: told.append("hook"))
    monkeypatch.setattr(undoing.sessions, "end", lambda account: told.append("session"))
    assert "ines@home.example" in admin_client.get(page(link)).content.decode()
    assert told == []
    undo(admin_client, link)
    assert set(told) == {"hook", "session"}


def test_an_account_that_is_protected_by_now_is_not_written(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    User.objects.filter(pk=link.user_id).update(is_staff=True)
    before = held()
    assert "protected" in text(undo(admin_client, link))
    assert held() == before
    assert ProvisionedUser.objects.living().get() == link


@pytest.mark.parametrize("since", ["deleted", "given away"])
def test_a_team_that_is_gone_or_anothers_by_now_is_not_given_back(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser, since: str
) -> None:
    changed = [{"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Another team"}]
    assert scim.patch(f"/Users/{link.scim_id}", changed).status_code == 200
    former = Team.objects.filter(name="Old team")
    if since == "deleted":
        former.delete()
    else:
        former.update(organization=OrganizationFactory())
    assert admin_client.get(page(link)).status_code == 200
    undo(admin_client, link)
    learner = Learner.objects.get()
    assert (learner.team, learner.company and learner.company.name) == (None, "Old company")


@pytest.mark.parametrize("has_left", [False, True])
def test_whom_another_connection_has_let_go_since_is_not_switched_on_by_it(
    scim: ScimClient, connection: SCIMConnection, has_left: bool
) -> None:
    other = make_connection("Other")
    beside = ScimClient(TokenFactory(connection=other).plaintext)
    first = beside.post("/Users", person("ines.okafor")).json()["id"]
    account = User.objects.get(username=INES)
    ownership.allow_share(connection, account, actor=None, name=INES)
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    link = ProvisionedUser.objects.select_related("user").get(connection=connection)
    ownership.move_ownership(link, actor=None)
    scim.patch(f"/Users/{link.scim_id}", OFF)
    if has_left:
        beside.delete(f"/Users/{first}")
    else:
        ProvisionedUser.objects.filter(scim_id=first).delete()
        User.objects.filter(pk=account.pk).update(is_active=False)
    undoing.undo(Caller(connection, None), link, detail="")
    account.refresh_from_db()
    assert account.is_active is not has_left


@pytest.mark.parametrize("by_hand", [True, False], ids=["the LMS", "the identity provider"])
def test_whom_the_lms_switched_off_is_not_switched_on_by_it(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser, by_hand: bool
) -> None:
    if by_hand:
        User.objects.filter(pk=link.user_id).update(is_active=False)
    # By whom they were switched off: it agrees with what the LMS has done before it.
    scim.patch(f"/Users/{link.scim_id}", OFF)
    undo(admin_client, link)
    assert not ProvisionedUser.objects.living().exists()
    assert User.objects.get(pk=link.user_id).is_active is not by_hand


def test_whom_an_administrator_of_the_lms_switched_off_last_is_not_switched_on_by_it(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{link.scim_id}", OFF)
    account = User.objects.get(pk=link.user_id)
    move_switch(admin_client, account, on=True)
    move_switch(admin_client, account, on=False)
    assert "active" not in text(admin_client.get(page(link)))
    undo(admin_client, link)
    assert not ProvisionedUser.objects.living().exists()
    account.refresh_from_db()
    assert account.is_active is False
    assert "active" not in ProvisioningEvent.objects.latest("pk").changes


def test_whom_they_switched_on_before_the_identity_provider_went_on_to_switch_off_is(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser
) -> None:
    scim.patch(f"/Users/{link.scim_id}", OFF)
    account = User.objects.get(pk=link.user_id)
    move_switch(admin_client, account, on=True)
    scim.patch(f"/Users/{link.scim_id}", OFF)
    undo(admin_client, link)
    account.refresh_from_db()
    assert account.is_active is True
