"""Of two joined accounts the one that went is the customer's still: whoever sees both lets another customer use it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration.adoption import joining
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import TokenFactory
from tests.admin.pages import PASSWORD
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, make_connection
from tests.people import person

pytestmark = pytest.mark.django_db


def made(scim: ScimClient, name: str) -> ProvisionedUser:
    answer = scim.post("/Users", person(name))
    return ProvisionedUser.objects.select_related("user").get(scim_id=answer.json()["id"])


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> ProvisionedUser:
    """Another customer's, which has moved from one account to another."""
    other = make_connection("Other")
    scim = ScimClient(TokenFactory(connection=other).plaintext)
    into, link = made(scim, "ben.first"), made(scim, "ben.second")
    stays: Any = into.user
    into.delete()

    def step_aside(self: Any, account: Any) -> None:
        account.username = "ben.aside@harborline.example"
        account.save()

    monkeypatch.setattr(get_adapter_class(), "merge", lambda self, into, other: None)
    monkeypatch.setattr(get_adapter_class(), "step_aside", step_aside)
    sides = [joining.found(other, str(one.pk)) for one in (stays, link.user)]
    assert sides[0] is not None
    assert sides[1] is not None
    joining.join(other, sides[0], sides[1], actor=None)
    return link


def test_what_is_allowed_is_the_account_that_went_and_not_the_one_that_goes_on(
    connection: SCIMConnection, scim: ScimClient, link: ProvisionedUser
) -> None:
    went = link.user
    assert scim.post("/Users", person("ben.aside")).status_code == 409
    event = ProvisioningEvent.objects.latest("pk")
    assert event.error_code == "user.owner_left"
    browser = SecureBrowser()
    browser.force_login(host().make_administrator("root", PASSWORD))
    keys = {"object_id": connection.pk, "event_id": event.pk}
    page = reverse("admin:scim_provisioning_scimconnection_share_refused", kwargs=keys)
    assert browser.post(page, {"password": PASSWORD}).status_code == 302
    assert scim.post("/Users", person("ben.aside")).status_code == 201
    link.refresh_from_db()
    assert (ProvisionedUser.objects.get(connection=connection).user, link.user == went) == (went, False)
