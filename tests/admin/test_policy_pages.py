"""The policies that are a choice: shown, chosen, summed up, confirmed, written down."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections
from scim_provisioning.models import Action, ProvisioningEvent, SCIMConnection
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.people import person

#: What else the form holds.
LISTS = {
    "contacts": "",
    "networks": "",
    "leavers_at_least": "25",
    "leavers_percent": "5",
    "same_address": "ask",
}


@pytest.fixture
def can_erase(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has written `erase`."""
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: learner.user.delete())


def send(client: Client, connection: SCIMConnection, **chosen: str) -> Any:
    return client.post(url("policies", connection), {**LISTS, **chosen}, follow=True)


def confirm(client: Client, connection: SCIMConnection, **chosen: str) -> Any:
    return send(client, connection, confirm="1", password=PASSWORD, **chosen)


def test_the_page_shows_what_is_chosen(admin_client: Client, connection: SCIMConnection) -> None:
    page = text(admin_client.get(url("change", connection)))
    assert "Existing learners Link when the sign-in subject agrees" in page
    assert "What DELETE does Deactivate" in page
    connection.policies = {"existing_learners": "refuse"}
    connection.save()
    assert "Existing learners Never link by itself" in text(admin_client.get(url("change", connection)))
    form = admin_client.get(url("policies", connection)).content.decode()
    assert re.search(r'<input type="radio" name="existing_learners" value="refuse"[^>]* checked>', form)


def test_a_choice_is_summed_up_confirmed_and_written_into_both_logs(
    admin_client: Client, connection: SCIMConnection
) -> None:
    page = text(send(admin_client, connection, existing_learners="refuse"))
    before_and_after = "Link when the sign-in subject agrees → becomes Never link by itself"
    assert f"Existing learners {before_and_after}" in page
    assert "Contacts" not in page
    wrong = send(admin_client, connection, confirm="1", existing_learners="refuse", password="wrong")
    assert "Nothing was changed." in text(wrong)
    assert before_and_after in text(wrong)
    connection.refresh_from_db()
    assert connection.policies == {}

    assert "The policies were changed." in text(confirm(admin_client, connection, existing_learners="refuse"))
    connection.refresh_from_db()
    assert connection.policies == {"existing_learners": "refuse"}
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.changes) == (
        Action.POLICY_CHANGED,
        {"existing_learners": ["link", "refuse"]},
    )
    message = "Changed policies: existing_learners (link → refuse)."
    assert (event.detail, LogEntry.objects.get().change_message) == (message, message)


def test_whether_the_same_address_is_asked_about_is_chosen_too(
    admin_client: Client, connection: SCIMConnection
) -> None:
    page = text(admin_client.get(url("change", connection)))
    assert "The same work e-mail address Ask an administrator who it is" in page
    chosen = {"existing_learners": "link", "same_address": "create"}
    assert "who it is → becomes Create a new account" in text(send(admin_client, connection, **chosen))
    confirm(admin_client, connection, **chosen)
    connection.refresh_from_db()
    assert connection.policies == {"same_address": "create"}


@pytest.mark.parametrize("chosen", [{}, {"existing_learners": ""}, {"existing_learners": "everybody"}])
def test_a_choice_that_does_not_exist_is_refused(
    admin_client: Client, connection: SCIMConnection, chosen: dict[str, str]
) -> None:
    assert "Please correct what is marked below." in text(send(admin_client, connection, **chosen))
    tampered = confirm(admin_client, connection, **chosen)
    assert tampered.redirect_chain == [(url("policies", connection), HTTPStatus.FOUND)]
    connection.refresh_from_db()
    assert connection.policies == {}


def test_erasing_is_offered_only_by_a_host_that_can(admin_client: Client, connection: SCIMConnection) -> None:
    assert "What DELETE does" not in text(admin_client.get(url("policies", connection)))
    confirm(admin_client, connection, existing_learners="link", on_delete="erase")
    connection.refresh_from_db()
    assert connection.policies == {}


@pytest.mark.usefixtures("can_erase")
def test_erasing_is_chosen_and_a_delete_erases(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient
) -> None:
    chosen = {"existing_learners": "link", "on_delete": "erase"}
    assert "What DELETE does" in text(admin_client.get(url("policies", connection)))
    assert "account and progress are kept → becomes Erase" in text(send(admin_client, connection, **chosen))
    confirm(admin_client, connection, **chosen)
    connection.refresh_from_db()
    assert connection.policies == {"on_delete": "erase"}
    assert "What DELETE does Erase" in text(admin_client.get(url("change", connection)))

    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    event = ProvisioningEvent.objects.latest("pk")
    row = admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    assert "the application erased them, as this connection's policy says" in text(row).replace("&#x27;", "'")


def test_a_host_that_cannot_erase_any_longer_says_so_and_asks_again(
    admin_client: Client, connection: SCIMConnection
) -> None:
    connection.policies = {"on_delete": "erase"}
    connection.save()
    assert "What DELETE does Deactivate" in text(admin_client.get(url("change", connection)))
    assert "What DELETE does" in text(admin_client.get(url("policies", connection)))
    confirm(admin_client, connection, existing_learners="link", on_delete="deactivate")
    connection.refresh_from_db()
    assert connection.policies == {"on_delete": "deactivate"}


