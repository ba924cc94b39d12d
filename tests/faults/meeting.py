"""Calls that meet: each is made by a process of its own, over a database connection of its own.

The processes are forks of this one, so they know what a test has patched.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from django.db import connection, connections
from django.http import HttpResponse

from tests.databases import inherited

#: Seconds after which a process that did not come to its end is a failure of the test.
PATIENCE = 120
_FORK = multiprocessing.get_context("fork")


class Answer(NamedTuple):
    """Of an answer what goes from one process to another."""

    status_code: int
    content: bytes


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The results of calls that start together, in their order; answers, and lists of them, as ``Answer``."""
    # No process may go on with a socket of another's.
    connections.close_all()
    start = _FORK.Barrier(len(calls))
    playing = [_process(call, start) for call in calls]
    return [_result(process, pipe) for process, pipe in playing]


def _process(call: Callable[[], Any], start: Any) -> tuple[Any, Connection]:
    ours, theirs = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_play, args=(call, start, theirs, inherited()), daemon=True)
    with warnings.catch_warnings():
        # Python warns of forks in a process with threads; those of pytest hold nothing that is needed.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()
    return process, ours


def _play(call: Callable[[], Any], start: Any, pipe: Connection, inherit: Callable[[], None]) -> None:
    # What the parent has buffered for its own output is not to be written twice.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    inherit()
    # Connected before they meet: the slowest would come too late to be in anybody's way.
    connection.ensure_connection()
    start.wait(PATIENCE)
    pipe.send(_portable(call()))


def _portable(result: Any) -> Any:
    if isinstance(result, HttpResponse):
        return Answer(result.status_code, result.content)
    return [_portable(one) for one in result] if isinstance(result, list) else result


def _result(process: Any, pipe: Connection) -> Any:
    assert pipe.poll(PATIENCE), "A process did not come to its end."
    result = pipe.recv()
    process.join()
    return result
