"""A database of these tests' own, on the server that the suite runs on, with a customer in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from tests.databases import made
from tests.deployment.site import Filled, filled


def url_of(name: str, **other: object) -> str:
    """The address of a database on the server of the suite; ``other`` are its HOST and PORT, if not the server's."""
    found = {**connection.settings_dict, **other}
    scheme = {"postgresql": "postgres", "mysql": "mysql"}[connection.vendor]
    password = f":{quote(found['PASSWORD'], safe='')}" if found["PASSWORD"] else ""
    return f"{scheme}://{quote(found['USER'], safe='')}{password}@{found['HOST']}:{found['PORT']}/{name}"


@pytest.fixture(scope="module")
def name(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """Its name; the suite's own test database is next to it."""
    name = f"{connection.settings_dict['NAME']}_deployed"
    with django_db_blocker.unblock(), made(name):
        yield name


@pytest.fixture(scope="module")
def database(name: str) -> Filled:
    return filled(url_of(name))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the server prints."""
    return tmp_path / "gunicorn"
