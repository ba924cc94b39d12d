"""The table that is printed, and the one of ``docs/performance.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.comparing.verdict import Row

_HEADINGS = (
    "", "floor ms", "app ms", "clock", "equal", "peer", "app", "with db", "must", "aim", "grows", "floor's", "",
)  # fmt: skip


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Milliseconds of CPU a turn (``clock``: as the client sees the app), multiples of the floor, growth, verdict."""
    table = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for title, *numbers, word in table:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True)]
        yield "  ".join([title.ljust(widths[0]), *cells, word]).rstrip()


def markdown(rows: Sequence[Row]) -> Iterator[str]:
    """Ratios only: milliseconds are the machine's."""
    yield "| operation | equal-work floor | django-scim2 | app | with database | must | aim | | grows | floor's |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        numbers = (row.equal_ratio, row.peer_ratio, row.app_ratio, row.with_database, row.must, row.aim)
        growth = (row.app_growth, row.floor_growth)
        cells = [row.title, *map(_times, numbers), row.word, *map(_times, growth)]
        yield f"| {' | '.join(cells)} |"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.title,
        _number(row.floor_ms),
        _number(row.app_ms),
        _number(row.clock_ms),
        _times(row.equal_ratio),
        _times(row.peer_ratio),
        _times(row.app_ratio),
        _times(row.with_database),
        _times(row.must),
        _times(row.aim),
        _times(row.app_growth),
        _times(row.floor_growth),
        row.word,
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"
