"""Tokens in the admin: generated and shown once, rotated, revoked."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import rotation
from scim_provisioning.models import Action, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import generate, shown_token, text, token_form, url
from tests.client import ScimClient

WRONG = "Your password was not correct. No token was created."


class SteppingUp(LearnerAdapter):
    """A host with a step-up of its own: a header says what it found."""

    @classmethod
    def confirm_identity(cls, request: Any) -> bool | None:
        return bool(request.META.get("HTTP_X_CONFIRMED") == "yes")


def test_the_token_is_in_the_answer_to_the_post_and_works(
    admin_client: Client, connection: SCIMConnection
) -> None:
    response = generate(admin_client, connection)
    assert response.status_code == HTTPStatus.OK
    assert {"no-store", "private"} <= set(response.headers["Cache-Control"].split(", "))
    assert "Copy this token now. It will not be shown again. We keep only a fingerprint." in text(response)
    assert ScimClient(shown_token(response)).get("/Users").status_code == HTTPStatus.OK


def test_a_token_is_what_the_form_says(admin_client: Client, connection: SCIMConnection) -> None:
    generate(admin_client, connection, label="Okta", expires="90", networks="203.0.113.7/24, 2001:db8::/32")
    token = SCIMToken.objects.get()
    assert token.label == "Okta"
    assert token.allowed_networks == ["203.0.113.0/24", "2001:db8::/32"]
    assert token.expires_at is not None
    assert abs(token.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    assert str(token.created_by) == "ada"


def test_a_wrong_password_makes_no_token(admin_client: Client, connection: SCIMConnection) -> None:
    response = generate(admin_client, connection, password="wrong")
    assert WRONG in text(response)
    assert "wrong" not in text(response)
    assert not SCIMToken.objects.exists()


def test_no_password_makes_no_token(admin_client: Client, connection: SCIMConnection) -> None:
    form = token_form(admin_client, connection)
    del form["password"]
    assert "This field is required." in text(admin_client.post(url("generate", connection), form))
    assert not SCIMToken.objects.exists()


def test_after_five_wrong_passwords_the_right_one_has_to_wait(
    admin_client: Client, connection: SCIMConnection
) -> None:
    for _time in range(5):
        assert WRONG in text(generate(admin_client, connection, password="wrong"))
    assert "Try again in 15 minutes, or sign out and sign in again." in text(
        generate(admin_client, connection)
    )
    assert not SCIMToken.objects.exists()


def test_a_slip_in_another_field_costs_no_attempt(admin_client: Client, connection: SCIMConnection) -> None:
    for _time in range(6):
        response = generate(admin_client, connection, networks="nonsense", password="wrong")
        assert "“nonsense” is not an address or network." in text(response)
    assert shown_token(generate(admin_client, connection))


def test_a_reload_is_told_that_the_token_was_shown(admin_client: Client, connection: SCIMConnection) -> None:
    form = token_form(admin_client, connection)
    secret = shown_token(admin_client.post(url("generate", connection), form))
    response = admin_client.post(url("generate", connection), form)
    assert response.status_code == HTTPStatus.CONFLICT
    assert "This token was already created and shown once. It cannot be shown again." in text(response)
    assert secret not in response.content.decode()
    assert SCIMToken.objects.count() == 1


def test_a_reload_is_a_409_even_when_the_cap_is_reached(
    admin_client: Client, connection: SCIMConnection
) -> None:
    generate(admin_client, connection, label="First")
    form = token_form(admin_client, connection)
    admin_client.post(url("generate", connection), form)
    assert admin_client.post(url("generate", connection), form).status_code == HTTPStatus.CONFLICT


def test_of_two_clicks_at_once_the_second_is_a_409(
    admin_client: Client, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = token_form(admin_client, connection)
    admin_client.post(url("generate", connection), form)
    # The second click asked before the first one had written anything.
    asked: list[str] = []
    refuse = rotation.refuse_second_use

    def too_early(connection: SCIMConnection, nonce: str) -> None:
        asked.append(nonce)
        if len(asked) > 2:
            refuse(connection, nonce)

    monkeypatch.setattr(rotation, "refuse_second_use", too_early)
    assert admin_client.post(url("generate", connection), form).status_code == HTTPStatus.CONFLICT
    assert SCIMToken.objects.count() == 1


def test_a_form_that_made_another_connections_token_makes_none(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    form = token_form(admin_client, connection)
    assert shown_token(admin_client.post(url("generate", connection), form))
    response = admin_client.post(url("generate", other_connection), form)
    assert (response.status_code, SCIMToken.objects.filter(connection=other_connection).count()) == (409, 0)
    assert "This form was used already, for another token." in text(response)


@pytest.mark.parametrize("nonce", ["", "short"])
def test_a_form_without_its_nonce_makes_no_token(
    admin_client: Client, connection: SCIMConnection, nonce: str
) -> None:
    response = generate(admin_client, connection, nonce=nonce)
    assert "Open the form again" in text(response)
    assert not SCIMToken.objects.exists()


def test_a_third_token_is_refused(admin_client: Client, connection: SCIMConnection) -> None:
    for _time in range(2):
        generate(admin_client, connection)
    response = generate(admin_client, connection)
    assert "Two tokens are already live. Revoke one first." in text(response)
    assert SCIMToken.objects.count() == 2


def test_with_sso_off_there_is_no_form_and_no_token(
    admin_client: Client, connection: SCIMConnection, sso: SSOSettings
) -> None:
    form = token_form(admin_client, connection)
    sso.enabled = False
    sso.save()
    page = admin_client.get(url("generate", connection))
    assert "Turn on single sign-on first." in text(page)
    assert 'name="nonce"' not in page.content.decode()
    admin_client.post(url("generate", connection), form)
    assert not SCIMToken.objects.exists()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["90", "365", "730"]),
        ({"TOKEN_MAX_DAYS": 100, "TOKEN_DEFAULT_DAYS": 30}, ["30", "90"]),
        ({"ALLOW_NON_EXPIRING_TOKENS": True}, ["90", "365", "730", "never"]),
    ],
)
def test_the_lives_offered_are_those_the_settings_allow(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    changed: dict[str, Any],
    expected: list[str],
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, **changed}
    page = admin_client.get(url("generate", connection)).content.decode()
    offered = [value for value in ("30", "90", "365", "730", "never") if f'<option value="{value}"' in page]
    assert offered == expected


def test_a_token_for_ever_is_not_had_by_a_forged_form(
    admin_client: Client, connection: SCIMConnection
) -> None:
    assert "Select a valid choice." in text(generate(admin_client, connection, expires="never"))
    assert not SCIMToken.objects.exists()


def test_everything_is_written_down_and_the_contacts_are_told(
    admin_client: Client,
    connection: SCIMConnection,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    connection.policies = {"contacts": ["it@harborline.example"]}
    connection.save()
    with django_capture_on_commit_callbacks(execute=True):
        secret = shown_token(generate(admin_client, connection))
    token = SCIMToken.objects.get()
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.token_id, str(event.actor)) == (Action.TOKEN_GENERATED, token.pk, "ada")
    assert event.address == "127.0.0.1"
    entries = list(LogEntry.objects.values_list("change_message", flat=True))
    assert entries == [f"Generated SCIM token “Entra ID ({token.display_prefix})”."] * 2
    [mail] = mailoutbox
    assert mail.to == ["it@harborline.example"]
    assert "A SCIM token was generated by ada from 127.0.0.1" in mail.body
    for written in (str(mail.message()), *entries, event.detail):
        assert secret not in written


def test_a_hosts_step_up_replaces_the_password(
    admin_client: Client, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.admin.test_token_pages.SteppingUp",
    }
    form = token_form(admin_client, connection)
    assert "Confirm your password" not in text(admin_client.get(url("generate", connection)))
    response = admin_client.post(url("generate", connection), form)
    assert "Your identity was not confirmed." in text(response)
    assert not SCIMToken.objects.exists()
    response = admin_client.post(url("generate", connection), form, headers={"X-Confirmed": "yes"})
    assert shown_token(response)


# --- rotating


def rotate(client: Client, connection: SCIMConnection, old: SCIMToken, **fields: str) -> str:
    form = {**token_form(client, connection), "label": "Entra ID 2", "overlap": "", **fields}
    return shown_token(client.post(url("rotate", connection, old), form))


def test_a_rotation_goes_from_waiting_to_safe_to_finished(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old_secret = shown_token(generate(admin_client, connection))
    old = SCIMToken.objects.get()
    ScimClient(old_secret).get("/Users")
    new_secret = rotate(admin_client, connection, old)
    new = SCIMToken.objects.exclude(pk=old.pk).get()
    assert new.replaces == old

    page = text(admin_client.get(url("rotation", connection, new)))
    assert "Waiting for the new token’s first use…" in page
    status = admin_client.get(url("rotation_status", connection, new))
    assert status.json()["state"] == "waiting"
    assert "no-store" in status.headers["Cache-Control"]

    ScimClient(new_secret).get("/Users")
    status = admin_client.get(url("rotation_status", connection, new)).json()
    assert status["state"] == "safe"
    assert status["sentence"].startswith("New token in use since ")
    assert status["sentence"].endswith("It is safe to revoke it.")
    assert status["sentence"] in text(admin_client.get(url("rotation", connection, new)))

    admin_client.post(url("revoke", connection, old))
    assert ScimClient(old_secret).get("/Users").status_code == HTTPStatus.UNAUTHORIZED
    assert ScimClient(new_secret).get("/Users").status_code == HTTPStatus.OK
    assert admin_client.get(url("rotation_status", connection, new)).json()["state"] == "finished"


def test_an_old_token_that_is_still_used_is_not_safe_to_revoke(
    admin_client: Client, connection: SCIMConnection
) -> None:
    now = timezone.now()
    old = TokenFactory(connection=connection, last_used_at=now - timedelta(minutes=5))
    new = TokenFactory(connection=connection, first_used_at=now - timedelta(minutes=20), replaces=old)
    assert admin_client.get(url("rotation_status", connection, new)).json()["state"] == "both"
    assert "Wait." in text(admin_client.get(url("rotation", connection, new)))
    old.last_used_at = now - timedelta(minutes=70)
    old.save()
    new.first_used_at = now - timedelta(minutes=90)
    new.save()
    assert admin_client.get(url("rotation_status", connection, new)).json()["state"] == "safe"


def test_an_old_token_that_was_never_used_is_safe_to_revoke(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old = TokenFactory(connection=connection)
    new = TokenFactory(connection=connection, first_used_at=timezone.now(), replaces=old)
    answer = admin_client.get(url("rotation_status", connection, new)).json()
    assert "The old one was never used." in answer["sentence"]


@pytest.mark.parametrize(("overlap", "hours"), [("1", 1), ("24", 24), ("168", 168)])
def test_the_old_token_ends_by_itself_after_the_overlap(
    admin_client: Client, connection: SCIMConnection, overlap: str, hours: int
) -> None:
    old = TokenFactory(connection=connection)
    rotate(admin_client, connection, old, overlap=overlap)
    old.refresh_from_db()
    assert abs(old.expires_at - timezone.now() - timedelta(hours=hours)) < timedelta(minutes=1)


def test_until_revoked_leaves_the_old_tokens_end_alone(
    admin_client: Client, connection: SCIMConnection
) -> None:
    old = TokenFactory(connection=connection, expires_in_days=2)
    before = old.expires_at
    rotate(admin_client, connection, old, overlap="")
    old.refresh_from_db()
    assert old.expires_at == before


def test_an_overlap_never_lengthens_a_tokens_life(admin_client: Client, connection: SCIMConnection) -> None:
    old = TokenFactory(connection=connection, expires_in_days=2)
    before = old.expires_at
    rotate(admin_client, connection, old, overlap="168")
    old.refresh_from_db()
    assert old.expires_at == before


def test_a_dead_token_cannot_be_rotated(admin_client: Client, connection: SCIMConnection) -> None:
    old = TokenFactory(connection=connection)
    admin_client.post(url("revoke", connection, old), {"label": old.label})
    response = admin_client.get(url("rotate", connection, old), follow=True)
    assert "Only a live token can be rotated." in text(response)


def test_there_is_no_rotation_page_without_a_rotation(
    admin_client: Client, connection: SCIMConnection
) -> None:
    token = TokenFactory(connection=connection)
    assert admin_client.get(url("rotation", connection, token)).status_code == HTTPStatus.NOT_FOUND


# --- revoking


def test_the_last_live_token_is_revoked_only_by_its_label(
    admin_client: Client, connection: SCIMConnection
) -> None:
    secret = shown_token(generate(admin_client, connection))
    token = SCIMToken.objects.get()
    page = text(admin_client.get(url("revoke", connection, token)))
    assert "stops provisioning at once" in page
    assert "leavers keep access" in page
    for label in ("", "entra id"):
        response = admin_client.post(url("revoke", connection, token), {"label": label})
        assert response.status_code == HTTPStatus.OK
        assert ScimClient(secret).get("/Users").status_code == HTTPStatus.OK
    admin_client.post(url("revoke", connection, token), {"label": "Entra ID"})
    assert ScimClient(secret).get("/Users").status_code == HTTPStatus.UNAUTHORIZED
    token.refresh_from_db()
    assert (token.state, str(token.revoked_by)) == ("revoked", "ada")


def test_revoking_is_written_down(admin_client: Client, connection: SCIMConnection) -> None:
    token = TokenFactory(connection=connection, label="Entra ID")
    admin_client.post(url("revoke", connection, token), {"label": "Entra ID"})
    event = ProvisioningEvent.objects.get()
    assert (event.action, event.token_id, str(event.actor)) == (Action.TOKEN_REVOKED, token.pk, "ada")
    assert LogEntry.objects.filter(change_message=f"Revoked SCIM token “{token}”.").count() == 2


def test_a_get_revokes_nothing(admin_client: Client, connection: SCIMConnection) -> None:
    token = TokenFactory(connection=connection)
    admin_client.get(url("revoke", connection, token))
    token.refresh_from_db()
    assert not token.is_revoked


def test_revoking_twice_says_so_and_keeps_who_did_it_first(
    administrator: Administrator, connection: SCIMConnection
) -> None:
    token = TokenFactory(connection=connection)
    administrator(name="ada").post(url("revoke", connection, token), {"label": token.label})
    response = administrator(name="bob").post(url("revoke", connection, token), follow=True)
    assert "is revoked already" in text(response)
    token.refresh_from_db()
    assert str(token.revoked_by) == "ada"


def test_another_connections_token_is_not_found_here(
    admin_client: Client, connection: SCIMConnection, other_connection: SCIMConnection
) -> None:
    strangers = TokenFactory(connection=other_connection)
    for name in ("rotate", "revoke", "rotation", "rotation_status"):
        response = admin_client.post(url(name, connection, strangers), {"password": PASSWORD})
        assert response.status_code == HTTPStatus.NOT_FOUND, name
    strangers.refresh_from_db()
    assert not strangers.is_revoked
