"""CSV files for spreadsheets: streamed, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from django.http import StreamingHttpResponse

from scim_provisioning import moments

# Spreadsheets take a cell for a formula when it begins so, spaces and control characters before it ignored; the
# full-width signs are folded to the plain ones by East Asian versions.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


class _Line:
    """A file that hands back what is written to it: csv wants a file, streaming wants the text."""

    def write(self, text: str) -> str:
        return text


def response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The file ``<name>-<today>.csv``, as an answer that no cache keeps."""
    return StreamingHttpResponse(
        _lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{moments.today():%Y-%m-%d}.csv"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    write = csv.writer(_Line()).writerow
    # Without the mark Excel reads UTF-8 as the code page of the machine.
    yield "\ufeff" + write([str(cell) for cell in header])
    for row in rows:
        yield write([_safe(cell) for cell in row])


def _safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: such text gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \x00\ufeff").startswith(_FORMULA) else text
