"""Why has this person no account? Answered within three interactions, whatever became of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from scim_provisioning.models import AdoptionAnswer, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD, url
from tests.browser import scenes
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import watched
from tests.client import ScimClient
from tests.leavers import established, leave
from tests.lms_factories import LearnerFactory
from tests.people import person

Picture = Callable[[Page, str], None]
NewContext = Callable[..., BrowserContext]
PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Of a family, each has met something else."""
    sso = scenes.sso_of("Harborline")
    connection = scenes.connected(sso)
    connection.policies = {"leavers_at_least": 2}
    connection.save()
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    names = ("ada.okafor", "ben.okafor", "cleo.okafor", "dora.okafor")
    ids = [scim.post("/Users", person(name)).json()["id"] for name in names]
    established()
    scim.delete(f"/Users/{ids[0]}")
    leave(scim, *ids[1:3])
    taken = "ines.okafor@harborline.example"
    LearnerFactory(organization=sso.organization, user__username=taken, user__email="old@x.example")
    scim.post("/Users", person("ines.okafor"))
    scim.get("/Users", user_agent="Microsoft Entra")
    return connection


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_from_the_log_a_surname_leads_to_each_of_the_family_and_to_what_became_of_them(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(LOG)
    box = page.get_by_role("search", name="People").get_by_label("Why has this person no account?")
    box.fill("okafor")
    box.press("Enter")
    for name, state in {
        "Ada Okafor": "Deleted on",
        "Ben Okafor": "Switched off on",
        "Cleo Okafor": "The leaver brake keeps them until an administrator decides.",
        "Dora Okafor": "Has an account since",
        "Ines Okafor": "Last asked for on",
    }.items():
        expect(page.get_by_role("region", name=name)).to_contain_text(state)
    refused = page.get_by_role("region", name="Ines Okafor")
    expect(refused).to_contain_text("The account exists and is not managed by this connection.")
    picture(page, "people-light")
    assert_accessible(page, complaints)
    refused.get_by_role("link", name="What was sent, and the answer").click()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()


def test_whoever_is_held_is_let_go_from_the_connection_page_in_three_interactions(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(url("change", harborline))
    picture(page, "connection-with-search-for-people")
    assert_accessible(page, complaints, ".scim-find")
    page.get_by_label("Why has this person no account?").fill("Cleo Okafor")
    page.get_by_role("button", name="Find person").click()
    page.get_by_role("link", name="Decide").click()
    expect(page.get_by_label("cleo.okafor@harborline.example")).to_be_visible()
    page.get_by_label("cleo.okafor@harborline.example").check()
    page.get_by_label("Let the selected people go").check()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("1 person may go when the identity provider asks again.")).to_be_visible()


def test_of_somebody_never_seen_it_is_said_when_the_identity_provider_last_asked(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Picture
) -> None:
    page.goto(f"{PEOPLE}?q=Zoe+Almeida")
    expect(page.get_by_role("status")).to_contain_text("Nobody like “Zoe Almeida”")
    expect(page.get_by_role("region", name="Entra ID of Harborline")).to_contain_text(
        "Entra ID has not asked for anybody like this in 30 days"
    )
    picture(page, "people-never-seen")
    assert_accessible(page, complaints)


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}}])
def test_the_answer_is_read_in_the_dark_and_on_a_telephone(
    new_context: NewContext,
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
    options: dict[str, object],
) -> None:
    kind = "dark" if "color_scheme" in options else "telephone"
    page = watched(new_context(**options).new_page(), complaints)
    for name, address in {"people": f"{PEOPLE}?q=okafor", "people-on-the-log": LOG}.items():
        page.goto(address)
        picture(page, f"{name}-{kind}")
        assert_accessible(page, complaints)
    page.goto(f"{PEOPLE}?q=okafor&connection={harborline.pk}")
    assert fits(page)


def test_the_answer_is_read_in_german(
    new_context: Callable[..., BrowserContext],
    complaints: list[str],
    harborline: SCIMConnection,
    picture: Picture,
) -> None:
    page = watched(new_context(locale="de-DE").new_page(), complaints)
    page.goto(f"{PEOPLE}?q=okafor")
    expect(page.get_by_role("heading", name="Warum hat diese Person kein Konto?")).to_be_visible()
    picture(page, "people-german")
    assert_accessible(page, complaints)


