"""Too many people are to go: an administrator sees the banner and the page, decides, and takes departures back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import watched
from tests.client import ScimClient
from tests.leavers import established
from tests.people import person

Picture = Callable[[Page, str], None]
NewContext = Callable[..., BrowserContext]
OFF = [{"op": "Replace", "path": "active", "value": "False"}]


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Two of six people went, four are held."""
    connection = scenes.connected(scenes.sso_of("Harborline"))
    connection.policies = {"leavers_at_least": 2}
    connection.save()
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    names = ("ines.okafor", "jon.berg", "mara.lind", "tom.hale", "ada.roth", "noah.weiss")
    ids = [scim.post("/Users", person(name)).json()["id"] for name in names]
    established()
    for scim_id in ids:
        scim.patch(f"/Users/{scim_id}", OFF)
    return connection


def test_from_the_banner_one_person_is_let_go_and_the_others_are_kept(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(reverse("admin:index"))
    expect(page.get_by_role("alert")).to_contain_text("leavers are on hold")
    page.get_by_role("alert").get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", name="Held leavers")).to_be_visible()
    picture(page, "held-light")
    assert_accessible(page, complaints)
    page.get_by_label("Find one by name").fill("ada")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_label("ada.roth@harborline.example")).to_be_checked()
    page.get_by_label("Let the selected people go").check()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("1 person may go when the identity provider asks again.")).to_be_visible()
    expect(page.get_by_text("Provisioning of leavers is on hold.")).to_be_visible()
    picture(page, "connection-held-light")


def test_what_went_within_the_hour_is_taken_back_from_the_log(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(reverse("admin:scim_provisioning_provisioningevent_changelist"))
    page.get_by_role("link", name="Switched off or deleted in the last hour").click()
    page.get_by_role("link", name="Reactivate these 2").click()
    expect(page.get_by_role("heading", name="Who was switched off")).to_be_visible()
    picture(page, "undo-light")
    assert_accessible(page, complaints)
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Reactivate these 2").click()
    expect(page.get_by_text("2 people are back as before.")).to_be_visible()
    assert not ProvisionedUser.objects.filter(active=False).exists()


def test_one_of_those_who_went_is_ticked_and_comes_back_alone(
    page: Page, complaints: list[str], harborline: SCIMConnection
) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_undo", args=[harborline.pk]))
    page.get_by_label("jon.berg@harborline.example").check()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Reactivate these 2").click()
    expect(page.get_by_text("You have ticked 1 person")).to_be_visible()
    expect(page.get_by_label("jon.berg@harborline.example")).to_be_checked()
    assert_accessible(page, complaints)
    # Whoever presses Enter means what is ticked.
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_label("Confirm your password").press("Enter")
    expect(page.get_by_text("1 person is back as before.")).to_be_visible()
    expect(page.get_by_role("link", name="ines.okafor@harborline.example")).to_be_visible()
    assert list(ProvisionedUser.objects.filter(active=False).values_list("user_name", flat=True)) == [
        "ines.okafor@harborline.example"
    ]


@pytest.mark.parametrize(
    ("kind", "options"),
    {
        "dark": {"color_scheme": "dark"},
        "telephone": {"viewport": {"width": 390, "height": 844}},
        "german": {"locale": "de-DE"},
        "german-telephone": {"locale": "de-DE", "viewport": {"width": 390, "height": 844}},
    }.items(),
)
def test_the_pages_are_read_in_the_dark_in_german_and_on_a_telephone(
    new_context: NewContext,
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
    kind: str,
    options: dict[str, object],
) -> None:
    page = watched(new_context(**options).new_page(), complaints)
    language = "de" if "german" in kind else "en"
    for name in ("held", "undo"):
        page.goto(reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[harborline.pk]))
        assert page.locator("html").get_attribute("lang") == language
        picture(page, f"{name}-{kind}")
        assert_accessible(page, complaints)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{name} is {width} pixels too wide"


def test_without_a_mouse_somebody_is_ticked_and_brought_back(page: Page, harborline: SCIMConnection) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_undo", args=[harborline.pk]))
    page.get_by_role("link", name="Decide").focus()
    # The table itself takes the focus, as it may have to be scrolled.
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    ticked = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Space")
    expect(page.get_by_label(ticked)).to_be_checked()
    page.get_by_label("Confirm your password").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reactivate the ticked people")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 person is back as before.")).to_be_visible()
    assert ProvisionedUser.objects.get(user_name=ticked).active
