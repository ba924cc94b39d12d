"""From a refused operation to the account that is theirs, and back, in a browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from example_project.lms.models import Learner
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.browser import scenes
from tests.browser.test_pages import assert_accessible
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

INES = "ines.okafor@harborline.example"


@pytest.fixture
def harborline(superuser: User) -> SCIMConnection:
    """Ines was here before, and was refused."""
    sso = scenes.sso_of("Harborline")
    connection = scenes.connected(sso)
    LearnerFactory(organization=sso.organization, job_role="Analyst", user__username=INES, user__email=INES)
    scim = ScimClient(TokenFactory(connection=connection, label="Entra ID").plaintext)
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    return connection


def test_a_refused_person_is_linked_and_the_link_taken_back(
    page: Page, complaints: list[str], harborline: SCIMConnection
) -> None:
    page.goto(reverse("admin:scim_provisioning_provisioningevent_changelist"))
    page.locator("#result_list a").first.click()
    page.get_by_role("link", name="Who is it?").click()
    expect(page.get_by_role("heading", name=INES).first).to_be_visible()
    assert_accessible(page, complaints)
    page.get_by_label("Link: the identity provider manages the profile").check()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Provision on demand")).to_be_visible()
    assert_accessible(page, complaints)
    page.goto(reverse("admin:lms_learner_change", args=[Learner.objects.get().pk]))
    page.get_by_role("link", name="Take the link back").click()
    assert_accessible(page, complaints)
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Take the link back").click()
    expect(page.get_by_text("The account is what it was before")).to_be_visible()
    assert not ProvisionedUser.objects.living().exists()


def test_who_is_here_is_shown_from_an_export(
    page: Page, complaints: list[str], harborline: SCIMConnection
) -> None:
    page.goto(reverse("admin:scim_provisioning_scimconnection_change", args=[harborline.pk]))
    page.get_by_role("link", name="People who are here already").click()
    export = f"userPrincipalName,mail\n{INES},{INES}\nrui@x.example,\n"
    page.get_by_label("Export of the directory (CSV)").set_input_files(
        {"name": "users.csv", "mimeType": "text/csv", "buffer": export.encode()}
    )
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    assert_accessible(page, complaints)


def test_whoever_there_is_nothing_to_weigh_of_are_linked_with_one_password(
    page: Page, complaints: list[str], harborline: SCIMConnection, picture: Callable[[Page, str], None]
) -> None:
    scim = ScimClient(TokenFactory(connection=harborline).plaintext)
    for name in ("rui.sousa", "mei.tan"):
        address = f"{name}@harborline.example"
        LearnerFactory(organization=harborline.sso.organization, user__username=address, user__email=address)
        assert scim.post("/Users", person(name)).status_code == 409
    page.goto(reverse("admin:scim_provisioning_scimconnection_queue", args=[harborline.pk]))
    picture(page, "queue-flow")
    assert_accessible(page, complaints)
    page.get_by_label(INES).check()
    page.get_by_label("rui.sousa@harborline.example").check()
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Link the ticked people").click()
    expect(page.get_by_text("Provision on demand").first).to_be_visible()
    assert_accessible(page, complaints)
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {
        INES,
        "rui.sousa@harborline.example",
    }
    page.get_by_label("Confirm your password").fill(PASSWORD)
    page.get_by_role("button", name="Link this person").click()
    expect(page.get_by_text("Nobody waits for an answer.")).to_be_visible()
    assert ProvisionedUser.objects.count() == 3
