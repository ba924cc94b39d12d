"""After a token was shown once, its plaintext is searched for wherever it might have stayed: nowhere."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import django
import pytest
from django.contrib.messages import get_messages
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.admin.token import TokenPages
from scim_provisioning.administration import rotation
from scim_provisioning.models import SCIMConnection, SCIMToken
from tests.admin.conftest import PASSWORD
from tests.admin.pages import generate, shown_token, token_form, url


def everything_stored() -> dict[str, str]:
    """All rows of all tables, as text."""
    stored = {}
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")  # noqa: S608
            stored[table] = repr(cursor.fetchall())
    return stored


def parts(secret: str) -> list[str]:
    """The whole token, and its secret part alone: the first eight characters after the marker are public."""
    return [secret, secret[len("lmsscim_") + 8 :]]


def test_the_plaintext_is_in_no_table_cookie_session_or_log_entry(
    admin_client: Client, connection: SCIMConnection
) -> None:
    response = generate(admin_client, connection)
    secret, stored = shown_token(response), everything_stored()
    assert {"django_session", "django_admin_log", "scim_provisioning_scimtoken"} <= set(stored)
    assert SCIMToken.objects.get().prefix in stored["scim_provisioning_scimtoken"]
    cookies = admin_client.cookies.output()
    session = repr(dict(admin_client.session.items()))
    # In the cookie they are compressed.
    messages = repr([str(message) for message in get_messages(response.wsgi_request)])
    for part in parts(secret):
        assert part not in cookies + session + messages
        assert [table for table, rows in stored.items() if part in rows] == []


def test_the_plaintext_is_on_no_other_page(
    admin_client: Client, connection: SCIMConnection, sso: SSOSettings
) -> None:
    form = token_form(admin_client, connection)
    secret = shown_token(admin_client.post(url("generate", connection), form))
    token = SCIMToken.objects.get()
    addresses = [
        reverse("admin:index"),
        reverse("admin:lms_ssosettings_change", args=[sso.pk]),
        reverse("admin:scim_provisioning_scimconnection_changelist"),
        reverse("admin:scim_provisioning_scimconnection_history", args=[connection.pk]),
        url("change", connection),
        url("generate", connection),
        url("revoke", connection, token),
        url("rotate", connection, token),
    ]
    pages = [admin_client.get(address) for address in addresses]
    pages.append(admin_client.post(url("generate", connection), form))
    assert [page.status_code for page in pages] == [200] * len(addresses) + [409]
    for part in parts(secret):
        assert [page.request["PATH_INFO"] for page in pages if part in page.content.decode()] == []


def test_neither_the_plaintext_nor_the_password_is_in_the_debug_log(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.DEBUG = True
    database.force_debug_cursor = True
    try:
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="django"):
            secret = shown_token(generate(admin_client, connection))
    finally:
        database.force_debug_cursor = False
    assert "INSERT INTO" in caplog.text
    everything = caplog.text + repr([vars(record) for record in caplog.records])
    for part in (*parts(secret), PASSWORD):
        assert part not in everything


def _fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("The host's code is broken.")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("where", ["written down", "shown", "rendered"])
def test_an_exception_shows_neither_the_plaintext_nor_the_password(
    admin_client: Client,
    connection: SCIMConnection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mailoutbox: list[Any],
    debug: bool,
    where: str,
) -> None:
    settings.DEBUG = debug
    # Django 5.2 takes pairs only, 6.0 deprecates them.
    settings.ADMINS = ["ops@example.org"] if django.VERSION >= (6,) else [("Ops", "ops@example.org")]
    made: list[str] = []
    reveal = rotation.Secret.__init__

    def remember(secret: rotation.Secret, text: str) -> None:
        made.append(text)
        reveal(secret, text)

    monkeypatch.setattr(rotation.Secret, "__init__", remember)
    if where == "written down":
        monkeypatch.setattr(rotation, "_write_down_generated", _fail)
    elif where == "shown":
        monkeypatch.setattr(TokenPages, "render_page", _only_after(TokenPages.render_page, made, _fail))
    else:
        # In the middle of the page: the token is rendered by then.
        monkeypatch.setattr("scim_provisioning.administration.times.written", _only_after_call(made, _fail))
    form = token_form(admin_client, connection)
    admin_client.raise_request_exception = False
    response = admin_client.post(url("generate", connection), form)
    assert response.status_code == 500
    [secret] = made
    shown = response.content.decode() + caplog.text + "".join(str(mail.message()) for mail in mailoutbox)
    if debug:
        assert "The host&#x27;s code is broken." in shown or "The host's code is broken." in shown
    for part in (*parts(secret), PASSWORD):
        assert part not in shown
    # Not shown to anybody, so it must not be live either, unless only the page failed.
    assert SCIMToken.objects.exists() == (where != "written down")


def _only_after(original: Any, made: list[str], fail: Any) -> Any:
    def render_page(*args: Any, **kwargs: Any) -> Any:
        if made:
            fail()
        return original(*args, **kwargs)

    return render_page


def _only_after_call(made: list[str], fail: Any) -> Any:
    from scim_provisioning.administration import times

    original = times.written

    def written(*args: Any, **kwargs: Any) -> str:
        if made:
            fail()
        return original(*args, **kwargs)

    return written


def test_a_secret_cannot_be_pickled_into_a_session_or_a_cache() -> None:
    secret = rotation.Secret("lmsscim_" + "x" * 57)
    assert repr(secret) == str(secret) == "<Secret>"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
