"""Two accounts of one person: found, laid side by side, and joined by an administrator's word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Learner, Organization, Progress
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import RelatedRow
from scim_provisioning.administration import ownership
from scim_provisioning.administration.adoption import joining, undoing
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.leavers import OFF
from tests.lms_factories import CourseFactory, LearnerFactory, OrganizationFactory, ProgressFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

ANNA = "anna.meyer@harborline.example"
POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload", "view_learner")


@pytest.fixture
def old(organization: Organization) -> User:
    """The account that was here before, with its history, under another name."""
    learner = LearnerFactory(
        organization=organization,
        job_role="Analyst",
        user__username="ameyer",
        user__email="anna@home.example",
        user__first_name="Anna",
        user__last_name="Meyer",
    )
    ProgressFactory(learner=learner, course=CourseFactory(title="Locks"), percent=80)
    user: User = learner.user
    return user


@pytest.fixture
def link(scim: ScimClient, old: User) -> ProvisionedUser:
    """What the first sync made of it: a second account."""
    answer = scim.post("/Users", person("anna.meyer", title=None))
    assert answer.status_code == 201, answer.content
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    ProgressFactory(learner=link.user.learner, course=CourseFactory(title="Keys"), percent=10)
    return link


def page(name: str, connection: SCIMConnection, **accounts: Any) -> str:
    url = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[connection.pk])
    return f"{url}?" + "&".join(f"{key}={one.pk}" for key, one in accounts.items())


def beside(link: ProvisionedUser, other: User) -> str:
    return page("join", link.connection, account=link.user, other=other)  # type: ignore[arg-type]


def join(browser: Client, link: ProvisionedUser, other: User, into: User | None, **body: Any) -> Any:
    said = {"into": "" if into is None else into.pk, "met": link.pk, "password": PASSWORD, **body}
    return browser.post(beside(link, other), said, follow=True)


def progress() -> dict[str, tuple[str, int]]:
    rows = Progress.objects.select_related("learner__user", "course")
    return {row.course.title: (row.learner.user.username, row.percent) for row in rows}


# --- where it is found


def test_the_learners_page_leads_to_the_double_in_two_clicks(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    browser = administrator(*POLICY)
    learner = reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user).pk])
    whom = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert whom in browser.get(learner).content.decode()
    shown = browser.get(whom)
    assert "ameyer The same name" in text(shown)
    assert beside(link, old).replace("&", "&amp;") in shown.content.decode()
    side_by_side = text(browser.get(beside(link, old)))
    assert "“anna.meyer@harborline.example” and “ameyer” have in common: The same name." in side_by_side
    assert re.search(r"values agree .*First name Anna", side_by_side)
    assert "title Analyst (ameyer)" in side_by_side.split("values are of one of them alone")[1]
    assert f"Managed by SCIM yes, as “{ANNA}” no" in side_by_side


def test_every_card_of_a_person_leads_to_where_a_second_account_is_looked_for_for_those_who_may(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    User.objects.filter(pk=old.pk).update(first_name="Jo", last_name="Park", email="", username="jpark")

    def leads(browser: Client, term: str) -> list[str]:
        (card,) = browser.get(f"{people}?q={term}").context["cards"]
        return [lead.url for lead in card.links if lead.label == "Compare with another account"]

    browser = administrator(*POLICY)
    for term, account in ((ANNA, link.user), ("jpark", old)):
        (whom,) = leads(browser, term)
        assert whom == page("doubles", link.connection, account=account)  # type: ignore[arg-type]
        assert browser.get(whom).status_code == 200
    masked = administrator(*POLICY[:3], name="vera")
    (whom,) = leads(masked, ANNA)
    assert masked.get(whom).status_code == 200
    assert leads(masked, "jpark") == []
    assert leads(administrator(*POLICY[:2], "view_payload", name="rita"), ANNA) == []


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"email": ANNA.upper()}, "The same e-mail address"),
        ({"first_name": "ANNA", "last_name": "meyer"}, "The same name"),
        ({"username": "anna.meyer"}, "The same user name, but for what follows the @"),
        ({"username": "anna.meyer@old.example"}, "The same user name, but for what follows the @"),
    ],
)
def test_who_it_may_be_is_said_with_the_reason(
    admin_client: Client, link: ProvisionedUser, old: User, values: dict[str, str], reason: str
) -> None:
    blank = {"username": "x7", "email": "", "first_name": "", "last_name": ""}
    User.objects.filter(pk=old.pk).update(**blank | values)
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert f"{values.get('username', 'x7')} {reason}" in text(admin_client.get(url))
    User.objects.filter(pk=old.pk).update(**blank)
    assert "No other account of this customer" in text(admin_client.get(url))


def test_any_other_account_of_the_customer_is_found_by_its_name(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    User.objects.filter(pk=old.pk).update(first_name="Annegret", last_name="Fischer")
    stranger = LearnerFactory(organization=OrganizationFactory(), user__last_name="Fischer").user
    browser = administrator(*POLICY)
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    for term in ("fisch", "AMEYER", "anna@home.example", "anne fischer"):
        shown = text(browser.get(f"{url}&q={term}"))
        assert "ameyer" in shown, term
        assert stranger.username not in shown
    assert "no other account of that name" in text(browser.get(f"{url}&q=nobody"))
    # Letter by letter names would be told to who may not see them.
    masked = administrator(*POLICY[:3], name="vera")
    assert "ameyer" not in text(masked.get(f"{url}&q=fisch"))
    assert "ameyer" in text(masked.get(f"{url}&q=ameyer"))
    assert "Analyst" not in text(masked.get(beside(link, old)))


def test_people_of_one_name_who_come_up_together_may_be_the_same(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    scim.delete(f"/Users/{link.scim_id}")
    again = person("anna.meyer", userName="a.meyer@harborline.example", externalId="new", emails=None)
    assert scim.post("/Users", again).status_code == 201
    browser = administrator(*POLICY)
    shown = text(browser.get(f"{people}?q=meyer"))
    # Who was deleted, who came anew, and the account that nobody manages: each may be either of the others.
    assert shown.count("May be the same person as") == 6
    cards = browser.get(f"{people}?q=meyer").context["cards"]
    assert len(cards) == 3
    for card in cards:
        assert [browser.get(compare).status_code for _name, compare in card.same] == [200, 200]
    # Whoever may not join them is not told.
    assert "May be the same" not in text(administrator(*POLICY[:2], name="vera").get(f"{people}?q=meyer"))


def test_whoever_comes_up_alone_is_asked_about_as_well(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    """A user name or an address finds one of the two: the other is named all the same, until they are joined."""
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    browser = administrator(*POLICY)
    for term, other in (("ameyer", ANNA), (ANNA, "ameyer")):
        answer = browser.get(f"{people}?q={term}")
        (card,) = answer.context["cards"]
        ((name, compare),) = card.same
        assert name == other
        assert f"May be the same person as “{other}”." in text(answer)
        assert browser.get(compare).status_code == 200
    # Whoever may not see values, or may not join them, is told of nobody who was not asked for.
    for number, codenames in enumerate((POLICY[:2], POLICY[:3], (*POLICY[:2], "view_payload"))):
        reader = administrator(*codenames, name=f"vera{number}")
        assert "May be the same" not in text(reader.get(f"{people}?q={ANNA}"))
    join(browser, link, old, old)
    assert "May be the same" not in text(browser.get(f"{people}?q=ameyer"))
    assert "May be the same" not in text(browser.get(f"{people}?q={ANNA}"))


def test_a_refusal_for_an_account_does_not_hide_whose_second_one_it_is(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    refused = person("anna.meyer", userName="ameyer", externalId="another", emails=None)
    assert scim.post("/Users", refused).status_code == 409
    answer = administrator(*POLICY).get(f"{people}?q=meyer")
    same = {card.answer.user_name: card.same for card in answer.context["cards"]}
    assert [name for name, _compare in same[ANNA]] == ["ameyer"]
    assert "Refused" in text(answer)
    assert "has sent nobody who is this account" not in text(answer)
    # Whoever is nobody's second account is told of once, by the refusal.
    User.objects.filter(pk=old.pk).update(first_name="Bert", last_name="Meyers", email="", username="bert")
    assert scim.post("/Users", person("bert.meyers", userName="bert", externalId="b")).status_code == 409
    cards = administrator(*POLICY, name="vera").get(f"{people}?q=meyer").context["cards"]
    assert [card.answer.state for card in cards if card.answer.user_name == "bert"] == ["refused"]


def test_whom_only_a_surname_connects_can_be_laid_side_by_side_at_once(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    User.objects.filter(pk=old.pk).update(first_name="Annika", email="", username="a17")
    browser = administrator(*POLICY)
    cards = browser.get(f"{people}?q=meyer").context["cards"]
    (card,) = [card for card in cards if card.answer.user_name == "a17"]
    assert card.same == ()
    (compare,) = [lead for lead in card.links if lead.label == f"Compare with “{ANNA}”"]
    join_page = browser.get(compare.url)
    form = join_page.context["form"]
    browser.post(compare.url, {**form.initial, "password": PASSWORD})
    assert ProvisionedUser.objects.get(pk=link.pk).user == old


def test_the_only_account_that_was_ever_used_is_proposed_to_go_on(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    User.objects.filter(pk=link.user_id).update(last_login=timezone.now())
    ada = administrator(*POLICY)
    form = ada.get(beside(link, old)).context["form"]
    assert form.initial["into"] == str(link.user_id)
    # Whoever may not see when somebody signed in is not told so by what is proposed.
    masked = administrator(*POLICY[:3], name="vera").get(f"{beside(link, old)}&q=ameyer")
    assert masked.context["form"].initial["into"] == str(old.pk)
    User.objects.filter(pk=old.pk).update(last_login=timezone.now())
    assert ada.get(beside(link, old)).context["form"].initial["into"] == str(old.pk)


def test_it_is_said_why_an_account_is_proposed_and_where_nothing_speaks_for_either_none_is(
    administrator: Callable[..., Client], organization: Organization, link: ProvisionedUser, old: User
) -> None:
    ada, masked = administrator(*POLICY), administrator(*POLICY[:3], name="vera")
    assert "“ameyer” is proposed: the other one was made by provisioning." in text(ada.get(beside(link, old)))
    Progress.objects.filter(learner__user=old).delete()
    shown = text(ada.get(beside(link, old)))
    assert f"“{ANNA}” is proposed: it is the only one with progress." in shown
    assert "only one with progress" not in text(masked.get(f"{beside(link, old)}&q=ameyer"))
    User.objects.filter(pk=old.pk).update(last_login=timezone.now())
    shown = text(ada.get(beside(link, old)))
    assert "“ameyer” is proposed: it is the only one with which somebody has signed in." in shown
    third = LearnerFactory(organization=organization, user__username="third").user
    User.objects.filter(pk=old.pk).update(last_login=None)
    nobodys = page("join", link.connection, account=old, other=third)
    shown = ada.get(nobodys)
    assert "Nothing speaks for either of them but what you know." in text(shown)
    assert " checked" not in shown.content.decode()


# --- joined


def test_the_account_with_the_history_goes_on_and_the_link_moves_to_it(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    before = scim.get(f"/Users/{link.scim_id}").json()
    made = link.user
    browser = administrator(*POLICY)
    form = browser.get(beside(link, old)).context["form"]
    assert form.initial["into"] == str(old.pk)
    said = text(join(browser, link, old, old))
    assert f"Joined: Anna Meyer (“{ANNA}”) goes on, with the progress of both." in said
    assert progress() == {"Locks": (ANNA, 80), "Keys": (ANNA, 10)}
    link.refresh_from_db()
    assert (link.user, link.is_deleted) == (old, False)
    old.refresh_from_db()
    made.refresh_from_db()
    # What the identity provider calls its user name signs in to the account that goes on, and to no other.
    assert (old.username, old.email, old.is_active) == (ANNA, ANNA, True)
    assert (made.username.startswith(f"{ANNA}~"), made.is_active) == (True, False)
    after = scim.get(f"/Users/{link.scim_id}").json()
    # What was never sent is the account's own still.
    assert after.pop("title") == "Analyst"
    gone = ("meta",)
    assert {k: v for k, v in after.items() if k not in gone} == {
        k: v for k, v in before.items() if k not in gone
    }
    event = ProvisioningEvent.objects.get(action="merged")
    assert (event.link, event.actor.username, event.changes["userName"]) == (link, "ada", ["ameyer", ANNA])
    assert LogEntry.objects.filter(user__username="ada", change_message__contains="same person").exists()
    # The next cycle finds nothing to do, and writes to whom it is now.
    assert scim.post("/Users", person("anna.meyer")).status_code == 409
    changes = [{"op": "Replace", "path": "title", "value": "Lead"}]
    assert scim.patch(f"/Users/{link.scim_id}", changes).status_code == 200
    assert Learner.objects.get(user=old).job_role == "Lead"


def test_the_account_of_the_identity_provider_may_go_on_instead(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    before = scim.get(f"/Users/{link.scim_id}").json()
    join(administrator(*POLICY), link, old, link.user)
    link.refresh_from_db()
    assert link.user != old
    assert progress() == {"Locks": (ANNA, 80), "Keys": (ANNA, 10)}
    old.refresh_from_db()
    assert (old.username, old.is_active) == ("ameyer", False)
    assert scim.get(f"/Users/{link.scim_id}").json() == before


@pytest.mark.parametrize("goes_on", ["old", "new"])
def test_who_was_called_otherwise_is_found_by_it(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User, goes_on: str
) -> None:
    browser = administrator(*POLICY)
    join(browser, link, old, old if goes_on == "old" else link.user)
    people = reverse("admin:scim_provisioning_provisioningevent_people")
    for former in ("ameyer", "anna@home.example"):
        assert "Has an account" in text(browser.get(f"{people}?q={former}")), former


@pytest.mark.parametrize("goes_on", ["old", "new"])
def test_whoever_is_signed_in_by_the_one_that_goes_is_signed_out(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User, goes_on: str
) -> None:
    went = link.user if goes_on == "old" else old
    assert went is not None
    theirs = Client()
    theirs.force_login(went)
    join(administrator(*POLICY), link, old, old if goes_on == "old" else link.user)
    assert "_auth_user_id" not in theirs.session


def test_the_old_address_is_told_that_the_sign_in_changed(
    administrator: Callable[..., Client],
    link: ProvisionedUser,
    old: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    theirs = Client()
    theirs.force_login(old)
    with django_capture_on_commit_callbacks(execute=True):
        join(administrator(*POLICY), link, old, old)
    assert [one.to for one in mail.outbox if "sign-in" in one.subject] == [["anna@home.example"]]
    assert "_auth_user_id" not in theirs.session


def test_the_moved_link_can_be_taken_back_and_what_was_joined_stays(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    join(administrator(*POLICY), link, old, old)
    link.refresh_from_db()
    undoing.undo(link, actor=None)
    old.refresh_from_db()
    assert (old.username, old.email, old.is_active) == ("ameyer", "anna@home.example", True)
    assert progress() == {"Locks": ("ameyer", 80), "Keys": ("ameyer", 10)}
    assert scim.get(f"/Users/{link.scim_id}").status_code == 404


def test_an_account_that_was_off_is_off_again_once_the_moved_link_is_taken_back(
    connection: SCIMConnection, scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    User.objects.filter(pk=old.pk).update(is_active=False)
    assert scim.patch(f"/Users/{link.scim_id}", OFF).status_code == 200
    sides = [joining.found(connection, str(key)) for key in (old.pk, link.user_id)]
    joining.join(connection, *sides, actor=None)  # type: ignore[arg-type]
    link.refresh_from_db()
    assert link.user_id == old.pk
    undoing.undo(link, actor=None)
    old.refresh_from_db()
    assert not old.is_active


def test_who_left_does_not_come_in_by_the_other_account(
    administrator: Callable[..., Client], scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    scim.patch(f"/Users/{link.scim_id}", [{"op": "Replace", "path": "active", "value": False}])
    join(administrator(*POLICY), link, old, old)
    old.refresh_from_db()
    assert (old.username, old.is_active) == (ANNA, False)
    on = [{"op": "Replace", "path": "active", "value": True}]
    assert scim.patch(f"/Users/{link.scim_id}", on).json()["active"] is True
    old.refresh_from_db()
    assert old.is_active


def test_of_a_course_that_both_have_begun_the_further_progress_counts(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User
) -> None:
    locks = Progress.objects.get(course__title="Locks").course
    ProgressFactory(learner=link.user.learner, course=locks, percent=30)  # type: ignore[union-attr]
    join(administrator(*POLICY), link, old, old)
    assert progress() == {"Locks": (ANNA, 80), "Keys": (ANNA, 10)}
    assert Learner.objects.count() == 1


def test_two_accounts_that_nobody_manages_are_joined_too(
    admin_client: Client, connection: SCIMConnection, organization: Organization, old: User
) -> None:
    second = LearnerFactory(organization=organization, user__username="anna.m", user__email=old.email).user
    url = page("join", connection, account=second, other=old)
    assert "The same e-mail address" in text(admin_client.get(url))
    admin_client.post(url, {"into": old.pk, "met": "", "password": PASSWORD})
    second.refresh_from_db()
    assert not second.is_active
    assert not Learner.objects.filter(user=second).exists()
    assert ProvisioningEvent.objects.get(action="merged").link is None


def test_of_somebody_who_left_the_account_goes_on_by_which_they_come_back(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    scim.delete(f"/Users/{link.scim_id}")
    url = page("join", link.connection, account=link.user, other=old)  # type: ignore[arg-type]
    shown = admin_client.get(url)
    assert "brings that one back if the person returns" in text(shown)
    assert [key for key, _label in shown.context["form"].fields["into"].choices] == [str(link.user_id)]
    admin_client.post(url, {"into": link.user_id, "met": "", "password": PASSWORD})
    old.refresh_from_db()
    assert not old.is_active
    back = scim.post("/Users", person("anna.meyer"))
    assert (back.status_code, back.json()["id"]) == (201, link.scim_id)
    assert progress() == {"Locks": (ANNA, 80), "Keys": (ANNA, 10)}
    assert User.objects.get(username=ANNA).is_active


# --- refused


def refused(browser: Client, link: ProvisionedUser, other: User, *sentences: str) -> None:
    """The page says why, there is nothing to press, and nobody gets round it."""
    shown = browser.get(beside(link, other))
    for sentence in sentences:
        assert sentence in text(shown)
    assert shown.context["form"] is None
    before = contents()
    for into in (other, link.user):
        join(browser, link, other, into)
    after = contents()
    after.pop("sessions.Session", None)
    before.pop("sessions.Session", None)
    assert after == before


def test_a_protected_account_is_not_joined(admin_client: Client, link: ProvisionedUser, old: User) -> None:
    User.objects.filter(pk=old.pk).update(is_staff=True)
    refused(admin_client, link, old, "is protected (staff, for example)")


def test_the_customers_last_administrator_goes_on(
    admin_client: Client, link: ProvisionedUser, old: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = classmethod(lambda cls, connection: User.objects.filter(pk=old.pk))
    monkeypatch.setattr(LearnerAdapter, "administrators", alone)
    shown = admin_client.get(beside(link, old))
    assert "last administrator" in text(shown)
    assert [key for key, _label in shown.context["form"].fields["into"].choices] == [str(old.pk)]
    join(admin_client, link, old, link.user)
    old.refresh_from_db()
    assert old.is_active


def test_an_account_of_another_connection_is_not_joined(
    admin_client: Client, link: ProvisionedUser, old: User, organization: Organization
) -> None:
    second = make_connection("Second", organization)
    ProvisionedUser.objects.create(connection=second, user=old, user_name="x", user_name_key="x")
    refused(admin_client, link, old, "managed through another connection")
    # Nor one that it has only deleted, and may bring back.
    ProvisionedUser.objects.filter(user=old).update(deleted_at="2026-01-01T00:00Z", user_name_key=None)
    refused(admin_client, link, old, "managed through another connection")


def test_a_guests_account_is_neither_shown_nor_joined(
    admin_client: Client, link: ProvisionedUser, old: User, organization: Organization
) -> None:
    """It is somebody else's, whatever the host knows of whose accounts are."""
    ProvisionedUser.objects.filter(pk=link.pk).update(owns_profile=False)
    for into in (old, link.user):
        assert admin_client.get(beside(link, old)).status_code == 404
        assert join(admin_client, link, old, into).status_code == 404
    link.refresh_from_db()
    assert not link.is_deleted
    assert old.is_active


