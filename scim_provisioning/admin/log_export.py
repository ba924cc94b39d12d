"""The provisioning log as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from scim_provisioning import moments
from scim_provisioning.admin import csv_file
from scim_provisioning.administration import catalogue, log_words
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.models.token import display


def response(events: Iterable[ProvisioningEvent], *, with_values: bool) -> StreamingHttpResponse:
    """The file; ``with_values`` adds the values before and after, for readers who may see them."""
    return csv_file.response("scim-log", _header(with_values), (_row(event, with_values) for event in events))


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
        moments.utc(event.created_at).strftime("%Y-%m-%d %H:%M:%S"),
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
