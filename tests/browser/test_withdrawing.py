"""A shared link is withdrawn from the learner's page, in a browser: with the mouse, and without one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import ownership
from scim_provisioning.models import ProvisionedUser, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.client import ScimClient
from tests.people import person

INES = "ines.okafor@harborline.example"
BUTTON = "Withdraw the shared link"


@pytest.fixture
def shared(superuser: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a learner whom a second connection of the customer's sends as well."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    owner, second = (scenes.connected(scenes.sso_of(name)) for name in ("Harborline", "Harborline Energy"))
    assert ScimClient(TokenFactory(connection=owner).plaintext).post("/Users", person()).status_code == 201
    account = ProvisionedUser.objects.get().user
    assert account is not None
    ownership.allow_share(second, account, actor=None, name=INES)
    assert ScimClient(TokenFactory(connection=second).plaintext).post("/Users", person()).status_code == 201
    return reverse("admin:lms_learner_change", args=[Learner.objects.get().pk])


def test_from_the_learners_page_a_shared_link_is_withdrawn_in_two_interactions(
    page: Page, complaints: list[str], shared: str, picture: Callable[[Page, str], None]
) -> None:
    page.goto(shared)
    expect(page.get_by_text("“Entra ID of Harborline Energy” may use this account.")).to_be_visible()
    assert_accessible(page, complaints)
    page.get_by_role("link", name=BUTTON).click()
    expect(page.get_by_text("the person is deleted from now on")).to_be_visible()
    picture(page, "withdraw-flow")
    assert_accessible(page, complaints)
    page.get_by_label("Confirm your password").fill("no")
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("Your password was not correct")).to_be_visible()
    assert_accessible(page, complaints)
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("“Entra ID of Harborline Energy” may no longer use the account.")).to_be_visible()
    assert not SharedAccount.objects.exists()


def test_without_a_mouse_the_password_its_button_and_the_way_back_follow_one_another(
    page: Page, shared: str
) -> None:
    page.goto(shared)
    page.get_by_role("link", name=BUTTON).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Confirm your password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=BUTTON)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Cancel")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("may no longer use the account.")).to_be_visible()
