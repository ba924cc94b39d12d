"""Whose field is it: what provisioning writes is read-only on the host's pages, an administrator may lock or detach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from example_project.lms.models import Learner, Team
from scim_provisioning.models import LockedValue, ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")
HOST = ("view_learner", "change_learner", "delete_learner", "view_user", "change_user", "delete_user")
TEAM = f"{ENTERPRISE}:department"


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get()


def learner_page(link: ProvisionedUser) -> str:
    return reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user_id).pk])


def account_page(link: ProvisionedUser) -> str:
    return reverse("admin:auth_user_change", args=[link.user_id])


def page(name: str, link: ProvisionedUser, path: str = "") -> str:
    url = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[link.connection_id, link.pk])
    return f"{url}?{urlencode({'attribute': path})}" if path else url


def lock(browser: Client, link: ProvisionedUser, path: str = "title") -> Any:
    return browser.post(page("lock", link, path), {"reason": "Agreed with HR"}, follow=True)


def inputs(browser: Client, url: str) -> set[str]:
    return set(browser.get(url).context["adminform"].form.fields)


def test_what_provisioning_writes_is_read_only_and_says_where_it_comes_from(
    admin_client: Client, ines: ProvisionedUser
) -> None:
    shown = text(admin_client.get(learner_page(ines)))
    assert "Secure Coding Lead From “Entra”: title. Lock this value" in shown
    assert "Platform Security From “Entra”: department." in shown
    assert inputs(admin_client, learner_page(ines)) == {"user", "organization"}

    shown = text(admin_client.get(account_page(ines)))
    assert "From “Entra”: userName. " in shown
    assert "From “Entra”: givenName. Lock this value" in shown.replace("name.givenName", "givenName")
    names = inputs(admin_client, account_page(ines))
    assert not {"username", "first_name", "last_name", "email"} & names
    # Whoever switches somebody off in the LMS means it.
    assert {"is_active", "is_staff", "groups"} <= names


def test_of_nobody_whom_scim_manages_all_can_be_edited(admin_client: Client, ines: ProvisionedUser) -> None:
    own = User.objects.create_user("lms.only")
    url = reverse("admin:auth_user_change", args=[own.pk])
    assert {"username", "first_name", "email"} <= inputs(admin_client, url)
    assert "From “Entra”" not in text(admin_client.get(url))
