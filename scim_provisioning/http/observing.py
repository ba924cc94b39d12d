"""One line of the log and a few counts for every request, when its answer is ready."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from time import perf_counter
from typing import Any, Final

from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from scim_provisioning import telemetry
from scim_provisioning.events import lines, observed
from scim_provisioning.events.observed import Observed
from scim_provisioning.events.redaction import BRACKETS
from scim_provisioning.telemetry import Answered
from scim_provisioning.telemetry.correlation import request_id_of, trace_of

logger = logging.getLogger("scim_provisioning")

View = Callable[..., HttpResponseBase]

#: Set in the WSGI environment by who plays requests to see whether they would work: they are nobody's.
REHEARSAL: Final = "scim_provisioning.rehearsal"

#: A client may write anything for a method.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER: Final = "other"
#: Attributes that one line names; a bulk request may change many.
_FIELDS_SHOWN: Final = 50
#: Codes of hosts' own that are counted by name; code that made them up at run time would fill a server with series.
_CODES_COUNTED: Final = 200
_codes: Final[set[str]] = set()
#: What may be wrong with a token (``tokens.authenticate``, ``http.authentication``).
_REASONS: Final = frozenset(
    {"no_bearer_token", "not_a_token", "unknown", "expired", "revoked", "archived", "ip"}
)


def observed_view(view: View, route: str) -> View:
    """``view``, with every answer said in a line, counted, and marked with the trace that the client sent."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = _asked(request, f"{route}/{{id}}" if any(kwargs.values()) else route)
        given = "" if asked.trace is None else str(asked.trace)
        backend = telemetry.current()
        with observed.observing(asked), backend.span("scim.request", traceparent=given):
            if own := trace_of(backend.traceparent()):
                asked.trace = own
            with _statements_timed(asked):
                response = view(request, *args, **kwargs)
            if asked.trace is not None:
                response.headers["traceparent"] = str(asked.trace)
            if not _is_rehearsal(request):
                try:
                    _tell(asked, response)
                except Exception:
                    # What was asked is done and answered; that it cannot be told changes nothing.
                    logger.exception("A request could not be told of.")
        return response

    return answer


def _is_rehearsal(request: HttpRequest) -> bool:
    return REHEARSAL in request.META


def _asked(request: HttpRequest, route: str) -> Observed:
    trace = trace_of(request.META.get("HTTP_TRACEPARENT", ""))
    method = request.method if request.method in _METHODS else _OTHER.upper()
    return Observed(request_id_of(request.META, trace), method or "", route, trace)


@contextmanager
def _statements_timed(asked: Observed) -> Iterator[None]:
    """Add up what statements take, on whichever database they are sent to. BEGIN and COMMIT are none."""

    def timed(execute: Callable[..., Any], *statement: Any) -> Any:
        began = perf_counter()
        try:
            return execute(*statement)
        finally:
            asked.database_seconds += perf_counter() - began

    with ExitStack() as wrapped:
        for connection in connections.all():
            wrapped.enter_context(connection.execute_wrapper(timed))
        yield


def _tell(asked: Observed, response: HttpResponseBase) -> None:
    seconds = perf_counter() - asked.started
    code = "" if asked.error is None else asked.error.code
    backend = telemetry.current()
    if asked.error is not None and code.startswith("auth."):
        backend.authentication_failed(reason=_reason(asked.error.params.get("reason"), code))
    backend.answered(
        Answered(
            connection="" if asked.connection is None else str(asked.connection.pk),
            method=asked.method,
            route=asked.route,
            status=response.status_code,
            error=_countable(code),
            seconds=seconds,
        )
    )
    lines.request(
        lambda: {
            **lines.caller_fields(asked.connection, asked.token),
            "status": response.status_code,
            "error_code": code,
            **_done_fields(asked),
            "ms": round(seconds * 1000, 1),
            "db_ms": round(asked.database_seconds * 1000, 1),
            "bytes": len(getattr(response, "content", b"")),
        }
    )


def _reason(reason: object, code: str) -> str:
    word = str(reason).replace(" ", "_") if reason else code.removeprefix("auth.")
    return word if word in _REASONS else _OTHER


def _countable(code: str) -> str:
    """The code; one name for all those of a host that has too many."""
    if code not in _codes and len(_codes) < _CODES_COUNTED:
        _codes.add(code)
    return code if code in _codes else _OTHER


def _done_fields(asked: Observed) -> dict[str, object]:
    """What became of whom. A bulk request may hold many operations: how many, and what all of them were."""
    actions = {str(done.action) for done in asked.done}
    links = {done.link_id for done in asked.done}
    return {
        "action": ",".join(sorted(actions)),
        "operations": len(asked.done),
        "link_id": links.pop() if len(links) == 1 else None,
        "changed_fields": _names(path for done in asked.done for path in done.paths)[:_FIELDS_SHOWN],
    }


def _names(paths: Iterable[str]) -> list[str]:
    """The attributes that changed. Their names are the schema's; which element is meant may be told by its value."""
    return sorted({BRACKETS.sub("", path) for path in paths})
