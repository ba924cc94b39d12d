"""Sessions that nobody can end are said before somebody is switched off and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scim_provisioning.checks import faults
from scim_provisioning.sessions import SessionKeyMiddleware
from tests.checks.project import found, ours, urlconf

if TYPE_CHECKING:
    from pytest_django import Settings


@pytest.mark.parametrize(
    ("engine", "said"), [("signed_cookies", [faults.SESSIONS_CANNOT_END.id]), ("cached_db", []), ("db", [])]
)
def test_sessions_that_live_in_cookies_alone(settings: Settings, engine: str, said: list[str]) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    messages = found()
    assert [message.id for message in messages] == said
    assert not any(message.is_serious() for message in messages)


AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
NOTES_KEYS = "scim_provisioning.sessions.SessionKeyMiddleware"


class OfTheHost(SessionKeyMiddleware):
    """One of the host's own that derives from it."""


def test_a_new_key_that_nothing_notes_is_said_and_what_the_hint_says_mends_it(settings: Settings) -> None:
    whole = list(settings.MIDDLEWARE)
    assert found() == []
    settings.MIDDLEWARE = [name for name in whole if name != NOTES_KEYS]
    (message,) = found()
    assert (message.id, message.is_serious()) == (faults.SESSION_KEYS_UNNOTED.id, False)
    assert str(message.hint).startswith(f'Add "{NOTES_KEYS}" to MIDDLEWARE, after')
    at = settings.MIDDLEWARE.index(AUTHENTICATION) + 1
    for written in (NOTES_KEYS, f"{__name__}.OfTheHost"):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE[:at], written, *settings.MIDDLEWARE[at:]]
        assert found() == []
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != written]


def test_where_no_admin_is_mounted_nobody_changes_a_password_that_we_know_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != NOTES_KEYS]
    urlconf(monkeypatch, settings, ours())
    assert found() == []
