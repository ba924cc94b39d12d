"""Whoever answers for data protection: what is kept, and somebody forgotten, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, url
from tests.browser import scenes
from tests.browser.test_pages import assert_accessible
from tests.client import ScimClient
from tests.people import person

Picture = Callable[[Page, str], None]
INES = "ines.okafor@harborline.example"


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Ines is an active learner of it."""
    connection = scenes.connected(scenes.sso_of("Harborline"))
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    assert scim.post("/Users", person("ines.okafor")).status_code == 201
    return connection


def test_somebody_is_found_from_the_page_on_what_is_kept_and_forgotten(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(url("change", harborline))
    page.get_by_role("link", name="Personal data").click()
    expect(page.get_by_role("heading", name="When somebody is forgotten")).to_be_visible()
    picture(page, "privacy-light")
    assert_accessible(page, complaints)
    page.locator("#scim-person").fill("okafor")
    page.get_by_role("button", name="Find person").click()
    page.get_by_role("link", name="Forget this person").click()
    expect(page.get_by_text("is erased for good").first).to_be_visible()
    picture(page, "forget-light")
    assert_accessible(page, complaints)
    page.get_by_label("They are an active learner").check()
    page.get_by_label("Type the user name of the person").fill(INES)
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Forget this person").click()
    expect(page.get_by_text("In the log they are")).to_be_visible()
    assert ProvisionedUser.objects.get().is_forgotten