def test_an_account_that_another_connection_shares_is_not_taken_from_it(
    admin_client: Client, link: ProvisionedUser, old: User, organization: Organization
) -> None:
    second = make_connection("Second", organization)
    ownership.allow_share(second, link.user, actor=None, name=ANNA)
    ProvisionedUser.objects.create(
        connection=second, user=link.user, user_name="x", user_name_key="x", owns_profile=False
    )
    refused(admin_client, link, old, "managed through another connection")


def test_a_word_to_share_the_account_that_goes_ends(
    admin_client: Client, link: ProvisionedUser, old: User, organization: Organization
) -> None:
    second = make_connection("Second", organization)
    ownership.allow_share(second, link.user, actor=None, name=ANNA)
    join(admin_client, link, old, old)
    assert not SharedAccount.objects.exists()


def test_two_whom_the_identity_provider_sends_are_two(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    scim.post("/Users", person("anna.meier"))
    other = ProvisionedUser.objects.exclude(pk=link.pk).get().user
    assert other is not None
    refused(admin_client, link, other, "The identity provider sends both")
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert other.username not in text(admin_client.get(url))


def test_who_is_switched_off_in_the_lms_is_not_let_in_by_it(
    admin_client: Client, link: ProvisionedUser, old: User
) -> None:
    User.objects.filter(pk=old.pk).update(is_active=False)
    shown = admin_client.get(beside(link, old))
    assert "is switched off in this application" in text(shown)
    assert [key for key, _label in shown.context["form"].fields["into"].choices] == [str(link.user_id)]
    join(admin_client, link, old, old)
    link.refresh_from_db()
    assert link.user != old


@pytest.mark.parametrize("whose", ["other", "moved"])
def test_nobody_of_another_customer_is_shown_or_joined(
    admin_client: Client, link: ProvisionedUser, old: User, whose: str
) -> None:
    away = OrganizationFactory()
    stranger = LearnerFactory(organization=away, user__last_name="Meyer", user__first_name="Anna").user
    if whose == "moved":
        Learner.objects.filter(user=old).update(organization=away)
        stranger = old
    assert admin_client.get(beside(link, stranger)).status_code == 404
    before = contents()
    assert join(admin_client, link, stranger, stranger).status_code == 404
    assert contents()["lms.Progress"] == before["lms.Progress"]
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert stranger.username not in text(admin_client.get(url))
    assert admin_client.get(page("doubles", link.connection, account=stranger)).status_code == 404  # type: ignore[arg-type]


def test_of_whom_the_lms_has_moved_away_nothing_is_shown(
    admin_client: Client, link: ProvisionedUser, old: User
) -> None:
    Learner.objects.filter(user=link.user).update(organization=OrganizationFactory())
    assert admin_client.get(beside(link, old)).status_code == 404


def test_where_nothing_tells_customers_apart_nobody_unmanaged_is_offered_beside_another_connection(
    admin_client: Client,
    link: ProvisionedUser,
    old: User,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "rows", {"learner": RelatedRow(Learner)})
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    for shown in (admin_client.get(url), admin_client.get(f"{url}&q=ameyer")):
        assert "doubles/join/" not in shown.content.decode()
    assert admin_client.get(beside(link, old)).status_code == 404
    other_connection.archived_at = other_connection.created_at
    other_connection.save()
    assert "doubles/join/" in admin_client.get(url).content.decode()
    assert admin_client.get(beside(link, old)).status_code == 200


@pytest.mark.parametrize("key", ["", "0", "x", "\0", "999999999999999999999999", "1e5"])
def test_a_key_that_is_nobodys_is_not_found(admin_client: Client, link: ProvisionedUser, key: str) -> None:
    url = reverse("admin:scim_provisioning_scimconnection_join", args=[link.connection_id])
    assert admin_client.get(url, {"account": link.user_id, "other": key}).status_code == 404


def test_only_who_may_choose_policies_and_sees_the_connection_joins(
    administrator: Callable[..., Client],
    link: ProvisionedUser,
    old: User,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = administrator("view_scimconnection", "view_learner", name="vera")
    whom = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert reads.get(whom).status_code == reads.get(beside(link, old)).status_code == 403
    learner = reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user).pk])
    assert whom not in reads.get(learner).content.decode()
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=other_connection.pk)),
    )
    foreign = administrator(*POLICY, name="eve")
    assert foreign.get(whom).status_code == foreign.get(beside(link, old)).status_code == 404
    mixed = page("join", other_connection, account=link.user, other=old)
    assert foreign.get(mixed).status_code == 404
    assert foreign.post(mixed, {"into": old.pk, "password": PASSWORD}).status_code == 404
    assert not ProvisioningEvent.objects.filter(action="merged").exists()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nothing_is_joined_without_the_password(
    administrator: Callable[..., Client], link: ProvisionedUser, old: User, password: str
) -> None:
    join(administrator(*POLICY), link, old, old, password=password)
    assert not ProvisioningEvent.objects.filter(action="merged").exists()


