"""Somebody whose user name nobody has here, and whose work e-mail address an account has that nobody manages."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

import scim_provisioning.adapters as adapters
from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import log_words
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.http.test_query_budget import queries
from tests.lms_factories import LearnerFactory, OrganizationFactory, ProgressFactory
from tests.people import person
from tests.tables import contents

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
LOOK_UP = f'/Users?filter=userName%20eq%20"{INES}"'


@pytest.fixture
def maiden(organization: Organization) -> Learner:
    """Ines, who has been here for years under the name that she had."""
    learner: Learner = LearnerFactory(
        organization=organization, user__username="ines.bell", user__email=INES, user__first_name="Ina"
    )
    return learner


def refused(answer: Any, code: str = "user.exists_unmanaged") -> ProvisioningEvent:
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness"), answer.content
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.outcome, event.error_code) == ("refused", code)
    return event


def choose(connection: SCIMConnection, policy: str) -> None:
    connection.policies = {**connection.policies, "same_address": policy}
    connection.save()


def answered(browser: Client, connection: SCIMConnection, said: str, account: User) -> str:
    """What the page says once somebody has answered who it is: two clicks from the connection's page."""
    queue = browser.get(url("queue", connection))
    assert "the same work e-mail address" in text(queue)
    event = ProvisioningEvent.objects.filter(outcome="refused").latest("pk")
    body = {"answer": said, "password": "password", "account": account.pk}
    return text(browser.post(f"{url('queue', connection)}{event.pk}/", body, follow=True))


# --- the story


def test_who_is_here_under_another_name_is_asked_about_and_keeps_her_progress_once_she_is_linked(
    scim: ScimClient, connection: SCIMConnection, maiden: Learner, admin_client: Client
) -> None:
    progress = ProgressFactory(learner=maiden, percent=80)
    before = contents()
    event = refused(scim.post("/Users", person()))
    assert contents() == before
    said = log_words.explanation(event, in_clear=True)
    assert "has the same work e-mail address" in said.cause
    assert "Linked: “" in answered(admin_client, connection, "link", maiden.user)
    (found,) = scim.get(LOOK_UP).json()["Resources"]
    change = [{"op": "Replace", "path": "title", "value": "Lead"}]
    assert scim.patch(f"/Users/{found['id']}", change).status_code == 200
    learner = Learner.objects.get()
    assert (learner.pk, learner.job_role) == (maiden.pk, "Lead")
    progress.refresh_from_db()
    assert (progress.learner_id, progress.percent) == (maiden.pk, 80)


def test_a_post_after_the_link_takes_her_account_over(
    scim: ScimClient, connection: SCIMConnection, maiden: Learner, admin_client: Client
) -> None:
    refused(scim.post("/Users", person()))
    answered(admin_client, connection, "link", maiden.user)
    assert scim.post("/Users", person()).status_code == 201
    learner = Learner.objects.get()
    assert (ProvisionedUser.objects.get().user, learner.job_role) == (maiden.user, "Secure Coding Lead")
    assert learner == maiden


def test_whom_an_administrator_calls_somebody_new_is_made_at_the_next_try(
    scim: ScimClient, connection: SCIMConnection, maiden: Learner, admin_client: Client
) -> None:
    refused(scim.post("/Users", person()))
    assert "A new account is made" in answered(admin_client, connection, "separate", maiden.user)
    assert scim.post("/Users", person()).status_code == 201
    assert ProvisionedUser.objects.get().user != maiden.user
    # The word was about this one person.
    mail = [{"type": "work", "value": INES}]
    refused(scim.post("/Users", person("ines.third", emails=mail)))


# --- what is the same address


@pytest.mark.parametrize(
    ("here", "sent"),
    [
        ("Ines.Okafor@Harborline.example", INES),
        ("ÉLODIE@harborline.example", "élodie@harborline.example"),
        ("elodie\u0301@harborline.example", "elodi\u00e9@harborline.example"),
    ],
    ids=["ASCII", "accents", "decomposed"],
)
def test_an_address_is_the_same_in_any_case(
    scim: ScimClient, organization: Organization, here: str, sent: str
) -> None:
    account = LearnerFactory(organization=organization, user__username="old", user__email=here).user
    event = refused(scim.post("/Users", person(emails=[{"type": "work", "value": sent}])))
    assert event.cause["accounts"] == [account.pk]


@pytest.mark.parametrize("sent", ["inés.okafor@harborline.example", "ines.okafor@harborline.example.org"])
def test_another_address_is_nobodys(scim: ScimClient, maiden: Learner, sent: str) -> None:
    emails = [{"type": "work", "value": sent}]
    assert scim.post("/Users", person("new.comer", emails=emails)).status_code == 201


