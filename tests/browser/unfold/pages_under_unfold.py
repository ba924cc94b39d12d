"""The pages under django-unfold. Run by `test_unfold.py`, in a process with settings of its own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import URLField
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from unfold.admin import ModelAdmin

from example_project.lms.models import SSOSettings
from scim_provisioning.admin import SCIMPanelMixin
from scim_provisioning.models import SCIMConnection, SCIMToken, SharedAccount
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import url
from tests.browser import scenes
from tests.browser.test_pages import pages_of
from tests.browser.test_token_panel import TOKEN, generate

admin.site.unregister(SSOSettings)


@admin.register(SSOSettings)
class SSOSettingsAdmin(SCIMPanelMixin, ModelAdmin):
    """As a host on Unfold writes it."""

    formfield_overrides = {URLField: {"assume_scheme": "https"}}


def test_a_token_is_generated(
    new_context: Callable[..., BrowserContext], picture: Callable[[Page, str], None]
) -> None:
    sso = scenes.sso_of("Harborline")
    page = new_context().new_page()
    page.goto(reverse("admin:lms_ssosettings_change", args=[sso.pk]))
    expect(page.locator("#scim-panel-heading")).to_be_visible()
    picture(page, "unfold-panel")
    page.get_by_role("link", name="Set up SCIM").click()
    page.get_by_role("link", name="Generate SCIM Token").click()
    picture(page, "unfold-token-form")
    generate(page)
    expect(page.locator("#scim-token")).to_have_text(TOKEN)
    picture(page, "unfold-token-shown-once")
    assert SCIMToken.objects.count() == SCIMConnection.objects.count() == 1


#: Pages of a connection that were made last.
NEWEST = ("undo", "adopt", "queue", "reconcile", "units", "managers", "numbers", "privacy")


def _of_two(connection: SCIMConnection) -> dict[str, str]:
    """Two accounts of one person, and a link that another connection shares."""
    one, other = connection.links.living().order_by("pk")[:2]
    second = scenes.connected(scenes.sso_of("Brightwater"))
    share = SharedAccount.objects.create(connection=second, user=one.user)
    keys = {"object_id": second.pk, "share_id": share.pk}
    return {
        "doubles": f"{url('doubles', connection)}?account={one.user_id}&q=user",
        "join": f"{url('join', connection)}?account={one.user_id}&other={other.user_id}",
        "withdraw": reverse("admin:scim_provisioning_scimconnection_withdraw", kwargs=keys),
        "account": reverse("admin:auth_user_change", args=[one.user_id]),
    }


def _learner(name: str, connection: SCIMConnection) -> str:
    """A page of the first learner."""
    link = connection.links.living().first()
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[connection.pk, link.pk])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_renders(
    new_context: Callable[..., BrowserContext],
    superuser: User,
    picture: Callable[[Page, str], None],
    scheme: str,
) -> None:
    connection = scenes.busy(scenes.connected(scenes.sso_of("Harborline")), superuser, days=12)
    token = SCIMToken.objects.get()
    new = TokenFactory(connection=connection, label="Entra ID 2027", replaces=token, expires_in_days=13)
    page = new_context(color_scheme=scheme).new_page()
    addresses = {
        **pages_of(connection, token, new),
        "index": reverse("admin:index"),
        "list": reverse("admin:scim_provisioning_scimconnection_changelist"),
        "log": reverse("admin:scim_provisioning_provisioningevent_changelist"),
        "log-operation": reverse(
            "admin:scim_provisioning_provisioningevent_change",
            args=[connection.events.filter(outcome="refused").first().pk],  # type: ignore[attr-defined]
        ),
        "people": f"{reverse('admin:scim_provisioning_provisioningevent_people')}?q=user",
        "mapping": url("mapping", connection),
        "selftest": url("selftest", connection),
        "change": url("change", connection),
        **{name: f"{_learner(name, connection)}?attribute=emails" for name in ("values", "lock", "detach")},
        **{name: url(name, connection) for name in NEWEST},
        **_of_two(connection),
    }
    for name, address in addresses.items():
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, name
        expect(page.locator("body")).to_contain_text(re.compile(r"\S"))
        picture(page, f"unfold-{name}-{scheme}")
        if name in ("log", "list", "change", "people"):
            page.get_by_label("Why has this person no account?").fill("somebody")
            page.get_by_role("button", name="Find person").click()
            expect(page.get_by_role("status").first).to_contain_text("Nobody like “somebody”")
            page.go_back()
        if name in ("index", "list"):
            expect(page.get_by_role("alert").first).to_contain_text("Entra ID of Harborline")
