"""What was asked under which request id, and what was answered: the side of the identity providers."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from scim_provisioning.testing.simulators import Answer, over_http

#: Seconds that an identity provider of the soak waits at most when it is told to come back later.
_LONGEST_WAIT = 1.0
_ATTEMPTS = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. ``operations`` are the statuses inside the answer to a bulk request, in the order of the request;
    ``size`` is how many there were."""

    request_id: str
    who: str
    method: str
    path: str
    status: int
    detail: str
    began: float
    ended: float
    operations: tuple[int, ...] = ()
    size: int = 0

    @property
    def is_bulk(self) -> bool:
        return self.path.endswith("/Bulk")

    @property
    def is_write(self) -> bool:
        return self.method != "GET" and not self.path.endswith("/.search")

    @property
    def is_paused(self) -> bool:
        return self.status == 503 and "paused" in self.detail

    @property
    def is_unconfirmed(self) -> bool:
        return self.status == 503 and "did not confirm" in self.detail


@dataclass
class Journal:
    """All requests of all players; and what no answer may be, as it is met."""

    entries: list[Entry] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def differs(self, what: str) -> None:
        with self._lock:
            self.differences.append(what)

    def next_id(self) -> str:
        return f"soak-{next(self._numbers)}"

    def note(self, entry: Entry) -> None:
        with self._lock:
            self.entries.append(entry)
        if entry.status >= 500 and entry.status != 503:
            self.differs(f"{entry.request_id} {entry.method} {entry.path}: {entry.status} {entry.detail}")


@dataclass(frozen=True, slots=True)
class Sender:
    """How the simulators reach the server (``exchange.Send``): each attempt has a request id of its own.

    What was asked too often (429) is asked again after a while, as every identity provider does; all else is for the
    simulator to judge.
    """

    journal: Journal
    who: str

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        for _attempt in range(_ATTEMPTS):
            answer = self._once(method, url, headers, body)
            if answer.status != 429:
                break
            time.sleep(min(float(answer.headers.get("retry-after", 1)), _LONGEST_WAIT))
        return answer

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request_id, began = self.journal.next_id(), time.monotonic()
        answer = over_http(method, url, {**headers, "X-Request-ID": request_id}, body)
        path = url.partition("?")[0].partition("/scim/")[2]
        entry = Entry(
            request_id,
            self.who,
            method,
            f"/{path}",
            answer.status,
            _detail(answer),
            began,
            time.monotonic(),
            *_bulk(path, body, answer),
        )
        self.journal.note(entry)
        if answer.status and answer.headers.get("x-request-id") != request_id:
            self.journal.differs(f"{request_id} {method} /{path}: answered under another request id")
        return answer


def _detail(answer: Answer) -> str:
    return (
        answer.body.decode(errors="replace")[:200]
        if not answer.status
        else str(answer.resource.get("detail", ""))
    )


def _bulk(path: str, body: bytes | None, answer: Answer) -> tuple[tuple[int, ...], int]:
    if not path.endswith("/Bulk") or body is None:
        return (), 0
    done = answer.resource.get("Operations", []) if answer.status == 200 else []
    return tuple(int(operation["status"]) for operation in done), len(json.loads(body)["Operations"])