def test_somebody_without_the_permission_sees_the_choices_and_changes_none(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    client = administrator("view_scimconnection", "change_scimconnection")
    assert "Never link" not in text(client.get(url("change", connection)))
    assert "Link when the sign-in subject agrees" in text(client.get(url("change", connection)))
    refused = client.post(
        url("policies", connection),
        {**LISTS, "confirm": "1", "existing_learners": "refuse", "password": PASSWORD},
    )
    assert refused.status_code == HTTPStatus.FORBIDDEN
    connection.refresh_from_db()
    assert connection.policies == {}


def test_a_refusal_by_policy_names_the_policy_to_the_administrator(
    admin_client: Client, connection: SCIMConnection, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.post("/Users", person())
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    SCIMConnection.objects.update(policies={"existing_learners": "refuse"})
    # The link is gone, the account is not: it is an existing learner now.
    connection.links.all().delete()
    assert scim.post("/Users", person()).status_code == HTTPStatus.CONFLICT
    event = ProvisioningEvent.objects.latest("pk")
    row = admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    assert "policy on existing learners (“refuse”) is never to link by itself" in text(row)


def test_the_verb_refuses_policies_and_options_that_do_not_exist(connection: SCIMConnection) -> None:
    for chosen in ({"existing_learners": "everybody"}, {"seats": "12"}):
        with pytest.raises(ValueError, match=r"everybody|seats"):
            connections.choose_policies(connection, actor=None, chosen=chosen)
    assert not ProvisioningEvent.objects.exists()
    assert connections.choose_policies(connection, actor=None, chosen={"existing_learners": "refuse"})
    assert not connections.choose_policies(connection, actor=None, chosen={"existing_learners": "refuse"})


# --- what somebody else chooses meanwhile


def held_values(page: Any) -> dict[str, str]:
    """What a browser sends of the form that a page shows."""
    form = page.context["form"]
    return {name: form[name].value() for name in form.fields if name != "password"}


def opened(client: Client, connection: SCIMConnection, **changed: str) -> dict[str, str]:
    """A page that is open, and what was changed on it."""
    return {**held_values(client.get(url("policies", connection))), **changed}


def summed_up(client: Client, connection: SCIMConnection, sent: dict[str, str]) -> dict[str, str]:
    """The page that asks to confirm it, which is open too."""
    page = client.post(url("policies", connection), sent)
    return {**held_values(page), "confirm": "1", "password": PASSWORD}


def by_somebody_else(connection: SCIMConnection, **chosen: Any) -> None:
    connections.choose_policies(SCIMConnection.objects.get(pk=connection.pk), actor=None, chosen=chosen)


def chosen_now(connection: SCIMConnection) -> dict[str, Any]:
    connection.refresh_from_db()
    return connection.policies


def test_what_somebody_else_chooses_while_the_page_is_open_stays(
    admin_client: Client, connection: SCIMConnection
) -> None:
    sent = opened(admin_client, connection, contacts="ops@a.example")
    by_somebody_else(connection, existing_learners="refuse", leavers_percent=1)
    page = admin_client.post(url("policies", connection), sent)
    assert [name for _label, name, _after in page.context["differences"]] == ["—"]
    confirmed = {**held_values(page), "confirm": "1", "password": PASSWORD}
    by_somebody_else(connection, leavers_at_least=1, networks=["10.0.0.0/8"])
    admin_client.post(url("policies", connection), confirmed)
    assert chosen_now(connection) == {
        "existing_learners": "refuse",
        "leavers_percent": 1,
        "leavers_at_least": 1,
        "networks": ["10.0.0.0/8"],
        "contacts": ["ops@a.example"],
    }
    assert ProvisioningEvent.objects.latest("pk").changes == {"contacts": [[], ["ops@a.example"]]}


@pytest.mark.parametrize("is_summed_up", [False, True])
def test_what_somebody_else_has_changed_too_is_said_and_nothing_is_written(
    admin_client: Client, connection: SCIMConnection, is_summed_up: bool
) -> None:
    sent = opened(admin_client, connection, contacts="ops@a.example", leavers_percent="50")
    if is_summed_up:
        sent = summed_up(admin_client, connection, sent)
    by_somebody_else(connection, leavers_percent=1)
    page = admin_client.post(url("policies", connection), sent, follow=True)
    assert page.redirect_chain == [(url("policies", connection), HTTPStatus.FOUND)]
    assert "Somebody else has changed this since the page was shown: The same, in per cent" in text(page)
    assert page.context["form"]["leavers_percent"].value() == "1"
    assert chosen_now(connection) == {"leavers_percent": 1}


def test_what_both_have_chosen_alike_is_no_matter(admin_client: Client, connection: SCIMConnection) -> None:
    sent = summed_up(admin_client, connection, opened(admin_client, connection, leavers_percent="50"))
    by_somebody_else(connection, leavers_percent=50)
    assert "Nothing was changed." in text(admin_client.post(url("policies", connection), sent, follow=True))
    assert chosen_now(connection) == {"leavers_percent": 50}


@pytest.mark.parametrize("shown", ["", "null", "[1]", "x", "[" * 100_000, '{"contacts": 1}'])
def test_a_page_that_says_nothing_sensible_of_what_it_has_shown_is_no_failure(
    admin_client: Client, connection: SCIMConnection, shown: str
) -> None:
    sent = opened(admin_client, connection, leavers_percent="50", shown=shown)
    assert admin_client.post(url("policies", connection), sent).status_code in {200, 302}
    sent = {**summed_up(admin_client, connection, opened(admin_client, connection, **sent)), "shown": shown}
    assert admin_client.post(url("policies", connection), sent).status_code in {200, 302}
