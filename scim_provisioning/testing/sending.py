"""From a simulator to Django's test client: no server, and the test's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.test import Client

from scim_provisioning.testing.simulators import Answer, Send


def send_through(client: Client) -> Send:
    """Return what a simulator takes as ``send``: its requests go through ``client``, middleware and URLs included.

        entra = EntraSimulator(tenant_url(), token, send_through(Client()))

    Scheme, path and query are those of the URL; the host is the client's own (``testserver`` unless the client
    was made with another), because that is the one that Django's test runner allows.
    """

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        parts = urlsplit(url)
        others = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        content_type = next((v for name, v in headers.items() if name.lower() == "content-type"), "")
        response = client.generic(
            method,
            parts.path + (f"?{parts.query}" if parts.query else ""),
            body or b"",
            content_type=content_type,
            secure=parts.scheme == "https",
            headers=others,
        )
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            response.content,
        )

    return send