def test_a_host_without_merge_says_so(
    admin_client: Client, link: ProvisionedUser, old: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LearnerAdapter, "merge")
    url = page("doubles", link.connection, account=link.user)  # type: ignore[arg-type]
    assert "does not say how two accounts become one" in text(admin_client.get(url))
    refused(admin_client, link, old, "does not say how two accounts become one")


def test_a_merge_that_fails_leaves_everything_as_it_was(
    admin_client: Client, link: ProvisionedUser, old: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def merge(self: Any, into: Any, other: Any) -> None:
        Progress.objects.all().delete()
        raise ValueError("not today")

    monkeypatch.setattr(LearnerAdapter, "merge", merge)
    before = contents()
    said = text(join(admin_client, link, old, old))
    assert "could not join the two (ValueError). Nothing was changed." in said
    after = contents()
    for model in ("lms.Learner", "lms.Progress", "scim_provisioning.ProvisionedUser"):
        assert after[model] == before[model]
    old.refresh_from_db()
    assert (old.username, User.objects.get(pk=link.user_id).is_active) == ("ameyer", True)


def test_a_host_that_deletes_the_account_that_goes_is_served_as_well(
    admin_client: Client,
    scim: ScimClient,
    link: ProvisionedUser,
    old: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "merge", lambda self, into, other: other.user.delete())
    made = link.user_id
    join(admin_client, link, old, old)
    assert not User.objects.filter(pk=made).exists()
    old.refresh_from_db()
    assert old.username == ANNA
    assert scim.get(f"/Users/{link.scim_id}").status_code == 200


# --- somebody was quicker


def test_what_the_administrator_saw_has_to_be_so_still(
    admin_client: Client, scim: ScimClient, link: ProvisionedUser, old: User
) -> None:
    scim.delete(f"/Users/{link.scim_id}")
    assert "not what it was when this was asked" in text(join(admin_client, link, old, link.user))
    assert "brings that one back if the person returns" in text(join(admin_client, link, old, old))
    old.refresh_from_db()
    assert (old.username, old.is_active) == ("ameyer", True)


@pytest.mark.parametrize("verb", ["patch", "delete"])
def test_a_change_between_the_page_and_the_lock_counts(
    scim: ScimClient, connection: SCIMConnection, link: ProvisionedUser, old: User, verb: str
) -> None:
    into, other = (joining.found(connection, str(key)) for key in (old.pk, link.user_id))
    assert into is not None
    assert other is not None
    if verb == "patch":
        changes = [{"op": "Replace", "path": "name.familyName", "value": "Fischer"}]
        assert scim.patch(f"/Users/{link.scim_id}", changes).status_code == 200
        joining.join(connection, into, other, actor=None)
        old.refresh_from_db()
        assert (old.username, old.last_name) == (ANNA, "Fischer")
        return
    scim.delete(f"/Users/{link.scim_id}")
    for stays, goes in ((into, other), (other, into)):
        with pytest.raises(ConnectionRefused):
            joining.join(connection, stays, goes, actor=None)
    old.refresh_from_db()
    assert (old.username, old.is_active) == ("ameyer", True)
