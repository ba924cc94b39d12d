"""Rounds in which all contestants take turns at each operation, so that what else the machine does meets them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from benchmarks.comparing.client import Unexpected
from benchmarks.comparing.contestants import FLOOR, Contestant
from benchmarks.comparing.operations import Operation
from benchmarks.comparing.servers import seconds_run

#: Seconds, about, that one contestant plays one operation in a round, and the turns that this can be.
_BLOCK = 0.25
_FEWEST, _MOST = 2, 40
_WARMING = 4


@dataclass
class Taken:
    """Seconds of CPU, and of the clock, that one turn took in each round; or what ended the playing.

    ``cpu`` is the server's, ``with_database`` that and what its sessions on a database server took.
    """

    cpu: list[float] = field(default_factory=list)
    with_database: list[float] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    trouble: str = ""


#: By contestant, size of its directory and operation.
Times = dict[tuple[str, int, str], Taken]


def measure(
    contestants: Sequence[Contestant],
    operations: Sequence[Operation],
    rounds: int,
    say: Callable[[str], None],
) -> Times:
    """Play every operation once to see how long it takes, then ``rounds`` times in turns."""
    players = [_Player(contestant, operation) for operation in operations for contestant in contestants
               if contestant.entry.kind.plays(operation)]  # fmt: skip
    for player in players:
        player.warm_up()
    for number in range(rounds):
        for operation in operations:
            playing = [player for player in players if player.operation is operation]
            first = number % len(playing)
            for player in playing[first:] + playing[:first]:
                player.play()
        say(f"round {number + 1} of {rounds}")
    return {player.key: player.taken for player in players}


class _Player:
    """One contestant at one operation. Turns go on from round to round, so that no change is sent twice."""

    def __init__(self, contestant: Contestant, operation: Operation) -> None:
        self.contestant, self.operation = contestant, operation
        self.taken = Taken()
        self._turn, self._turns = 0, _WARMING

    @property
    def key(self) -> tuple[str, int, str]:
        entry = self.contestant.entry
        return entry.kind.name, entry.users, self.operation.key

    def warm_up(self) -> None:
        """Let caches fill, and set how many turns make a block: an even number, as some turns undo the one before."""
        with self._trouble_noted():
            self._block()
            fitting = int(_BLOCK / self._block().clock)
            self._turns = max(_FEWEST, min(_MOST, fitting)) // 2 * 2

    def play(self) -> None:
        if not self.taken.trouble:
            with self._trouble_noted():
                turn = self._block()
                self.taken.cpu.append(turn.cpu)
                self.taken.with_database.append(turn.cpu + turn.database)
                self.taken.clock.append(turn.clock)

    @contextmanager
    def _trouble_noted(self) -> Iterator[None]:
        """An operation that is refused spoils no other; without the floor there is nothing to compare with."""
        try:
            yield
        except Unexpected as answer:
            if self.contestant.entry.kind is FLOOR:
                raise
            self.taken.trouble = str(answer)

    def _block(self) -> _Turn:
        server, session = self.contestant.server, self.contestant.session
        threads = self.contestant.database_threads()
        cpu, database, began = server.cpu(), seconds_run(threads), time.perf_counter()
        for turn in range(self._turn, self._turn + self._turns):
            self.operation.play(session, turn)
        self._turn += self._turns
        clock = time.perf_counter() - began
        taken = (server.cpu() - cpu, seconds_run(threads) - database, clock)
        return _Turn(*(seconds / self._turns for seconds in taken))


class _Turn(NamedTuple):
    """What one turn of a block took, in seconds."""

    cpu: float
    database: float
    clock: float


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of what each round says, which a burst of other work in one round does not move."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))
