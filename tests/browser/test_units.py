"""A team is spelled three ways and a company is mistyped: an administrator sees it, and says what is meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from example_project.lms.models import Learner, Team
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, url
from tests.browser import scenes
from tests.browser.conftest import watched
from tests.browser.test_pages import assert_accessible
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

Picture = Callable[[Page, str], None]
NewContext = Callable[..., BrowserContext]
DEPARTMENT = f"{ENTERPRISE}:department"
#: Who comes with which team.
TEAMS = {
    "ines.okafor": "R&D",
    "jon.berg": "R & D",
    "mara.lind": "Platform Security",
    "tom.hale": "platform security",
}


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Four people in three teams that are two, and one whose team waits."""
    connection = scenes.connected(scenes.sso_of("Harborline"))
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    for name, team in TEAMS.items():
        scim.post("/Users", person(name, **{ENTERPRISE: {"department": team}}))
    connection.policies = {"new_units": {DEPARTMENT: "review"}}
    connection.save()
    scim.post("/Users", person("ada.roth", **{ENTERPRISE: {"department": "Platfrom Security"}}))
    return connection


def test_two_spellings_become_one_team_in_three_interactions(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(url("change", harborline))
    page.get_by_role("link", name="Companies, business units, teams").click()
    picture(page, "units-light")
    assert_accessible(page, complaints)
    expect(page.get_by_text("looks like “R&D”")).to_be_visible()
    page.get_by_role("link", name="R & D").click()
    expect(page.get_by_text("“R&D” looks much the same.")).to_be_visible()
    expect(page.get_by_label("The other unit")).to_have_value("R&D")
    page.get_by_label("Confirm your password").fill(PASSWORD)
    picture(page, "unit-light")
    assert_accessible(page, complaints)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("1 person was moved.")).to_be_visible()
    assert Learner.objects.filter(team=Team.objects.get(name="R&D")).count() == 2


def test_of_many_connections_the_search_on_the_index_leads_to_both_spellings(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    for number in range(8):
        scenes.connected(scenes.sso_of(f"Customer {number}"))
    page.goto(reverse("admin:index"))
    box = page.get_by_label("Why has this person no account?")
    expect(box).to_have_attribute("placeholder", "Name, e-mail address or number; or a team")
    box.fill("R & D")
    box.press("Enter")
    found = page.get_by_role("region", name="Companies, business units, teams")
    expect(found.get_by_role("listitem")).to_have_count(2)
    picture(page, "people-units-light")
    assert_accessible(page, complaints)
    found.get_by_role("link", name="merge “R & D” into “R&D”").click()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("1 person was moved.")).to_be_visible()


def test_a_mistyped_team_that_waits_is_said_to_be_the_right_one(
    page: Page, harborline: SCIMConnection
) -> None:
    page.goto(url("units", harborline) + "?show=open")
    page.get_by_role("link", name="Platfrom Security").click()
    page.get_by_label("It is another name of the unit below").check()
    page.get_by_label("The other unit").fill("Platform Security")
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("1 person was written.")).to_be_visible()
    assert Learner.objects.filter(team__name="Platform Security").count() == 3


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_the_pages_are_read_in_the_dark_and_on_a_telephone(
    new_context: NewContext,
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
    options: dict[str, object],
) -> None:
    page = watched(new_context(**options).new_page(), complaints)
    for address in (url("units", harborline), url("units", harborline) + "?show=all"):
        page.goto(address)
        assert_accessible(page, complaints)
    page.get_by_role("link", name="R & D").click()
    assert_accessible(page, complaints)
    picture(page, f"unit-{'dark' if 'color_scheme' in options else 'telephone'}")
