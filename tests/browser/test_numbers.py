"""The numbers of a connection and of all of them: reached by a link, drawn without a script, read as a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from scim_provisioning.models import DailyFigure, SCIMConnection
from tests.browser import scenes
from tests.browser.conftest import watched
from tests.browser.test_pages import assert_accessible

Picture = Callable[[Page, str], None]


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """A connection that has been there for more than a year."""
    connection = scenes.busy(scenes.connected(scenes.sso_of("Harborline")), superuser)
    today = timezone.localdate()
    kinds = {"created": 5, "updated": 31, "deactivated": 3, "held": 0, "refused": 7}
    DailyFigure.objects.bulk_create(
        DailyFigure(
            connection=connection,
            day=today - timedelta(days=days),
            action=action,
            error_code="attr.invalid" if action == "refused" else "",
            times=most * ((days * 7 + most) % 11),
        )
        for days in range(1, 400)
        for action, most in kinds.items()
    )
    return connection


def test_numbers_are_two_clicks_away_drawn_and_written(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_changelist"))
    page.get_by_role("link", name="Numbers", exact=True).click()
    expect(page.get_by_role("heading", name="Numbers of all connections")).to_be_visible()
    page.goto(reverse("admin:scim_provisioning_scimconnection_change", args=(harborline.pk,)))
    page.get_by_role("link", name="Numbers", exact=True).click()
    expect(page.get_by_role("img", name="Arrived:").first).to_be_visible()
    picture(page, "numbers-light")
    page.get_by_text("The figures as a table").first.click()
    expect(page.get_by_role("group", name="The last 30 days").locator("tbody tr").first).to_be_visible()
    assert_accessible(page, complaints)
    page.get_by_role("link", name="A value", exact=False).first.click()
    expect(page).to_have_url(re.compile(r"error=attr\.invalid"))


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_numbers_fit_a_telephone(
    new_context: Callable[..., BrowserContext],
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
    scheme: str,
) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, locale="de-DE")
    page = watched(context.new_page(), complaints)
    page.goto(reverse("admin:scim_provisioning_scimconnection_numbers", args=(harborline.pk,)))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    picture(page, f"numbers-phone-{scheme}")
    assert_accessible(page, complaints)
