"""The provisioning log as CSV: streamed, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Final

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from scim_provisioning.administration import catalogue, log_words
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.models.token import display

# Spreadsheets take a cell for a formula when it begins so, spaces and control characters before it ignored; the
# full-width signs are folded to the plain ones by East Asian versions.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


class _Line:
    """A file that hands back what is written to it: csv wants a file, streaming wants the text."""

    def write(self, text: str) -> str:
        return text


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: such text gets an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" \x00\ufeff").startswith(_FORMULA) else text


def response(events: Iterable[ProvisioningEvent], *, with_values: bool) -> StreamingHttpResponse:
    """The file; ``with_values`` adds the values before and after, for readers who may see them."""
    name = f"scim-log-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        _lines(events, with_values),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _lines(events: Iterable[ProvisioningEvent], with_values: bool) -> Iterator[str]:
    write = csv.writer(_Line()).writerow
    # Without the mark Excel reads UTF-8 as the code page of the machine.
    yield "\ufeff" + write(_header(with_values))
    for event in events:
        yield write([safe(cell) for cell in _row(event, with_values)])


def _header(with_values: bool) -> list[str]:
    names = [
        _("Time (UTC)"), _("Connection"), _("userName"), _("externalId"), _("SCIM id"), _("Action"), _("Result"),
        _("Changed attributes"), _("Ignored attributes"), _("HTTP status"), _("Error code"), _("Problem"),
        _("Detail"), _("Token"), _("Administrator"), _("Request id"), _("Method"), _("Path"), _("Address"),
        _("Client"), _("Duration (ms)"),
    ]  # fmt: skip
    return [*names, _("Before and after")] if with_values else names


def _row(event: ProvisioningEvent, with_values: bool) -> list[object]:
    cells: list[object] = [
        event.created_at.strftime("%Y-%m-%d %H:%M:%S"),
        event.connection or "",
        event.user_name,
        event.external_id,
        event.scim_id,
        event.get_action_display(),
        event.get_outcome_display(),
        log_words.attribute_names(event),
        ", ".join(log_words.ignored(event, in_clear=with_values)),
        event.status,
        event.error_code,
        catalogue.title(event.error_code) if event.error_code else "",
        log_words.detail(event, in_clear=with_values),
        display(event.token_prefix) if event.token_prefix else "",
        event.actor or "",
        event.request_id,
        event.method,
        log_words.path(event, in_clear=with_values),
        event.address,
        event.client,
        event.duration_ms,
    ]
    return [*cells, json.dumps(event.changes, ensure_ascii=False)] if with_values else cells
