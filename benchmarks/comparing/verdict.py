"""What was measured against what may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.comparing.contestants import APP, EQUAL, FLOOR, Entry
from benchmarks.comparing.operations import Operation
from benchmarks.comparing.rounds import Times, ratio


@dataclass(frozen=True, slots=True)
class Row:
    """One operation. Milliseconds are CPU of the server; ``equal`` is None where the equal-work floor does not play;
    growth is from the small directory to the great one, None where there is no small one."""

    key: str
    title: str
    must: float
    aim: float
    floor_ms: float
    equal_ms: float | None
    app_ms: float
    clock_ms: float
    equal_ratio: float | None
    app_ratio: float
    floor_growth: float | None
    app_growth: float | None
    most_growth: float

    @property
    def is_above(self) -> bool:
        return self.app_ratio > self.must

    @property
    def is_aim_met(self) -> bool:
        return self.app_ratio <= self.aim

    @property
    def grows(self) -> bool:
        return self.app_growth is not None and self.app_growth > self.most_growth

    @property
    def word(self) -> str:
        words = ["ABOVE MUST" if self.is_above else "aim met" if self.is_aim_met else "must met"]
        return ", ".join([*words, "GROWS"] if self.grows else words)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "above_must": self.is_above, "aim_met": self.is_aim_met, "grows": self.grows}


def rows(
    times: Times, operations: Sequence[Operation], users: int, small: int, most_growth: float
) -> list[Row]:
    return [_row(times, operation, users, small, most_growth) for operation in operations]


def _row(times: Times, operation: Operation, users: int, small: int, most_growth: float) -> Row:
    app, small_app = Entry(APP, users), Entry(APP, small)
    floor, small_floor, equal = Entry(FLOOR, users), Entry(FLOOR, small), Entry(EQUAL, users)
    key, floor_key = operation.key, operation.floor_key

    def cpu(entry: Entry, key: str) -> list[float]:
        return times[entry, key].cpu

    has_small, has_equal = small < users, (equal, floor_key) in times
    floor_growth = ratio(cpu(floor, floor_key), cpu(small_floor, floor_key)) if has_small else None
    return Row(
        key=key,
        title=operation.title,
        must=operation.must,
        aim=operation.aim,
        floor_ms=1000 * median(cpu(floor, floor_key)),
        equal_ms=1000 * median(cpu(equal, floor_key)) if has_equal else None,
        app_ms=1000 * median(cpu(app, key)),
        clock_ms=1000 * median(times[app, key].clock),
        equal_ratio=ratio(cpu(equal, floor_key), cpu(floor, floor_key)) if has_equal else None,
        app_ratio=ratio(cpu(app, key), cpu(floor, floor_key)),
        floor_growth=floor_growth,
        app_growth=ratio(cpu(app, key), cpu(small_app, key)) if has_small else None,
        most_growth=most_growth * max(1.0, floor_growth or 1.0 if operation.floor_grows else 1.0),
    )
