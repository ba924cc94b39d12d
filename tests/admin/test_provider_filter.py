"""The list of connections by identity provider: the filter says what the column says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from scim_provisioning.administration import clients, health
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.lms_factories import SSOSettingsFactory

pytestmark = pytest.mark.django_db

LIST = "admin:scim_provisioning_scimconnection_changelist"
AGENTS = {
    "Okta SCIM Client 1.0.0": "okta",
    "microsoft-entra": "entra",
    "Microsoft.Azure.SyncFabric/1.0": "entra",
    "OKTA at Microsoft": "okta",
    "JumpCloud SCIM": "jumpcloud",
    "OneLogin": "onelogin",
    "Google-Auto-Provisioning": "google",
    "PingIdentity/PingOne": "ping",
    "python-requests/2.32": "other",
    "Öktá/1.0": "other",
    "Önelogin": "other",
    "o_ta 100%": "other",
    "/5": "other",
    "   ": "nobody",
    "": "nobody",
}


def connected(name: str) -> SCIMConnection:
    connection: SCIMConnection = ConnectionFactory(name=name, sso_key=str(SSOSettingsFactory().pk))
    return connection


def called(agent: str, *, hours_ago: int = 1, **more: Any) -> SCIMConnection:
    connection: SCIMConnection = more.pop("connection", None) or connected(agent or "silent")
    used = timezone.now() - timedelta(hours=hours_ago)
    TokenFactory(connection=connection, last_used_agent=agent, last_used_at=used, first_used_at=used, **more)
    return connection


def listed(client: Client, provider: str) -> list[Any]:
    return list(client.get(reverse(LIST), {"provider": provider}).context["cl"].result_list)


def test_every_connection_is_found_under_what_its_column_says(admin_client: Client) -> None:
    expected: dict[str, set[int]] = {key: set() for key in [*clients.KNOWN, clients.OTHER, clients.NOBODY]}
    for agent, key in AGENTS.items():
        expected[key].add(called(agent).pk)
    expected["nobody"].add(connected("Without a token").pk)
    unused = connected("Never used")
    TokenFactory(connection=unused)
    expected["nobody"].add(unused.pk)

    known = {name for name, _marks in clients.KNOWN.values()}
    for key, keys in expected.items():
        rows = listed(admin_client, key)
        assert {row.pk for row in rows} == keys, key
        shown = {row.scim_health.facts.identity_provider for row in rows}
        match key:
            case clients.OTHER:
                assert "" not in shown
                assert not shown & known
            case clients.NOBODY:
                assert shown == {""}
            case _known:
                assert shown == {clients.KNOWN[key][0]}
    assert len(listed(admin_client, "nonsense")) == 0


def test_the_token_used_last_speaks_for_its_connection(admin_client: Client) -> None:
    moved = called("Okta", hours_ago=48)
    called("microsoft-entra", hours_ago=2, connection=moved, revoked_at=timezone.now())
    TokenFactory(connection=moved)
    assert listed(admin_client, "entra") == [moved]
    assert listed(admin_client, "okta") == []
    assert health.of(moved).facts.identity_provider == "Entra ID"


def test_two_tokens_used_at_the_same_moment_are_one_and_the_same_for_both(admin_client: Client) -> None:
    moment = timezone.now()
    both = connected("Both")
    for agent in ("Okta", "microsoft-entra"):
        TokenFactory(connection=both, last_used_agent=agent, last_used_at=moment, created_at=moment)
    assert health.of(both).facts.identity_provider == "Okta"
    assert listed(admin_client, "okta") == [both]


def test_the_filter_needs_no_query_for_each_row(
    admin_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def query() -> None:
        assert list(clients.called_by(SCIMConnection.objects.all(), "okta"))

    called("Okta")
    with django_assert_num_queries(1):
        query()
    for number in range(20):
        called(f"Okta {number}")
    with django_assert_num_queries(1):
        query()
    page = admin_client.get(reverse(LIST)).content.decode()
    assert "By identity provider" in page
    assert "?provider=entra" in page
    facets = admin_client.get(reverse(LIST), {"_facets": "True"}).content.decode()
    assert "Okta (21)" in facets
