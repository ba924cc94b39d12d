"""An account that two connections send: who sees both sides, who may allow a shared link or move the ownership."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import make_administrator
from tests.admin.pages import PASSWORD, text
from tests.api.staff import API
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy")


@pytest.fixture(autouse=True)
def _user_names_are_what_people_sign_in_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)


@pytest.fixture
def other(other_connection: SCIMConnection) -> ScimClient:
    return ScimClient(TokenFactory(connection=other_connection).plaintext)


@pytest.fixture
def ines(scim: ScimClient, connection: SCIMConnection) -> ProvisionedUser:
    """Whom the first connection owns."""
    connection.policies = {"contacts": ["owner@harborline.example"]}
    connection.save()
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.get()


@pytest.fixture
def refusal(ines: ProvisionedUser, other: ScimClient, other_connection: SCIMConnection) -> ProvisioningEvent:
    """The second connection was refused."""
    other_connection.policies = {"contacts": ["second@brightwater.example"]}
    other_connection.save()
    assert other.post("/Users", person(title="Guest")).status_code == 409
    return ProvisioningEvent.objects.latest("pk")


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Staff who are no superusers see these connections only."""

    def limit(*connections: SCIMConnection) -> None:
        def connections_for(cls: Any, user: Any) -> QuerySet[SCIMConnection]:
            everything = SCIMConnection.objects.all()
            return everything if user.is_superuser else everything.filter(pk__in=[c.pk for c in connections])

        monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(connections_for))

    return limit


def operation(event: ProvisioningEvent) -> str:
    return reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk])


def share_refused(event: ProvisioningEvent) -> str:
    keys = {"object_id": event.connection_id, "event_id": event.pk}
    return reverse("admin:scim_provisioning_scimconnection_share_refused", kwargs=keys)


def page(name: str, link: ProvisionedUser) -> str:
    keys = {"object_id": link.connection_id, "link_id": link.pk}
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", kwargs=keys)


def staff(*codenames: str) -> Client:
    client = Client(enforce_csrf_checks=False)
    client.force_login(make_administrator(f"staff{User.objects.count()}", *codenames))
    return client


# --- the refused operation


def test_a_superuser_sees_both_sides_of_a_refusal_and_what_to_do(
    admin_client: Client, refusal: ProvisioningEvent
) -> None:
    shown = text(admin_client.get(operation(refusal)))
    assert "The account is managed through another connection." in shown
    assert f"The account of “{INES}” is owned by “Entra”." in shown
    assert "Allow a shared link" in shown


def test_who_sees_one_connection_only_is_told_nothing_of_the_other(
    refusal: ProvisioningEvent,
    other_connection: SCIMConnection,
    only: Callable[..., None],
    ines: ProvisionedUser,
) -> None:
    only(other_connection)
    client = staff(*POLICY, "view_payload", "export_log")
    for address in (
        operation(refusal),
        reverse("admin:scim_provisioning_provisioningevent_export"),
        reverse("admin:scim_provisioning_provisioningevent_changelist"),
    ):
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"Entra" not in re.sub(rb"Entra ID|Entra-Admin", b"", body), address
        assert ines.scim_id.encode() not in body
        assert b"Allow a shared link" not in body
    assert client.get(share_refused(refusal)).status_code == 404
    assert client.post(share_refused(refusal), {"password": PASSWORD}).status_code == 404
    assert not SharedAccount.objects.exists()


def test_who_may_not_choose_policies_sees_both_sides_and_may_do_nothing(
    refusal: ProvisioningEvent,
) -> None:
    client = staff("view_scimconnection", "view_provisioningevent")
    shown = text(client.get(operation(refusal)))
    assert "is owned by “Entra”" in shown
    assert "Allow a shared link" not in shown
    assert client.post(share_refused(refusal), {"password": PASSWORD}).status_code == 403
    assert not SharedAccount.objects.exists()


