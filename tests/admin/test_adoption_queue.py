"""An administrator says who somebody is: linked, somebody new, ignored, the same person as somebody deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.models import Course, Learner, Organization, Progress
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.adapters import Candidate
from scim_provisioning.administration import connections, ownership
from scim_provisioning.administration.adoption import queue as queue_rules
from scim_provisioning.administration.adoption import same_person
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import (
    AdoptionAnswer,
    IdentityQuestion,
    OnDisconnect,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import CourseFactory, LearnerFactory, OrganizationFactory, ProgressFactory
from tests.people import ENTERPRISE, person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")
LOOK_UP = f'/Users?filter=userName%20eq%20"{INES}"'


@pytest.fixture
def ines(organization: Organization) -> User:
    """Somebody who was here before her identity provider."""
    learner = LearnerFactory(
        organization=organization,
        job_role="Analyst",
        user__username=INES,
        user__email=INES,
        user__first_name="Ina",
    )
    user: User = learner.user
    return user


@pytest.fixture
def refusal(scim: ScimClient, ines: User) -> ProvisioningEvent:
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    return ProvisioningEvent.objects.latest("pk")


def queue(connection: SCIMConnection) -> str:
    return reverse("admin:scim_provisioning_scimconnection_queue", args=[connection.pk])


def page(event: ProvisioningEvent) -> str:
    return reverse("admin:scim_provisioning_scimconnection_answer", args=[event.connection_id, event.pk])


def answer(
    browser: Client, event: ProvisioningEvent, said: str, account: User | None = None, q: str = ""
) -> Any:
    body = {"answer": said, "password": PASSWORD, "account": "" if account is None else account.pk}
    return browser.post(page(event) + (f"?q={q}" if q else ""), body, follow=True)


# --- where it is found


def test_the_queue_has_each_person_once_and_says_why(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient, refusal: ProvisioningEvent
) -> None:
    for _again in range(3):
        scim.post("/Users", person("ines.okafor"))
    shown = text(admin_client.get(queue(connection)))
    assert shown.count(INES) == 2  # The person, and the account.
    assert "One account came up" in shown


def test_the_refused_operation_leads_there_in_one_click(
    administrator: Callable[..., Client], refusal: ProvisioningEvent
) -> None:
    operation = reverse("admin:scim_provisioning_provisioningevent_change", args=[refusal.pk])
    assert page(refusal) in administrator(*POLICY).get(operation).content.decode()
    only_reads = administrator(*POLICY[:2], name="vera")
    assert page(refusal) not in only_reads.get(operation).content.decode()
    assert only_reads.get(page(refusal)).status_code == 403


def test_both_stand_side_by_side_and_nothing_is_changed(
    admin_client: Client, refusal: ProvisioningEvent, ines: User
) -> None:
    before = contents()
    shown = text(admin_client.get(page(refusal)))
    assert contents() == before
    assert f"User name {INES} {INES} yes" in shown
    assert "First name Ines Ina no" in shown
    assert "Job title Secure Coding Lead Analyst no" in shown
    assert "Employee number HL-20417 — —" in shown
    # The search for another account stands below what was found.
    assert shown.index("User name") < shown.index("Another account, by its user name")


def test_who_may_not_see_values_sees_none(
    administrator: Callable[..., Client], refusal: ProvisioningEvent
) -> None:
    shown = text(administrator(*POLICY[:3]).get(page(refusal)))
    assert "Analyst" not in shown
    assert "First name •••••• •••••• no" in shown


def test_the_account_that_an_address_led_to_is_named_to_who_may_see_what_was_sent(
    administrator: Callable[..., Client], connection: SCIMConnection, refusal: ProvisioningEvent, ines: User
) -> None:
    """The account was renamed since she was refused: her address is all that leads to it."""
    User.objects.filter(pk=ines.pk).update(username="signs.in.so")
    masked = text(administrator(*POLICY[:3], name="vera").get(queue(connection)))
    assert f"{INES} Needs a look ••••••" in masked
    assert "signs.in.so" not in masked
    assert "signs.in.so" in text(administrator(*POLICY).get(queue(connection)))


# --- Link


def test_whoever_is_linked_is_not_asked_about_again_by_the_old_operation(
    administrator: Callable[..., Client], refusal: ProvisioningEvent, ines: User
) -> None:
    browser = administrator(*POLICY, "view_learner")
    assert f"Linked: “{INES}”. Their identity provider finds" in text(answer(browser, refusal, "link", ines))
    operation = browser.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[refusal.pk]))
    assert "by ada." in text(operation).partition("Linked on ")[2]
    assert "Find out whether it is the same person" not in text(operation)
    assert "Learner’s page" in text(operation)
    assert page(refusal) not in operation.content.decode()
    for address in (page(refusal), f"{queue(refusal.connection)}person/?name={INES}"):
        shown = browser.get(address, follow=True)
        assert "by ada." in text(shown).partition("Linked on ")[2]
        assert "There is nothing to answer any more." in text(shown)
        assert "Learner’s page" in text(shown)
        assert "form" not in (shown.context or {})


def test_whom_the_identity_provider_has_brought_meanwhile_is_not_asked_about_either(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    User.objects.filter(pk=ines.pk).update(username="signs.in.so", email="")
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    shown = text(admin_client.get(page(refusal)))
    assert "This connection manages them since" in shown
    assert "Create separate" not in shown


def test_who_is_linked_is_found_at_the_next_try_with_their_learner(
    administrator: Callable[..., Client], scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    learner = Learner.objects.get(user=ines).pk
    said = text(answer(administrator(*POLICY), refusal, "link", ines))
    assert "Provision on demand" in said
    assert "Nobody waits for an answer." in said
    event = ProvisioningEvent.objects.get(action="adopted")
    assert (event.actor.username, event.operation) == ("ada", "admin")
    assert LogEntry.objects.filter(user__username="ada").exists()
    found = scim.get(LOOK_UP).json()["Resources"]
    assert [one["title"] for one in found] == ["Analyst"]
    changes = [{"op": "Replace", "path": "title", "value": "Lead"}]
    assert scim.patch(f"/Users/{found[0]['id']}", changes).status_code == 200
    assert Learner.objects.get(pk=learner).job_role == "Lead"


def test_a_post_after_the_link_succeeds_too(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    answer(admin_client, refusal, "link", ines)
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    assert Learner.objects.get(user=ines).job_role == "Secure Coding Lead"


def test_somebody_of_another_name_is_found_and_linked(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, organization: Organization
) -> None:
    maiden = LearnerFactory(organization=organization, user__username="ines.bell").user
    stranger = LearnerFactory(organization=OrganizationFactory(), user__username="stranger").user
    assert "ines.bell" in text(admin_client.get(page(refusal) + "?q=INES.bell"))
    assert "no such account" not in text(admin_client.get(page(refusal) + "?q=stranger"))
    assert admin_client.get(page(refusal) + "?q=stranger").context["candidates"][0].name == INES
    answer(admin_client, refusal, "link", stranger, q="stranger")
    assert not ProvisionedUser.objects.exists()
    answer(admin_client, refusal, "link", maiden, q="ines.bell")
    assert ProvisionedUser.objects.get().user == maiden


def test_a_kept_profile_is_not_written_and_access_is(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    answer(admin_client, refusal, "keep", ines)
    before = {**User.objects.values().get(pk=ines.pk), **Learner.objects.values().get(user=ines)}
    sent = scim.post("/Users", person("ines.okafor"))
    # What was sent is what is read, or the identity provider would send it again each cycle.
    assert (sent.status_code, sent.json()["title"]) == (201, "Secure Coding Lead")
    after = {**User.objects.values().get(pk=ines.pk), **Learner.objects.values().get(user=ines)}
    assert after == before
    off = [{"op": "Replace", "path": "active", "value": "False"}]
    assert scim.patch(f"/Users/{sent.json()['id']}", off).status_code == 200
    ines.refresh_from_db()
    assert not ines.is_active


def returns(scim: ScimClient, connection: SCIMConnection) -> None:
    """The identity provider deletes the person and makes them anew, under the same names."""
    scim.delete(f"/Users/{scim.post('/Users', person('ines.okafor')).json()['id']}")
    assert scim.post("/Users", person("ines.okafor")).status_code == 201


def ends_and_comes_back(scim: ScimClient, connection: SCIMConnection) -> None:
    connections.disconnect(connection, learners=OnDisconnect.KEEP, actor=None)
    connection.refresh_from_db()
    connections.restore(connection, actor=None)


@pytest.mark.parametrize("happens", [returns, ends_and_comes_back])
def test_a_kept_profile_is_kept_whoever_comes_back(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    refusal: ProvisioningEvent,
    ines: User,
    happens: Callable[[ScimClient, SCIMConnection], None],
) -> None:
    answer(admin_client, refusal, "keep", ines)
    happens(scim, connection)
    link = ProvisionedUser.objects.get()
    assert (link.user, link.owns_profile) == (ines, False)
    ines.refresh_from_db()
    assert (ines.email, ines.first_name) == (INES, "Ina")
    # Until an administrator says otherwise.
    assert ownership.move_ownership(link, actor=None)
    link.refresh_from_db()
    assert (link.owns_profile, link.keeps_profile) == (True, False)


def test_staff_link_no_protected_account(
    administrator: Callable[..., Client], ines: User, refusal: ProvisioningEvent
) -> None:
    """They would let in whomever the identity provider calls so, with rights that they have not."""
    User.objects.filter(pk=ines.pk).update(is_staff=True)
    told = answer(administrator(*POLICY), refusal, "link", ines)
    assert "Only a superuser may link it" in text(told)
    assert not ProvisionedUser.objects.exists()


def test_whoever_becomes_an_administrator_while_the_answer_is_given_is_not_linked(
    administrator: Callable[..., Client],
    ines: User,
    refusal: ProvisioningEvent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = User.check_password

    def promoted_meanwhile(self: User, password: str) -> bool:
        User.objects.filter(pk=ines.pk).update(is_superuser=True)
        return asked(self, password)

    staff = administrator(*POLICY)
    monkeypatch.setattr(User, "check_password", promoted_meanwhile)
    assert "Only a superuser may link it" in text(answer(staff, refusal, "link", ines))
    assert not ProvisionedUser.objects.exists()


def test_a_protected_account_is_linked_by_this_word_alone_and_stays_protected(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    User.objects.filter(pk=ines.pk).update(is_staff=True)
    assert "Protected: whatever the identity provider sends" in text(admin_client.get(page(refusal)))
    answer(admin_client, refusal, "link", ines)
    found = scim.get(LOOK_UP).json()["Resources"][0]
    off = [{"op": "Replace", "path": "active", "value": "False"}]
    assert scim.patch(f"/Users/{found['id']}", off).status_code == 403
    assert scim.delete(f"/Users/{found['id']}").status_code == 403
    ines.refresh_from_db()
    assert (ines.is_active, ines.first_name) == (True, "Ina")


def test_who_was_switched_off_is_not_linked(
    admin_client: Client, refusal: ProvisioningEvent, ines: User
) -> None:
    User.objects.filter(pk=ines.pk).update(is_active=False)
    assert "was deactivated in this application" in text(answer(admin_client, refusal, "link", ines))
    assert not ProvisionedUser.objects.exists()


def test_another_connections_account_is_not_linked(
    admin_client: Client, refusal: ProvisioningEvent, organization: Organization, ines: User
) -> None:
    second = make_connection("Second", organization)
    ProvisionedUser.objects.create(connection=second, user=ines, user_name=INES, user_name_key=INES)
    assert "managed through another connection" in text(answer(admin_client, refusal, "link", ines))
    assert ProvisionedUser.objects.count() == 1


@pytest.mark.parametrize("password", ["", "wrong"])
def test_nothing_is_done_without_the_password(
    administrator: Callable[..., Client], refusal: ProvisioningEvent, ines: User, password: str
) -> None:
    before = ProvisioningEvent.objects.count()
    for said in ("link", "keep", "separate", "ignore"):
        administrator(*POLICY, name=f"ada-{said}").post(
            page(refusal), {"answer": said, "account": ines.pk, "password": password}
        )
    assert (ProvisionedUser.objects.count(), AdoptionAnswer.objects.count()) == (0, 0)
    assert ProvisioningEvent.objects.count() == before


# --- Create separate, Ignore


def test_somebody_new_gets_an_account_of_their_own_at_the_next_try(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    assert "A new account is made" in text(answer(admin_client, refusal, "separate"))
    sent = scim.post("/Users", person("ines.okafor"))
    assert (sent.status_code, sent.json()["userName"]) == (201, INES)
    assert ProvisionedUser.objects.get().user != ines
    # The word was about this person only.
    LearnerFactory(organization=Learner.objects.get(user=ines).organization, user__username="rui@x.example")
    assert scim.post("/Users", person("rui", userName="rui@x.example")).status_code == 409


def test_somebody_new_gets_one_too_whose_name_leads_to_an_account_that_the_application_has_switched_off(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    ines: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A host of which the name is evidence enough, and not what people sign in by.
    monkeypatch.setattr(LearnerAdapter, "find_learner", lambda *_: [Candidate(ines, strong=True)])
    SCIMConnection.objects.filter(pk=connection.pk).update(policies={})
    User.objects.filter(pk=ines.pk).update(is_active=False)
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    refused = ProvisioningEvent.objects.latest("pk")
    assert refused.error_code == "user.switched_off"
    assert "A new account is made" in text(answer(admin_client, refused, "separate"))
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    assert ProvisionedUser.objects.get().user != ines


def test_where_people_sign_in_by_the_name_there_is_no_second_one(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    refusal: ProvisioningEvent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    connection.policies = {"existing_learners": "refuse"}
    connection.save()
    assert "there can be no second account" in text(answer(admin_client, refusal, "separate"))
    assert not AdoptionAnswer.objects.exists()


def test_who_is_ignored_is_not_in_the_queue_and_goes_on_being_refused(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, refusal: ProvisioningEvent
) -> None:
    assert "Nobody waits for an answer." in text(answer(admin_client, refusal, "ignore"))
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    assert "Nobody waits for an answer." in text(admin_client.get(queue(connection)))


# --- one customer's only


def test_nobody_sees_or_answers_for_another_customer(
    administrator: Callable[..., Client],
    refusal: ProvisioningEvent,
    ines: User,
    other_connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        LearnerAdapter,
        "connections_for",
        classmethod(lambda cls, user: SCIMConnection.objects.filter(pk=other_connection.pk)),
    )
    theirs = administrator(*POLICY)
    assert theirs.get(page(refusal)).status_code == 404
    assert theirs.get(queue(refusal.connection)).status_code == 404  # type: ignore[arg-type]
    mixed = reverse("admin:scim_provisioning_scimconnection_answer", args=[other_connection.pk, refusal.pk])
    assert theirs.get(mixed).status_code == 404
    assert theirs.post(mixed, {"answer": "link", "account": ines.pk, "password": PASSWORD}).status_code == 404
    assert not ProvisionedUser.objects.exists()


@pytest.mark.parametrize("whom", ["newcomer", "earlier"])
def test_of_whom_the_lms_moves_to_another_customer_nothing_is_asked_or_shown(
    admin_client: Client, connection: SCIMConnection, question: IdentityQuestion, whom: str
) -> None:
    account = getattr(question, whom).user
    Learner.objects.filter(user=account).update(organization=OrganizationFactory())
    User.objects.filter(pk=account.pk).update(username="secret", first_name="Secret")
    shown = admin_client.get(queue(connection)).content.decode()
    assert ask(question) not in shown
    assert "secret" not in shown
    assert admin_client.get(ask(question)).status_code == 404


# --- Same person


@pytest.fixture
def question(scim: ScimClient) -> IdentityQuestion:
    """Somebody was deleted, and somebody of the same name is new."""
    first = scim.post("/Users", person("ines.okafor")).json()["id"]
    scim.delete(f"/Users/{first}")
    scim.post("/Users", person("ines.okafor", externalId="another"))
    return IdentityQuestion.objects.get()


def say(browser: Client, question: IdentityQuestion, same: str) -> Any:
    return browser.post(ask(question), {"same": same, "password": PASSWORD}, follow=True)


def ask(question: IdentityQuestion) -> str:
    keys = [question.connection_id, question.pk]
    return reverse("admin:scim_provisioning_scimconnection_same_person", args=keys)


def test_the_same_person_keeps_the_progress_through_the_hosts_merge(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    question: IdentityQuestion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def merge(self: Any, into: Learner, other: Learner) -> None:
        other.progress.update(learner=into)

    monkeypatch.setattr(LearnerAdapter, "merge", merge)
    newcomer, earlier = question.newcomer, question.earlier
    before = Learner.objects.get(user=earlier.user)
    for title, percent in (("Secure coding", 80), ("First aid", 100)):
        Progress.objects.create(learner=before, course=Course.objects.create(title=title), percent=percent)
    assert ask(question) in admin_client.get(queue(connection)).content.decode()
    assert "There are no open questions." in text(say(admin_client, question, "yes"))
    learned = Progress.objects.order_by("percent").values_list("learner__user", "course__title", "percent")
    assert list(learned) == [
        (newcomer.user_id, "Secure coding", 80),
        (newcomer.user_id, "First aid", 100),
    ]
    question.refresh_from_db()
    earlier.refresh_from_db()
    assert question.answered_at is not None
    assert earlier.user is None
    event = ProvisioningEvent.objects.get(action="merged")
    assert (event.link, event.actor.username) == (newcomer, "ada")
    # Whoever agrees with the tombstone in all gets no account of theirs any more.
    assert scim.get(f"/Users/{newcomer.scim_id}").status_code == 200


def test_without_the_hosts_merge_it_is_refused_with_a_sentence(
    admin_client: Client, question: IdentityQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LearnerAdapter, "merge")
    shown = text(admin_client.get(ask(question)))
    assert "Same person: join the two accounts" not in shown
    assert "They stay apart" in shown
    said = text(say(admin_client, question, "yes"))
    assert "does not say how two accounts become one" in said
    with pytest.raises(ConnectionRefused, match="does not say how two accounts become one"):
        same_person.join(question, actor=None)
    question.refresh_from_db()
    assert question.answered_at is None
    # They may stay apart.
    assert "Your answer was written down." in text(say(admin_client, question, "no"))


def test_the_same_person_has_the_progress_of_both(
    admin_client: Client, scim: ScimClient, question: IdentityQuestion
) -> None:
    earlier, newcomer = question.earlier.user, question.newcomer.user
    ProgressFactory(learner=Learner.objects.get(user=earlier), percent=80)
    assert "Same person: join the two accounts" in text(admin_client.get(ask(question)))
    say(admin_client, question, "yes")
    assert Progress.objects.get().learner.user == newcomer
    assert not User.objects.get(pk=earlier.pk).is_active  # type: ignore[union-attr]


def test_a_merge_that_fails_leaves_everything_as_it_was(
    admin_client: Client, question: IdentityQuestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def merge(self: Any, into: Any, other: Any) -> None:
        into.job_role = "half"
        into.save()
        raise ValueError("not today")

    monkeypatch.setattr(LearnerAdapter, "merge", merge)
    said = text(say(admin_client, question, "yes"))
    assert "could not join the two (ValueError). Nothing was changed." in said
    assert "not today" not in said
    question.refresh_from_db()
    assert (question.answered_at, question.earlier.user is None) == (None, False)
    assert not Learner.objects.filter(job_role="half").exists()
    assert not ProvisioningEvent.objects.filter(action="merged").exists()


def test_they_may_stay_apart(admin_client: Client, question: IdentityQuestion) -> None:
    say(admin_client, question, "no")
    question.refresh_from_db()
    assert question.answered_at is not None
    assert question.earlier.user is not None


def test_the_learners_page_asks_in_one_click(admin_client: Client, question: IdentityQuestion) -> None:
    learner = Learner.objects.get(user=question.newcomer.user)
    shown = admin_client.get(reverse("admin:lms_learner_change", args=[learner.pk])).content.decode()
    assert ask(question) in shown


# --- what is known of the accounts


def test_since_when_an_account_is_here_how_far_its_learner_is_and_when_it_was_used_last_is_said(
    admin_client: Client, refusal: ProvisioningEvent, ines: User
) -> None:
    ProgressFactory(learner=ines.learner, course=CourseFactory(title="Locks"), percent=80)
    User.objects.filter(pk=ines.pk).update(date_joined=datetime(2024, 3, 9, 12, tzinfo=UTC), last_login=None)
    shown = text(admin_client.get(page(refusal)))
    assert "Here since" in shown
    assert "2024" in shown.partition("Here since")[2][:40]
    assert "Last sign-in never" in shown
    assert "Progress Locks 80 %" in shown


def test_of_a_host_that_does_not_say_how_far_its_learners_are_the_page_says_nothing(
    admin_client: Client, refusal: ProvisioningEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(LearnerAdapter, "progress")
    shown = admin_client.get(page(refusal)).content.decode()
    assert "<dt>Here since</dt>" in shown
    assert "<dt>Progress</dt>" not in shown


def test_a_host_that_cannot_say_it_keeps_nobody_from_answering(
    admin_client: Client, refusal: ProvisioningEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: LearnerAdapter, learner: Any) -> str:
        raise RuntimeError("the training database is away")

    monkeypatch.setattr(LearnerAdapter, "progress", fail)
    answered = admin_client.get(page(refusal))
    assert answered.status_code == 200
    assert "Progress —" in text(answered)


def test_the_newcomer_and_who_was_deleted_are_laid_side_by_side_with_what_each_has_done(
    admin_client: Client, question: IdentityQuestion
) -> None:
    for link, title in ((question.newcomer, "Keys"), (question.earlier, "Locks")):
        learner = Learner.objects.get(user=link.user)
        ProgressFactory(learner=learner, course=CourseFactory(title=title), percent=60)
    shown = text(admin_client.get(ask(question)))
    assert shown.count("Here since") == shown.count("Last sign-in never") == 2
    assert shown.index("Progress Keys 60 %") < shown.index("Progress Locks 60 %")


def test_a_manager_is_called_by_name_and_not_by_an_id(
    admin_client: Client, scim: ScimClient, ines: User, organization: Organization
) -> None:
    boss = scim.post("/Users", person("the.boss")).json()["id"]
    Learner.objects.filter(user=ines).update(
        manager=Learner.objects.get(user__username__startswith="the.boss")
    )
    sent = person("ines.okafor", **{ENTERPRISE: {"manager": {"value": boss}}})
    assert scim.post("/Users", sent).status_code == 409
    shown = text(admin_client.get(page(ProvisioningEvent.objects.latest("pk"))))
    assert "Manager the.boss@harborline.example the.boss@harborline.example yes" in shown
    assert boss not in shown


def test_the_queue_speaks_to_administrators(admin_client: Client, refusal: ProvisioningEvent) -> None:
    for address in (queue(refusal.connection), page(refusal)):  # type: ignore[arg-type]
        shown = text(admin_client.get(address))
        for word in ("userName", "externalId", "SCIM id", "find_learner", "adapter", "urn:", "[type eq"):
            assert word not in shown, (address, word)


# --- many


def test_more_than_a_page_of_people_who_wait_are_all_found_page_by_page(
    admin_client: Client,
    connection: SCIMConnection,
    scim: ScimClient,
    organization: Organization,
    question: IdentityQuestion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue_rules, "PER_PAGE", 2)
    names = [f"p{n}.berg@harborline.example" for n in range(5)]
    for name in names:
        LearnerFactory(organization=organization, user__username=name)
        assert scim.post("/Users", person(name.partition("@")[0])).status_code == 409
    pages = [text(admin_client.get(queue(connection), {"p": number})) for number in (1, 2, 3)]
    assert [[name for name in names if name in page] for page in pages] == [
        names[3:],
        names[1:3],
        names[:1],
    ]
    assert ["Page 2 of 3" in page for page in pages] == [False, True, False]
    assert all(
        ask(question) in admin_client.get(queue(connection), {"p": n}).content.decode() for n in (1, 3)
    )
    assert len(queue_rules.waited(connection)) == len(names) + 1


# --- several at once


def arrived(scim: ScimClient, organization: Organization, name: str, **more: Any) -> User:
    """Somebody who was here before, without a password of their own, and was refused."""
    address = f"{name}@harborline.example"
    account = {"user__username": address, "user__email": address, "user__password": "!", **more}
    learner = LearnerFactory(organization=organization, **account)
    assert scim.post("/Users", person(name)).status_code == 409
    user: User = learner.user
    return user


def at_once(browser: Client, connection: SCIMConnection, whom: str, *ticked: str, **more: Any) -> Any:
    """Press one of the buttons of the queue, as a browser would that shows the page now."""
    shown = browser.get(queue(connection)).content.decode()
    offered = re.findall(r'name="shown" value="([^"]+)"', shown)
    keys = [key for key in offered if any(f'value="{key}" aria-label="{name}' in shown for name in ticked)]
    body = {"whom": whom, "shown": offered, "ticked": keys, "password": PASSWORD, **more}
    return browser.post(queue(connection), body, follow=True)


def test_those_of_whom_there_is_nothing_to_weigh_are_linked_at_once(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
    mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    here = [arrived(scim, organization, name) for name in ("ada.roth", "jon.berg", "mei.tan")]
    browser = administrator(*POLICY)
    assert "Link these 3" in text(browser.get(queue(connection)))
    with django_capture_on_commit_callbacks(execute=True):
        said = text(at_once(browser, connection, "all"))
    assert re.search(r"Linked: (“[a-z.]+@harborline.example”(, )?){3}\. Their identity provider", said)
    assert "Provision on demand" in said
    assert "Nobody waits for an answer." in said
    linked = ProvisionedUser.objects.living().order_by("pk")
    assert {link.user for link in linked} == set(here)
    events = ProvisioningEvent.objects.filter(action="adopted")
    assert {(event.actor.username, event.link_id) for event in events} == {("ada", one.pk) for one in linked}
    assert LogEntry.objects.filter(user__username="ada").count() >= 3
    assert ["3 accounts that were here already were linked." in one.body for one in mailoutbox] == [True]
    found = scim.get('/Users?filter=userName%20eq%20"jon.berg@harborline.example"').json()["Resources"]
    assert len(found) == 1


def test_of_those_who_are_offered_the_ticked_alone_are_linked(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
) -> None:
    ada, *_others = (arrived(scim, organization, name) for name in ("ada.roth", "jon.berg"))
    browser = administrator(*POLICY)
    assert "Tick whom you link." in text(at_once(browser, connection, "ticked"))
    assert "take the ticks away" in text(at_once(browser, connection, "all", "ada.roth"))
    assert "not correct" in text(at_once(browser, connection, "ticked", "ada.roth", password="wrong"))
    assert not ProvisionedUser.objects.exists()
    assert "Linked: “ada.roth@harborline.example”." in text(
        at_once(browser, connection, "ticked", "ada.roth")
    )
    assert ProvisionedUser.objects.get().user == ada


def test_whom_an_administrator_has_to_weigh_is_not_linked_at_once(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
) -> None:
    signs_in = arrived(scim, organization, "has.password")
    signs_in.set_password(PASSWORD)
    signs_in.save()
    arrived(scim, organization, "is.staff", user__is_staff=True)
    arrived(scim, organization, "is.off", user__is_active=False)
    of_two = arrived(scim, organization, "of.two")
    LearnerFactory(organization=organization, user__username="of.two.2", user__email=of_two.email)
    User.objects.filter(pk=of_two.pk).update(username="of.two.1")
    assert scim.post("/Users", person("of.two")).status_code == 409
    taken = arrived(scim, organization, "of.another")
    beside = SCIMConnection.objects.create(name="Okta", sso_key=connection.sso_key + "x")
    ProvisionedUser.objects.create(connection=beside, user=taken, user_name="x")
    browser = administrator(*POLICY)
    shown = text(browser.get(queue(connection)))
    assert "has.password@" in shown
    assert "Link this" not in shown
    assert "Link these" not in shown
    one = ProvisioningEvent.objects.filter(user_name__startswith="has.password").latest("pk")
    body = {"whom": "all", "shown": [f"{one.pk}-{signs_in.pk}"], "password": PASSWORD}
    said = text(browser.post(queue(connection), body, follow=True))
    assert "look again" in said
    assert not connection.links.exists()  # type: ignore[attr-defined]


def test_who_may_not_see_values_links_nobody_at_once_whom_an_address_led_to(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
) -> None:
    arrived(scim, organization, "ada.roth", user__username="signs.in.so")
    assert "Link this person" in text(administrator(*POLICY).get(queue(connection)))
    assert "Link this person" not in text(administrator(*POLICY[:3], name="vera").get(queue(connection)))


def test_the_queue_takes_no_more_queries_for_twelve_who_may_be_linked_at_once_than_their_names_take(
    administrator: Callable[..., Client],
    connection: SCIMConnection,
    organization: Organization,
    scim: ScimClient,
) -> None:
    browser = administrator(*POLICY)
    for number in range(2):
        arrived(scim, organization, f"of{number}")
    browser.get(queue(connection))
    with CaptureQueriesContext(database) as of_two:
        browser.get(queue(connection))
    for number in range(2, 12):
        arrived(scim, organization, f"of{number}")
    with CaptureQueriesContext(database) as of_twelve:
        assert "Link these 12" in text(browser.get(queue(connection)))
    # Where an index finds a name in any case, as on MariaDB, each name is asked for by itself.
    assert len(of_twelve) - len(of_two) in (0, 10)
