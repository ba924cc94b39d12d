"""A SCIM client for tests, on Django's own test client."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

SCIM_JSON = "application/scim+json"


class SecureBrowser(Client):
    """Django's test client, over https whatever it is asked for: as if a proxy had ended TLS."""

    def generic(self, *args: Any, **options: Any) -> HttpResponse:
        return super().generic(*args, **{**options, "secure": True})


class ScimClient:
    """Sends requests to paths under the SCIM base, as `scim.post("/Users", {...})`.

    A body that is bytes or str goes as it is, anything else as JSON. CSRF checks are on, as for any client.
    Keyword arguments are header names with underscores: `if_match='W/"1"'`; None leaves a default header out.
    """

    def __init__(self, token: str | None) -> None:
        self._client = Client(enforce_csrf_checks=True)
        self.base = reverse("scim_provisioning:root").rstrip("/")
        self.token = token

    def get(self, path: str = "", **headers: str | None) -> HttpResponse:
        return self.request("GET", path, None, **headers)

    def post(self, path: str, body: Any = None, **headers: str | None) -> HttpResponse:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str | None) -> HttpResponse:
        return self.request("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str | None) -> HttpResponse:
        """PATCH; a list as body is taken for the operations of a PatchOp message."""
        if isinstance(body, list):
            body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": body}
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str | None) -> HttpResponse:
        return self.request("DELETE", path, body, **headers)

    def request(self, method: str, path: str, body: Any = None, **headers: str | None) -> HttpResponse:
        """Send any method; the path may carry a query, already percent-encoded."""
        all_headers: dict[str, str | None] = {
            "authorization": f"Bearer {self.token}" if self.token is not None else None,
            "accept": SCIM_JSON,
            "content_type": f"{SCIM_JSON}; charset=utf-8",
            **headers,
        }
        sent = {name.replace("_", "-"): value for name, value in all_headers.items() if value is not None}
        content_type = sent.pop("content-type", "")
        data = body if isinstance(body, bytes | str) else b"" if body is None else json.dumps(body)
        return self._client.generic(method, self.base + path, data, content_type=content_type, headers=sent)
