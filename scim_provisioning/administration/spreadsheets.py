"""Rows as CSV for spreadsheets: nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Final

from scim_provisioning.protocol.text import ACTING, inert

# Spreadsheets take a cell for a formula when it begins so, spaces and control characters before it ignored; the
# full-width signs are folded to the plain ones by East Asian versions.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_SKIPPED: Final = " \x00\ufeff"
#: What a cell begins with that has to be looked at; few do.
_SUSPICIOUS: Final = frozenset((*_FORMULA, *_SKIPPED))
#: What a spreadsheet takes for the end of a cell where numbers have a decimal comma, for it finds no quoted cell then;
#: and what must not begin the next one.
_NEXT_CELL: Final = re.compile(rf"((?:;|(?!^)[\t\r\n])[{_SKIPPED}]*)(?=[{re.escape(''.join(_FORMULA))}])")
_SEPARATORS: Final = re.compile(r"[;\t\r\n]")
#: What of a cell has to be looked at, wherever it stands: these, and what acts where it is shown.
_LOOKED_AT: Final = re.compile(f"{_SEPARATORS.pattern}|{ACTING.pattern}")
#: Rows that are written together: a server sends each piece by itself.
_AT_ONCE: Final = 200


def lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file, piece by piece."""
    # Without the mark Excel reads UTF-8 as the code page of the machine.
    yield "\ufeff" + _text([[str(cell) for cell in header]])
    waiting = iter(rows)
    while several := [_safe_row(row) for row in islice(waiting, _AT_ONCE)]:
        yield _text(several)


def _text(rows: Iterable[Sequence[str]]) -> str:
    file = StringIO(newline="")
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _safe_row(row: Sequence[object]) -> list[str]:
    # Asked here, for a call of a function for each of twenty cells is what a long file costs.
    return [
        cell
        if type(cell) is str and cell[:1] not in _SUSPICIOUS and _LOOKED_AT.search(cell) is None
        else _safe(cell)
        for cell in row
    ]


def _safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: such text gets an apostrophe in front, and so does what would be
    one in a cell of its own. What would act in a terminal to which the file is written is spelled out."""
    text = "" if value is None else str(value)
    if _SEPARATORS.search(text):
        text = _NEXT_CELL.sub(r"\1'", text)
    return inert(f"'{text}" if text.lstrip(_SKIPPED).startswith(_FORMULA) else text)
