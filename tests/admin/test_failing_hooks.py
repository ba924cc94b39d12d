"""A hook of the application's that raises while an administrator's word is carried out: nothing is changed, and the
page, the API and the command say which hook of which connection it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership
from scim_provisioning.administration.adoption import joining
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.models import ProvisionedUser, SharedAccount
from scim_provisioning.provisioning import host_calls
from scim_provisioning.provisioning.transactions import durable
from scim_provisioning.signals import deactivated
from tests.admin.conftest import Administrator
from tests.admin.pages import PASSWORD, text
from tests.admin.test_given_on_by_whom import page, sees
from tests.api.staff import url as api_url
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory
from tests.people import person
from tests.sharing import Customer
from tests.tables import contents

pytestmark = pytest.mark.django_db

POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload", "forget_learner")
NAME = person()["userName"]
FAILED = "The application’s own code failed: its {} for {} (ValueError, tests/admin/test_failing_hooks.py:"
NOTHING = "Nothing was changed by this step. Ask its developers."


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> ProvisionedUser:
    """A link that owns its account and has let go of the person, whom a guest's wish alone keeps on."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    first, second = Customer.make(), Customer.make()
    hers = first.scim.post("/Users", person()).json()["id"]
    assert ownership.allow_share(second.connection, User.objects.get(username=NAME), actor=None, name="ines")
    assert second.scim.post("/Users", person(externalId="theirs")).status_code == 201
    second.connection.name = "Brightwater"
    second.connection.save()
    assert first.scim.patch(f"/Users/{hers}", OFF).status_code == 200
    return ProvisionedUser.objects.select_related("connection", "user").get(scim_id=hers)


def guest() -> ProvisionedUser:
    return ProvisionedUser.objects.select_related("connection").get(owns_profile=False)


def raises(*_told: Any, **_news: Any) -> None:
    raise ValueError("the seat plan is closed on Fridays")


def kept() -> dict[str, Any]:
    """Every table but those that asking for the password writes."""
    noise = {"sessions.Session", "scim_provisioning.ConfirmationAttempts"}
    return {name: rows for name, rows in contents().items() if name not in noise}


def forget(browser: Client, owner: ProvisionedUser) -> Any:
    body = {"name": NAME, "password": PASSWORD, "even_if_active": "on"}
    return browser.post(page(owner.connection, "forget", link_id=owner.pk), body, follow=True)


def detach(browser: Client, owner: ProvisionedUser) -> Any:
    address = page(owner.connection, "detach", link_id=owner.pk)
    return browser.post(address, {"password": PASSWORD}, follow=True)


VERBS = pytest.mark.parametrize("verb", [forget, detach])


@VERBS
@pytest.mark.parametrize("hook", ["revoke_access", "on_deactivated"])
def test_where_a_hook_raises_as_a_guest_is_ended_first_the_page_says_which_and_nothing_is_changed(
    admin_client: Client,
    owner: ProvisionedUser,
    verb: Callable[..., Any],
    hook: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(LearnerAdapter, hook, raises)
    before = kept()
    answer = verb(admin_client, owner)
    assert answer.status_code == 200
    assert FAILED.format(hook, "the connection “Brightwater”") in text(answer)
    assert NOTHING in text(answer)
    assert kept() == before
    # Its developers find the line.
    assert any(record.exc_info and record.name.startswith("scim_provisioning") for record in caplog.records)
    monkeypatch.undo()
    assert verb(admin_client, owner).status_code == 200
    owner.refresh_from_db()
    assert owner.is_deleted


def test_a_receiver_of_a_signal_is_named_by_its_signal(admin_client: Client, owner: ProvisionedUser) -> None:
    deactivated.connect(raises)
    try:
        said = text(detach(admin_client, owner))
    finally:
        deactivated.disconnect(raises)
    assert FAILED.format("signals.deactivated", "the connection “Brightwater”") in said


@VERBS
def test_who_does_not_see_the_guests_connection_is_not_told_what_it_is_called(
    administrator: Administrator,
    owner: ProvisionedUser,
    verb: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LearnerAdapter, "revoke_access", raises)
    sees(monkeypatch, Customer(None, None, owner.connection, ""))
    said = text(verb(administrator(*POLICY), owner))
    assert FAILED.format("revoke_access", "another connection that uses the account") in said
    assert "Brightwater" not in said


def test_a_withdrawal_is_no_error_page_either(
    admin_client: Client, owner: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "revoke_access", raises)
    share = SharedAccount.objects.get()
    address = page(guest().connection, "withdraw", share_id=share.pk)
    said = text(admin_client.post(address, {"password": PASSWORD}, follow=True))
    assert FAILED.format("revoke_access", "the connection “Brightwater”") in said
    assert not guest().is_deleted


def test_of_a_join_it_is_said_which_hook_failed_beside_the_merge(
    admin_client: Client, owner: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = owner.user.learner.organization  # type: ignore[union-attr]
    one, other = (LearnerFactory(organization=organization, user__email="a@x.example").user for _n in "ab")
    assert all(joining.found(owner.connection, str(account.pk)) for account in (one, other))
    monkeypatch.setattr(LearnerAdapter, "revoke_access", raises)
    address = f"{page(owner.connection, 'join')}?account={one.pk}&other={other.pk}"
    body = {"into": one.pk, "met": "", "password": PASSWORD}
    said = text(admin_client.post(address, body, follow=True))
    assert FAILED.format("revoke_access", f"the connection “{owner.connection}”") in said
    other.refresh_from_db()
    assert other.is_active


def test_the_api_says_it_and_so_does_the_command(
    admin_client: Client, owner: ProvisionedUser, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"
    monkeypatch.setattr(LearnerAdapter, "revoke_access", raises)
    body = {"user_name": NAME, "password": PASSWORD}
    address = api_url("detach", owner.connection_id)
    answer = admin_client.post(address, body, content_type="application/json")
    words = FAILED.format("revoke_access", "the connection “Brightwater”")
    assert (answer.status_code, words in answer.json()["detail"]) == (503, True)
    with pytest.raises(CommandError, match="its revoke_access for the connection “Brightwater”"):
        call_command(
            "scim_forget", "--connection", owner.connection.name, NAME, "--apply", "--even-if-active"
        )
    assert not guest().is_deleted


@pytest.mark.django_db(transaction=True)
def test_other_code_of_the_applications_is_named_by_its_line(
    admin_client: Client, owner: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked whether an account is protected is no hook."""
    asked = page(owner.connection, "detach", link_id=owner.pk)
    assert admin_client.get(asked).status_code == 200
    monkeypatch.setattr(LearnerAdapter, "is_protected", raises)
    said = text(detach(admin_client, owner))
    assert "The application’s own code failed (ValueError, tests/admin/test_failing_hooks.py:" in said
    assert NOTHING in said
    owner.refresh_from_db()
    assert not owner.is_deleted


class InParts(ScimCommand):
    """One of many transactions, in one of which a hook raises."""

    in_parts = True

    def handle(self, *args: Any, **options: Any) -> None:
        link = ProvisionedUser.objects.select_related("user", "connection").get(owns_profile=True)
        adapter = LearnerAdapter(link.user, link=link, connection=link.connection)
        durable(lambda: host_calls.revoke_access(adapter, None))


def test_of_what_is_done_in_parts_it_is_not_said_that_nothing_was_changed(
    owner: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "revoke_access", raises)
    with pytest.raises(CommandError, match="code failed.*ValueError.*go on afterwards") as failure:
        call_command(InParts())
    assert "Nothing was changed" not in str(failure.value)
