"""The example runs on a developer's machine; these tests run as in production."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.checks.project import configure


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = [".lms.example", "127.0.0.1", "testserver"]
    configure(settings, SITE_URL="https://lms.example")