def test_an_administrator_allows_a_shared_link_and_the_next_attempt_links(
    refusal: ProvisioningEvent,
    other: ScimClient,
    ines: ProvisionedUser,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = staff(*POLICY)
    asked = client.get(share_refused(refusal))
    assert "It switches the person on and off for its own part" in text(asked)
    assert not SharedAccount.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(share_refused(refusal), {"password": PASSWORD}, follow=True)
    assert "“Brightwater” may link the account now." in text(answer)

    share = SharedAccount.objects.get()
    assert (share.user, share.connection) == (ines.user, refusal.connection)
    assert share.allowed_by == User.objects.latest("pk")
    events = {event.connection.name: event for event in ProvisioningEvent.objects.filter(action="shared")}  # type: ignore[union-attr]
    assert set(events) == {"Entra", "Brightwater"}
    assert "Brightwater" not in events["Entra"].detail
    assert "Entra" not in events["Brightwater"].detail
    assert {event.actor for event in events.values()} == {share.allowed_by}
    entries = LogEntry.objects.filter(user=share.allowed_by)
    assert sorted(entry.object_repr for entry in entries) == ["Brightwater", "Entra"]
    letters = {letter.to[0]: letter.body for letter in mail.outbox}
    assert set(letters) == {"owner@harborline.example", "second@brightwater.example"}
    assert "Brightwater" not in letters["owner@harborline.example"]
    assert "(Brightwater, by staff" in letters["second@brightwater.example"]

    assert other.post("/Users", person(title="Guest")).status_code == 201
    # What was done is done: nothing is offered twice.
    again = client.post(share_refused(refusal), {"password": PASSWORD}, follow=True)
    assert "This connection manages the account already." in text(again)


def test_without_the_right_password_and_without_its_token_nothing_is_allowed(
    refusal: ProvisioningEvent,
) -> None:
    client = staff(*POLICY)
    assert "Your password was not correct" in text(client.post(share_refused(refusal), {"password": "no"}))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.latest("pk"))
    assert strict.post(share_refused(refusal), {"password": PASSWORD}).status_code == 403
    assert not SharedAccount.objects.exists()


def test_the_page_of_another_refusal_allows_nothing(
    admin_client: Client, refusal: ProvisioningEvent, connection: SCIMConnection
) -> None:
    ProvisioningEvent.objects.filter(pk=refusal.pk).update(error_code="user.username_taken")
    assert admin_client.get(share_refused(refusal)).status_code == 404
    ProvisioningEvent.objects.filter(pk=refusal.pk).update(error_code="user.owned_elsewhere")
    keys = {"object_id": connection.pk, "event_id": refusal.pk}
    foreign = reverse("admin:scim_provisioning_scimconnection_share_refused", kwargs=keys)
    assert admin_client.get(foreign).status_code == 404


# --- the learner's page


def learner_page(link: ProvisionedUser) -> str:
    return reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user).pk])


def history(link: ProvisionedUser) -> str:
    return (
        reverse("admin:scim_provisioning_provisioningevent_changelist") + f"?learner={link.pk}&lookups=show"
    )


@pytest.fixture
def shared(refusal: ProvisioningEvent, other: ScimClient, ines: ProvisionedUser) -> ProvisionedUser:
    SharedAccount.objects.create(connection=refusal.connection, user=ines.user)
    other.post("/Users", person())
    return ProvisionedUser.objects.get(connection=refusal.connection)


def test_the_learners_page_says_who_owns_and_who_shares_to_who_may_see_both(
    admin_client: Client, ines: ProvisionedUser, shared: ProvisionedUser
) -> None:
    shown = text(admin_client.get(learner_page(ines)))
    assert "The account is shared with “Brightwater”; this connection owns it." in shown
    assert "The account is owned by “Entra”; this connection shares it." in shown
    assert "this connection shares it" in text(admin_client.get(history(shared)))


def test_who_sees_one_connection_reads_of_one_connection(
    ines: ProvisionedUser, shared: ProvisionedUser, only: Callable[..., None]
) -> None:
    only(shared.connection)
    client = staff(*POLICY, "view_learner")
    for address in (learner_page(ines), history(shared)):
        shown = text(client.get(address))
        assert "Brightwater" in shown
        assert "“Entra”" not in shown
        assert "Move the ownership" not in shown
    assert client.get(page("own", shared)).status_code == 404
    assert client.post(page("own", shared), {"password": PASSWORD}).status_code == 404
    assert client.post(page("own", ines), {"password": PASSWORD}).status_code == 404


def test_an_administrator_moves_the_ownership_on_the_learners_page(
    admin_client: Client, ines: ProvisionedUser, shared: ProvisionedUser
) -> None:
    body = admin_client.get(learner_page(ines)).content.decode()
    assert page("own", shared) in body
    assert page("own", ines) not in body
    assert "From now on “Brightwater” writes their name" in text(admin_client.get(page("own", shared)))
    answer = admin_client.post(page("own", shared), {"password": PASSWORD}, follow=True)
    assert "This connection owns the account now." in text(answer)
    for link in (ines, shared):
        link.refresh_from_db()
    assert (ines.owns_profile, shared.owns_profile) == (False, True)
    moved = ProvisioningEvent.objects.filter(action="owner_moved")
    assert {event.link for event in moved} == {ines, shared}


