"""CSV files for spreadsheets, as answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.http import StreamingHttpResponse

from scim_provisioning import moments
from scim_provisioning.administration import spreadsheets


def response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """The file ``<name>-<today>.csv``, as an answer that no cache keeps."""
    return StreamingHttpResponse(
        spreadsheets.lines(header, rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-{moments.today():%Y-%m-%d}.csv"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )
