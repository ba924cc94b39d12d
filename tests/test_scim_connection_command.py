"""`manage.py scim_connection`, as an operator types it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command, load_command_class
from django.core.management.base import SystemCheckError
from django.db import models
from django.utils import timezone

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections
from scim_provisioning.conf import tenant_url
from scim_provisioning.management.commands import scim_connection as scim_connection_command
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.batches import batches_of
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

pytestmark = pytest.mark.django_db


def scim_connection(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("scim_connection", *arguments, stdout=out)
    return out.getvalue()


def without_sso(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SSO_MODEL": None, "REQUIRE_SSO": False}


# --- create -------------------------------------------------------------------------------------------------------


def test_create_sets_up_scim_and_says_what_comes_next(sso: SSOSettings) -> None:
    printed = scim_connection("create", "--sso", str(sso.pk))

    connection = SCIMConnection.objects.get()
    assert (connection.sso_key, connection.name) == (str(sso.pk), str(sso))
    assert printed.splitlines() == [
        f"Connection “{sso}” is set up.",
        f"Tenant URL: {tenant_url()}",
        f"Next: manage.py scim_token create --connection '{sso}'",
    ]
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.actor) == ("connected", None)


def test_the_command_that_comes_next_is_right_as_it_is_printed(sso: SSOSettings) -> None:
    ConnectionFactory(name=str(sso))
    following = scim_connection("create", "--sso", str(sso.pk)).splitlines()[-1]

    # Another connection has the same name, so the key tells them apart.
    assert following == f"Next: manage.py scim_token create --connection {sso.pk}"
    call_command("scim_token", "create", "--connection", str(sso.pk), stdout=StringIO(), stderr=StringIO())
    assert SCIMConnection.objects.get(sso_key=str(sso.pk)).tokens.count() == 1


def test_create_twice_changes_nothing_the_second_time(sso: SSOSettings, settings: Settings) -> None:
    scim_connection("create", "--sso", str(sso.pk))
    assert "was set up before; nothing was changed." in scim_connection("create", "--sso", str(sso.pk))

    without_sso(settings)
    scim_connection("create", "--name", "Acme")
    assert "was set up before; nothing was changed." in scim_connection("create", "--name", " Acme ")
    assert SCIMConnection.objects.count() == ProvisioningEvent.objects.count() == 2


def test_create_refuses_what_cannot_be_set_up(sso: SSOSettings, settings: Settings) -> None:
    with pytest.raises(CommandError, match="There are no SSO settings with the key “4711”"):
        scim_connection("create", "--sso", "4711")
    with pytest.raises(CommandError, match=r"belongs to SSO settings here \(lms.SSOSettings\)"):
        scim_connection("create", "--name", "Acme")
    with pytest.raises(CommandError, match="one of the arguments --sso --name is required"):
        scim_connection("create")
    without_sso(settings)
    with pytest.raises(CommandError, match="has no SSO settings: give a name instead"):
        scim_connection("create", "--sso", str(sso.pk))
    for name in (" ", "x" * 151):
        with pytest.raises(CommandError, match="Give a name of 1 to 150 characters"):
            scim_connection("create", "--name", name)
    assert not SCIMConnection.objects.exists()


def test_create_names_the_settings_that_there_are(sso: SSOSettings) -> None:
    with pytest.raises(CommandError) as refusal:
        scim_connection("create", "--sso", "4711")
    assert str(refusal.value) == (
        f"There are no SSO settings with the key “4711”. There are: “{sso.pk}” ({sso})."
    )
    more = [SSOSettingsFactory().pk for _ in range(10)]
    with pytest.raises(CommandError) as refusal:
        scim_connection("create", "--sso", "4711")
    said = str(refusal.value)
    assert said.endswith(" and others.")
    assert [f"“{key}”" in said for key in (sso.pk, *more)] == [True] * 10 + [False]
    SSOSettings.objects.all().delete()
    with pytest.raises(CommandError, match=r"“4711”. lms.SSOSettings has no rows yet.$"):
        scim_connection("create", "--sso", "4711")


def test_settings_that_have_no_name_are_told_apart_by_their_key(
    sso: SSOSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SSOSettings, "__str__", models.Model.__str__)
    with pytest.raises(CommandError, match=rf"There are: “{sso.pk}”\.$"):
        scim_connection("create", "--sso", "4711")
    scim_connection("create", "--sso", str(sso.pk))
    assert SCIMConnection.objects.get().name == f"SSO settings {sso.pk}"


@pytest.mark.parametrize("command", ["scim_connection", "scim_token"])
def test_djangos_own_options_may_stand_behind_the_sub_command(command: str, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": ""}

    def typed(*arguments: str) -> int:
        made = load_command_class("scim_provisioning", command)
        parser = made.create_parser("manage.py", command)
        options = vars(parser.parse_args([*arguments]))
        made.execute(**{**options, "stdout": StringIO(), "stderr": StringIO()})
        return int(options["verbosity"])

    with pytest.raises(SystemCheckError, match="has no ADAPTER"):
        typed("list")
    assert typed("list", "--skip-checks") == typed("--skip-checks", "list") == 1
    assert typed("list", "--skip-checks", "-v", "2") == typed("-v", "2", "list", "--skip-checks") == 2


# --- list ---------------------------------------------------------------------------------------------------------


def test_list_says_how_each_connection_is_doing(connection: SCIMConnection, scim: ScimClient) -> None:
    scim.get("/Users")
    ConnectionFactory(name="Okta")
    ConnectionFactory(name="Gone", archived_at=timezone.now())

    header, entra, okta = scim_connection("list").splitlines()
    assert header.split("  ")[0] == "NAME"
    assert entra.split()[:5] == ["Entra", connection.sso_key, "healthy", "1", "0"]
    assert okta.split() == ["Okta", "not_set_up", "0", "0", "never"]
    assert "archived" in scim_connection("list", "--archived")


def test_list_says_so_when_there_is_nothing() -> None:
    assert "scim_connection create" in scim_connection("list")


# --- pause and resume ---------------------------------------------------------------------------------------------


def test_pause_and_resume_are_what_the_pages_do(
    connection: SCIMConnection,
    scim: ScimClient,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    SCIMConnection.objects.update(policies={"contacts": ["it@customer.example"]})

    with django_capture_on_commit_callbacks(execute=True):
        printed = scim_connection("pause", "--connection", "Entra", "--reason", "Term break")
    assert "is paused" in printed
    assert "manage.py scim_connection resume --connection Entra" in printed
    assert scim.get("/Users").status_code == 503
    assert "(Term break); nothing was changed." in scim_connection("pause", "--connection", "Entra")

    with django_capture_on_commit_callbacks(execute=True):
        assert "serves requests again" in scim_connection("resume", "--connection", "entra")
    assert scim.get("/Users").status_code == 200
    assert "was not paused" in scim_connection("resume", "--connection", "Entra")

    events = ProvisioningEvent.objects.filter(operation="admin").order_by("pk")
    assert [(event.action, event.detail) for event in events] == [
        ("paused", "Paused provisioning: Term break"),
        ("resumed", "Resumed provisioning."),
    ]
    assert [mail.to for mail in mailoutbox] == [["it@customer.example"]] * 2


# --- policies -----------------------------------------------------------------------------------------------------


def test_policies_show_what_is_chosen_and_offered(connection: SCIMConnection) -> None:
    connection.policies = {"contacts": ["it@customer.example", "hr@customer.example"]}
    connection.save()

    rows = [line.split("  ") for line in scim_connection("policies", "--connection", "Entra").splitlines()]

    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["POLICY", "CHOSEN", "OFFERED"],
        ["contacts", "it@customer.example, hr@customer.example"],
        ["networks", "-"],
        ["existing-learners", "link", "link, refuse"],
        ["same-address", "ask", "ask, create"],
        ["on-delete", "deactivate", "deactivate"],
        ["leavers-at-least", "25", "1-1000000"],
        ["leavers-percent", "5", "0-100"],
    ]


def test_policies_are_chosen_and_written_down_as_on_the_page(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LearnerAdapter, "erase", lambda self, learner: None)
    chosen = ["--on-delete", "erase", "--contacts", "it@customer.example", "hr@customer.example"]

    printed = scim_connection("policies", "--connection", "Entra", *chosen, "--networks", "203.0.113.7/24")
    assert "The policies were changed." in printed
    assert SCIMConnection.objects.get().chosen_policies() == {
        "existing_learners": "link",
        "same_address": "ask",
        "on_delete": "erase",
        "contacts": ["it@customer.example", "hr@customer.example"],
        "networks": ["203.0.113.0/24"],
        "leavers_at_least": 25,
        "leavers_percent": 5,
    }
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.actor) == ("policy_changed", None)
    assert event.detail == "Changed policies: on_delete (deactivate → erase), contacts, networks."

    again = scim_connection("policies", "--connection", "Entra", "--on-delete", "erase")
    assert "Nothing was changed." in again
    scim_connection("policies", "--connection", "Entra", "--contacts")
    assert SCIMConnection.objects.get().contacts == []
    assert SCIMConnection.objects.get().default_networks == ["203.0.113.0/24"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--existing-learners", "everybody"], "--existing-learners: “everybody” is not offered here."),
        (
            ["--on-delete", "erase"],
            "--on-delete: “erase” is not offered here. Choose one of these: deactivate.",
        ),
        (["--contacts", "nobody"], "--contacts: “nobody” is not an e-mail address."),
        (["--networks", "nowhere"], "--networks: “nowhere” is not an address or network."),
    ],
)
def test_policies_refuse_what_the_page_does_not_offer(
    arguments: list[str], said: str, connection: SCIMConnection
) -> None:
    TokenFactory(connection=connection)
    with pytest.raises(CommandError) as refusal:
        scim_connection("policies", "--connection", "Entra", *arguments)
    assert str(refusal.value).startswith(said)
    assert SCIMConnection.objects.get().policies == {}
    assert not ProvisioningEvent.objects.exists()


@pytest.mark.parametrize("command", ["pause", "resume", "policies"])
def test_a_connection_that_is_archived_or_unknown_is_named_in_the_refusal(
    command: str, connection: SCIMConnection
) -> None:
    ConnectionFactory(name="Gone", archived_at=timezone.now())
    with pytest.raises(CommandError, match="No SCIM connection is called “Gone”. There are: “Entra”"):
        scim_connection(command, "--connection", "Gone")


# --- disconnect ---------------------------------------------------------------------------------------------------


def crowd(connection: SCIMConnection, count: int = 5) -> None:
    ProvisionedUserFactory.create_batch(count, connection=connection)


def active() -> int:
    return User.objects.filter(scim_links__isnull=False, is_active=True).count()


def test_disconnect_says_how_far_it_is_and_what_came_of_it(
    connection: SCIMConnection, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(connection)
    batches_of(2, monkeypatch)
    monkeypatch.setattr(scim_connection_command, "_SECONDS", 0)
    printed = scim_connection("disconnect", "--connection", "Entra", "--learners", "suspend")

    assert printed.splitlines() == [
        "Connection “Entra” is disconnected: its tokens are dead.",
        "2 of 5 learners …",
        "4 of 5 learners …",
        "5 learners were suspended.",
    ]
    assert active() == 0
    assert ScimClient(token).get("/Users").status_code == 401
    assert {event.actor for event in ProvisioningEvent.objects.all()} == {None}


@pytest.mark.parametrize(
    ("choice", "said"),
    [("keep", "5 learners were handed back."), ("sso_only", "0 learners lost a local password.")],
)
def test_disconnect_takes_the_choices_of_the_page(connection: SCIMConnection, choice: str, said: str) -> None:
    crowd(connection)
    assert said in scim_connection("disconnect", "--connection", "Entra", "--learners", choice)
    assert active() == 5


def test_disconnect_resumes_what_the_page_has_begun(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(connection)
    batches_of(2, monkeypatch)
    connections.disconnect(connection, actor=None, learners="suspend", seconds=0)
    assert active() == 3
    printed = scim_connection("disconnect", "--connection", str(connection.sso_key), "--resume")

    assert printed.splitlines()[-1] == "5 learners were suspended."
    assert active() == 0
    with pytest.raises(CommandError, match="No disconnection is unfinished; nothing was changed."):
        scim_connection("disconnect", "--connection", "Entra", "--resume")


def test_disconnect_ends_with_an_error_where_it_failed_for_somebody_and_can_be_tried_again(
    connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(connection)
    first = ProvisionedUser.objects.order_by("pk")[0].user_name

    def on_deactivated(adapter: object, learner: object, *, event: ProvisioningEvent) -> None:
        if event.user_name == first:
            raise LookupError

    with monkeypatch.context() as patched:
        patched.setattr(LearnerAdapter, "on_deactivated", on_deactivated)
        with pytest.raises(CommandError, match=r"4 learners were suspended. For 1 learner .* with --resume."):
            scim_connection("disconnect", "--connection", "Entra", "--learners", "suspend")
    assert active() == 1
    printed = scim_connection("disconnect", "--connection", "Entra", "--resume")
    assert printed.splitlines()[-1] == "5 learners were suspended."
    assert active() == 0


def test_disconnect_speaks_english_on_a_german_site(connection: SCIMConnection, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    crowd(connection, 1)
    assert "1 learner was suspended." in scim_connection(
        "disconnect", "--connection", "Entra", "--learners", "suspend"
    )


def test_disconnect_refuses_what_it_does_not_understand(connection: SCIMConnection) -> None:
    with pytest.raises(CommandError, match="one of the arguments --learners --resume is required"):
        scim_connection("disconnect", "--connection", "Entra")
    with pytest.raises(CommandError, match="invalid choice: 'delete'"):
        scim_connection("disconnect", "--connection", "Entra", "--learners", "delete")
    with pytest.raises(CommandError, match="No SCIM connection is called “Nobody”"):
        scim_connection("disconnect", "--connection", "Nobody", "--learners", "keep")
    assert not SCIMConnection.objects.get().is_archived
