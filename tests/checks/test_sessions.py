"""Sessions that nobody can end are said before somebody is switched off and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scim_provisioning.checks import faults
from tests.checks.project import found

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
