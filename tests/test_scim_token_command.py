"""`manage.py scim_token`, as an operator types it."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from example_project.lms.models import SSOSettings
from scim_provisioning import tokens
from scim_provisioning.models import ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from pytest_django import Settings


def scim_token(*arguments: str) -> tuple[str, str]:
    """Standard output and standard error of the command."""
    out, err = StringIO(), StringIO()
    call_command("scim_token", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_create_prints_the_token_alone_and_everything_else_beside_it(connection: SCIMConnection) -> None:
    out, err = scim_token(
        "create", "--connection", "Entra", "--label", "Night shift", "--expires-in-days", "90"
    )

    assert re.fullmatch(r"lmsscim_[0-9A-Za-z]{57}\n", out)
    row = tokens.authenticate(out.strip(), address="")
    assert (row.connection, row.label, row.created_by) == (connection, "Night shift", None)
    assert row.expires_at is not None
    assert (row.expires_at - timezone.now()).days == 89
    assert "will not be shown again" in err
    assert "/scim/v2" in err
    assert row.display_prefix in err
    assert out.strip() not in err


def test_create_is_in_the_log_without_the_secret(connection: SCIMConnection) -> None:
    out, _ = scim_token("create", "--connection", "Entra")
    event = ProvisioningEvent.objects.get()
    assert (event.operation, event.action, event.outcome) == ("admin", "token_generated", "applied")
    assert (event.connection, event.actor) == (connection, None)
    assert event.detail == f"Generated SCIM token “{SCIMToken.objects.get()}”."
    assert event.token_prefix == out[8:16]
    assert out[16:59] not in str(event.__dict__)


@pytest.mark.usefixtures("connection")
def test_the_contacts_are_mailed_about_tokens_of_the_command_as_about_those_of_the_pages(
    mailoutbox: list[EmailMessage], django_capture_on_commit_callbacks: Any
) -> None:
    SCIMConnection.objects.update(policies={"contacts": ["it@customer.example"]})
    with django_capture_on_commit_callbacks(execute=True):
        out, _ = scim_token("create", "--connection", "Entra")
    with django_capture_on_commit_callbacks(execute=True):
        scim_token("revoke", out.strip())

    assert [mail.to for mail in mailoutbox] == [["it@customer.example"]] * 2
    assert [mail.subject for mail in mailoutbox] == [
        "SCIM token generated: Entra",
        "SCIM token revoked: Entra",
    ]
    assert "by the server from –" in mailoutbox[0].body
    assert out.strip() not in "".join(mail.body for mail in mailoutbox)


def test_a_label_and_a_life_are_given_when_none_is_asked_for(connection: SCIMConnection) -> None:
    scim_token("create", "--connection", "Entra")
    row = SCIMToken.objects.get()
    assert row.label == "Entra ID"
    assert row.expires_at is not None
    assert (row.expires_at - timezone.now()).days == 364


@pytest.mark.parametrize("name", ["Entra", "entra", "the-key"])
def test_a_connection_is_found_by_name_in_any_case_or_by_its_sso_key(
    name: str, settings: Settings, db: None
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "REQUIRE_SSO": False}
    connection = ConnectionFactory(name="Entra", sso_key="the-key")
    ConnectionFactory(name="Entra of old", archived_at=timezone.now())
    scim_token("create", "--connection", name)
    assert SCIMToken.objects.get().connection == connection


def test_an_exact_name_wins_over_one_in_another_case(settings: Settings, db: None) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "REQUIRE_SSO": False}
    ConnectionFactory(name="ENTRA")
    exact = ConnectionFactory(name="Entra")
    scim_token("create", "--connection", "Entra")
    assert SCIMToken.objects.get().connection == exact


def test_without_connections_the_command_says_where_one_is_made(db: None) -> None:
    with pytest.raises(CommandError, match=r"There is no SCIM connection yet.*Set up SCIM"):
        scim_token("create", "--connection", "Entra")


def test_an_unknown_connection_is_answered_with_the_known_ones(connection: SCIMConnection) -> None:
    ConnectionFactory(name="Okta")
    ConnectionFactory(name="Gone", archived_at=timezone.now())
    with pytest.raises(CommandError) as caught:
        scim_token("create", "--connection", "Gone")
    assert str(caught.value) == "No SCIM connection is called “Gone”. There are: “Entra”, “Okta”."


def test_a_name_that_two_connections_share_is_answered_with_their_keys(db: None) -> None:
    for key in ("one", "two"):
        ConnectionFactory(name="Entra", sso_key=key)
    with pytest.raises(CommandError) as caught:
        scim_token("create", "--connection", "Entra")
    assert str(caught.value) == (
        "2 connections are called “Entra”. Name one by its SSO key instead: “one”, “two”."
    )


def test_a_refusal_of_the_app_is_the_commands_sentence(connection: SCIMConnection, sso: SSOSettings) -> None:
    for label in ("one", "two"):
        scim_token("create", "--connection", "Entra", "--label", label)
    with pytest.raises(CommandError, match="Two tokens are already live"):
        scim_token("create", "--connection", "Entra")
    with pytest.raises(CommandError, match="1 to 730 days"):
        scim_token("create", "--connection", "Entra", "--expires-in-days", "9999")
    SSOSettings.objects.update(enabled=False)
    with pytest.raises(CommandError, match="Turn on single sign-on first"):
        scim_token("create", "--connection", "Entra")
    assert SCIMToken.objects.count() == ProvisioningEvent.objects.count() == 2


def test_a_token_is_made_even_before_the_tenant_url_is_known(
    connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": ""}
    out, err = scim_token("create", "--connection", "Entra")
    assert out.startswith("lmsscim_")
    assert "manage.py check" in err


def test_list_shows_every_token_and_no_secret(connection: SCIMConnection, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "REQUIRE_SSO": False, "TOKENS_LIVE_MAX": 5}
    live = TokenFactory(connection=connection, label="In use")
    TokenFactory(connection=connection, label="Old", revoked_at=timezone.now())
    TokenFactory(connection=connection, label="Late", expires_at=timezone.now() - timedelta(days=1))
    TokenFactory(connection=ConnectionFactory(name="Okta"), label="Theirs")
    gone = TokenFactory(connection=ConnectionFactory(name="Gone"), label="Dead")
    SCIMConnection.objects.filter(pk=gone.connection_id).update(archived_at=timezone.now())

    out, _ = scim_token("list")
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert re.search(r"Entra\s+In use\s+live", lines[f"lmsscim_{live.prefix}"])
    for label, state in [("Old", "revoked"), ("Late", "expired"), ("Theirs", "live"), ("Dead", "archived")]:
        assert re.search(rf"{label}\s+{state}", out)
    assert live.plaintext not in out

    out, _ = scim_token("list", "--connection", "Okta")
    assert "Theirs" in out
    assert "In use" not in out


def test_list_says_so_when_there_is_nothing(db: None) -> None:
    out, err = scim_token("list")
    assert (out, err) == ("", "There are no tokens.\n")


@pytest.mark.parametrize("shape", ["{0}", "lmsscim_{0}", "lmsscim_{1}…", "{1}"])
def test_revoke_takes_a_prefix_as_lists_and_logs_show_it(connection: SCIMConnection, shape: str) -> None:
    row = TokenFactory(connection=connection)
    out, err = scim_token("revoke", shape.format(row.prefix, row.prefix[:4]))
    row.refresh_from_db()
    assert row.is_revoked
    assert out == ""
    assert "Requests with it now fail" in err
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.token_prefix, event.actor) == ("token_revoked", row.prefix, None)


def test_revoke_takes_the_whole_token_and_does_not_repeat_it(connection: SCIMConnection, token: str) -> None:
    _, err = scim_token("revoke", token)
    assert SCIMToken.objects.get().is_revoked
    assert token not in err


def test_revoking_twice_keeps_the_first_time(connection: SCIMConnection) -> None:
    row = TokenFactory(connection=connection)
    scim_token("revoke", row.prefix)
    row.refresh_from_db()
    _, err = scim_token("revoke", row.prefix)
    assert "was revoked on" in err
    assert SCIMToken.objects.get().revoked_at == row.revoked_at
    assert ProvisioningEvent.objects.count() == 1


def test_revoke_refuses_what_names_no_token_or_several(connection: SCIMConnection) -> None:
    for prefix in ("AbcdEF00", "AbcdEF01"):
        TokenFactory(connection=connection, prefix=prefix)
    with pytest.raises(CommandError, match="2 tokens begin so: lmsscim_AbcdEF00, lmsscim_AbcdEF01"):
        scim_token("revoke", "AbcdEF")
    with pytest.raises(CommandError, match="No token begins with"):
        scim_token("revoke", "abcdef")
    with pytest.raises(CommandError, match="at least 4 characters"):
        scim_token("revoke", "lmsscim_A")
    assert SCIMToken.objects.live().count() == 2
