"""What was asked under which request id, and what was answered: the side of the identity providers."""

from __future__ import annotations

import hashlib
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
class Said:
    """An answer, or what was answered to one operation of a bulk request; 0 where there was none."""

    status: int
    detail: str = ""

    @property
    def is_paused(self) -> bool:
        return self.status == 503 and "paused" in self.detail

    @property
    def is_held(self) -> bool:
        return self.status == 503 and "held for approval" in self.detail

    @property
    def is_unknown(self) -> bool:
        """Whether it was done cannot be told from it: it never came, or the database had not confirmed."""
        return self.status == 0 or (self.status == 503 and "did not confirm" in self.detail)


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. ``asked`` is the same for what was sent again; ``operations`` is what was answered to each one of a
    bulk request."""

    request_id: str
    method: str
    path: str
    asked: str
    answer: Said
    began: float
    ended: float
    operations: tuple[Said, ...] = ()

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.request_id} {self.method} {self.path}: {self.answer.status} {self.answer.detail}"


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
        for said in (entry.answer, *entry.operations):
            if said.status >= 500 and said.status != 503:
                self.differs(f"{entry} {said.detail}")


@dataclass(frozen=True, slots=True)
class Sender:
    """How the simulators reach the server (``exchange.Send``): each attempt has a request id of its own.

    What was asked too often (429) is asked again after a while, as every identity provider does; all else is for the
    simulator to judge.
    """

    journal: Journal

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
        asked = hashlib.sha256(f"{method} {url} ".encode() + (body or b"")).hexdigest()
        said = Said(answer.status, _detail(answer))
        times = (began, time.monotonic())
        entry = Entry(request_id, method, f"/{path}", asked, said, *times, _operations(path, body, answer))
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


def _operations(path: str, body: bytes | None, answer: Answer) -> tuple[Said, ...]:
    """What was said to each operation of a bulk request; nothing, where it was refused as a whole."""
    if not path.endswith("/Bulk") or body is None or answer.status not in (0, 200):
        return ()
    if answer.status == 0:
        return (Said(0),) * len(json.loads(body)["Operations"])
    done = answer.resource["Operations"]
    return tuple(Said(int(each["status"]), each.get("response", {}).get("detail", "")) for each in done)
