"""A connection is compared with its directory: reached by a link, read in every light and on a telephone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from example_project.lms.models import Learner
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.browser import scenes
from tests.browser.conftest import watched
from tests.browser.test_pages import assert_accessible
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

INES, KATE = "ines.okafor@harborline.example", "kate.bell@harborline.example"
EXPORT = f"userPrincipalName,displayName,jobTitle\n{INES},Ines Okafor,Lead\nnew.hire@harborline.example,New Hire,Lead\n"


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Ines was changed here, Kate is unknown there, and somebody was never sent."""
    sso = scenes.sso_of("Harborline")
    connection = scenes.connected(sso)
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    for name in ("ines.okafor", "kate.bell"):
        assert scim.post("/Users", person(name)).status_code == 201
    Learner.objects.filter(user__username=INES).update(job_role="Head of Secure Coding and Everything Else")
    LearnerFactory(organization=sso.organization, user__username="old.hand", user__email="old@hand.example")
    return connection


def compare(page: Page) -> None:
    page.get_by_label("Export of the directory (CSV)").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": EXPORT.encode()}
    )
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def test_which_learners_the_directory_does_not_know_is_two_clicks_and_a_file_away(
    page: Page,
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Callable[[Page, str], None],
) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_change", args=[harborline.pk]))
    page.get_by_role("link", name="Compare with the directory").click()
    compare(page)
    unknown = page.get_by_role("group", name="Here, and not in the directory")
    expect(unknown.get_by_role("row", name=KATE)).to_be_visible()
    expect(page.get_by_role("group", name="Differs").get_by_role("row", name="title")).to_be_visible()
    hidden = "Array.from(document.querySelectorAll('.scim-scroll')).map(b => b.scrollWidth - b.clientWidth)"
    assert max(page.evaluate(hidden)) <= 1
    picture(page, "reconcile-light")
    assert_accessible(page, complaints)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_was_found_fits_a_telephone(
    new_context: Callable[..., BrowserContext],
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Callable[[Page, str], None],
    scheme: str,
) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = watched(context.new_page(), complaints)
    page.goto(reverse("admin:scim_provisioning_scimconnection_reconcile", args=[harborline.pk]))
    compare(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    picture(page, f"reconcile-phone-{scheme}")
    assert_accessible(page, complaints)
