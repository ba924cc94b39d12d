"""From the SSO settings to a token and back, as an administrator does it in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Error, Page, expect

from example_project.lms.models import SSOSettings
from scim_provisioning.models import SCIMConnection, SCIMToken
from tests.admin.conftest import PASSWORD
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory

TOKEN = re.compile(r"^lmsscim_[0-9A-Za-z]{57}$")


@pytest.fixture
def sso(transactional_db: None) -> SSOSettings:
    organization = OrganizationFactory(name="Harborline")
    return SSOSettingsFactory(organization=organization, name="Entra ID of Harborline")


@pytest.fixture
def sso_url(sso: SSOSettings) -> str:
    return reverse("admin:lms_ssosettings_change", args=[sso.pk])


def generate(page: Page, *, label: str = "Entra ID", password: str = PASSWORD) -> None:
    page.get_by_label("Label").fill(label)
    page.get_by_label("Confirm your password").fill(password)
    page.get_by_role("button", name=re.compile("^Generate")).click()


def test_an_administrator_sets_up_scim_and_generates_a_token_that_is_shown_once(
    page: Page, sso_url: str, picture: Callable[[Page, str], None]
) -> None:
    page.goto(sso_url)
    expect(page.get_by_role("heading", name="SCIM provisioning")).to_be_visible()
    picture(page, "panel-not-set-up")
    page.get_by_role("link", name="Set up SCIM").click()
    expect(page.locator("#scim-tenant-url")).to_have_text(re.compile(r"/scim/v2$"))
    picture(page, "connection-not-set-up")

    page.goto(sso_url)
    page.get_by_role("link", name="Generate SCIM Token").click()
    picture(page, "token-form")
    generate(page, password="wrong")
    expect(page.get_by_text("Your password was not correct. No token was created.")).to_be_visible()
    picture(page, "token-wrong-password")
    assert SCIMToken.objects.count() == 0

    generate(page)
    expect(page.locator("#scim-token")).to_have_text(TOKEN)
    picture(page, "token-shown-once")
    secret = page.locator("#scim-token").inner_text()
    page.get_by_role("button", name="Copy Secret token").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("button", name="Copy Tenant URL").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.endsWith('/scim/v2'))")

    page.on("dialog", lambda dialog: dialog.accept())
    response = page.reload()
    assert response is not None
    assert response.status == 409
    expect(page.get_by_text("This token was already created and shown once.")).to_be_visible()
    picture(page, "token-already-shown")
    assert secret not in page.content()
    assert SCIMToken.objects.count() == 1


def test_going_back_to_the_page_that_showed_the_token_does_not_show_it_again(
    page: Page, sso_url: str
) -> None:
    page.goto(sso_url)
    page.get_by_role("link", name="Set up SCIM").click()
    page.get_by_role("link", name="Generate SCIM Token").click()
    generate(page)
    secret = page.locator("#scim-token").inner_text()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    assert secret not in page.content()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
    expect(page.locator("#scim-token")).to_have_count(0)
    expect(page.get_by_text(secret)).to_have_count(0)


def test_with_single_sign_on_switched_off_the_panel_explains_and_disables_the_button(
    page: Page, sso: SSOSettings, sso_url: str, picture: Callable[[Page, str], None]
) -> None:
    page.goto(sso_url)
    page.get_by_role("link", name="Set up SCIM").click()
    page.goto(sso_url)
    page.get_by_label("Enabled").uncheck()
    page.get_by_role("button", name="Save and continue editing").click()
    sentence = "Turn on single sign-on first. People provisioned by SCIM sign in through SSO."
    expect(page.get_by_text(sentence)).to_be_visible()
    button = page.get_by_role("link", name="Generate SCIM Token")
    expect(button).to_have_attribute("aria-disabled", "true")
    picture(page, "panel-sso-off")


def test_everything_works_without_javascript(
    new_context: Callable[..., BrowserContext], sso_url: str
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(sso_url)
    page.get_by_role("link", name="Set up SCIM").click()
    expect(page.locator("output#scim-tenant-url")).to_be_visible()
    expect(page.get_by_role("button", name="Copy Tenant URL")).to_be_hidden()
    page.get_by_role("link", name="Generate SCIM Token").click()
    generate(page)
    expect(page.locator("#scim-token")).to_have_text(TOKEN)
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="Revoke Entra ID").click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The token is still live.")).to_be_visible()
    assert not SCIMToken.objects.get().is_revoked
    page.get_by_label("Type the label of the token to confirm").fill("Entra ID")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("” was revoked.")).to_be_visible()
    assert SCIMToken.objects.get().is_revoked
    assert SCIMConnection.objects.count() == 1
