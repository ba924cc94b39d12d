"""What deactivation means for somebody who is signed in."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from scim_provisioning.models import ProvisionedUser
from tests.adapters import sample_adapters
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines(scim: ScimClient) -> str:
    scim_id: str = scim.post("/Users", person()).json()["id"]
    return scim_id


def signed_in() -> Client:
    browser = Client()
    browser.force_login(get_user_model().objects.get())
    return browser


def is_signed_in(browser: Client) -> bool:
    # The password page is for anybody who is signed in; others are sent away.
    page = browser.get(reverse("admin:password_change"))
    return bool(getattr(page.wsgi_request, "user", None) and page.wsgi_request.user.is_authenticated)


@pytest.mark.parametrize("leaving", ["patch", "delete"])
def test_access_ends_at_the_next_request(scim: ScimClient, ines: str, leaving: str) -> None:
    browser = signed_in()
    assert is_signed_in(browser)
    if leaving == "delete":
        scim.delete(f"/Users/{ines}")
    else:
        scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert not is_signed_in(browser)


def test_a_cookie_from_before_stays_dead_after_the_return(scim: ScimClient, ines: str) -> None:
    browser = signed_in()
    scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "False"}])
    scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "True"}])
    assert get_user_model().objects.get().is_active
    assert not is_signed_in(browser)


def test_the_hosts_other_credentials_are_ended_in_the_same_transaction(
    scim: ScimClient, ines: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[object] = []

    def revoke(self: object, learner: object) -> None:
        ended.append(learner)
        raise RuntimeError("the token service is down")

    monkeypatch.setattr(sample_adapters.Failing, "revoke_access", revoke, raising=False)
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.adapters.sample_adapters.Failing",
    }
    answer = scim.patch(f"/Users/{ines}", [{"op": "Replace", "path": "active", "value": "False"}])
    assert answer.status_code == 500
    assert "token service" not in answer.content.decode()
    assert len(ended) == 1
    assert get_user_model().objects.get().is_active
    assert ProvisionedUser.objects.get().active
