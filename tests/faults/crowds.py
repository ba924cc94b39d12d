"""Requests that meet: each is sent by a process of its own, over a database connection of its own.

The processes are forks of this one, so they know what a test has patched; they stay for all rounds of a test.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import pytest
from django.db import connection

from tests.client import ScimClient
from tests.faults.forks import FORK, PATIENCE, started

#: How often a request is sent again.
_COMES_BACK = 10


class Request(NamedTuple):
    token: str
    method: str
    path: str
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """``restarts`` counts how often the app began again because somebody was in the way."""

    status: int
    body: Any
    restarts: int

    @property
    def refusal(self) -> tuple[int, str, str]:
        """What a client is told that is refused."""
        return self.status, self.body.get("scimType", ""), self.body["detail"]


class Crowd:
    """Processes that wait for one another before each sends its request."""

    def __init__(self, size: int) -> None:
        barrier = FORK.Barrier(size)
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(size):
            ours, theirs = FORK.Pipe()
            self._processes.append(started(_serve, theirs, barrier))
            theirs.close()
            self._pipes.append(ours)

    def at_once(self, *requests: Request) -> list[Answer]:
        """The answers to requests that start together, in their order."""
        idle = len(self._pipes) - len(requests)
        assert idle >= 0, "There are more requests than processes."
        for pipe, request in zip(self._pipes, [*requests, *[None] * idle], strict=True):
            pipe.send(request)
        return [answer for answer in map(_received, self._pipes) if answer is not None]

    def leave(self) -> None:
        for process in self._processes:
            process.terminate()
            process.join()


def _received(pipe: Connection) -> Answer | None:
    assert pipe.poll(PATIENCE), "A request did not come back."
    answer: Answer | None = pipe.recv()
    return answer


def _serve(pipe: Connection, barrier: Any) -> None:
    """What each process does until it is ended."""
    while True:
        request = pipe.recv()
        # Connected before they meet: the slowest would come too late to be in anybody's way.
        connection.ensure_connection()
        barrier.wait(PATIENCE)
        pipe.send(None if request is None else _sent(request))


def _sent(request: Request) -> Answer:
    """The answer, once there is one: identity providers come back with what was answered with 503."""
    with counting() as restarts:
        for _ in range(_COMES_BACK):
            response = ScimClient(request.token).request(request.method, request.path, request.body)
            if "Retry-After" not in response.headers:
                break
    return Answer(response.status_code, json.loads(response.content or b"null"), len(restarts))


@contextmanager
def counting() -> Iterator[list[logging.LogRecord]]:
    """What is logged of transactions that begin again."""
    records: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("scim_provisioning.databases"), logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


@contextmanager
def crowd(size: int, *, isolation: str = "") -> Iterator[Crowd]:
    """That many processes. ``isolation``: the level of their transactions, in Django's words for the database."""
    with isolated(isolation):
        people = Crowd(size)
    try:
        yield people
    finally:
        people.leave()


@contextmanager
def isolated(level: str) -> Iterator[None]:
    """Processes that are started inside have transactions of this level; this process keeps its own."""
    before = connection.settings_dict["OPTIONS"]
    connection.settings_dict["OPTIONS"] = {**before, **(_isolation(level) if level else {})}
    yield
    connection.settings_dict["OPTIONS"] = before


def _isolation(level: str) -> dict[str, Any]:
    if connection.vendor == "postgresql":
        from psycopg import IsolationLevel

        return {"isolation_level": IsolationLevel[level.replace(" ", "_").upper()]}
    return {"isolation_level": level} if connection.vendor == "mysql" else {}


def levels() -> list[Any]:
    """Parameters of tests: the level that Django asks for, and the one that MariaDB has by itself."""
    is_lite = connection.vendor == "sqlite"
    return [
        "",
        pytest.param("repeatable read", marks=pytest.mark.skipif(is_lite, reason="SQLite has one level")),
    ]


def answered(answers: Sequence[Answer], **expected: int) -> None:
    """Assert how many answers there are of each status: ``answered(answers, s201=1, s409=3)``."""
    counted = Counter(f"s{answer.status}" for answer in answers)
    assert counted == expected, [answer.body for answer in answers if answer.status >= 400]


def undisturbed(answers: Sequence[Answer]) -> None:
    """Assert that nobody had to begin again: there was no deadlock."""
    assert [answer.restarts for answer in answers] == [0] * len(answers)
