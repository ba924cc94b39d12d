"""Rows as a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from scim_provisioning import moments
from scim_provisioning.protocol.text import inert


def lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row as a line, its cells under one another. No cell makes a line of its own."""
    shown = [[inert(cell).replace("\r", "").replace("\n", "\\u000a") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def day(moment: datetime | None, otherwise: str = "") -> str:
    """Day and time in the server's time zone; ``otherwise`` for none."""
    return otherwise if moment is None else moments.local(moment).strftime("%Y-%m-%d %H:%M %Z")
