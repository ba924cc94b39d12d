"""Addresses and forms of the admin, for tests."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from scim_provisioning.models import SCIMConnection, SCIMToken

PASSWORD = "correct horse battery"

SHOWN = re.compile(r'<output id="scim-token"[^>]*>(lmsscim_[0-9A-Za-z]{57})</output>')


def url(name: str, connection: SCIMConnection, token: SCIMToken | None = None) -> str:
    """The address of a page of a connection."""
    keys: dict[str, Any] = {"object_id": connection.pk}
    if token is not None:
        keys["token_id"] = token.pk
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", kwargs=keys)


def text(response: HttpResponse) -> str:
    """What the page says, in one line of text."""
    body = re.sub(r"<(script|style).*?</\1>", "", response.content.decode(), flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body.replace("<wbr>", "")).split())


def nonce(response: HttpResponse) -> str:
    """The nonce of the form that a page holds."""
    found = re.search(r'name="nonce" value="([^"]+)"', response.content.decode())
    assert found is not None
    return found[1]


def token_form(client: Client, connection: SCIMConnection, **fields: str) -> dict[str, str]:
    """The generate form as a browser would send it, filled in."""
    page = client.get(url("generate", connection))
    form = {"nonce": nonce(page), "label": "Entra ID", "expires": "365", "networks": "", "password": PASSWORD}
    return {**form, **fields}


def generate(client: Client, connection: SCIMConnection, **fields: str) -> HttpResponse:
    """Open the form and send it."""
    return client.post(url("generate", connection), token_form(client, connection, **fields))


def shown_token(response: HttpResponse) -> str:
    """The plaintext on the page that shows it."""
    found = SHOWN.search(response.content.decode())
    assert found is not None, text(response)
    return found[1]


def move_switch(browser: Client, user: Any, *, on: bool) -> None:
    """What an administrator does on Django's own page about an account."""
    page = browser.get(reverse("admin:auth_user_change", args=[user.pk]))
    form = {
        name: value for name, value in page.context["adminform"].form.initial.items() if value is not None
    }
    form |= {"date_joined_0": "2026-01-02", "date_joined_1": "03:04:05", "groups": [], "user_permissions": []}
    form.pop("is_active", None)
    for name in ("date_joined", "is_staff", "is_superuser", "last_login", "password"):
        form.pop(name, None)
    answer = browser.post(
        reverse("admin:auth_user_change", args=[user.pk]), form | ({"is_active": "on"} if on else {})
    )
    assert answer.status_code == 302, text(answer)
