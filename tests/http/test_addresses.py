"""Whose address a request comes from: what proxies write before it, and what a caller may not pretend."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.client import ScimClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(connection: SCIMConnection) -> ScimClient:
    """A client whose token is good for one address only."""
    return ScimClient(TokenFactory.create(connection=connection, allowed_networks=["203.0.113.7"]).plaintext)


@pytest.mark.parametrize(
    "forwarded",
    [
        "203.0.113.7",
        "198.51.100.1, 203.0.113.7",
        "203.0.113.7, 127.0.0.9",
        "203.0.113.7:50312",
        "[::ffff:203.0.113.7]:50312",
    ],
)
@pytest.mark.parametrize("trusted", ["127.0.0.1/8", "127.0.0.0/8"])
def test_a_trusted_proxy_says_where_a_request_comes_from(
    limited: ScimClient, settings: Settings, trusted: str, forwarded: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": [trusted]}
    assert limited.get("/Users", x_forwarded_for=forwarded).status_code == 200


@pytest.mark.parametrize(
    "forwarded", ["203.0.113.7, 198.51.100.1", "203.0.113.7, 198.51.100.1:80", "unknown", "[", ""]
)
def test_what_a_caller_wrote_before_the_proxy_does_not_count(
    limited: ScimClient, settings: Settings, forwarded: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": ["127.0.0.1"]}
    assert limited.get("/Users", x_forwarded_for=forwarded).status_code == 403


def test_without_trusted_proxies_the_header_is_not_read(limited: ScimClient) -> None:
    assert limited.get("/Users", x_forwarded_for="203.0.113.7").status_code == 403
