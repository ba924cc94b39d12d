"""That a second connection may use an account is taken back: on the learner's page, by the API, by the command."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SharedAccount
from scim_provisioning.sso import may_sign_in
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import Administrator, make_administrator
from tests.admin.pages import PASSWORD, text
from tests.api.staff import API
from tests.client import ScimClient
from tests.leavers import OFF
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
def ines(scim: ScimClient) -> ProvisionedUser:
    """Whom the first connection owns."""
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.select_related("user").get()


@pytest.fixture
def shared(ines: ProvisionedUser, other: ScimClient, other_connection: SCIMConnection) -> ProvisionedUser:
    """The second connection's link."""
    ownership.allow_share(other_connection, ines.user, actor=None, name=INES)
    assert other.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.get(connection=other_connection)


def learner_page() -> str:
    return reverse("admin:lms_learner_change", args=[Learner.objects.get().pk])


def page(share: SharedAccount) -> str:
    keys = {"object_id": share.connection_id, "share_id": share.pk}
    return reverse("admin:scim_provisioning_scimconnection_withdraw", kwargs=keys)


def test_an_administrator_reads_what_will_happen_and_withdraws_the_share(
    admin_client: Client,
    connection: SCIMConnection,
    ines: ProvisionedUser,
    shared: ProvisionedUser,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    for one, address in ((connection, "owner@harborline.example"), (shared.connection, "b@water.example")):
        one.policies = {"contacts": [address]}
        one.save()
    share = SharedAccount.objects.get()
    shown = admin_client.get(learner_page()).content.decode()
    assert page(share) in shown
    asked = text(admin_client.get(page(share)))
    assert f"“Brightwater” shares the account of “{INES}”, which “Entra” owns." in asked
    assert "the person is deleted from now on" in asked
    assert "Your password was not correct" in text(admin_client.post(page(share), {"password": "no"}))
    assert SharedAccount.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(page(share), {"password": PASSWORD}, follow=True)
    assert "“Brightwater” may no longer use the account." in text(answer)
    assert not SharedAccount.objects.exists()
    shared.refresh_from_db()
    assert shared.is_deleted

    events = {e.connection.name: e for e in ProvisioningEvent.objects.filter(action="share_withdrawn")}  # type: ignore[union-attr]
    assert set(events) == {"Entra", "Brightwater"}
    assert {event.actor for event in events.values()} == {User.objects.get(username="ada")}
    assert events["Brightwater"].changes == {"active": [True, False]}
    assert "Brightwater" not in events["Entra"].detail
    assert "Entra" not in events["Brightwater"].detail
    assert sorted(LogEntry.objects.values_list("object_repr", flat=True)) == ["Brightwater", "Entra"]
    assert {letter.to[0] for letter in mail.outbox} == {"owner@harborline.example", "b@water.example"}
    assert page(share) not in admin_client.get(learner_page()).content.decode()
    assert admin_client.get(page(share)).status_code == 404


def test_who_came_in_by_the_guests_identity_provider_is_signed_out(
    admin_client: Client, ines: ProvisionedUser, shared: ProvisionedUser
) -> None:
    visitor = Client()
    visitor.force_login(User.objects.get(pk=ines.user_id))
    key = visitor.session.session_key
    admin_client.post(page(SharedAccount.objects.get()), {"password": PASSWORD})
    assert not Session.objects.filter(session_key=key).exists()
    account = User.objects.get(pk=ines.user_id)
    assert account.is_active
    assert (may_sign_in(account, shared.connection), may_sign_in(account, ines.connection)) == (False, True)


def test_a_word_that_nobody_has_used_yet_is_withdrawn_too(
    admin_client: Client, other: ScimClient, other_connection: SCIMConnection, ines: ProvisionedUser
) -> None:
    ownership.allow_share(other_connection, ines.user, actor=None, name=INES)
    share = SharedAccount.objects.get()
    assert "“Brightwater” may use this account." in text(admin_client.get(learner_page()))
    assert "does not use the account at present" in text(admin_client.get(page(share)))
    admin_client.post(page(share), {"password": PASSWORD})
    assert other.post("/Users", person()).status_code == 409


@pytest.mark.parametrize("seen", ["owner", "guest"])
def test_who_sees_one_side_only_withdraws_nothing(
    administrator: Administrator,
    monkeypatch: pytest.MonkeyPatch,
    ines: ProvisionedUser,
    shared: ProvisionedUser,
    seen: str,
) -> None:
    key = (ines if seen == "owner" else shared).connection_id
    only = SCIMConnection.objects.filter(pk=key)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
    browser, share = administrator(*POLICY, "view_learner"), SharedAccount.objects.get()
    assert "Withdraw" not in text(browser.get(learner_page()))
    assert browser.get(page(share)).status_code == 404
    assert browser.post(page(share), {"password": PASSWORD}).status_code == 404
    assert SharedAccount.objects.exists()


def test_who_may_not_choose_policies_withdraws_nothing(
    administrator: Administrator, shared: ProvisionedUser
) -> None:
    browser = administrator("view_scimconnection", "view_provisioningevent", "view_learner")
    assert "Withdraw" not in text(browser.get(learner_page()))
    assert browser.post(page(SharedAccount.objects.get()), {"password": PASSWORD}).status_code == 403
    assert SharedAccount.objects.exists()


def test_a_connection_that_owns_the_account_by_now_is_not_put_out_of_it(
    admin_client: Client, shared: ProvisionedUser
) -> None:
    ownership.move_ownership(shared, actor=None)
    own = SharedAccount.objects.get(connection=shared.connection)
    answer = admin_client.post(page(own), {"password": PASSWORD}, follow=True)
    assert "This connection owns the account: let another one own it first." in text(answer)
    assert SharedAccount.objects.filter(pk=own.pk).exists()
    shared.refresh_from_db()
    assert not shared.is_deleted


def test_the_refused_operation_of_somebody_whose_owner_has_left_leads_to_the_word(
    admin_client: Client, scim: ScimClient, other: ScimClient, ines: ProvisionedUser, shared: ProvisionedUser
) -> None:
    assert other.delete(f"/Users/{shared.scim_id}").status_code == 204
    assert scim.delete(f"/Users/{ines.scim_id}").status_code == 204
    refused = other.post("/Users", person())
    assert (refused.status_code, refused.json()["scimType"]) == (409, "uniqueness")
    assert "Entra" not in refused.content.decode()
    event = ProvisioningEvent.objects.latest("pk")
    shown = text(
        admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    )
    assert f"The account of “{INES}” was owned by “Entra”, which has let it go." in shown
    assert "Allow a shared link" in shown
    keys = {"object_id": event.connection_id, "event_id": event.pk}
    address = reverse("admin:scim_provisioning_scimconnection_share_refused", kwargs=keys)
    admin_client.post(address, {"password": PASSWORD})
    assert other.post("/Users", person()).json()["id"] == shared.scim_id
    assert User.objects.get(pk=ines.user_id).is_active


def test_an_archived_guest_has_no_part_in_the_account_any_more(
    admin_client: Client, ines: ProvisionedUser, shared: ProvisionedUser
) -> None:
    shared.connection.archive()
    assert admin_client.post(page(SharedAccount.objects.get()), {"password": PASSWORD}).status_code == 302
    shared.refresh_from_db()
    assert shared.is_deleted
    assert User.objects.get(pk=ines.user_id).is_active


@pytest.fixture
def _with_the_api(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"


@pytest.mark.usefixtures("_with_the_api")
def test_the_api_withdraws_a_share_for_who_sees_both_sides(
    scim: ScimClient, ines: ProvisionedUser, shared: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scim.patch(f"/Users/{ines.scim_id}", OFF).status_code == 200
    body: dict[str, Any] = {"user_name": INES, "password": PASSWORD}
    with monkeypatch.context() as patched:
        only = SCIMConnection.objects.filter(pk=shared.connection_id)
        patched.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: only.all()))
        unseen = API(make_administrator("guest", *POLICY)).post("withdraw", shared.connection_id, **body)
    boss = API(make_administrator("boss", *POLICY))
    assert boss.post("withdraw", shared.connection_id, user_name=INES).status_code == 400
    absent = boss.post("withdraw", shared.connection_id, user_name="nobody", password=PASSWORD)
    assert (unseen.status_code, unseen.json()) == (absent.status_code, absent.json())
    assert absent.status_code == 409
    answer = boss.post("withdraw", shared.connection_id, **body)
    assert (answer.status_code, answer.json()) == (200, {"changed": True})
    # Nobody wants the person any more.
    assert not User.objects.get(pk=ines.user_id).is_active


def test_an_operator_withdraws_a_share(ines: ProvisionedUser, shared: ProvisionedUser) -> None:
    named, out = ("--connection", "Brightwater", "--user-name", INES), StringIO()
    call_command("scim_connection", "unshare", *named, stdout=out)
    assert "may no longer use the account" in out.getvalue()
    with pytest.raises(CommandError, match="shares no account of this name"):
        call_command("scim_connection", "unshare", *named)


def test_the_page_is_german_for_germans(
    admin_client: Client, shared: ProvisionedUser, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = "de"
    share = SharedAccount.objects.get()
    assert "Gemeinsame Verknüpfung entziehen" in text(admin_client.get(page(share)))
    assert "„Brightwater“ darf dieses Konto nutzen." in text(admin_client.get(learner_page()))