def test_an_administrator_offers_a_learner_to_another_connection_before_it_asks(
    admin_client: Client, ines: ProvisionedUser, other: ScimClient, other_connection: SCIMConnection
) -> None:
    assert page("share", ines) in admin_client.get(learner_page(ines)).content.decode()
    choices = text(admin_client.get(page("share", ines)))
    assert "Brightwater" in choices
    chosen = {"connection": other_connection.pk, "password": PASSWORD}
    answer = admin_client.post(page("share", ines), chosen, follow=True)
    assert "“Brightwater” may link the account now." in text(answer)
    assert other.post("/Users", person()).status_code == 201


def test_only_connections_that_somebody_sees_can_be_chosen(
    ines: ProvisionedUser, other_connection: SCIMConnection, only: Callable[..., None]
) -> None:
    only(ines.connection)
    client = staff(*POLICY)
    assert "Brightwater" not in text(client.get(page("share", ines)))
    chosen = {"connection": other_connection.pk, "password": PASSWORD}
    assert "Select a valid choice" in text(client.post(page("share", ines), chosen))
    assert not SharedAccount.objects.exists()


def test_the_pages_are_german_for_germans(
    admin_client: Client, refusal: ProvisioningEvent, shared: ProvisionedUser, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "de"
    for address, said in (
        (operation(refusal), "Gemeinsame Verknüpfung erlauben"),
        (page("own", shared), "Besitz übertragen"),
        (history(shared), "diese Verbindung nutzt es mit"),
    ):
        assert said in text(admin_client.get(address)), address


# --- the API


@pytest.fixture
def _with_the_api(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"


def api(*codenames: str, is_superuser: bool = False) -> API:
    return API(make_administrator(f"staff{User.objects.count()}", *codenames, is_superuser=is_superuser))


@pytest.mark.usefixtures("_with_the_api")
def test_the_api_allows_a_shared_link_and_moves_the_ownership(
    refusal: ProvisioningEvent, other: ScimClient
) -> None:
    client = api(*POLICY)
    body = {"user_name": INES, "password": PASSWORD}
    answer = client.post("share", refusal.connection_id, **body)
    assert (answer.status_code, answer.json()) == (200, {"changed": True})
    assert client.post("share", refusal.connection_id, **body).json() == {"changed": False}
    assert other.post("/Users", person()).status_code == 201
    answer = client.post("own", refusal.connection_id, **body)
    assert (answer.status_code, answer.json()) == (200, {"changed": True})
    assert ProvisionedUser.objects.get(connection=refusal.connection).owns_profile


@pytest.mark.usefixtures("_with_the_api")
def test_the_api_asks_for_password_and_permission_and_knows_nothing_of_strangers(
    refusal: ProvisioningEvent, only: Callable[..., None]
) -> None:
    body = {"user_name": INES, "password": PASSWORD}
    assert api(*POLICY).post("share", refusal.connection_id, user_name=INES).status_code == 400
    assert api("view_scimconnection").post("share", refusal.connection_id, **body).status_code == 403
    only(refusal.connection)  # type: ignore[arg-type]
    nobody = {"user_name": "nobody@harborline.example", "password": PASSWORD}
    unseen, absent = (api(*POLICY).post("share", refusal.connection_id, **asked) for asked in (body, nobody))
    # Whose name somebody else has, whom this person does not see, is not to be found out.
    assert (unseen.status_code, unseen.json()) == (409, absent.json())
    assert api(is_superuser=True).post("share", refusal.connection_id, **body).status_code == 200
    answer = api(*POLICY).post("own", refusal.connection_id, **nobody)
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "This connection manages nobody of this name.",
    )


# --- the command


def scim_connection(*arguments: str) -> str:
    out = StringIO()
    call_command("scim_connection", *arguments, stdout=out)
    return out.getvalue()


def test_an_operator_shares_and_moves(refusal: ProvisioningEvent, other: ScimClient) -> None:
    named = ("--connection", "Brightwater", "--user-name", INES)
    assert "may link the account" in scim_connection("share", *named)
    assert "nothing was changed" in scim_connection("share", *named)
    assert other.post("/Users", person()).status_code == 201
    assert "owns the account of" in scim_connection("own", *named)
    assert ProvisionedUser.objects.get(connection=refusal.connection).owns_profile
    with pytest.raises(CommandError, match="No other connection owns an account of this name"):
        scim_connection("share", "--connection", "Brightwater", "--user-name", "nobody")
