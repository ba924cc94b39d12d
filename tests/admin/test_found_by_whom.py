"""Whom the search for people, its API and the log's search find by what the LMS calls them: only those of whom the
connection may know it. Otherwise a name could be asked for letter by letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Learner
from scim_provisioning.administration import ownership
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient
from tests.hosts.current import make_connection
from tests.lms_factories import OrganizationFactory
from tests.people import person

pytestmark = pytest.mark.django_db

LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")


def of_people(browser: Client, term: str, connection: SCIMConnection) -> set[int]:
    answer = browser.get(PEOPLE, {"q": term, "connection": connection.pk})
    return {card.answer.link.pk for card in answer.context["cards"]}


def of_the_log(browser: Client, term: str, connection: SCIMConnection) -> set[int]:
    answer = browser.get(LOG, {"q": term, "connection": str(connection.pk)})
    return {event.link_id for event in answer.context["cl"].result_list}


SEARCHES = pytest.mark.parametrize("found", [of_people, of_the_log])
Found = Callable[[Client, str, SCIMConnection], set[int]]


@SEARCHES
@pytest.mark.parametrize("is_deleted", [False, True])
def test_whom_the_lms_has_moved_is_not_found_by_what_they_are_called_there(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, found: Found, is_deleted: bool
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    if is_deleted:
        scim.delete(f"/Users/{scim_id}")
    link = ProvisionedUser.objects.get()
    User.objects.filter(pk=link.user_id).update(first_name="Secret", email="secret@b.example")
    assert found(admin_client, "Secr", connection) == {link.pk}
    Learner.objects.update(organization=OrganizationFactory())
    assert found(admin_client, "Secr", connection) == set()
    assert found(admin_client, "secret@b.example", connection) == set()
    # By what they were to this connection they are.
    assert found(admin_client, "ines.okafor", connection) == {link.pk}


def test_of_whom_the_lms_has_moved_it_is_said(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    Learner.objects.update(organization=OrganizationFactory())
    cards = admin_client.get(PEOPLE, {"q": "ines.okafor"}).context["cards"]
    assert [str(card.answer.label) for card in cards] == ["Moved to another customer"]


@SEARCHES
def test_a_guest_is_found_by_what_was_sent_and_not_by_what_the_owner_wrote(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Any, found: Found
) -> None:
    mine = scim.post("/Users", {**person(), "name": {"givenName": "Evelyn", "familyName": "Okafor"}}).json()[
        "id"
    ]
    account = ProvisionedUser.objects.get(scim_id=mine).user
    second = make_connection("Second", organization)
    assert account is not None
    assert ownership.allow_share(second, account, actor=None, name=account.username)
    other = ScimClient(TokenFactory(connection=second).plaintext)
    sent = {**person(externalId="of-the-second"), "name": {"givenName": "Guestname", "familyName": "Sent"}}
    theirs = other.post("/Users", sent).json()["id"]
    guest = ProvisionedUser.objects.get(scim_id=theirs)
    assert found(admin_client, "Evel", second) == set()
    assert found(admin_client, "Evel", connection) == {ProvisionedUser.objects.get(scim_id=mine).pk}
    if found is of_people:
        assert found(admin_client, "Guestn", second) == {guest.pk}
