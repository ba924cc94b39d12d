"""Does a worker grow over many requests, or with the directory? By at most five per cent of what it holds when warm.

    python -m benchmarks.memory [--requests 100000] [--users 100000] [--small 1000] [--database-url URL]

Sends a mix of look-ups, reads, pages and writes to the app twice, before a small directory and before a great one, in
turns, and compares what the worker that answers holds in memory after a fifth of the requests with what it holds at the
end. Exits with 1 when it has grown, or holds more for the great directory than for the small one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.comparing.contestants import APP, Contestant, Entry, started
from benchmarks.comparing.databases import databases, end_servers_when_ended, made_folder
from benchmarks.comparing.operations import OPERATIONS, Operation

#: Of the memory of a warm worker.
MOST_GROWTH = 0.05
_SAMPLES = 100
_PAGES = frozenset({"page", "deep"})


@dataclass
class Worker:
    """The worker that answers a contestant's client: MiB it held, at equal distances."""

    contestant: Contestant
    held: list[float] = field(default_factory=list)
    _turn: int = 0

    def answer(self, requests: int) -> None:
        """Let it answer so many more, and note what it holds."""
        session = self.contestant.session
        until = session.client.asked + requests
        while session.client.asked < until:
            for operation in _mix(self._turn):
                operation.play(session, self._turn)
            self._turn += 1
        self.held.append(self.contestant.server.memory())

    @property
    def warm(self) -> float:
        fifth = len(self.held) // 5
        return median(self.held[fifth : fifth + max(1, fifth // 2)])

    @property
    def end(self) -> float:
        return median(self.held[-max(1, len(self.held) // 10) :])

    @property
    def growth(self) -> float:
        return self.end / self.warm - 1


def _mix(turn: int) -> list[Operation]:
    """Everything once a turn, pages once in ten: they are the dearest and the rarest. No cursor lives so long."""
    return [each for each in OPERATIONS if each.key != "cursor" and (each.key not in _PAGES or not turn % 10)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print; 1 when a worker has grown."""
    asked = _asked(arguments)
    end_servers_when_ended()
    entered = [Entry(APP, users) for users in (asked.small, asked.users)]
    with (
        made_folder() as folder,
        databases(asked.database_url, folder, asked.data) as own,
        started(entered, own, folder / "server.log") as contestants,
    ):
        workers = [Worker(contestant) for contestant in contestants]
        for _sample in range(_SAMPLES):
            for worker in workers:
                worker.answer(asked.requests // _SAMPLES)
    return _report(workers)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--database-url", metavar="URL")
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    return parser.parse_args(arguments)


def _report(workers: Sequence[Worker]) -> int:
    for worker in workers:
        asked, users = worker.contestant.session.client.asked, worker.contestant.entry.users
        print(
            f"{users:9,} people, {asked:,} requests: {worker.warm:.1f} MiB warm, {worker.end:.1f} at the end, "
            f"{worker.growth:+.1%}"
        )
    small, great = workers
    more = great.end / small.end - 1
    print(f"the great directory takes {more:+.1%}")
    return int(max(small.growth, great.growth, more) > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
