"""By what one request is found again in everybody's logs: ``X-Request-ID``, and W3C's ``traceparent``.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_REQUEST_ID: Final = re.compile(r"[\w.:-]{1,64}")
_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a request stands in a trace: the trace's id, the caller's span, and whether it is recorded."""

    trace_id: str
    span_id: str
    flags: str

    def __str__(self) -> str:
        """As ``traceparent`` has it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def trace_of(text: str) -> Trace | None:
    """What a ``traceparent`` says; None for none, and for one that W3C calls invalid."""
    found = _TRACEPARENT.fullmatch(text.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    # A later version may say more behind it; version 00 may not, and ff is none.
    is_invalid = version == "ff" or (version == "00" and more)
    if is_invalid or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return Trace(trace_id, span_id, flags)


def request_id_of(headers: Mapping[str, str], trace: Trace | None) -> str:
    """The client's ``X-Request-ID`` where it is one (at most 64 letters, digits and ``_.:-``); else the id of its
    trace, else a new one. ``headers`` are ``request.META``."""
    given = headers.get("HTTP_X_REQUEST_ID", "")
    if _REQUEST_ID.fullmatch(given):
        return given
    return trace.trace_id if trace is not None else uuid.uuid4().hex
