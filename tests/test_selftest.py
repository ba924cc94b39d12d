"""The self-test plays Entra's requests for real and takes them back; each failed line says how to mend it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

import scim_provisioning.adapters as adapters
from example_project.lms.models import Learner, SSOSettings, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import selftest
from scim_provisioning.administration.selftest import Line, Result
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisioningEvent,
    ProvisioningPayload,
    SCIMConnection,
    SCIMToken,
)
from scim_provisioning.protocol.errors import InvalidValue
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db


def run(connection: SCIMConnection) -> list[Line]:
    return selftest.run(connection, reach=False)


def failures(connection: SCIMConnection) -> list[Line]:
    return [line for line in run(connection) if line.result == Result.FAILED]


def count() -> tuple[int, ...]:
    models = (User, Learner, Team, ProvisionedUser, ProvisioningEvent, SCIMToken)
    return tuple(model._default_manager.count() for model in models)


def test_a_sound_connection_passes_every_stage(connection: SCIMConnection) -> None:
    lines = run(connection)

    assert [line for line in lines if line.result == Result.FAILED] == []
    assert "Deactivate (“False” as text)" in [line.what for line in lines]


def test_nothing_is_left_behind(connection: SCIMConnection, token: str) -> None:
    before = count()

    run(connection)

    assert count() == before


def test_a_connection_for_which_no_token_can_be_made_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that stands alone although the host has SSO settings, which tokens need, and an adapter whom that suits."""
    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("name.givenName", "first_name")])
    monkeypatch.setattr(LearnerAdapter, "rows", {})
    (line,) = failures(ConnectionFactory(name="Alone"))

    assert line.what == "A token can be made"
    assert line.mend.startswith("Turn on single sign-on first.")


