"""Whoever comes to a person from the comparison with the directory finds the way back; a refusal says whom it was about
and which attribute was wrong; a name that was made here is said to be the application's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Organization
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.admin.spoken import english_in, said
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
INES = "ines.okafor@harborline.example"
READS_LOG = ("view_scimconnection", "view_provisioningevent")


# --- from the comparison


def test_a_row_leads_to_the_person_of_this_connection_and_back(
    admin_client: Client, connection: SCIMConnection, organization: Organization
) -> None:
    LearnerFactory(organization=organization, user__username="old.hand", user__email="old@hand.example")
    report = admin_client.post(
        url("reconcile", connection), {"verb": "show", "user_name": "userPrincipalName"}
    )
    address = f"{PEOPLE}?connection={connection.pk}&amp;q=old.hand&amp;back=reconcile"
    assert (
        f'<a href="{address}" target="_blank" rel="noopener" aria-label="old.hand (in a new tab)">'
        in report.content.decode()
    )
    page = admin_client.get(address.replace("&amp;", "&"))
    assert "old.hand Not managed" in text(page)
    back = f'href="{url("reconcile", connection)}">Back to “Compare with the directory”</a>'
    assert back in page.content.decode()
    # Whoever goes on looking keeps both.
    kept = page.content.decode()
    assert f'name="connection" value="{connection.pk}"' in kept
    assert 'name="back" value="reconcile"' in kept


@pytest.mark.parametrize("back", ["", "change", "delete", "https://elsewhere.example", "../../"])
def test_the_way_back_leads_nowhere_else(admin_client: Client, connection: SCIMConnection, back: str) -> None:
    page = admin_client.get(PEOPLE, {"q": "ada", "connection": connection.pk, "back": back})
    assert "Back to" not in text(page)
    assert 'name="back"' not in page.content.decode()
    assert "Back to" not in text(admin_client.get(PEOPLE, {"q": "ada", "back": "reconcile"}))


# --- whom a refusal was about


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        ({"userName": None}, "inesokafor"),
        ({"userName": None, "externalId": None}, "Ines Okafor"),
        ({"userName": None, "externalId": None, "displayName": None}, "Ines Okafor"),
        ({"userName": None, "externalId": None, "displayName": None, "name": None}, INES),
        ({"userName": ["a", "b"], "externalId": None}, "Ines Okafor"),
    ],
)
def test_the_log_says_whom_a_refusal_without_a_user_name_was_about(
    admin_client: Client, scim: ScimClient, left: dict[str, Any], shown: str
) -> None:
    sent = {key: value for key, value in (person() | left).items() if value is not None}
    assert scim.post("/Users", sent).status_code == 400
    event = ProvisioningEvent.objects.latest("pk")
    row = admin_client.get(LOG).content.decode()
    assert f'<td class="field-learner">{shown}</td>' in row.replace("<wbr>", "")
    page = text(
        admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    )
    assert f"externalId {shown}" in page if shown == "inesokafor" else f"Sent as {shown}" in page
    for term in (shown, shown.partition(" ")[0]):
        (card,) = admin_client.get(PEOPLE, {"q": term}).context["cards"]
        assert card.answer.event == event


def test_names_are_shown_to_those_who_may_see_values(administrator: Administrator, scim: ScimClient) -> None:
    scim.post("/Users", person(userName=None, externalId=None))
    event = ProvisioningEvent.objects.latest("pk")
    client = administrator(*READS_LOG)
    for address in (LOG, reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])):
        assert "Okafor" not in client.get(address).content.decode()
        assert "ines" not in client.get(address).content.decode()


def test_the_log_asks_once_for_all_of_a_page(
    admin_client: Client, scim: ScimClient, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for number in range(6):
        scim.post("/Users", person(f"kim.n{number}", userName=None, externalId=None))
        if number in (0, 5):
            with django_assert_max_num_queries(60) as captured:
                admin_client.get(LOG)
            counts.append(len(captured))
    assert counts[0] == counts[1]


# --- what was wrong


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"active": "perhaps"}, "The value of active is not of the kind"),
        ({"userName": None}, "userName was not sent, or is empty"),
        ({"userName": "  "}, "userName was not sent, or is empty"),
        ({"name": "Ines"}, "The value of name is not of the kind"),
        ({"displayName": {"a": 1}}, "The value of displayName is not of the kind"),
        ({"emails": [{"value": "x" * 20_000, "type": "work"}]}, "emails"),
        ({"title": "x" * 200}, "title has 200 characters"),
        ({"userName": "a" * 400}, "userName has 400 characters"),
        ({ENTERPRISE: "x"}, "enterprise:2.0:User is not of the kind"),
    ],
)
def test_the_card_names_the_attribute_that_was_wrong(
    admin_client: Client, scim: ScimClient, wrong: dict[str, Any], named: str
) -> None:
    answer = scim.post("/Users", {**person(), **wrong})
    assert answer.status_code == 400, answer.content
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    assert named in card.answer.cause


@pytest.mark.parametrize(
    ("wrong", "todo"),
    [
        (
            {"title": "x" * 200},
            "Shorten “Job title” in the identity provider. In Entra ID, under Provisioning ▸ Mappings ▸ Provision "
            "Microsoft Entra ID Users, the row of jobTitle does it for everybody with the expression Mid([jobTitle], "
            "1, 150).",
        ),
        # A part of a name is another name.
        ({"userName": "a" * 400}, "Shorten “User name” in the identity provider: "),
    ],
)
def test_of_a_value_that_is_too_long_it_is_said_where_it_is_shortened(
    admin_client: Client, scim: ScimClient, wrong: dict[str, Any], todo: str
) -> None:
    scim.post("/Users", {**person(), **wrong})
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    assert card.answer.todo.startswith(todo)


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        ({"op": "Replace", "path": "active", "value": "perhaps"}, "The value of active is not of the kind"),
        ({"op": "Replace", "path": "userName", "value": ""}, "userName was not sent, or is empty"),
        ({"op": "Remove", "path": "userName"}, "tried to change userName, which belongs to"),
        ({"op": "Replace", "path": "groups", "value": []}, "tried to change groups, which belongs to"),
        (
            {"op": "Replace", "path": "active.value", "value": True},
            "wrote active.value, which SCIM does not allow",
        ),
        ({"op": "Replace", "path": "emails[", "value": "x"}, "emails[, which SCIM does not allow"),
        (
            {"op": "Add", "path": "emails[primary ne true].value", "value": "x@y.example"},
            "emails[primary ne true]",
        ),
    ],
)
def test_the_card_of_a_learner_names_what_was_wrong_in_a_patch(
    admin_client: Client, scim: ScimClient, operation: dict[str, Any], named: str
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    answer = scim.patch(f"/Users/{scim_id}", [operation])
    assert answer.status_code == 400, answer.content
    (card,) = admin_client.get(PEOPLE, {"q": "okafor"}).context["cards"]
    assert named in card.answer.cause


def test_what_a_client_wrote_into_a_path_is_masked(administrator: Administrator, scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    for path in ('emails[value eq "secret@x.example"].value.more', "secret@x.example.b.c"):
        answer = scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": path, "value": "x"}])
        assert answer.status_code == 400
        page = administrator(*READS_LOG, name=f"reader{len(path)}").get(PEOPLE, {"q": INES})
        (card,) = page.context["cards"]
        assert card.answer.cause
        assert "secret" not in page.content.decode()


# --- whose name it is


def test_a_user_name_with_a_suffix_is_said_to_be_the_applications_own(
    admin_client: Client, scim: ScimClient, other_connection: SCIMConnection
) -> None:
    theirs = Organization.objects.get(pk=other_connection.sso.organization_id)
    LearnerFactory(organization=theirs, user__username=INES)
    assert scim.post("/Users", person()).status_code == 201
    link = ProvisionedUser.objects.get()
    account = User.objects.get(pk=link.user_id)
    assert account.username != INES
    page = text(admin_client.get(reverse("admin:auth_user_change", args=[account.pk])))
    own = f"This application’s own name for the person: “{INES}”, which “Entra” sends as the userName, was not free."
    assert own in page
    assert "From “Entra”: userName." not in page
    assert "From “Entra”: name.givenName." in page
    values = reverse("admin:scim_provisioning_scimconnection_values", args=[link.connection_id, link.pk])
    assert f"userName {account.username} {INES} This application’s own" in text(admin_client.get(values))


def test_all_of_it_is_said_in_german(
    admin_client: Client,
    scim: ScimClient,
    connection: SCIMConnection,
    organization: Organization,
    settings: Any,
) -> None:
    settings.LANGUAGE_CODE = "de"
    LearnerFactory(organization=organization, user__username="old.hand")
    report = admin_client.post(
        url("reconcile", connection), {"verb": "show", "user_name": "userPrincipalName"}
    )
    assert english_in(said(report, "content-main")) == []
    page = admin_client.get(PEOPLE, {"q": "old.hand", "connection": connection.pk, "back": "reconcile"})
    assert english_in(said(page, "content-main")) == []
    for wrong in ({"active": "perhaps"}, {"userName": None}):
        scim.post("/Users", {**person(), **wrong})
        assert english_in(said(admin_client.get(PEOPLE, {"q": "okafor"}), "content-main")) == []
