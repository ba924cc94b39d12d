"""The log, a learner's history, the mapping and the self-test in a browser, as an administrator uses them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import url
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.client import ScimClient
from tests.people import person

Picture = Callable[[Page, str], None]

LIST = reverse("admin:scim_provisioning_provisioningevent_changelist")
PEOPLE = ("ines.okafor", "sam.reyes", "petra.lindqvist", "omar.haddad", "mei.tanaka")


@pytest.fixture
def connection(superuser: User) -> SCIMConnection:
    return scenes.connected(scenes.sso_of("Harborline"))


@pytest.fixture
def scim(connection: SCIMConnection) -> ScimClient:
    """A client, after a day in the life of the connection: joiners, a marriage, a leaver, refusals."""
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    agent = {"user_agent": "Microsoft Entra provisioning"}
    for name in PEOPLE:
        scim.post("/Users", person(name), **agent)
    ids = dict(ProvisionedUser.objects.values_list("external_id", "scim_id"))
    scim.patch(
        f"/Users/{ids['inesokafor']}",
        [
            {"op": "Replace", "path": "userName", "value": "ines.adeyemi@harborline.example"},
            {
                "op": "Replace",
                "path": 'emails[type eq "work"].value',
                "value": "ines.adeyemi@harborline.example",
            },
            {"op": "Replace", "path": "name.familyName", "value": "Adeyemi"},
        ],
        **agent,
    )
    scim.patch(f"/Users/{ids['samreyes']}", [{"op": "Replace", "path": "active", "value": "False"}], **agent)
    for _time in range(3):
        scim.post("/Users", person("mei.tanaka"), **agent)
    scim.patch(
        f"/Users/{ids['omarhaddad']}", [{"op": "Replace", "path": "title", "value": "x" * 151}], **agent
    )
    scim.get("/Users/00000000-0000-4000-8000-000000000000", **agent)
    return scim


def rows(page: Page) -> int:
    return page.locator("#result_list tbody tr").count()


def test_the_log_is_read_filtered_and_searched(
    page: Page, complaints: list[str], scim: ScimClient, picture: Picture
) -> None:
    page.goto(LIST)
    expect(page.get_by_text("The same problem, several times")).to_be_visible()
    assert rows(page) == 11
    picture(page, "log")
    assert_accessible(page, complaints)

    page.get_by_role("link", name="Show refused look-ups").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(12)

    page.goto(LIST)
    page.get_by_role("link", name="Show The userName belongs to another learner.").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(3)

    page.goto(LIST)
    page.locator("#searchbar").fill("ines.okafor@harborline")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    expect(page.locator("#result_list")).to_contain_text("ines.adeyemi@harborline.example")
    picture(page, "log-search")


def test_a_refusal_explains_itself_and_can_be_copied_for_support(
    page: Page, complaints: list[str], scim: ScimClient, picture: Picture
) -> None:
    page.goto(f"{LIST}?problems=only")
    page.locator("#result_list tbody tr").last.get_by_role("link").first.click()

    expect(page.get_by_role("heading", name="Cause", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="What to do", exact=True)).to_be_visible()
    picture(page, "log-operation")
    assert_accessible(page, complaints)
    page.get_by_role("button", name="Copy for support").click()
    expect(page.locator(".scim-copy-result")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "error code: user.username_taken" in copied
    assert "tanaka" not in copied


def test_a_change_shows_before_and_after(
    page: Page, complaints: list[str], scim: ScimClient, picture: Picture
) -> None:
    event = ProvisioningEvent.objects.filter(user_name__startswith="ines.adeyemi").latest("pk")

    page.goto(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))

    expect(page.get_by_role("row", name="name.familyName")).to_contain_text("Adeyemi")
    picture(page, "log-change")
    assert_accessible(page, complaints)


def test_from_the_learner_to_everything_that_happened_to_them(
    page: Page, complaints: list[str], scim: ScimClient, picture: Picture
) -> None:
    link = ProvisionedUser.objects.get(user_name="ines.adeyemi@harborline.example")
    learner = link.user.learner  # type: ignore[union-attr]

    page.goto(reverse("admin:lms_learner_change", args=[learner.pk]))
    expect(page.get_by_text("Managed by SCIM")).to_be_visible()
    picture(page, "learner")
    assert_accessible(page, complaints)
    page.get_by_role("link", name="What happened to this learner?").click()

    expect(
        page.get_by_role("heading", name="What happened to ines.adeyemi@harborline.example?")
    ).to_be_visible()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    expect(page.get_by_text("ines.okafor@harborline.example").first).to_be_visible()
    picture(page, "learner-history")


def test_the_mapping_and_a_payload_that_is_tried(
    page: Page,
    complaints: list[str],
    scim: ScimClient,
    connection: SCIMConnection,
    picture: Picture,
) -> None:
    page.goto(url("mapping", connection))
    page.get_by_label("SCIM user or PATCH, as JSON").fill(
        '{"userName": "ines.adeyemi@harborline.example", "title": "Head of Keys", "active": true,\n'
        ' "name": {"givenName": "Ines", "familyName": "Adeyemi"},\n'
        ' "emails": [{"type": "work", "value": "ines.adeyemi@harborline.example"}],\n'
        ' "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":'
        ' {"division": "Retail", "department": "Platform Security"}}'
    )
    page.get_by_label("Learner").fill("ines.adeyemi@harborline.example")
    page.get_by_role("button", name="Try").click()

    expect(page.get_by_role("row", name="learner.business_unit — Retail")).to_be_visible()
    expect(page.get_by_text("Nothing was saved.")).to_be_visible()
    picture(page, "mapping")
    assert_accessible(page, complaints)


def test_the_self_test_and_the_ticks_that_follow_the_identity_provider(
    page: Page,
    complaints: list[str],
    site: LiveServer,
    settings: Settings,
    connection: SCIMConnection,
    picture: Picture,
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": site.url}
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    page.goto(url("selftest", connection))
    expect(page.get_by_text("not yet")).to_have_count(5)

    scim.get('/Users?filter=userName%20eq%20"nobody"')
    expect(page.get_by_text("not yet")).to_have_count(3, timeout=15_000)

    page.get_by_role("button", name="Run self-test").click()
    expect(page.get_by_text("Entra’s requests work here. Nothing was changed.")).to_be_visible()
    picture(page, "selftest")
    assert_accessible(page, complaints)
