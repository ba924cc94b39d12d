"""Somebody who is in the LMS and whom no connection manages is an answer too, to whoever may see their customer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.lms.models import Learner, Organization
from example_project.lms.scim import LearnerAdapter
from scim_provisioning import adapters as scim_adapters
from scim_provisioning.administration import connections, keeping
from scim_provisioning.administration.adoption import undoing
from scim_provisioning.models import OnDisconnect, ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.admin.spoken import english_in, said
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
READS_LOG = ("view_scimconnection", "view_provisioningevent")
BEA = "bea.lindner"


def ask(client: Client, term: str, **parameters: Any) -> HttpResponse:
    answer = client.get(PEOPLE, {"q": term, **parameters})
    assert answer.status_code == 200
    return answer


def names(client: Client, term: str, **parameters: Any) -> set[str]:
    return {card.answer.user_name for card in ask(client, term, **parameters).context["cards"]}


def learner(organization: Any, name: str = BEA, **changes: Any) -> User:
    given, _, family = name.partition(".")
    facts = {
        "first_name": given.title(),
        "last_name": family.title(),
        "email": f"{name}@lms.example",
        **changes,
    }
    made = LearnerFactory(
        organization=organization,
        user__username=name,
        **{f"user__{key}": value for key, value in facts.items()},
    )
    user: User = made.user
    return user


@pytest.fixture
def bea(organization: Organization) -> User:
    """In the LMS since long before there was any provisioning."""
    return learner(organization, last_name="Lindnér", date_joined=datetime(2024, 3, 5, 9, tzinfo=UTC))


@pytest.mark.parametrize("term", ["bea", "Lindner", "LINDNÉR, Bea", "bea.lindner", "bea.lindner@lms"])
def test_a_learner_whom_nobody_manages_is_found_and_it_is_said_what_to_do(
    admin_client: Client, scim: ScimClient, bea: User, term: str
) -> None:
    scim.get("/Users?filter=" + "userName%20eq%20%22x%22", user_agent="Microsoft Entra")
    answer = ask(admin_client, term)
    page = text(answer)
    assert (
        "Bea Lindnér bea.lindner Not managed In this application since 5 Mar 2024; not managed by any connection."
    ) in page
    assert "Entra ID has not asked for anybody like this in 30 days; it last asked just now." in page
    assert "What to do Assign the person to this application in the identity provider." in page
    assert "“Provision on demand” does it now" in page
    assert "Nobody like" not in page
    (card,) = answer.context["cards"]
    own = reverse("admin:lms_learner_change", args=[bea.learner.pk])
    assert own in [link.url for link in card.links]


def test_beside_others_it_is_not_said_that_nobody_like_this_was_asked_for(
    admin_client: Client, scim: ScimClient, bea: User
) -> None:
    scim.post("/Users", person("bea.roth"), user_agent="Microsoft Entra")
    page = text(ask(admin_client, "bea"))
    assert "Bea Roth bea.roth@harborline.example Has an account" in page
    assert "Entra ID has sent nobody who is this account; it last asked just now." in page
    assert "anybody like this" not in page


def test_once_they_are_sent_they_are_told_of_once(
    admin_client: Client, scim: ScimClient, bea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scim.post("/Users", person(userName=BEA)).status_code == 409
    (refused,) = ask(admin_client, "bea").context["cards"]
    assert str(refused.answer.label) == "Refused"
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    assert scim.post("/Users", person(userName=BEA)).status_code == 201
    (here,) = ask(admin_client, "bea").context["cards"]
    assert here.answer.state == "active"


def test_who_was_detached_is_told_of_once(admin_client: Client, scim: ScimClient) -> None:
    scim.post("/Users", person())
    keeping.detach(ProvisionedUser.objects.get(), actor=None)
    for term in ("ines.okafor@harborline.example", "okafor"):
        (card,) = ask(admin_client, term).context["cards"]
        assert "Detached on" in card.answer.sentence


def test_who_was_detached_is_called_so_and_keeps_name_and_page(
    administrator: Administrator, admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    learner = reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user).pk])
    keeping.detach(link, actor=None)
    page = ask(admin_client, "ines.okafor@harborline.example")
    assert "Ines Okafor ines.okafor@harborline.example Detached Detached on" in text(page)
    (card,) = page.context["cards"]
    leads = {lead.label: lead.url for lead in card.links}
    assert leads["Learner’s page"] == learner
    assert leads["Who is it?"] == url("queue", connection)
    reader = administrator(*READS_LOG, name="vera")
    (card,) = ask(reader, "ines.okafor@harborline.example").context["cards"]
    assert (card.answer.name, card.answer.state) == ("ines.okafor@harborline.example", "detached")
    assert "Who is it?" not in {lead.label for lead in card.links}


def test_of_whom_another_connection_has_since_they_were_detached_no_more_is_told_than_that(
    admin_client: Client, scim: ScimClient, organization: Organization
) -> None:
    scim.post("/Users", person())
    link = ProvisionedUser.objects.select_related("user", "connection").get()
    account = link.user
    keeping.detach(link, actor=None)
    other = make_connection("Second", organization)
    ProvisionedUser.objects.create(
        connection=other, user=account, user_name="io@second.example", user_name_key="io@second.example"
    )
    page = ask(admin_client, "ines.okafor@harborline.example", connection=link.connection_id)
    (card,) = page.context["cards"]
    assert (card.answer.name, card.answer.account) == ("ines.okafor@harborline.example", None)


def test_of_whom_the_link_was_taken_back_that_is_said(
    admin_client: Client, scim: ScimClient, monkeypatch: pytest.MonkeyPatch, organization: Organization
) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    name = "ines.okafor@harborline.example"
    learner(organization, name, email=name)
    scim.post("/Users", person())
    undoing.undo(ProvisionedUser.objects.select_related("connection").get(), actor=None)
    (card,) = ask(admin_client, name).context["cards"]
    assert card.answer.state == "detached"
    assert card.answer.sentence.startswith("The link was taken back on")


def test_the_number_of_questions_does_not_grow_with_those_who_were_detached(
    admin_client: Client, scim: ScimClient
) -> None:
    counts = []
    for number in range(8):
        scim.post("/Users", person(f"kim.n{number}"))
        keeping.detach(
            ProvisionedUser.objects.living().select_related("user", "connection").get(), actor=None
        )
        if number in (1, 7):
            ask(admin_client, "n0")
            with CaptureQueriesContext(database) as captured:
                assert len(ask(admin_client, "kim.n").context["cards"]) == number + 1
            counts.append(len(captured))
    assert counts[1] <= counts[0]


def test_whoever_was_deleted_is_told_of_by_their_departure_alone(
    admin_client: Client, scim: ScimClient
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    (card,) = ask(admin_client, "okafor").context["cards"]
    assert card.answer.state == "deleted"


def test_notes_say_who_is_off_and_who_is_protected(
    admin_client: Client, organization: Organization, connection: SCIMConnection
) -> None:
    learner(organization, "off.lindner", is_active=False)
    learner(organization, "staff.lindner", is_staff=True)
    page = text(ask(admin_client, "lindner"))
    assert "Off Lindner off.lindner Not managed" in page
    assert "The account is switched off here: whoever is sent is not linked to it before it is on." in page
    assert "The account is protected: provisioning never changes or deactivates it." in page


# --- for whom


def test_nobody_of_another_customer_is_found_or_hinted_at(
    administrator: Administrator,
    connection: SCIMConnection,
    other_connection: SCIMConnection,
    bea: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = SCIMConnection.objects.filter(pk=other_connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    client = administrator(*READS_LOG, "view_payload")
    for term in ("bea", "lindner", BEA, "bea.lindner@lms.example"):
        page = text(ask(client, term))
        assert "Nobody like" in page
        assert page.replace(term, "") == text(ask(client, "nobody.at.all")).replace("nobody.at.all", "")


def test_each_customer_has_its_own(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection, bea: User
) -> None:
    theirs = Organization.objects.get(pk=other_connection.sso.organization_id)
    learner(theirs, "bea.other")
    assert names(admin_client, "bea") == {BEA, "bea.other"}
    assert names(admin_client, "bea", connection=connection.pk) == {BEA}
    assert names(admin_client, "bea", connection=other_connection.pk) == {"bea.other"}


def test_whom_a_connection_out_of_sight_manages_is_not_found(
    administrator: Administrator,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scim.post("/Users", person())
    second = make_connection("Second", organization)
    only = SCIMConnection.objects.filter(pk=second.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    client = administrator(*READS_LOG, "view_payload")
    assert names(client, "okafor") == names(client, "ines") == set()
    connections.disconnect(connection, learners=OnDisconnect.KEEP, actor=None)
    assert names(client, "okafor") == {"ines.okafor@harborline.example"}


def test_a_person_of_two_connections_of_one_customer_is_one_answer_that_names_both(
    admin_client: Client, connection: SCIMConnection, organization: Organization, bea: User
) -> None:
    make_connection("Second", organization)
    (card,) = ask(admin_client, "lindner").context["cards"]
    assert "“Entra”: Nobody has asked for anybody on this connection yet." in card.answer.cause
    assert "“Second”: Nobody has asked for anybody on this connection yet." in card.answer.cause


def test_where_the_host_does_not_say_whose_accounts_are_none_is_shown(
    admin_client: Client, connection: SCIMConnection, bea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert names(admin_client, "lindner") == {BEA}
    with monkeypatch.context() as patch:
        patch.setattr(LearnerAdapter, "rows", {})
        assert names(admin_client, "lindner") == set()
    with monkeypatch.context() as patch:
        row = scim_adapters.RelatedRow(Learner, user_field="user", within={"job_role": "Learner"})
        patch.setattr(LearnerAdapter, "rows", {"learner": row})
        assert names(admin_client, "lindner") == set()
    with monkeypatch.context() as patch:
        row = scim_adapters.RelatedRow(Learner, user_field="user", within={"organization_id": lambda c: None})
        patch.setattr(LearnerAdapter, "rows", {"learner": row})
        assert names(admin_client, "lindner") == set()


def test_a_tenant_users_of_the_hosts_own_says_whose_they_are(
    admin_client: Client, connection: SCIMConnection, bea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = learner(OrganizationFactory(), "bea.elsewhere")
    mine = classmethod(lambda cls, connection: User.objects.filter(pk=elsewhere.pk))
    monkeypatch.setattr(LearnerAdapter, "tenant_users", mine)
    assert names(admin_client, "bea") == {"bea.elsewhere"}

    def fails(cls: Any, connection: SCIMConnection) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(LearnerAdapter, "tenant_users", classmethod(fails))
    assert names(admin_client, "bea") == set()


def test_who_may_not_see_values_finds_an_account_by_its_whole_user_name_and_is_shown_no_more(
    administrator: Administrator, connection: SCIMConnection, bea: User
) -> None:
    client = administrator(*READS_LOG)
    for term in ("bea", "lindner", "bea lindner", "bea.lindner@lms.example", "bea.lindne"):
        assert names(client, term) == set()
    page = text(ask(client, "BEA.lindner"))
    assert "bea.lindner Not managed" in page
    assert "Lindnér" not in page
    assert "lms.example" not in page


# --- how much


def test_the_number_of_questions_does_not_grow_with_the_accounts_found(
    admin_client: Client, connection: SCIMConnection, organization: Organization
) -> None:
    counts = []
    for number in range(12):
        learner(organization, f"kim.n{number}")
        if number in (1, 11):
            with CaptureQueriesContext(database) as captured:
                assert len(names(admin_client, "kim")) == number + 1
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_more_than_an_answer_holds_are_said_to_be_more(
    admin_client: Client, connection: SCIMConnection, organization: Organization
) -> None:
    for number in range(22):
        learner(organization, f"kim.n{number}")
    page = ask(admin_client, "kim")
    assert len(page.context["cards"]) == 20
    assert "The first 20 people are shown, and there are more." in text(page)


def test_of_many_connections_it_is_said_that_one_has_to_be_chosen(
    admin_client: Client, connection: SCIMConnection, bea: User
) -> None:
    for number in range(20):
        make_connection(f"Other {number}")
    page = text(ask(admin_client, "lindner"))
    assert (
        "People of this application whom no connection manages are looked for on few connections at once"
        in page
    )
    assert "Not managed" not in page
    assert names(admin_client, "lindner", connection=connection.pk) == {BEA}


def test_an_ended_connection_has_nobody(admin_client: Client, connection: SCIMConnection, bea: User) -> None:
    SCIMConnection.objects.update(archived_at=timezone.now() - timedelta(days=1))
    assert names(admin_client, "lindner") == set()


def test_it_is_said_in_german(
    admin_client: Client, scim: ScimClient, organization: Organization, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "de"
    learner(organization, "off.lindner", is_active=False)
    learner(organization, "staff.lindner", is_staff=True)
    TokenFactory(connection=make_connection("Zweite", organization))
    page = ask(admin_client, "lindner")
    assert len(page.context["cards"]) == 2
    assert english_in(said(page, "content-main")) == []
    scim.post("/Users", person("bo.lindner"))
    assert english_in(said(ask(admin_client, "lindner"), "content-main")) == []


def test_the_page_of_the_connection_is_one_step_away(
    admin_client: Client, connection: SCIMConnection, bea: User
) -> None:
    assert url("change", connection) in ask(admin_client, "lindner").content.decode()
