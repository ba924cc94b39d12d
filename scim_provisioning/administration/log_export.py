"""The provisioning log as rows for a spreadsheet: a page exports the latest of it, ``manage.py scim_log`` all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from scim_provisioning import moments
from scim_provisioning.administration import attribute_words, catalogue, log_words
from scim_provisioning.models import Action, Outcome, ProvisioningEvent, SCIMConnection
from scim_provisioning.models.token import display

#: So many operations, the latest, a page hands over at most: no server allows a request as long as it likes.
AT_MOST: Final = 100_000
#: Rows that are held at once.
_CHUNK: Final = 1000
#: Of names of attributes, which nearly every row has in common, and of error codes.
_REMEMBERED: Final = 1000
_as_json: Final = json.JSONEncoder(ensure_ascii=False).encode
_of_json: Final = json.JSONDecoder().decode
_COLUMNS: Final = (
    "created_at", "connection_id", "user_name", "external_id", "scim_id", "operation", "action", "outcome", "status",
    "error_code", "detail", "token_prefix", "actor_id", "request_id", "method", "path", "address", "client",
    "duration_ms",
)  # fmt: skip
#: As the text that the database keeps: most is handed on as it is, and to read it is what a long log costs.
_AS_TEXT: Final = {f"{name}_text": Cast(name, TextField()) for name in ("changes", "ignored")}


def header(with_values: bool) -> list[str]:
    """The names of the columns."""
    names = [
        _("Time (UTC)"), _("Connection"), _("userName"), _("externalId"), _("SCIM id"), _("Action"), _("Result"),
        _("Changed attributes"), _("Ignored attributes"), _("HTTP status"), _("Error code"), _("Problem"),
        _("Detail"), _("Token"), _("Administrator"), _("Request id"), _("Method"), _("Path"), _("Address"),
        _("Client"), _("Duration (ms)"),
    ]  # fmt: skip
    return [*names, _("Before and after")] if with_values else names


def rows(events: QuerySet[ProvisioningEvent], with_values: bool) -> Iterator[list[object]]:
    """A row for each operation; ``with_values`` adds the values before and after, for readers who may see them.

    However long the log is, some thousand rows of it are held at once, unless the database hands over only all of them:
    MariaDB and MySQL, and PostgreSQL with ``DISABLE_SERVER_SIDE_CURSORS``, which a pooler of transactions needs.
    """
    # Tuples, for an instance of each row and of what it points at costs more than all else.
    read = events.annotate(**_AS_TEXT).values_list(*_COLUMNS, *_AS_TEXT, named=True)
    found: Iterator[Any] = read.iterator(chunk_size=_CHUNK)
    cells = _Cells(with_values)
    connections, actors = _Names(SCIMConnection, events.db), _Names(get_user_model(), events.db)
    while chunk := list(islice(found, _CHUNK)):
        connections.learn({row.connection_id for row in chunk})
        actors.learn({row.actor_id for row in chunk})
        for row in chunk:
            yield cells.of(row, connections.known[row.connection_id], actors.known[row.actor_id])


def latest(events: QuerySet[ProvisioningEvent], with_values: bool) -> Iterator[list[object]]:
    """The first ``AT_MOST`` of these rows; where there are more, the last row says so."""
    found = rows(events[: AT_MOST + 1], with_values)
    yield from islice(found, AT_MOST)
    if next(found, None) is not None:
        more = _(
            "These are the latest %(n)d operations. “manage.py scim_log” on the server writes all of them."
        )
        yield [more % {"n": AT_MOST}]


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
        in_clear, changes, ignored = self._with_values, row.changes_text, row.ignored_text
        cells: list[object] = [
            moments.utc(row.created_at).isoformat(" ")[: len("2026-11-03 09:14:02")],
            connection,
            row.user_name,
            row.external_id,
            row.scim_id,
            self._actions.get(row.action, row.action),
            self._outcomes.get(row.outcome, row.outcome),
            "" if changes == "{}" else ", ".join(map(self._attribute, _of_json(changes))),
            "" if ignored == "[]" else ", ".join(log_words.ignored(_of_json(ignored), in_clear=in_clear)),
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
        if in_clear:
            # Without an escape it is written as it is kept.
            cells.append(changes if "\\" not in changes else _as_json(_of_json(changes)))
        return cells
