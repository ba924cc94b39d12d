"""Calls that belong to nobody: counted for superusers, in a table that no flood can fill."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from scim_provisioning.events import strangers
from scim_provisioning.models import Stranger
from tests.admin.conftest import Administrator
from tests.client import ScimClient

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "TRUSTED_PROXIES": ["127.0.0.1"],
        "THROTTLE": {"failures": 1000},
    }


def call(token: str | None, path: str = "/Users", address: str = "20.91.4.17") -> int:
    status: int = ScimClient(token).get(path, x_forwarded_for=address).status_code
    return status


def listed(client: Client) -> str:
    answer = client.get(reverse("admin:scim_provisioning_scimconnection_changelist"))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_superuser_reads_how_often_an_unknown_token_came_and_from_where(admin_client: Client) -> None:
    assert "Someone called" not in listed(admin_client)
    for _ in range(12):
        assert call("lmsscim_nobody") == 401
    page = listed(admin_client)
    assert "a token we do not know, 12 times, last from 20.91.4.17" in page


def test_a_wrong_url_is_shown_with_its_path(admin_client: Client, token: str) -> None:
    for path in ("/v2/Users", "/scim/v2/<b>Users"):
        assert call(token, path) == 404
    page = listed(admin_client)
    assert "2 times" in page
    assert "/scim/v2/scim/v2/&lt;b&gt;Users" in page


def test_a_call_without_a_token_asks_for_the_proxy(admin_client: Client) -> None:
    assert call(None) == 401
    assert "without a token, 1 time, last from 20.91.4.17" in listed(admin_client)


def test_in_german(admin_client: Client) -> None:
    call("lmsscim_nobody")
    call(None)
    call(None, "/v2")
    with translation.override("de"):
        answer = admin_client.get(
            reverse("admin:scim_provisioning_scimconnection_changelist"), headers={"accept-language": "de"}
        )
    page = answer.content.decode()
    assert "1-mal" in page
    assert "Someone" not in page


def test_nobody_but_superusers_reads_of_them(administrator: Administrator) -> None:
    call("lmsscim_nobody")
    assert "Someone called" not in listed(administrator("view_scimconnection"))


def test_what_is_a_week_old_is_not_shown_and_a_month_later_it_is_gone(admin_client: Client) -> None:
    call("lmsscim_nobody")
    Stranger.objects.update(last_at=timezone.now() - timedelta(days=7) - HOUR)
    assert "Someone called" not in listed(admin_client)
    Stranger.objects.update(last_at=timezone.now() - timedelta(days=30) - HOUR)
    call_command("scim_prune")
    assert not Stranger.objects.exists()


def test_the_table_does_not_grow_beyond_its_bound_and_no_call_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(strangers, "ADDRESSES", 3)
    for number in range(10):
        call("lmsscim_nobody", address=f"203.0.113.{number}")
    assert Stranger.objects.count() == 4
    assert Stranger.objects.get(address="").times == 7
    Stranger.objects.update(last_at=timezone.now() - strangers.FORGOTTEN - HOUR)
    call("lmsscim_nobody", address="198.51.100.1")
    assert Stranger.objects.get().address == "198.51.100.1"


def test_a_known_token_and_other_refusals_count_nobody(scim: ScimClient) -> None:
    scim.get("/Users")
    scim.get("/Users/x")
    scim.post("/Users", {})
    assert not Stranger.objects.exists()
