from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import shared_by_threads


@pytest.fixture
def shared_database(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database that other processes and threads can open, on SQLite too."""
    with shared_by_threads(tmp_path):
        yield
