"""SQLite under several processes: with the options of the example project everybody waits for their turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from tests.deployment.site import filled, serving

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own"),
]


def test_requests_at_the_same_time_wait_for_one_another(tmp_path: Path, log: Path) -> None:
    with serving(filled(f"sqlite:///{tmp_path / 'lms.sqlite3'}"), log) as site:
        site.story("waiting")
