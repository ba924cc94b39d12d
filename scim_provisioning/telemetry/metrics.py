"""The interface between SCIM and whatever counts and draws: five methods, each of which does nothing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: what it is called, what it means, and the names of its labels."""

    name: str
    help: str
    labels: tuple[str, ...]


REQUESTS: Final = Metric(
    "scim_requests_total",
    "SCIM requests that were answered.",
    ("connection", "method", "route", "status", "error"),
)
OPERATIONS: Final = Metric(
    "scim_operations_total",
    "What became of people, once it was committed: one for each row of the provisioning log.",
    ("action", "result"),
)
REQUEST_SECONDS: Final = Metric(
    "scim_request_seconds", "How long a SCIM request took, middleware left out.", ("method", "route")
)
AUTH_FAILURES: Final = Metric(
    "scim_auth_failures_total", "Requests whose token was not let in, by what was wrong.", ("reason",)
)
#: Upper ends of the histogram's buckets.
SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: Read from the database when somebody asks, so that every process says the same. See ``Figure``.
GAUGES: Final = (
    Metric(
        "scim_managed_users",
        "People who are provisioned, by what is wished of them.",
        ("connection", "state"),
    ),
    Metric("scim_deferred_refs", "People who wait for a manager who is not here.", ("connection",)),
    Metric("scim_held_changes", "Changes that were held for approval in the last 24 hours.", ("connection",)),
    Metric(
        "scim_breaker_state",
        "The leaver brake: 1 while people are held until an administrator decides, else 0.",
        ("connection",),
    ),
    Metric(
        "scim_token_expiry_seconds",
        "Seconds until the last token of the connection ends; negative once it has ended.",
        ("connection",),
    ),
    Metric(
        "scim_last_success_timestamp",
        "When a request of the connection last succeeded, in seconds since 1970, to the minute.",
        ("connection",),
    ),
    Metric(
        "scim_connection_info",
        "The name of a connection and whether it is active or paused; always 1.",
        ("connection", "name", "state"),
    ),
    Metric(
        "scim_command_last_run_timestamp",
        "When a command that cron should run was last done, in seconds since 1970.",
        ("command",),
    ),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A request, when its answer is ready. No field holds anything that the client made up.

    ``connection`` is the key of the connection, empty for a stranger; ``route`` a template such as ``/Users/{id}``;
    ``error`` a code of the error catalogue, empty for none.
    """

    connection: str
    method: str
    route: str
    status: int
    error: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as the database has it now. ``name`` is one of ``GAUGES``."""

    name: str
    value: float
    labels: Mapping[str, str]


#: Reads the figures: a fixed number of statements, however many connections and people there are. Raises nothing: no
#: figures where the database does not answer.
Read = Callable[[], Sequence[Figure]]


class Metrics:
    """A back-end of metrics and traces: subclass it, override what you want, name it in ``METRICS``.

    One instance serves a process and all of its threads. What a method raises is logged and changes no answer.
    """

    def answered(self, answer: Answered) -> None:
        """A request was answered; called inside its span, once what it did is committed."""

    def operation(self, *, action: str, result: str) -> None:
        """Something was done to somebody, and committed (``result`` ``applied``), or refused (``refused``); the words
        are those of the provisioning log."""

    def authentication_failed(self, *, reason: str) -> None:
        """A token was not let in. ``reason`` is one of a dozen words."""

    def provide_figures(self, read: Read) -> None:
        """Called once, before anything else: ``read`` gives what to show as gauges, at any time, in any thread."""

    def span(self, name: str, *, traceparent: str = "") -> AbstractContextManager[object]:
        """Around a request (``scim.request``) and around its parts, once or more: ``auth``, ``parse``, ``match``,
        ``apply``, ``hooks``. ``traceparent`` is what the client sent along, where it is well-formed."""
        return nullcontext()

    def traceparent(self) -> str:
        """Where the current span stands, as W3C writes it; empty where nothing is traced."""
        return ""
