"""One request, one answer, over real HTTP, and the record that is kept of it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60.0
"""Entra publishes no time-out; Okta's is a minute."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case; `status` is 0 when there was no HTTP answer at all."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the parsed body, or None when it is not JSON in UTF-8."""
        try:
            return json.loads(self.body.decode("utf-8"))
        except ValueError:
            return None

    @property
    def resource(self) -> dict[str, Any]:
        """Return the body as a JSON object; empty when it is anything else."""
        body = self.json()
        return body if isinstance(body, dict) else {}


Send = Callable[[str, str, Mapping[str, str], bytes | None], Answer]
"""How a simulator reaches the server: (method, URL, headers, body) -> Answer. It follows no redirect."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request and its answer, judged.

    `what` says in words what the identity provider was doing; `detail` says what is wrong, "" if nothing is.
    `verdict` is what the identity provider would make of it: "" goes on, "retry" puts this one person on
    the list of failures, "quarantine" is a fault of the endpoint or the credentials that stops the whole
    job. `is_reference` says that nothing but somebody's manager was written.
    """

    method: str
    url: str
    status: int
    ms: float
    what: str
    ok: bool
    detail: str = ""
    verdict: str = ""
    sent: Any = field(default=None, repr=False)
    received: Any = field(default=None, repr=False)
    is_reference: bool = False


def over_http(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
    """Send one request on a connection of its own; a network failure is an Answer with status 0.

    http.client follows no redirect and reads no proxy setting, which is what is wanted: an identity
    provider that is redirected loses its header or its body on the way.
    """
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(
            parts.netloc, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        response = connection.getresponse()
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        )
    except (OSError, HTTPException) as error:
        return Answer(0, {}, f"{type(error).__name__}: {error}".encode())
    finally:
        connection.close()
