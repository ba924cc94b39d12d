"""Whose address a request comes from: what proxies write before it, and what a caller may not pretend."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from scim_provisioning import tokens
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
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


@pytest.mark.parametrize("written", ["::ffff:203.0.113.0/120", "::ffff:203.0.113.7", "::FFFF:cb00:7107/128"])
@pytest.mark.parametrize("caller", ["203.0.113.7", "::ffff:203.0.113.7"])
def test_a_network_in_the_clothes_of_ipv6_means_its_ipv4_network(
    connection: SCIMConnection, settings: Settings, written: str, caller: str
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "TRUSTED_PROXIES": ["::ffff:127.0.0.0/104"]}
    row = TokenFactory.create(connection=connection, allowed_networks=[written])
    client = ScimClient(row.plaintext)
    assert client.get("/Users", x_forwarded_for=caller).status_code == 200
    assert client.get("/Users", x_forwarded_for="::ffff:198.51.100.1").status_code == 403
    row.refresh_from_db()
    assert row.last_used_ip == "203.0.113.7"
    assert ProvisioningEvent.objects.get().address == "198.51.100.1"


def test_a_network_in_the_clothes_of_ipv6_is_kept_as_ipv4_and_refused_where_it_is_wider() -> None:
    assert tokens.checked_networks(["::ffff:10.1.2.3/112", "10.1.0.0/16", "2001:db8::/32"]) == [
        "10.1.0.0/16",
        "2001:db8::/32",
    ]
    with pytest.raises(tokens.TokenRefused, match="is not an address or network"):
        tokens.checked_networks(["::ffff:10.0.0.0/64"])
