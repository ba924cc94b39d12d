"""A connection whose SSO settings the LMS has deleted: nobody knows whose its people are any more, and its pages answer
all the same. Runs in every host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.admin.pages import PASSWORD
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, spelled
from tests.leavers import OFF
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(scim: ScimClient, connection: SCIMConnection) -> ProvisionedUser:
    """The link of somebody who was switched off before their customer's settings were deleted."""
    created = scim.post("/Users", spelled(person("ines.okafor")))
    assert scim.patch(f"/Users/{created.json()['id']}", OFF).status_code == 200
    connection.sso.delete()
    link = ProvisionedUser.objects.select_related("connection").get(scim_id=created.json()["id"])
    assert link.connection.is_archived
    return link


def addresses(link: ProvisionedUser) -> Iterator[str]:
    """Every page of the connection, and of its learner."""
    for pattern in admin.site._registry[SCIMConnection].get_urls():
        name = f"admin:{pattern.name}"
        for keys in ([link.connection_id], [link.connection_id, link.pk]):
            try:
                yield reverse(name, args=keys)
            except NoReverseMatch:
                continue


def test_each_of_its_pages_answers(ended: ProvisionedUser) -> None:
    browser = SecureBrowser()
    browser.force_login(host().make_administrator("ada", PASSWORD))
    asked = list(addresses(ended))
    assert len(asked) > 30
    answers = {address: browser.get(address).status_code for address in asked}
    assert {address: status for address, status in answers.items() if status >= 500} == {}
    assert [address for address in asked if "privacy" in address and answers[address] == 200]
    assert [address for address in asked if "numbers" in address and answers[address] == 200]
