"""Members of staff who speak JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

PASSWORD = "harbour-lights"

Staff = Callable[..., "API"]


class API:
    """A signed-in member of staff who speaks JSON."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)

    def get(self, name: str, /, *args: object, **query: str) -> HttpResponse:
        return self.client.get(url(name, *args), query)

    def patch(self, name: str, /, *args: object, **body: Any) -> HttpResponse:
        return self.client.patch(url(name, *args), json.dumps(body), content_type="application/json")

    def post(self, name: str, /, *args: object, **body: Any) -> HttpResponse:
        return self.client.post(url(name, *args), json.dumps(body), content_type="application/json")


def url(name: str, *args: object) -> str:
    return reverse(f"scim_provisioning_api:{name}", args=args, urlconf="tests.api.urls")
