"""The pages of a connection in a browser: they work, their console is silent under the policy, axe finds nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from scim_provisioning import tokens
from scim_provisioning.admin import disconnect
from scim_provisioning.administration import connections, disconnection
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import url
from tests.batches import batches_of
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import watched

Picture = Callable[[Page, str], None]
NewContext = Callable[..., BrowserContext]


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    return scenes.busy(scenes.connected(scenes.sso_of("Harborline")), superuser)


def pages_of(connection: SCIMConnection, token: SCIMToken, new: SCIMToken) -> dict[str, str]:
    return {
        "panel": reverse("admin:lms_ssosettings_change", args=[connection.sso_key]),
        "connection": url("change", connection),
        "token-form": url("generate", connection),
        "token-rotate": url("rotate", connection, new),
        "token-rotation": url("rotation", connection, new),
        "token-revoke": url("revoke", connection, token),
        "pause": url("pause", connection),
        "policies": url("policies", connection),
        "disconnect": url("disconnect", connection),
        "steps": url("steps", connection),
    }


def test_the_list_and_the_index_show_three_badges_and_the_banner(
    page: Page, complaints: list[str], superuser: User, harborline: SCIMConnection, picture: Picture
) -> None:
    scenes.busy(scenes.connected(scenes.sso_of("Brightwater")), superuser, days=12, refused=1)
    scenes.failing(scenes.connected(scenes.sso_of("Meadow")), superuser)
    listing = reverse("admin:scim_provisioning_scimconnection_changelist")
    page.goto(listing)
    for badge in ("Healthy", "Expiring", "Failing"):
        expect(page.locator("#result_list .scim-badge", has_text=badge)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Brightwater")
    picture(page, "connections-list")
    assert_accessible(page, complaints)
    page.get_by_role("link", name="Expires within 30 days").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.goto(reverse("admin:index"))
    expect(page.get_by_role("alert")).to_contain_text("Brightwater")
    picture(page, "index-banner")


def test_the_rotation_page_notices_the_new_tokens_first_use_by_itself(
    page: Page, harborline: SCIMConnection, picture: Picture
) -> None:
    old = SCIMToken.objects.get()
    new = TokenFactory(connection=harborline, label="Entra ID 2027", replaces=old)
    page.goto(url("rotation", harborline, new))
    expect(page.locator("#scim-rotation")).to_have_text("Waiting for the new token’s first use…")
    tokens.touch(new, address="20.91.4.17", agent="Microsoft")
    expect(page.locator("#scim-rotation")).to_contain_text("New token in use since", timeout=15_000)
    expect(page.locator("#scim-rotation")).to_contain_text("It is safe to revoke it.")
    picture(page, "token-rotation-safe")
    page.get_by_role("link", name="Revoke the old token").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("link", name="Rotate Entra ID 2027")).to_be_visible()
    old.refresh_from_db()
    assert old.is_revoked


def test_a_policy_change_is_confirmed_and_a_disconnection_can_be_taken_back(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(url("change", harborline))
    page.get_by_role("link", name="Change policies").click()
    page.get_by_label("Contacts").fill("it@harborline.example, hr@harborline.example")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("hr@harborline.example")).to_be_visible()
    picture(page, "policies-confirm")
    assert_accessible(page, complaints)
    page.get_by_label("Confirm your password").fill("correct horse battery")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("The policies were changed.")).to_be_visible()

    page.get_by_role("link", name="Disconnect…").click()
    page.get_by_label("Keep them and hand them back").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("11 learners stay as they are")).to_be_visible()
    picture(page, "disconnect-confirm")
    assert_accessible(page, complaints)
    page.get_by_label("Type the name of the connection to confirm").fill(harborline.name)
    page.get_by_label("Confirm your password").fill("correct horse battery")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Disconnected. 11 learners were handed back.")).to_be_visible()
    picture(page, "connection-archived")
    page.get_by_role("link", name="Restore").click()
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The connection is back.")).to_be_visible()


def test_a_large_customer_is_suspended_by_the_page_itself_and_a_bar_shows_how_far_it_is(
    page: Page,
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches_of(1, monkeypatch)
    monkeypatch.setattr(disconnect, "SECONDS", 0)
    connections.disconnect(harborline, actor=None, learners="suspend", seconds=0)
    held = threading.Event()
    go_on = disconnection.go_on

    def wait(*arguments: Any, **named: Any) -> Any:
        found = go_on(*arguments, **named)
        if found.handled >= 5:
            held.wait(20)
        return found

    monkeypatch.setattr(disconnection, "go_on", wait)
    page.goto(url("change", harborline))
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("4 of 11 learners")).to_be_visible()
    assert page.locator("progress").evaluate("bar => bar.position") == pytest.approx(4 / 11)
    picture(page, "disconnection")
    assert_accessible(page, complaints)
    held.set()
    expect(page.get_by_text("11 learners were suspended.")).to_be_visible()
    expect(page.get_by_role("link", name="Restore")).to_be_visible()
    assert not User.objects.filter(scim_links__connection=harborline, is_active=True).exists()


def test_without_a_script_each_click_does_a_part(
    new_context: NewContext,
    complaints: list[str],
    harborline: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches_of(5, monkeypatch)
    monkeypatch.setattr(disconnect, "SECONDS", 0)
    connections.disconnect(harborline, actor=None, learners="suspend", seconds=0)
    page = watched(new_context(java_script_enabled=False).new_page(), complaints)
    page.goto(url("disconnection", harborline))
    expect(page.get_by_text("5 of 11 learners")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("10 of 11 learners")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("11 learners were suspended.")).to_be_visible()


def test_the_pages_fit_a_narrow_screen_and_can_be_used_by_keyboard(
    new_context: NewContext, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page = watched(new_context(viewport={"width": 420, "height": 800}).new_page(), complaints)
    page.goto(url("change", harborline))
    picture(page, "connection-narrow")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.goto(url("generate", harborline))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_label("Label").focus()
    reached = []
    for _step in range(6):
        reached.append(
            page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()")
        )
        page.keyboard.press("Tab")
    assert reached == ["label", "expires", "networks", "password", "Generate SCIM Token", "Cancel"]


def test_times_carry_utc_in_their_title(page: Page, harborline: SCIMConnection) -> None:
    page.goto(url("change", harborline))
    shown = page.locator("time", has_text="3 minutes ago").first
    expect(shown).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))
