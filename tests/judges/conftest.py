"""The example LMS as a running server, and a client of somebody else's make that talks to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest
from django.conf import settings as django_settings
from django.test.testcases import QuietWSGIRequestHandler
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import ScimProvider

ClientOf = Callable[[ScimProvider | None], SyncSCIMClient]


@pytest.fixture
def tenant_url(live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The Tenant URL of the example project, served over HTTP on loopback with the throttle out of the way."""
    # Headers and body are written apart; without this each answer waits 40 ms for the other side's ACK.
    monkeypatch.setattr(QuietWSGIRequestHandler, "disable_nagle_algorithm", True)
    settings.SCIM_PROVISIONING = {
        **django_settings.SCIM_PROVISIONING,
        "SITE_URL": live_server.url,
        "THROTTLE": {"reads": 100_000, "writes": 100_000},
    }
    return f"{live_server.url}/scim/v2"


@pytest.fixture
def client_of(tenant_url: str, token: str) -> Iterator[ClientOf]:
    """Makes scim2-client's own client, for a server that it knows (a provider) or has yet to discover (None)."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=tenant_url, headers=headers, timeout=30) as http:
        yield lambda provider: SyncSCIMClient(http, provider=provider)
