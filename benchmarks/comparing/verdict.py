"""What was measured against what may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.comparing.operations import Operation
from benchmarks.comparing.rounds import Taken, Times, ratio


@dataclass(frozen=True, slots=True)
class Row:
    """One operation. Milliseconds are CPU of the server (``clock_ms``: what the app's client waited), ratios are to the
    floor, growth, with what the database does, is from the small directory to the great one; None where somebody did
    not play."""

    key: str
    title: str
    must: float
    aim: float
    floor_ms: float
    app_ms: float | None
    clock_ms: float | None
    equal_ratio: float | None
    peer_ratio: float | None
    app_ratio: float | None
    with_database: float | None
    floor_growth: float | None
    app_growth: float | None
    most_growth: float
    trouble: str

    @property
    def is_above(self) -> bool:
        return self.app_ratio is None or self.app_ratio > self.must

    @property
    def is_aim_met(self) -> bool:
        return self.app_ratio is not None and self.app_ratio <= self.aim

    @property
    def grows(self) -> bool:
        return self.app_growth is not None and self.app_growth > self.most_growth

    @property
    def word(self) -> str:
        if self.trouble:
            return f"FAILED: {self.trouble[:200]}"
        words = ["ABOVE MUST" if self.is_above else "aim met" if self.is_aim_met else "must met"]
        return ", ".join([*words, "GROWS"] if self.grows else words)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "above_must": self.is_above, "aim_met": self.is_aim_met, "grows": self.grows}


def rows(
    times: Times,
    operations: Sequence[Operation],
    users: int,
    small: int,
    most_growth: float,
    allowance: float = 1.0,
) -> list[Row]:
    """``small``: the other size that floor and app may have played at; ``most_growth``: from there to ``users``;
    ``allowance``: so many times what they may be."""
    return [_row(times, operation, users, small, most_growth, allowance) for operation in operations]


def _row(
    times: Times, operation: Operation, users: int, small: int, most_growth: float, allowance: float
) -> Row:
    key, floor_key = operation.key, operation.floor_key
    floor, app = times["floor", users, floor_key], times["app", users, key]
    equal, peer = times.get(("equal", users, floor_key)), times.get(("peer", users, key))
    floor_growth = _over(floor, times.get(("floor", small, floor_key)), of="with_database")
    return Row(
        key=key,
        title=operation.title,
        must=operation.must * allowance,
        aim=operation.aim * allowance,
        floor_ms=1000 * median(floor.cpu),
        app_ms=None if app.trouble else 1000 * median(app.cpu),
        clock_ms=None if app.trouble else 1000 * median(app.clock),
        equal_ratio=_over(equal, floor),
        peer_ratio=_over(peer, floor),
        app_ratio=_over(app, floor),
        with_database=_over(app, floor, of="with_database"),
        floor_growth=floor_growth,
        app_growth=_over(app, times.get(("app", small, key)), of="with_database"),
        most_growth=most_growth * (max(1.0, floor_growth or 1.0) if operation.floor_grows else 1.0),
        trouble=app.trouble,
    )


def _over(ours: Taken | None, theirs: Taken | None, *, of: str = "cpu") -> float | None:
    """None where one of them was not played to the end, or both are the same."""
    if ours is None or theirs is None or ours is theirs or ours.trouble or theirs.trouble:
        return None
    return ratio(getattr(ours, of), getattr(theirs, of))
