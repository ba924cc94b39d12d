"""Work that is done by processes of its own, over database connections of its own, while the test goes on.

They are forks of this one, so they know what a test has patched. They stop where a test has put a ``Gate``; those of
``at_once`` start together.
"""

from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from django.db import connection, connections
from django.http import HttpResponse

from tests.databases import inherited

#: Seconds after which what did not happen is a failure of the test.
PATIENCE = 40
FORK = multiprocessing.get_context("fork")


class Gate:
    """A place at which a process waits until the test lets it go on; it can be passed freely afterwards."""

    def __init__(self) -> None:
        self._reached, self._open = FORK.Event(), FORK.Event()

    def wait_here(self) -> None:
        """Called by the process."""
        self._reached.set()
        assert self._open.wait(PATIENCE), "Nobody opened the gate."

    def until_reached(self) -> None:
        """Called by the test."""
        assert self._reached.wait(PATIENCE), "Nobody came to the gate."

    def open(self) -> None:
        self._open.set()


def started(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A fork of this process that does this over connections of its own, to the databases of this one, and ends."""
    # No process may go on with a socket of another's.
    connections.close_all()
    process = FORK.Process(target=_begun, args=(inherited(), work, arguments), daemon=True)
    with warnings.catch_warnings():
        # Python warns of forks in a process with threads; those of pytest hold nothing that is needed.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


def _begun(inherit: Callable[[], None], work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # What the parent has buffered for its own output is not to be written twice.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    inherit()
    work(*arguments)
    # Nothing of the parent's is torn down here.
    os._exit(0)


class Fork:
    """A process that does one thing; ``result`` is what that returned."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._pipe, theirs = FORK.Pipe(duplex=False)
        self.process = started(_reported, work, theirs)
        theirs.close()

    def result(self, patience: float = PATIENCE) -> Any:
        assert self._pipe.poll(patience), "A process did not come back."
        is_done, value = self._pipe.recv()
        assert is_done, value
        return value

    def kill(self) -> None:
        """SIGKILL, as an operating system that is out of memory sends it."""
        self.process.kill()
        self.process.join(PATIENCE)

    def leave(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE)


def _reported(work: Callable[[], Any], pipe: Connection) -> None:
    try:
        pipe.send((True, work()))
    except Exception as error:
        pipe.send((False, f"{type(error).__name__}: {error}"))
    finally:
        connections.close_all()


class Answer(NamedTuple):
    """Of an answer what goes from one process to another."""

    status_code: int
    content: bytes


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The results of calls that start together, in their order; answers, and lists of them, as ``Answer``."""
    start = FORK.Barrier(len(calls))
    with forks() as fork:
        playing = [fork(partial(_met, call, start)) for call in calls]
        results = [one.result(3 * PATIENCE) for one in playing]
        for one in playing:
            one.process.join(PATIENCE)
        return results


def _met(call: Callable[[], Any], start: Any) -> Any:
    # Connected before they meet: the slowest would come too late to be in anybody's way.
    connection.ensure_connection()
    start.wait(PATIENCE)
    return _portable(call())


def _portable(result: Any) -> Any:
    if isinstance(result, HttpResponse):
        return Answer(result.status_code, result.content)
    return [_portable(one) for one in result] if isinstance(result, list) else result


@contextmanager
def forks() -> Iterator[Callable[[Callable[[], Any]], Fork]]:
    """Starts processes; whatever is left of them ends with the block."""
    started: list[Fork] = []

    def start(work: Callable[[], Any]) -> Fork:
        started.append(Fork(work))
        return started[-1]

    try:
        yield start
    finally:
        for fork in started:
            fork.leave()


def until(condition: Callable[[], Any]) -> None:
    """Return once it holds."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, "It never came to that."
        # InnoDB looks again at who waits only when it was not asked for a tenth of a second.
        time.sleep(0.15)


def somebody_waits_for_a_lock() -> bool:
    """Whether the server has a statement of this database that waits for another transaction."""
    queries = {
        "postgresql": "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'",
        "mysql": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist "
        "ON processlist.id = trx_mysql_thread_id WHERE db = database() AND trx_state = 'LOCK WAIT'",
    }
    if connection.vendor not in queries:
        # SQLite waits at BEGIN, and tells nobody.
        return True
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor])
        return bool(cursor.fetchone()[0])
