"""The databases of a comparison: files in a folder, or databases of its own on a server."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import django
from django.conf import settings
from django.db import connection

from example_project.settings import database


class Databases(Protocol):
    """``make`` returns the URL of one: empty, or with the people that an earlier comparison kept."""

    def make(self, name: str) -> str: ...

    def url(self, name: str) -> str: ...

    def keep(self, name: str) -> None: ...

    def sessions(self, name: str, ports: Sequence[int]) -> list[int]: ...

    def drop(self) -> None: ...


class Files:
    """SQLite in ``folder``. With ``kept``, people are made there once, and each comparison begins with a copy."""

    def __init__(self, folder: Path, kept: Path | None) -> None:
        self._folder, self._kept = folder, kept

    def make(self, name: str) -> str:
        if self._kept is not None and (known := self._kept / f"{name}.sqlite3").exists():
            shutil.copy(known, self._file(name))
        return self.url(name)

    def url(self, name: str) -> str:
        return f"sqlite:///{self._file(name)}"

    def keep(self, name: str) -> None:
        """Keep what was made for other comparisons, if there is where."""
        if self._kept is not None and not (known := self._kept / f"{name}.sqlite3").exists():
            self._kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(self._file(name), known)

    def sessions(self, name: str, ports: Sequence[int]) -> list[int]:
        """None: SQLite works in the server's own threads."""
        return []

    def drop(self) -> None:
        """Nothing: whoever made the folder removes it."""

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"


class OnServer:
    """Databases of their own on the PostgreSQL or MariaDB server of ``url``, which names any database of it."""

    def __init__(self, url: str) -> None:
        self._url, self._made = urlsplit(url), list[str]()
        settings.configure(DATABASES={"default": database(url)})
        django.setup()

    def make(self, name: str) -> str:
        characters = " CHARACTER SET utf8mb4" if connection.vendor == "mysql" else ""
        self._do(f"CREATE DATABASE {self._name(name)}{characters}")
        self._made.append(name)
        if connection.vendor == "postgresql":
            # What a session does it does itself, so that it can be counted.
            self._do(f"ALTER DATABASE {self._name(name)} SET max_parallel_workers_per_gather = 0")
        return self.url(name)

    def url(self, name: str) -> str:
        return urlunsplit(self._url._replace(path=f"/{self._name(name)}"))

    def keep(self, name: str) -> None:
        """Nothing: the people are made anew for each comparison."""

    def sessions(self, name: str, ports: Sequence[int]) -> list[int]:
        """The threads or processes that serve connections from these ports to a database; on this machine only."""
        with connection.cursor() as cursor:
            if connection.vendor == "mysql":
                words = "SELECT tid, SUBSTRING_INDEX(host, ':', -1) FROM information_schema.processlist WHERE db = %s"
            else:
                words = "SELECT pid, client_port FROM pg_stat_activity WHERE datname = %s"
            cursor.execute(words, [self._name(name)])
            return [thread for thread, port in cursor.fetchall() if int(port) in ports]

    def drop(self) -> None:
        force = " WITH (FORCE)" if connection.vendor == "postgresql" else ""
        for name in self._made:
            self._do(f"DROP DATABASE {self._name(name)}{force}")

    def _name(self, name: str) -> str:
        return f"scim_benchmark_{os.getpid()}_{name}"

    def _do(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


def end_servers_when_ended() -> None:
    """Whoever ends a measurement by SIGTERM ends its servers too, and drops its databases."""

    def end(*_: object) -> None:
        # ``timeout`` sends it twice, and the second must not end the tidying up.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.exit("ended")

    signal.signal(signal.SIGTERM, end)


@contextmanager
def made_folder() -> Iterator[Path]:
    """A folder for the length of a measurement."""
    folder = Path(tempfile.mkdtemp(prefix="scim-benchmark-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def databases(url: str | None, folder: Path, kept: Path | None) -> Iterator[Databases]:
    """Files in ``folder`` without a ``url``; gone at the end."""
    found: Databases = Files(folder, kept) if url is None else OnServer(url)
    try:
        yield found
    finally:
        found.drop()
