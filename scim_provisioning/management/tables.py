"""Rows as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from scim_provisioning import moments


def lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as a line, its cells under one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def day(moment: datetime | None, otherwise: str = "") -> str:
    """Day and time in the server's time zone; ``otherwise`` for none."""
    return otherwise if moment is None else moments.local(moment).strftime("%Y-%m-%d %H:%M %Z")
