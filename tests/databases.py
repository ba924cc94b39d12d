"""The test database, where a test needs more of it than usual."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection


@contextmanager
def shared_by_threads(folder: Path) -> Iterator[None]:
    """SQLite's usual test database is in memory, where locks do not wait: move it to a file for a while."""
    if connection.vendor != "sqlite":
        yield
        return
    in_memory, name = connection.connection, connection.settings_dict["NAME"]
    with closing(sqlite3.connect(folder / "shared.sqlite3")) as on_disk:
        in_memory.backup(on_disk)
    connection.connection = None
    connection.settings_dict["NAME"] = str(folder / "shared.sqlite3")
    try:
        yield
    finally:
        connection.close()
        connection.connection, connection.settings_dict["NAME"] = in_memory, name