def test_without_an_address_of_its_own_the_user_name_is_one(scim: ScimClient, maiden: Learner) -> None:
    """As the mapping's fallback writes it."""
    refused(scim.post("/Users", person(emails=None)))
    assert scim.post("/Users", person(emails=None, userName="ines")).status_code == 201


def test_a_private_address_beside_the_one_for_work_is_no_evidence(scim: ScimClient, maiden: Learner) -> None:
    emails = [{"type": "work", "value": "i.o@harborline.example"}, {"type": "home", "value": INES}]
    assert scim.post("/Users", person("new.comer", emails=emails)).status_code == 201


def test_several_accounts_of_one_address_are_all_shown(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    maiden: Learner,
    admin_client: Client,
) -> None:
    second = LearnerFactory(organization=organization, user__username="ines2", user__email=INES).user
    event = refused(scim.post("/Users", person()))
    assert set(event.cause["accounts"]) == {maiden.user_id, second.pk}
    shown = text(admin_client.get(url("queue", connection)))
    assert "Double here" in shown
    assert "ines2" in shown
    assert "Linked: “" in answered(admin_client, connection, "link", second)


def test_the_name_is_the_better_evidence(
    scim: ScimClient,
    organization: Organization,
    maiden: Learner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    named = LearnerFactory(organization=organization, user__username=INES).user
    assert scim.post("/Users", person()).status_code == 201
    assert ProvisionedUser.objects.get().user == named


# --- whose it is


def is_protected(maiden: Learner) -> None:
    User.objects.filter(pk=maiden.user_id).update(is_staff=True)


def is_off(maiden: Learner) -> None:
    User.objects.filter(pk=maiden.user_id).update(is_active=False)


@pytest.mark.parametrize("stands", [is_protected, is_off])
def test_a_protected_account_and_one_that_is_off_are_asked_about_too(
    scim: ScimClient, maiden: Learner, stands: Callable[[Learner], None]
) -> None:
    stands(maiden)
    before = contents()
    refused(scim.post("/Users", person()))
    assert contents() == before


def is_another_customers(maiden: Learner, scim: ScimClient) -> None:
    maiden.organization = OrganizationFactory()
    maiden.save()


def is_managed(maiden: Learner, scim: ScimClient) -> None:
    connection = SCIMConnection.objects.get()
    ProvisionedUser.objects.create(connection=connection, user=maiden.user, user_name="i", user_name_key="i")


def was_deleted(maiden: Learner, scim: ScimClient) -> None:
    is_managed(maiden, scim)
    ProvisionedUser.objects.update(
        user_name_key=None, user_name_tombstone_key="i", deleted_at=timezone.now(), active=False
    )


@pytest.mark.parametrize("stands", [is_another_customers, is_managed, was_deleted])
def test_an_account_that_somebody_has_or_had_and_another_customers_are_nobodys_to_ask_about(
    scim: ScimClient, maiden: Learner, stands: Callable[[Learner, ScimClient], None]
) -> None:
    stands(maiden, scim)
    assert scim.post("/Users", person()).status_code == 201
    # Whoever has the address has not got the name.
    assert User.objects.exclude(pk=maiden.user_id).get(email=INES).username == INES


def test_whom_a_connection_that_has_ended_managed_is_asked_about(scim: ScimClient, maiden: Learner) -> None:
    former = SCIMConnection.objects.create(name="Former", archived_at=timezone.now())
    ProvisionedUser.objects.create(connection=former, user=maiden.user, user_name="i", user_name_key="i")
    refused(scim.post("/Users", person()))


def test_two_people_whom_the_identity_provider_sends_may_have_one_address(scim: ScimClient) -> None:
    emails = [{"type": "work", "value": "reception@harborline.example"}]
    for name in ("ann.roe", "carl.moss"):
        assert scim.post("/Users", person(name, emails=emails)).status_code == 201


def test_who_is_managed_may_be_given_the_address(scim: ScimClient, maiden: Learner) -> None:
    rui = scim.post("/Users", person("rui.sousa")).json()["id"]
    change = [{"op": "replace", "path": 'emails[type eq "work"].value', "value": INES}]
    assert scim.patch(f"/Users/{rui}", change).status_code == 200
    rename = [{"op": "replace", "path": "userName", "value": "rui.bell@harborline.example"}]
    assert scim.patch(f"/Users/{rui}", rename).status_code == 200


# --- what the host and the administrator choose


def test_where_the_policy_is_to_make_a_new_account_it_is_made(
    scim: ScimClient, connection: SCIMConnection, maiden: Learner
) -> None:
    choose(connection, "create")
    assert scim.post("/Users", person()).status_code == 201
    assert User.objects.filter(email=INES).count() == 2


class NoAddress(LearnerAdapter):
    mapping = [line for line in LearnerAdapter.mapping if line.path != "emails"]


class NoEvidence(LearnerAdapter):
    def same_address(self, scim_user: Any) -> Any:
        return []


class InTheProfile(LearnerAdapter):
    mapping = [
        adapters.Text("userName", "username"),
        adapters.Email('emails[type eq "work"].value', "learner.job_role"),
    ]


def use(adapter: type[LearnerAdapter], settings: Settings) -> None:
    named = f"{__name__}.{adapter.__name__}"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": named}


@pytest.mark.parametrize("adapter", [NoAddress, NoEvidence])
def test_a_host_for_which_addresses_say_nothing_is_not_asked(
    scim: ScimClient, maiden: Learner, settings: Settings, adapter: type[LearnerAdapter]
) -> None:
    use(adapter, settings)
    assert scim.post("/Users", person()).status_code == 201


def test_an_address_that_stands_in_the_profile_counts_as_well(
    scim: ScimClient, maiden: Learner, settings: Settings
) -> None:
    use(InTheProfile, settings)
    assert scim.post("/Users", person("rui.sousa")).status_code == 201
    maiden.job_role = INES.upper()
    maiden.save()
    assert refused(scim.post("/Users", person())).cause["accounts"] == [maiden.user_id]


# --- beforehand, and how dear


@pytest.mark.parametrize("policy", ["ask", "create"])
def test_scim_adopt_says_what_a_post_does(
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    tmp_path: Path,
    policy: str,
) -> None:
    choose(connection, policy)

    def here(name: str, address: str, **more: Any) -> Learner:
        facts = {"user__username": name, "user__email": address, **more}
        learner: Learner = LearnerFactory(organization=organization, **facts)
        return learner

    here("ines", "INES@x.example")
    here("staff", "boss@x.example", user__is_staff=True)
    here("one", "two@x.example")
    here("three", "two@x.example")
    here("elodie", "ÉLODIE@x.example")
    is_managed(here("known", "known@x.example"), scim)
    LearnerFactory(user__username="stranger", user__email="theirs@x.example")
    names = ("ines", "boss", "two", "élodie", "known", "theirs", "nobody")
    file, report = tmp_path / "export.csv", tmp_path / "report.csv"
    lines = [f"{name}.new,{name}@x.example" for name in names]
    file.write_text("\n".join(["userPrincipalName,mail", *lines]), encoding="utf-8")
    with pytest.raises(CommandError, match="4 people need a look"):
        call_command(
            "scim_adopt",
            "--connection",
            "Entra",
            "--from",
            str(file),
            "--report",
            str(report),
            stdout=StringIO(),
        )
    said = dict(line.split(",")[:2] for line in report.read_text("utf-8-sig").splitlines()[1:8])
    look = {"ines": "Needs a look", "boss": "Protected", "two": "Double here", "élodie": "Needs a look"}
    if policy == "create":
        look["boss"] = "Needs a look"
    for name in names:
        assert said[f"{name}.new"] == look.get(name, "Nobody here"), name
        emails = [{"type": "work", "value": f"{name}@x.example"}]
        made = scim.post("/Users", person(name, userName=f"{name}.new", emails=emails))
        assert made.status_code == (409 if name in look and policy == "ask" else 201), name


def test_the_address_is_asked_for_together_with_the_name(
    scim: ScimClient, connection: SCIMConnection, maiden: Learner
) -> None:
    sent = {}
    for policy in ("create", "ask", "create", "ask"):
        choose(connection, policy)
        with queries() as sent[policy]:
            assert scim.post("/Users", person(f"{policy}{len(sent)}.{timezone.now():%f}")).status_code == 201
    assert len(sent["ask"]) == len(sent["create"]), sent["ask"]


@pytest.mark.parametrize("where", ["accents in the name", "the profile"])
def test_where_that_cannot_be_it_takes_one_statement_more(
    scim: ScimClient, connection: SCIMConnection, settings: Settings, where: str
) -> None:
    if where == "the profile":
        use(InTheProfile, settings)
    sent = {}
    for n, policy in enumerate(("create", "ask", "create", "ask")):
        choose(connection, policy)
        body = person(f"new.comer{n}")
        if where == "accents in the name":
            body["userName"] = f"élodie{n}@harborline.example"
        with queries() as sent[policy]:
            assert scim.post("/Users", body).status_code == 201
    assert len(sent["ask"]) == len(sent["create"]) + 1, sent["ask"]


def test_who_has_no_address_costs_none(scim: ScimClient, connection: SCIMConnection) -> None:
    sent = {}
    for n, policy in enumerate(("create", "ask", "create", "ask")):
        choose(connection, policy)
        with queries() as sent[policy]:
            assert scim.post("/Users", person(userName=f"élodie{n}", emails=None)).status_code == 201
    assert len(sent["ask"]) == len(sent["create"]), sent["ask"]
