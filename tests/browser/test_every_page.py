"""Every page in light, dark, German and on a telephone: it fits, axe finds nothing, the policy is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page

from example_project.lms.models import Learner, Team
from scim_provisioning.administration import keeping
from scim_provisioning.models import (
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
    SCIMToken,
    SharedAccount,
)
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import url
from tests.browser import scenes
from tests.browser.accessibility import faults_of
from tests.browser.conftest import watched
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, SSOSettingsFactory
from tests.people import enterprise, person

INES = "ines.okafor@harborline.example"
LOG = reverse("admin:scim_provisioning_provisioningevent_changelist")
LIST = reverse("admin:scim_provisioning_scimconnection_changelist")

#: How a page is looked at: options of the browser.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "telephone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "german": {"locale": "de-DE"},
    "german-telephone": {"locale": "de-DE", "viewport": {"width": 390, "height": 844}, "has_touch": True},
}

#: What lies behind the edge of the page, or of a table in it.
_CUT = """() => {
    const wide = Array.from(document.querySelectorAll(".scim-scroll, .scim-list .results, html"));
    return wide.filter(box => box.scrollWidth > box.clientWidth + 1)
        .map(box => `${box.className || box.tagName}: ${box.scrollWidth} in ${box.clientWidth}`);
}"""
#: Buttons that a finger misses.
_SMALL = """() => Array.from(document.querySelectorAll(".scim .scim-button, .scim .scim-copy-button"))
    .filter(button => button.offsetParent && button.getBoundingClientRect().height < 44)
    .map(button => button.textContent.trim())"""


@pytest.fixture
def addresses(superuser: User) -> dict[str, str]:
    """Every page, of a connection in the middle of its life."""
    connection = scenes.busy(scenes.connected(scenes.sso_of("Harborline")), superuser, refused=1)
    scenes.busy(scenes.connected(scenes.sso_of("Brightwater")), superuser, days=12, refused=1)
    scenes.failing(scenes.connected(scenes.sso_of("Meadow")), superuser)
    old = SCIMToken.objects.get(connection=connection)
    new = TokenFactory(connection=connection, label="Entra ID 2", replaces=old)
    scim = ScimClient(new.plaintext)
    # Somebody who was here before waits for an answer.
    LearnerFactory(organization=connection.sso.organization, user__username=INES, user__email=INES)
    assert scim.post("/Users", person("ines.okafor")).status_code == 409
    left = scim.post("/Users", person("never.gone")).json()["id"]
    assert scim.delete(f"/Users/{left}").status_code == 204
    for _time in range(2):
        scim.post("/Users", person("mei.tanaka"), user_agent="Microsoft Entra provisioning")
    LearnerFactory(organization=connection.sso.organization, user__first_name="Mei", user__last_name="TANAKA")
    scim.post("/Users", person("jo.reyes", **enterprise(manager={"value": "f0a1c9d2-not-here-yet"})))
    scim.post("/Users", person("lena.ohm", **enterprise(department="Locks")))
    return {**_of_the_connection(connection, old, new), **_of_the_log()}


def _of_the_connection(connection: SCIMConnection, old: SCIMToken, new: SCIMToken) -> dict[str, str]:
    names = ("generate", "pause", "policies", "disconnect", "steps", "mapping", "selftest", "undo")
    more = ("numbers", "units", "adopt", "queue", "managers", "reconcile", "privacy", "held")
    waiting = ProvisioningEvent.objects.get(connection=connection, user_name=INES)
    return {
        "index": reverse("admin:index"),
        "list": LIST,
        "panel": reverse("admin:lms_ssosettings_change", args=[connection.sso_key]),
        "connection": url("change", connection),
        **{name: url(name, connection) for name in (*names, *more)},
        "answer": reverse("admin:scim_provisioning_scimconnection_answer", args=[connection.pk, waiting.pk]),
        "add": reverse("admin:scim_provisioning_scimconnection_add"),
        "sso-delete": reverse("admin:lms_ssosettings_delete", args=[connection.sso_key]),
        "take-over": _take_over(),
        "withdraw": _withdraw(),
        **_joining(connection),
        **_of_a_team(connection),
        "rotate": url("rotate", connection, new),
        "rotation": url("rotation", connection, new),
        "revoke": url("revoke", connection, old),
    }


def _of_a_team(connection: SCIMConnection) -> dict[str, str]:
    """What its name means to the connection, and the LMS's own pages about it."""
    team = Team.objects.get(organization=connection.sso.organization, name="Locks")
    digest = ReferenceKey.objects.get(name="Locks", brought_by__in=connection.links.values("scim_id")).digest
    return {
        "unit": reverse("admin:scim_provisioning_scimconnection_unit", args=[connection.pk, digest]),
        "team": reverse("admin:lms_team_change", args=[team.pk]),
        "team-delete": reverse("admin:lms_team_delete", args=[team.pk]),
    }


