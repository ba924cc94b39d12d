"""The pages under another theme of the admin. Run by `test_themes.py`, in processes with settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import url
from tests.browser import scenes
from tests.browser.conftest import serve
from tests.browser.test_pages import pages_of

#: Buttons whose text does not fit, and sections narrower than they may be: 52 rem, or what holds them.
_SQUASHED = """() => {
    const wrong = [];
    for (const button of document.querySelectorAll(".scim .scim-button, .scim .scim-copy-button")) {
        const box = button.getBoundingClientRect(), style = getComputedStyle(button);
        const spills = button.scrollWidth > button.clientWidth + 1 || button.scrollHeight > button.clientHeight + 1;
        const isFlat = box.height < 2 * parseFloat(style.fontSize) || parseFloat(style.paddingLeft) < 8;
        if (button.offsetParent && (spills || isFlat))
            wrong.push(`${button.textContent.trim()}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
    }
    const most = 52 * parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const part of document.querySelectorAll(".scim-panel, .scim-card")) {
        const width = part.getBoundingClientRect().width, held = part.parentElement.getBoundingClientRect().width;
        if (part.offsetParent && width < 0.85 * Math.min(held, most))
            wrong.push(`${part.id || part.className}: ${Math.round(width)} in ${Math.round(held)}`);
    }
    return wrong;
}"""


@pytest.fixture
def site(transactional_db: None) -> Iterator[LiveServer]:
    """Without the policy: the themes' own pages have scripts and styles in them."""
    yield from serve()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_button_and_no_section_is_squashed(
    new_context: Callable[..., BrowserContext],
    superuser: User,
    picture: Callable[[Page, str], None],
    width: int,
    settings: Any,
) -> None:
    connection = scenes.busy(scenes.connected(scenes.sso_of("Harborline")), superuser, days=12)
    token = SCIMToken.objects.get()
    new = TokenFactory(connection=connection, label="Entra ID 2027", replaces=token, expires_in_days=13)
    theme = settings.INSTALLED_APPS[0]
    page = new_context(viewport={"width": width, "height": 900}).new_page()
    wrong: list[str] = []
    for name, address in addresses(connection, token, new).items():
        response = page.goto(address)
        assert response is not None
        assert response.status == 200, name
        picture(page, f"{theme}-{name}-{width}")
        wrong += [f"{name}: {what}" for what in page.evaluate(_SQUASHED)]
    assert not wrong, "\n".join(wrong)


def addresses(connection: SCIMConnection, token: SCIMToken, new: SCIMToken) -> dict[str, str]:
    names = (
        "mapping",
        "selftest",
        "undo",
        "adopt",
        "queue",
        "reconcile",
        "units",
        "managers",
        "numbers",
        "privacy",
    )
    refused = connection.events.filter(outcome="refused").first()  # type: ignore[attr-defined]
    link = connection.links.living().first()  # type: ignore[attr-defined]
    return {
        "index": reverse("admin:index"),
        "list": reverse("admin:scim_provisioning_scimconnection_changelist"),
        "log": reverse("admin:scim_provisioning_provisioningevent_changelist"),
        "operation": reverse("admin:scim_provisioning_provisioningevent_change", args=[refused.pk]),
        "people": f"{reverse('admin:scim_provisioning_provisioningevent_people')}?q=user",
        "account": reverse("admin:auth_user_change", args=[link.user_id]),
        "values": reverse("admin:scim_provisioning_scimconnection_values", args=[connection.pk, link.pk]),
        **pages_of(connection, token, new),
        **{name: url(name, connection) for name in names},
    }
