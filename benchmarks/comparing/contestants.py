"""Who is compared, each with its database, its people and its server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparing.client import SCIM, Addresses, Client, Plain
from benchmarks.comparing.databases import Databases
from benchmarks.comparing.operations import OPERATIONS, Operation, Session
from benchmarks.comparing.servers import Server

_HERE = "benchmarks.comparing"
#: Between the newcomers of two contestants that share a database.
_APART = 5_000_000
#: So much of the servers' log is printed, in characters.
_LAST = 3000


@dataclass(frozen=True, slots=True)
class Kind:
    """``data`` names the database; contestants may share one. ``filling`` is the module that fills it."""

    name: str
    settings: str
    data: str
    filling: str
    addresses: Addresses
    cannot: frozenset[str] = frozenset()
    python: str = sys.executable

    def plays(self, operation: Operation) -> bool:
        return operation.key not in self.cannot


#: Operations that are measured against another one.
_NOT_OF_FLOORS = frozenset(operation.key for operation in OPERATIONS if operation.against)

FLOOR = Kind("floor", f"{_HERE}.floor.settings", "floor", f"{_HERE}.floor.filling", Plain(), _NOT_OF_FLOORS)
EQUAL = Kind("equal", f"{_HERE}.equal.settings", "host", f"{_HERE}.host_filling", Plain(), _NOT_OF_FLOORS)
APP = Kind("app", f"{_HERE}.host_settings", "host", f"{_HERE}.host_filling", SCIM())


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind at a size of its directory."""

    kind: Kind
    users: int

    @property
    def data(self) -> str:
        return f"{self.kind.data}_{self.users}"


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who answers ``session``, and what it takes of the processor: ``server.cpu``, and the threads of
    ``database_threads``."""

    entry: Entry
    server: Server
    session: Session
    databases: Databases

    def database_threads(self) -> list[int]:
        """Those of a database server that work for this contestant."""
        return self.databases.sessions(self.entry.data, self.server.ports())


def peer(python: str) -> Kind:
    """django-scim2 in the environment of ``python``. It finds nobody by an address, and displayName is no column."""
    cannot = frozenset({"email", "cursor", "patch-three"})
    return Kind("peer", f"{_HERE}.peer.settings", "peer", f"{_HERE}.peer.filling", SCIM(), cannot, python)


def entries(users: int, small: int, *peers: Kind) -> list[Entry]:
    """Floor, equal-work floor and app, and peers; floor and app once more with few people, where ``users`` are more."""
    found = [Entry(kind, users) for kind in (FLOOR, EQUAL, APP, *peers)]
    return found + [Entry(kind, small) for kind in (FLOOR, APP) if small < users]


@contextmanager
def started(
    entered: Sequence[Entry], databases: Databases, log: Path, *, threads: int = 1
) -> Iterator[list[Contestant]]:
    """Fill the databases, start the servers; stop them in the end. One client needs one thread a worker."""
    facts = _prepare(entered, databases, log)
    with ExitStack() as stack, _told_of_trouble(log):
        servers = [
            Server(entry.kind.python, entry.kind.settings, databases.url(entry.data), log, threads)
            for entry in entered
        ]
        for server in servers:
            server.start()
            stack.callback(server.stop)
        contestants = []
        for entry, server in zip(entered, servers, strict=True):
            server.wait()
            client = Client(server.port, facts[entry.data]["token"])
            stack.callback(client.close)
            session = _session(entry, client, facts[entry.data]["cursor"])
            contestants.append(Contestant(entry, server, session, databases))
        yield contestants


@contextmanager
def _told_of_trouble(log: Path) -> Iterator[None]:
    """Print what the servers have said last, where anything goes wrong."""
    try:
        yield
    except Exception:
        print(log.read_text()[-_LAST:], file=sys.stderr)
        raise


def _session(entry: Entry, client: Client, cursor: str) -> Session:
    kind = entry.kind
    last = entry.users + (_APART if kind is EQUAL else 0)
    return Session(kind.name, last, client, kind.addresses, entry.users, cursor)


def _prepare(entered: Sequence[Entry], databases: Databases, log: Path) -> dict[str, dict[str, str]]:
    """What a client has to know of each database. They are made at the same time, each in a process of its own."""
    by_data = {entry.data: entry for entry in entered}
    with log.open("ab") as errors, ExitStack() as stack:
        processes = {}
        for data, entry in by_data.items():
            command = [entry.kind.python, "-m", f"{_HERE}.preparing", entry.kind.filling, str(entry.users)]
            environment = {
                **os.environ,
                "DJANGO_SETTINGS_MODULE": entry.kind.settings,
                "DATABASE_URL": databases.make(data),
            }
            processes[data] = subprocess.Popen(  # noqa: S603
                command, stdout=subprocess.PIPE, stderr=errors, env=environment
            )
            # Nothing to one that has ended.
            stack.callback(processes[data].kill)
        said = {data: process.communicate()[0] for data, process in processes.items()}
    if failed := [data for data, process in processes.items() if process.returncode]:
        sys.exit(f"The people of {', '.join(failed)} could not be made:\n{log.read_text()[-_LAST:]}")
    for data in by_data:
        databases.keep(data)
    return {data: json.loads(printed) for data, printed in said.items()}
