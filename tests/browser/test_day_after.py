"""The day after the first sync: an administrator begins at the index, or at the list of connections, and has each
answer within three interactions. A click is one, and so is a form that is filled and sent."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.browser.test_joining import doubled
from tests.client import ScimClient
from tests.leavers import established, leave
from tests.lms_factories import LearnerFactory
from tests.people import ENTERPRISE, person

Picture = Callable[[Page, str], None]
INDEX = reverse("admin:index")
LIST = reverse("admin:scim_provisioning_scimconnection_changelist")
EXPORT = "userPrincipalName\nben.okafor@harborline.example\n"


class Steps:
    """What the administrator does, counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taken = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.taken += 1

    def ask(self, term: str) -> None:
        """The box for people."""
        box = self.page.get_by_label("Why has this person no account?")
        box.fill(term)
        box.press("Enter")
        self.page.wait_for_url("**/people/**")
        self.taken += 1

    def confirm(self, button: str) -> None:
        """With the password."""
        self.page.get_by_label("Confirm your password").fill(PASSWORD)
        self.page.get_by_role("button", name=button, exact=True).click()
        self.taken += 1

    def compare(self) -> None:
        """An export of the directory."""
        export = {"name": "users.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()}
        self.page.get_by_label("Export of the directory (CSV)").set_input_files([export])
        self.page.get_by_role("button", name="Compare").click()
        self.taken += 1


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Of five, two went by mistake; somebody was refused, an old hand was never sent, a team came in two spellings."""
    sso = scenes.sso_of("Harborline")
    connection = scenes.connected(sso)
    connection.policies = {"leavers_at_least": 2}
    connection.save()
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    Team.objects.create(organization=sso.organization, name="R&D")
    names = ("ada.okafor", "ben.okafor", "cleo.berg", "dora.berg", "eli.roth")
    ids = [scim.post("/Users", person(name)).json()["id"] for name in names]
    established()
    leave(scim, *ids[2:4])
    scim.post("/Users", person("fay.stone", **{ENTERPRISE: {"department": "R & D"}}))
    LearnerFactory(organization=sso.organization, user__username="ines.okafor@harborline.example")
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    LearnerFactory(organization=sso.organization, user__username="old.hand", user__last_name="Hand")
    return connection


@pytest.fixture
def steps(page: Page) -> Steps:
    page.goto(INDEX)
    return Steps(page)


@pytest.mark.parametrize(
    ("term", "name", "state"),
    [
        ("okafor@harb", "Ines Okafor", "Refused"),
        ("okafor@harb", "Ada Okafor", "Has an account"),
        ("Berg", "Cleo Berg", "Switched off"),
        ("old.hand", "Hand", "Not managed"),
        ("HL-20417", "Ben Okafor", "Has an account"),
    ],
)
def test_why_somebody_has_no_account_is_one_interaction(
    steps: Steps, complaints: list[str], harborline: SCIMConnection, term: str, name: str, state: str
) -> None:
    steps.ask(term)
    expect(steps.page.get_by_role("region", name=name)).to_contain_text(state)
    assert_accessible(steps.page, complaints)
    assert steps.taken == 1


def test_who_was_switched_off_and_their_return_are_three(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(INDEX)
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="SCIM connections"))
    picture(page, "list-who-left")
    assert_accessible(page, complaints)
    steps.click(page.get_by_role("link", name="2 switched off"))
    expect(page.get_by_role("link", name="cleo.berg@harborline.example")).to_be_visible()
    steps.confirm("Reactivate these 2")
    expect(page.get_by_text("2 people are back as before.")).to_be_visible()
    assert not ProvisionedUser.objects.filter(active=False).exists()
    assert steps.taken == 3


def test_once_some_are_held_the_banner_leads_to_who_went_and_each_page_to_the_other(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    scim = ScimClient(TokenFactory(connection=harborline, label="Again").plaintext)
    third = ProvisionedUser.objects.get(user_name__startswith="eli.")
    assert leave(scim, third.scim_id) == [503]
    page.goto(INDEX)
    picture(page, "index-held")
    assert_accessible(page, complaints)
    steps = Steps(page)
    steps.click(page.get_by_role("alert").get_by_role("link", name="Who was switched off"))
    steps.confirm("Reactivate these 2")
    expect(page.get_by_text("2 people are back as before.")).to_be_visible()
    assert steps.taken == 2
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_role("heading", name="Held leavers")).to_be_visible()
    expect(page.get_by_label("eli.roth@harborline.example")).to_be_visible()


def test_whether_anything_fails_is_none(page: Page, superuser: User, harborline: SCIMConnection) -> None:
    scenes.failing(scenes.connected(scenes.sso_of("Meadow")), superuser)
    page.goto(INDEX)
    expect(page.get_by_role("alert")).to_contain_text("Failing Entra ID of Meadow")


def test_which_learners_the_directory_does_not_know_are_two_and_each_has_what_can_be_done(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(INDEX)
    steps = Steps(page)
    steps.click(page.get_by_role("link", name="Compare with the directory (Entra ID of Harborline)"))
    steps.compare()
    unknown = page.get_by_role("region", name="Here, and not in the directory")
    expect(unknown).to_contain_text("ada.okafor@harborline.example")
    free = page.get_by_role("region", name="Here, and managed by nobody")
    expect(free).to_contain_text("old.hand")
    assert steps.taken == 2
    picture(page, "reconcile-leads")
    assert_accessible(page, complaints)
    page.get_by_role("link", name="Here, and managed by nobody").click()
    assert page.url.endswith("#scim-unmanaged")
    with page.context.expect_page() as opened:
        free.get_by_role("link", name="Compare with another account (old.hand (in a new tab))").click()
    expect(opened.value.get_by_role("heading", name="Compare with another account")).to_be_visible()
    with page.context.expect_page() as opened:
        unknown.get_by_role("link", name="What happened to this learner? (ada.okafor").click()
    expect(opened.value.get_by_text("ada.okafor@harborline.example").first).to_be_visible()


def test_two_accounts_of_one_person_are_joined_in_three(
    steps: Steps, complaints: list[str], harborline: SCIMConnection
) -> None:
    doubled(harborline)
    page = steps.page
    steps.ask("anna meyer")
    steps.click(page.get_by_role("link", name="Compare (Anna Meyer, ameyer)"))
    expect(page.get_by_label("“ameyer” goes on.")).to_be_checked()
    steps.confirm("Join")
    expect(page.get_by_text("goes on, with the progress of both.")).to_be_visible()
    assert steps.taken == 3


def test_two_spellings_that_nobody_was_told_of_become_one_team_in_three(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    """Before anything has looked for them, and once the banner has forgotten them."""
    page.goto(INDEX)
    steps = Steps(page)
    picture(page, "index-few")
    assert_accessible(page, complaints)
    steps.click(page.get_by_role("link", name="Companies, business units, teams (Entra ID of Harborline)"))
    steps.click(page.get_by_role("link", name="merge"))
    steps.confirm("Decide")
    expect(page.get_by_text("1 person was moved.")).to_be_visible()
    assert steps.taken == 3


def test_two_spellings_become_one_team_in_two(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    call_command("scim_notify", stdout=StringIO(), stderr=StringIO())
    page.goto(INDEX)
    picture(page, "index-alike")
    assert_accessible(page, complaints)
    steps = Steps(page)
    steps.click(page.get_by_role("alert").get_by_role("link", name="“R & D”"))
    expect(page.get_by_label("The other unit")).to_have_value("R&D")
    assert_accessible(page, complaints)
    steps.confirm("Decide")
    expect(page.get_by_text("1 person was moved.")).to_be_visible()
    assert Learner.objects.get(user__username__startswith="fay.").team == Team.objects.get(name="R&D")
    assert steps.taken == 2