def test_nobody_is_mailed_about_its_token(
    connection: SCIMConnection, mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    connection.policies = {"contacts": ["it@customer.example"]}
    connection.save()

    with django_capture_on_commit_callbacks(execute=True):
        assert failures(connection) == []

    assert mailoutbox == []


def test_it_passes_and_erases_nobody_where_a_delete_erases(
    connection: SCIMConnection, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    scim.post("/Users", person())
    erased: list[str] = []

    def erase(self: LearnerAdapter, learner: Learner) -> None:
        erased.append(learner.user.username)
        learner.user.delete()

    monkeypatch.setattr(LearnerAdapter, "erase", erase)
    SCIMConnection.objects.update(policies={"on_delete": "erase"})
    before = count()
    assert failures(SCIMConnection.objects.get()) == []
    assert [name.endswith(".invalid") for name in erased] == [True]
    assert count() == before


def test_it_runs_although_the_cap_of_tokens_is_reached(connection: SCIMConnection, token: str) -> None:
    TokenFactory(connection=connection)

    assert failures(connection) == []


def test_a_broken_mapping_is_named_with_the_field(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("title", "learner.titel")])

    line, checks = failures(connection)

    assert line.found == "title → learner.titel: field 'titel' does not exist on Learner"
    assert line.mend
    assert "scim_provisioning.E007" in checks.found


def test_an_adapter_that_does_not_load_is_named(connection: SCIMConnection, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "no.such.Adapter"}

    line, checks = failures(connection)

    assert "ModuleNotFoundError" in line.found
    assert checks.found == "scim_provisioning.E005"


def test_a_host_that_django_does_not_answer_for_is_named(
    connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example.com"}

    (line,) = failures(connection)

    assert line.found == "lms.example.com"
    assert "ALLOWED_HOSTS" in line.mend


def test_it_runs_over_https_too(connection: SCIMConnection, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example.com"}
    settings.ALLOWED_HOSTS = ["lms.example.com"]
    settings.SECURE_SSL_REDIRECT = True

    assert failures(connection) == []


def test_a_hook_that_raises_fails_its_stage_and_says_whom_to_ask(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_provisioned(self: LearnerAdapter, learner: object, *, event: object) -> None:
        raise RuntimeError("no mailbox")

    monkeypatch.setattr(LearnerAdapter, "on_provisioned", on_provisioned)

    (line,) = failures(connection)

    assert line.what == "Create a learner"
    assert "Give the request id to the developers" in line.mend
    assert count()[0] == 0


def test_a_role_that_does_not_fit_fails_where_it_is_sent(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def validate(self: LearnerAdapter, document: dict[str, object]) -> None:
        if document.get("title") == "Lead":
            raise InvalidValue("title: not a role here.", code="attr.reference")

    monkeypatch.setattr(LearnerAdapter, "validate_dict", validate)

    assert failures(connection)[0].what == "Change job role and department by path"


def test_sso_that_is_off_is_said_with_what_to_do(connection: SCIMConnection, sso: SSOSettings) -> None:
    sso.enabled = False
    sso.save()

    lines = failures(connection)

    assert [line.found for line in lines] == ["Single sign-on is switched off."]
    assert SCIMConnection.objects.get().archived_at is None


def test_missing_sso_settings_are_said_and_archive_nothing(
    connection: SCIMConnection, sso: SSOSettings
) -> None:
    # Behind Django's back: no signal archives the connection before the self-test looks.
    SSOSettings.objects.filter(pk=sso.pk)._raw_delete(using="default")

    assert failures(connection)
    assert SCIMConnection.objects.get().archived_at is None


def test_a_paused_connection_is_tested_all_the_same_and_stays_paused(connection: SCIMConnection) -> None:
    connection.paused_at = timezone.now()
    connection.save()

    lines = run(connection)

    assert [line.found for line in lines if line.what == "Requests are served"] == ["Provisioning is paused."]
    assert "Activate again" in [line.what for line in lines]
    assert SCIMConnection.objects.get().is_paused


def test_a_tenant_url_that_nobody_answers_is_a_warning(
    connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "http://127.0.0.1:9"}
    settings.DEBUG = True

    lines = {line.what: line for line in selftest.run(connection)}

    assert lines["The Tenant URL can be reached from this server"].result == Result.WARNING
    assert lines["The Tenant URL is encrypted"].result == Result.WARNING


def test_the_tenant_url_answers_over_the_network(
    connection: SCIMConnection, settings: Settings, live_server: object
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": live_server.url}  # type: ignore[attr-defined]

    lines = {line.what: line for line in selftest.run(connection)}

    assert lines["The Tenant URL can be reached from this server"].result == Result.PASSED


def line_of(connection: SCIMConnection, what: str) -> Line:
    return next(line for line in run(connection) if line.what == what)


def test_mail_that_goes_nowhere_is_a_warning_and_a_real_server_is_not(
    connection: SCIMConnection, settings: Settings
) -> None:
    assert line_of(connection, "Notices are mailed").result == Result.WARNING
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert "DEFAULT_FROM_EMAIL" in line_of(connection, "Notices are mailed").mend
    settings.DEFAULT_FROM_EMAIL = "lms@harborline.example"
    assert line_of(connection, "Notices are mailed").result == Result.PASSED


def test_messages_that_outlive_their_retention_are_a_warning(connection: SCIMConnection) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    event = ProvisioningEvent.objects.create(
        connection=connection, operation="patch", action="updated", outcome="applied", created_at=long_ago
    )
    ProvisioningPayload.objects.create(event=event, request="{}", created_at=long_ago)

    assert "scim_prune" in line_of(connection, "Old messages are deleted").mend


def test_whether_the_token_passes_the_proxy_is_known_once_one_has(
    connection: SCIMConnection, scim: ScimClient
) -> None:
    assert line_of(connection, "The proxy hands the token on").result == Result.UNKNOWN
    scim.get("/Users")
    assert line_of(connection, "The proxy hands the token on").result == Result.PASSED


def test_a_customer_that_the_adapter_cannot_name_is_a_failure(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(scope: object, connection: SCIMConnection) -> dict[str, object]:
        return {"organization_id": None}

    monkeypatch.setattr("scim_provisioning.administration.selftest.prerequisites.resolve_scope", nobody)

    assert failures(connection)[0].what == "The customer is found"


def test_an_archived_connection_is_a_failure(connection: SCIMConnection) -> None:
    connection.archive()

    assert "The connection is archived." in [line.found for line in failures(connection)]


# --- first contact ------------------------------------------------------------------------------------------------


def test_ticks_follow_what_the_identity_provider_does(scim: ScimClient, connection: SCIMConnection) -> None:
    def ticks() -> list[bool]:
        return [tick.at is not None for tick in selftest.first_contact(connection)]

    assert ticks() == [False] * 5
    scim.get("/Users?filter=userName%20eq%20%22nobody%22")
    assert ticks() == [True, True, False, False, False]
    scim_id = scim.post("/Users", person()).json()["id"]
    assert ticks() == [True, True, True, False, False]
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "title", "value": "Lead"}])
    assert ticks() == [True, True, True, True, False]
    scim.patch(f"/Users/{scim_id}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert ticks() == [True] * 5


# --- the page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def url(connection: SCIMConnection, name: str = "selftest") -> str:
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", args=(connection.pk,))


def test_the_page_runs_it_on_post_only(
    admin: Client, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest.prerequisites, "of_the_tenant_url", lambda: [])

    assert "Run self-test" in admin.get(url(connection)).content.decode()
    html = admin.post(url(connection)).content.decode()
    assert "Entra’s requests work here. Nothing was changed." in html
    assert "Activate again" in html


def test_groups_are_answered_politely_and_the_page_says_so(
    admin: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    assert scim.get("/Groups").json()["totalResults"] == 0
    assert scim.post("/Groups", {"displayName": "All"}).status_code == 501

    assert "Entra is also sending groups" in admin.get(url(connection)).content.decode()
    assert scim.post("/Users", person()).status_code == 201


def test_the_poll_says_when_something_has_happened(
    admin: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    address = url(connection, "contact")

    assert admin.get(address, {"done": "0"}).json() == {"state": "waiting"}
    scim.post("/Users", person())
    assert admin.get(address, {"done": "0"}).json() == {"state": "changed"}


def test_staff_who_may_only_look_cannot_run_it(connection: SCIMConnection) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_scimconnection"))
    client = Client()
    client.force_login(user)

    assert client.get(url(connection)).status_code == 200
    assert client.post(url(connection)).status_code == 403


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_prints_a_line_a_check(connection: SCIMConnection) -> None:
    out = StringIO()

    call_command("scim_check", connection="Entra", no_network=True, stdout=out)

    assert "ok    Create a learner" in out.getvalue()
    assert "Token accepted: not yet" in out.getvalue()


def test_the_command_fails_when_a_check_does(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("title", "learner.titel")])

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("scim_check", connection="Entra", no_network=True, stdout=StringIO())
