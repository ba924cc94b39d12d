"""A database of the test's own, empty, on the server that the suite runs on: known to Django by an alias."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from tests.databases import made

ALIAS = "upgraded"


@pytest.fixture
def database(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[str]:
    """Its alias."""
    settings = copy.deepcopy(connection.settings_dict)
    if connection.vendor == "sqlite":
        settings["NAME"] = str(tmp_path / "upgraded.sqlite3")
    else:
        settings["NAME"] = f"{settings['NAME']}_{ALIAS}"
    with django_db_blocker.unblock(), made(settings["NAME"]):
        connections.settings[ALIAS] = settings
        try:
            yield ALIAS
        finally:
            connections[ALIAS].close()
            del connections[ALIAS]
            del connections.settings[ALIAS]
