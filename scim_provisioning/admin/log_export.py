"""The provisioning log as CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from scim_provisioning import moments
from scim_provisioning.admin import csv_file
from scim_provisioning.administration import attribute_words, catalogue, log_words
from scim_provisioning.models import Action, Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.token import display

#: Rows that are held at once.
_CHUNK: Final = 1000
#: Of names of attributes, which nearly every row has in common, and of error codes.
_REMEMBERED: Final = 1000
_as_json: Final = json.JSONEncoder(ensure_ascii=False).encode
_COLUMNS: Final = (
    "created_at", "connection_id", "user_name", "external_id", "scim_id", "operation", "action", "outcome", "changes",
    "ignored", "status", "error_code", "detail", "token_prefix", "actor_id", "request_id", "method", "path", "address",
    "client", "duration_ms",
)  # fmt: skip


def response(events: QuerySet[ProvisioningEvent], *, with_values: bool) -> StreamingHttpResponse:
    """The file; ``with_values`` adds the values before and after, for readers who may see them.

    However long the log is, some thousand rows of it are held at once, unless the database hands over only all of them:
    MariaDB and MySQL, and PostgreSQL with ``DISABLE_SERVER_SIDE_CURSORS``, which a pooler of transactions needs.
    """
    return csv_file.response("scim-log", _header(with_values), _rows(events, with_values))


def _header(with_values: bool) -> list[str]:
    names = [
        _("Time (UTC)"), _("Connection"), _("userName"), _("externalId"), _("SCIM id"), _("Action"), _("Result"),
        _("Changed attributes"), _("Ignored attributes"), _("HTTP status"), _("Error code"), _("Problem"),
        _("Detail"), _("Token"), _("Administrator"), _("Request id"), _("Method"), _("Path"), _("Address"),
        _("Client"), _("Duration (ms)"),
    ]  # fmt: skip
    return [*names, _("Before and after")] if with_values else names


def _rows(events: QuerySet[ProvisioningEvent], with_values: bool) -> Iterator[list[object]]:
    # Tuples, for an instance of each row and of what it points at costs more than all else.
    rows: Iterator[Any] = events.values_list(*_COLUMNS, named=True).iterator(chunk_size=_CHUNK)
    cells = _Cells(with_values)
    connections, actors = _Names(SCIMConnection, events.db), _Names(get_user_model(), events.db)
    while chunk := list(islice(rows, _CHUNK)):
        connections.learn({row.connection_id for row in chunk})
        actors.learn({row.actor_id for row in chunk})
        for row in chunk:
            yield cells.of(row, connections.known[row.connection_id], actors.known[row.actor_id])


class _Names:
    """What rows of another table are called, by their keys; each is read once."""

    def __init__(self, model: type[Model], using: str) -> None:
        self._rows = model._base_manager.using(using)
        self.known: dict[Any, str] = {None: ""}

    def learn(self, keys: set[Any]) -> None:
        if missing := keys - self.known.keys():
            self.known.update((row.pk, str(row)) for row in self._rows.filter(pk__in=missing))
            # Gone since: the constraint is not checked before the commit.
            self.known.update(dict.fromkeys(missing - self.known.keys(), ""))


class _Cells:
    """A row of the log as cells; what many rows have in common is put into words once."""

    def __init__(self, with_values: bool) -> None:
        self._with_values = with_values
        self._actions: dict[Any, object] = {value: str(label) for value, label in Action.choices}
        self._outcomes: dict[Any, object] = {value: str(label) for value, label in Outcome.choices}
        self._title: Callable[[str], str] = lru_cache(_REMEMBERED)(catalogue.title)
        self._attribute: Callable[[str], str] = lru_cache(_REMEMBERED)(attribute_words.attribute_name)

    def of(self, row: Any, connection: str, actor: str) -> list[object]:
        in_clear = self._with_values
        cells: list[object] = [
            moments.utc(row.created_at).isoformat(" ")[: len("2026-11-03 09:14:02")],
            connection,
            row.user_name,
            row.external_id,
            row.scim_id,
            self._actions.get(row.action, row.action),
            self._outcomes.get(row.outcome, row.outcome),
            ", ".join(map(self._attribute, row.changes)),
            ", ".join(log_words.ignored(row, in_clear=in_clear)) if row.ignored else "",
            row.status,
            row.error_code,
            self._title(row.error_code) if row.error_code else "",
            log_words.detail(row, in_clear=in_clear),
            display(row.token_prefix) if row.token_prefix else "",
            actor,
            row.request_id,
            row.method,
            log_words.path(row, in_clear=in_clear),
            row.address,
            row.client,
            row.duration_ms,
        ]
        return [*cells, _as_json(row.changes)] if in_clear else cells