def test_without_a_mouse_the_box_its_button_and_the_first_answer_follow_one_another(
    page: Page, harborline: SCIMConnection
) -> None:
    page.goto(f"{PEOPLE}?q=ines")
    page.get_by_label("Why has this person no account?").focus()
    page.keyboard.press("Tab")
    reached = []
    for _step in range(3):
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        page.keyboard.press("Tab")
    assert reached == ["Find person", "Who is it? (Ines Okafor)", "What was sent, and the answer"]


@pytest.fixture
def decided(harborline: SCIMConnection) -> SCIMConnection:
    """Of another family: somebody nobody manages, one who is somebody new, one who was followed by a namesake, and one
    whose refusal names nobody but their address."""
    scim = ScimClient(TokenFactory(connection=harborline, label="Entra ID").plaintext)
    organization = harborline.sso.organization
    facts = {"user__first_name": "Béa", "user__last_name": "Müller", "user__email": "bea@x.example"}
    LearnerFactory(organization=organization, user__username="bea.mueller", **facts)
    gone = scim.post("/Users", person("ada.muller")).json()["id"]
    scim.delete(f"/Users/{gone}")
    scim.post("/Users", person("ada.muller", externalId="another"))
    taken = "cy.muller@harborline.example"
    LearnerFactory(organization=organization, user__username=taken, user__email="cy@x.example")
    scim.post("/Users", person("cy.muller", displayName="Cy Müller"))
    scim.post("/Users", {**person("di.muller"), "active": "perhaps"})
    nameless = {"displayName": "Eve Muller", "emails": [{"type": "work", "value": "eve.muller@x.example"}]}
    scim.post("/Users", nameless)
    AdoptionAnswer.objects.create(
        connection=harborline,
        user_name=taken,
        user_name_key=taken,
        verdict=AdoptionAnswer.Verdict.SEPARATE,
        answered_by=User.objects.filter(is_superuser=True).first(),
    )
    return harborline


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 844}}, {"locale": "de-DE"}])
def test_a_name_without_its_accent_leads_to_all_of_the_family_with_what_was_decided(
    new_context: NewContext,
    complaints: list[str],
    decided: SCIMConnection,
    picture: Picture,
    options: dict[str, object],
) -> None:
    page = watched(new_context(**options).new_page(), complaints)
    page.goto(f"{PEOPLE}?q=muller&connection={decided.pk}")
    if "locale" not in options:
        for name, state in {
            "Béa Müller": "not managed by any connection.",
            "Cy Müller": "it is somebody new, who gets an account of their own.",
            "Di Muller": "The value of active is not of the kind",
            "Eve Muller": "userName was not sent, or is empty",
        }.items():
            expect(page.get_by_role("region", name=name)).to_contain_text(state)
        expect(page.get_by_role("link", name="Are they the same person? (Ada Muller)")).to_be_visible()
        expect(page.get_by_role("link", name="Take it back")).to_have_count(0)
    kind = "-".join(map(str, options)) or "light"
    picture(page, f"people-decided-{kind}")
    assert fits(page)
    assert_accessible(page, complaints)


def test_from_the_comparison_a_person_is_looked_at_and_the_report_is_kept(
    page: Page, complaints: list[str], decided: SCIMConnection, picture: Picture
) -> None:
    page.goto(url("reconcile", decided))
    page.get_by_role("button", name="Compare").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="bea.mueller (in a new tab)", exact=True).click()
    person_page = opened.value
    expect(person_page.get_by_role("region", name="Béa Müller")).to_contain_text("Not managed")
    expect(person_page.get_by_role("link", name=str(decided)).first).to_be_visible()
    picture(person_page, "people-from-comparison")
    person_page.get_by_role("link", name="Back to “Compare with the directory”").click()
    expect(person_page.get_by_role("heading", name="Compare with the directory")).to_be_visible()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    picture(page, "reconcile-people")
    assert_accessible(page, complaints)
