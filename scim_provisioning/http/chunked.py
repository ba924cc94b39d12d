"""Bodies without a length (``Transfer-Encoding: chunked``), which .NET's ``PostAsJsonAsync`` sends.

Neither WSGI nor Django says how to read one: to Django a body without ``Content-Length`` is empty. Many servers
take the chunks apart all the same and let the body end by itself.
"""

from __future__ import annotations

import io
from typing import Any

from django.http import HttpRequest

from scim_provisioning.protocol.errors import InvalidSyntax, LengthRequired

_LENGTH = "CONTENT_LENGTH"


def lacks_length(request: HttpRequest) -> bool:
    """Whether a body may come whose length nobody said: in chunks, or over HTTP/2, which needs none.

    Servers that took the chunks apart and counted have said it (waitress).
    """
    if request.META.get(_LENGTH):
        return False
    return bool(request.META.get("HTTP_TRANSFER_ENCODING", "").strip()) or _ending_stream(request) is not None


def read_whole(request: HttpRequest, limit: int) -> None:
    """Read such a body and give the request its length, as if the client had; never more than a byte above ``limit``.

    Raises ``LengthRequired`` (411) where the server leaves the chunks in the stream, or hides where they end, and
    ``InvalidSyntax`` for what are no chunks.
    """
    stream = _ending_stream(request)
    if stream is None:
        raise LengthRequired(
            "The body came without a length (Transfer-Encoding: chunked), and the web server in front of this "
            "application does not take such bodies apart. Send Content-Length."
        )
    # A middleware of the host's that read the body found it empty, and left the stream as it was.
    started: Any = request
    try:
        raw = getattr(started, "_body", b"") or _read(stream, limit + 1)
    except Exception as error:
        # Each server has exceptions of its own for a length that is no number, or a client who hangs up.
        raise InvalidSyntax("The body came in chunks that cannot be read, or ended early.") from error
    started._body, started._read_started = raw, True
    request.META[_LENGTH] = str(len(raw))


def _ending_stream(request: HttpRequest) -> Any:
    """The body as the server hands it over, if reading it to its end ends; else None.

    gunicorn, waitress and mod_wsgi say so (``wsgi.input_terminated``); ASGI servers hand over messages, which a2wsgi
    passes on and uvicorn's own WSGI adapter keeps in memory.
    """
    environ: dict[str, Any] | None = getattr(request, "environ", None)
    if environ is None:
        return getattr(request, "_stream", None)
    stream = environ.get("wsgi.input")
    ends = environ.get("wsgi.input_terminated") or "asgi.scope" in environ or isinstance(stream, io.BytesIO)
    return stream if ends else None


def _read(stream: Any, size: int) -> bytes:
    """So many bytes, or what there is: a server may hand over one chunk at a time."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
