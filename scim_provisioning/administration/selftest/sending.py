"""Two ways in: through the middleware of this process, and over the network."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from django.utils import translation

from scim_provisioning.http.observing import REHEARSAL
from scim_provisioning.models import ProvisioningEvent
from scim_provisioning.testing.simulators import Answer

_SECONDS: Final = 5.0


class InProcess:
    """Sends requests through the host's middleware and URLs, without leaving this process or transaction.

    ``refusal`` is what the log holds of the last answer; None when it was no refusal.
    """

    def __init__(self) -> None:
        self._handler = WSGIHandler()
        self.refusal: ProvisioningEvent | None = None

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        names = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        request = RequestFactory(headers=names).generic(
            method,
            path,
            body or b"",
            content_type=headers.get("Content-Type", ""),
            secure=parts.scheme == "https",
            HTTP_HOST=parts.netloc,
        )
        request.META[REHEARSAL] = True
        # A middleware may choose another language for a client than the administrator's, who reads on.
        with translation.override(translation.get_language()):
            response: Any = self._handler.get_response(request)
        is_refusal = response.status_code >= 400
        self.refusal = self._logged(response.headers.get("X-Request-ID", "")) if is_refusal else None
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, named, response.content)

    def _logged(self, request_id: str) -> ProvisioningEvent | None:
        events = ProvisioningEvent.objects.filter(request_id=request_id).exclude(request_id="")
        return events.order_by("-pk").first()


def get(url: str) -> Answer:
    """GET over the network, without following redirects; status 0 when nobody answers within 5 seconds."""
    parts = urlsplit(url)
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(parts.netloc, timeout=_SECONDS, context=ssl.create_default_context())
    else:
        connection = HTTPConnection(parts.netloc, timeout=_SECONDS)
    try:
        connection.request("GET", parts.path, headers={"Accept": "application/scim+json"})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read(65536))
    except (OSError, HTTPException) as error:
        return Answer(0, {}, f"{type(error).__name__}: {error}".encode())
    finally:
        connection.close()