def _joining(connection: SCIMConnection) -> dict[str, str]:
    """Whom a learner may be, the two side by side, and who somebody is who was not sent yet."""
    mine = ProvisionedUser.objects.get(external_id="meitanaka").user_id
    other = Learner.objects.get(user__last_name="TANAKA").user_id
    return {
        "doubles": f"{url('doubles', connection)}?account={mine}&q=ines",
        "join": f"{url('join', connection)}?account={mine}&other={other}",
        "person": f"{url('person', connection)}?name=rui@x.example&account={other}",
    }


def _take_over() -> str:
    """The page on which new settings take over a connection whose own were deleted."""
    old = scenes.sso_of("Meadow Academy")
    gone = scenes.connected(old)
    for learner in ("jon.berg", "mara.lind"):
        assert (
            ScimClient(TokenFactory(connection=gone).plaintext).post("/Users", person(learner)).status_code
            == 201
        )
    new = SSOSettingsFactory(organization=old.organization, name="Entra ID of Meadow Academy, new")
    old.delete()
    return reverse("admin:lms_ssosettings_scim_take_over", args=[new.pk])


def _withdraw() -> str:
    """The page on which a shared link is taken back; the learner's page leads to it."""
    shared = SharedAccount.objects.create(
        connection=SCIMConnection.objects.get(name__contains="Brightwater"),
        user=ProvisionedUser.objects.get(external_id="meitanaka").user,
    )
    keys = {"object_id": shared.connection_id, "share_id": shared.pk}
    return reverse("admin:scim_provisioning_scimconnection_withdraw", kwargs=keys)


def _of_the_log() -> dict[str, str]:
    refused = ProvisioningEvent.objects.filter(error_code="user.username_taken").latest("pk")
    link = ProvisionedUser.objects.get(external_id="meitanaka")
    keeping.lock(link, "title", reason="Agreed with her team until the end of the year", actor=None)
    learner = [link.user.learner.pk]  # type: ignore[union-attr]
    names = ("values", "lock", "unlock", "detach")
    pages = {name: f"admin:scim_provisioning_scimconnection_{name}" for name in names}
    attribute = {"lock": "?attribute=emails", "unlock": "?attribute=title"}
    gone = ProvisionedUser.objects.get(external_id="nevergone")
    return {
        **{
            name: reverse(page, args=[link.connection_id, link.pk]) + attribute.get(name, "")
            for name, page in pages.items()
        },
        "account": reverse("admin:auth_user_change", args=[link.user_id]),
        "learner-delete": reverse("admin:lms_learner_delete", args=learner),
        "learner-left": reverse("admin:auth_user_change", args=[gone.user_id]),
        "log": LOG,
        "people": f"{reverse('admin:scim_provisioning_provisioningevent_people')}?q=okafor@harb",
        "people-nobody": f"{reverse('admin:scim_provisioning_provisioningevent_people')}?q=nobody",
        "log-days": f"{LOG}?from=2026-01-01&until=2099-12-31",
        "learner": reverse("admin:lms_learner_change", args=learner),
        "history": f"{LOG}?learner={link.pk}",
        "operation": reverse("admin:scim_provisioning_provisioningevent_change", args=[refused.pk]),
        "forget": reverse(
            "admin:scim_provisioning_scimconnection_forget", args=[link.connection_id, link.pk]
        ),
    }


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_fits_is_accessible_and_keeps_to_the_policy(
    new_context: Callable[..., BrowserContext],
    complaints: list[str],
    addresses: dict[str, str],
    picture: Callable[[Page, str], None],
    look: str,
) -> None:
    page = watched(new_context(**LOOKS[look]).new_page(), complaints)
    wrong: list[str] = []
    for name, address in addresses.items():
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, name
        language = page.locator("html").get_attribute("lang") or ""
        assert language[:2] == ("de" if "german" in look else "en"), name
        picture(page, f"{name}-{look}")
        wrong += [f"{name} cuts {what}" for what in page.evaluate(_CUT)]
        if "telephone" in look:
            wrong += [f"{name} has a small {what}" for what in page.evaluate(_SMALL)]
        if "german" not in look:
            # In another language the page has the same elements and colours.
            wrong += [f"{name}: {fault}" for fault in faults_of(page, complaints)]
    assert not wrong, "\n".join(wrong)
