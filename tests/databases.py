"""Databases, where a test needs more of them than usual."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection, connections


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


def inherited() -> Callable[[], None]:
    """To be called before a fork; what it returns is called by the fork, which then goes on with the databases of this
    process.

    Where a browser is driven, an event loop runs in this thread, and Django keeps connections in a place of that loop.
    A fork is in no loop: it would open the database that the settings name, and not the one of the test.
    """
    known = {alias: connections[alias] for alias in connections}

    def inherit() -> None:
        for alias, wrapper in known.items():
            connections[alias] = wrapper

    return inherit


@contextmanager
def made(name: str) -> Iterator[None]:
    """An empty database of that name on the server of the suite, for a while; on SQLite a file is made by itself."""
    if connection.vendor == "sqlite":
        yield
        return
    with connection._nodb_cursor() as cursor:
        drop = f"DROP DATABASE IF EXISTS {name}{' WITH (FORCE)' if connection.vendor == 'postgresql' else ''}"
        cursor.execute(drop)
        cursor.execute(
            f"CREATE DATABASE {name}{' CHARACTER SET utf8mb4' if connection.vendor == 'mysql' else ''}"
        )
        try:
            yield
        finally:
            cursor.execute(drop)
