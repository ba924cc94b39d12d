"""From a learner's page, and from an export, to the other account of the same person, and joined, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from example_project.lms.models import Learner, Progress
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.browser import scenes
from tests.browser.test_pages import assert_accessible
from tests.client import ScimClient
from tests.lms_factories import CourseFactory, LearnerFactory, ProgressFactory
from tests.people import person

ANNA = "anna.meyer@harborline.example"


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Anna was here before, and the first sync made a second account."""
    return doubled(scenes.connected(scenes.sso_of("Harborline")))


def doubled(connection: SCIMConnection) -> SCIMConnection:
    """Where nobody is asked whose work e-mail address it is."""
    connection.policies = {**connection.policies, "same_address": "create"}
    connection.save()
    learner = LearnerFactory(
        organization=connection.sso.organization,
        job_role="Analyst",
        user__username="ameyer",
        user__email=ANNA,
        user__first_name="Anna",
        user__last_name="Meyer",
    )
    ProgressFactory(learner=learner, course=CourseFactory(title="Secure Coding"), percent=80)
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    assert scim.post("/Users", person("anna.meyer")).status_code == 201
    return connection


def join(page: Page) -> None:
    """On the page of the two."""
    expect(page.get_by_text("have in common: The same e-mail address; The same name")).to_be_visible()
    expect(page.get_by_label("“ameyer” goes on.")).to_be_checked()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Join", exact=True).click()
    expect(page.get_by_text("goes on, with the progress of both.")).to_be_visible()
    link = ProvisionedUser.objects.get()
    assert link.user == Progress.objects.get().learner.user == Learner.objects.get().user
    assert link.user.username == ANNA


def test_three_clicks_from_the_learners_page(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Callable[[Page, str], None]
) -> None:
    made = ProvisionedUser.objects.get().user
    page.goto(reverse("admin:lms_learner_change", args=[Learner.objects.get(user=made).pk]))
    page.get_by_role("link", name="Compare with another account").click()
    assert_accessible(page, complaints)
    picture(page, "doubles-flow")
    page.get_by_role("link", name="Compare").click()
    assert_accessible(page, complaints)
    picture(page, "joining-flow")
    join(page)


def test_an_export_leads_to_it(page: Page, complaints: list[str], harborline: SCIMConnection) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_adopt", args=[harborline.pk]))
    export = f"userPrincipalName,mail\n{ANNA},{ANNA}\nameyer,\n"
    page.get_by_label("Export of the directory (CSV)").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": export.encode()}
    )
    page.get_by_role("button", name="Go on").click()
    assert_accessible(page, complaints)
    compare = page.get_by_role("link", name=f"Compare ({ANNA}, ameyer)").get_attribute("href") or ""
    # Whoever needs a look has the next step in their row.
    page.get_by_role("link", name="Who is it? (ameyer)").click()
    expect(page.get_by_role("heading", name="ameyer").first).to_be_visible()
    assert_accessible(page, complaints)
    page.goto(compare)
    join(page)


def test_another_account_is_looked_for_by_name(
    page: Page, complaints: list[str], harborline: SCIMConnection
) -> None:
    made = ProvisionedUser.objects.get().user
    LearnerFactory(
        organization=harborline.sso.organization,
        user__username="afischer",
        user__first_name="Anna",
        user__last_name="Fischer",
    )
    page.goto(reverse("admin:lms_learner_change", args=[Learner.objects.get(user=made).pk]))
    page.get_by_role("link", name="Compare with another account").click()
    page.get_by_label("Name, user name or e-mail address").fill("fisch")
    page.get_by_role("button", name="Look for it").click()
    page.get_by_role("link", name="Compare (afischer)").click()
    expect(page.get_by_text("are one person but you.")).to_be_visible()
    assert_accessible(page, complaints)


def test_without_a_mouse_the_two_are_compared_and_joined(page: Page, harborline: SCIMConnection) -> None:
    made = ProvisionedUser.objects.get().user_id
    page.goto(
        f"{reverse('admin:scim_provisioning_scimconnection_doubles', args=[harborline.pk])}?account={made}"
    )
    page.get_by_role("link", name="Compare").focus()
    page.keyboard.press("Enter")
    chosen = page.get_by_label("“ameyer” goes on.")
    chosen.focus()
    page.keyboard.press("ArrowUp")
    expect(chosen).not_to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(chosen).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Confirm your password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Join", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("goes on, with the progress of both.")).to_be_visible()
