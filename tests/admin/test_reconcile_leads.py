"""What can be done about somebody stands in their row of the comparison, and leads to where it is done."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Organization
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.admin.conftest import Administrator
from tests.admin.pages import url
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def compared(browser: Client, connection: SCIMConnection, *lines: str) -> str:
    export = "\n".join(["userPrincipalName,jobTitle,mail", *lines]).encode()
    file = SimpleUploadedFile("users.csv", export, "text/csv")
    answer = browser.post(
        url("reconcile", connection), {"verb": "show", "user_name": "userPrincipalName", "file": file}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def row_of(page: str, name: str) -> dict[str, str]:
    """The links of somebody's row, by what they are called."""
    (row,) = [one for one in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f">{name}<" in one]
    found = re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', row, re.DOTALL)
    return {re.sub("<[^>]*>", "", label).strip(): html.unescape(where) for where, label in found}


@pytest.fixture
def met(scim: ScimClient, organization: Organization) -> dict[str, Any]:
    """Ines differs, Ada is not in the directory, Gus's account is gone; an old hand is managed by nobody, and so is the
    account that Rui may be."""
    for name in ("ines.okafor", "ada.roth", "gus.berg"):
        assert scim.post("/Users", person(name)).status_code == 201
    User.objects.get(username__startswith="gus.").delete()
    known = {
        name: LearnerFactory(organization=organization, user__username=name) for name in ("old.hand", "rui")
    }
    return {name: learner.user for name, learner in known.items()}


def test_each_row_has_what_can_be_done_about_its_person(
    admin_client: Client, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    page = compared(admin_client, connection, f"{INES},Dean,", "rui,,", "new@x.example,,")
    links = {one.user_name.partition(".")[0]: one for one in ProvisionedUser.objects.all()}
    log = reverse("admin:scim_provisioning_provisioningevent_changelist")
    values = reverse("admin:scim_provisioning_scimconnection_values", args=[connection.pk, links["ines"].pk])
    happened, tab = "What happened to this learner?", "(in a new tab)"
    for name, label, where in (
        (INES, "Whose values are these?", values),
        ("ada.roth@harborline.example", happened, f"{log}?learner={links['ada'].pk}"),
        ("gus.berg@harborline.example", happened, f"{log}?learner={links['gus'].pk}"),
        (
            "old.hand",
            "Compare with another account",
            f"{url('doubles', connection)}?account={met['old.hand'].pk}",
        ),
        ("rui", "Who is it?", f"{url('person', connection)}?name=rui&account={met['rui'].pk}"),
        ("new@x.example", "Who is it?", f"{url('person', connection)}?name=new%40x.example"),
    ):
        assert row_of(page, name)[f"{label} ({name} {tab})"] == where, name
        assert admin_client.get(where).status_code == 200, name


def test_the_account_of_a_row_leads_to_its_own_page(
    admin_client: Client, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    page = compared(admin_client, connection, "rui,,")
    for name in ("old.hand", "rui"):
        where = reverse("admin:auth_user_change", args=[met[name].pk])
        assert where in row_of(page, name).values()


def test_whoever_differs_in_several_values_has_the_link_once(
    admin_client: Client, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    page = compared(admin_client, connection, f"{INES},Dean,other@x.example")
    assert len(re.findall(rf">{INES}</a></th>", page)) == 2
    assert page.count("Whose values are these?") == 1


def test_the_figures_lead_to_those_who_are_named(
    admin_client: Client, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    page = compared(admin_client, connection, f"{INES},Dean,")
    for key in ("not_there", "unmanaged", "differs", "gone"):
        assert f'href="#scim-{key}"' in page
        assert f'id="scim-{key}"' in page
    assert 'href="#scim-locked"' not in page
    assert 'href="#scim-agrees"' not in page


def test_who_may_not_see_values_nor_the_log_learns_no_account_and_gets_no_history(
    administrator: Administrator, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    client = administrator("view_scimconnection", "manage_policy")
    page = compared(client, connection, "rui,,", f"{INES},Dean,")
    assert "What happened to this learner?" not in page
    assert reverse("admin:auth_user_change", args=[met["rui"].pk]) not in page
    assert "Who is it?" in page


def test_who_may_not_see_values_is_not_led_to_whom_an_address_belongs(
    administrator: Administrator, admin_client: Client, connection: SCIMConnection, met: dict[str, Any]
) -> None:
    User.objects.filter(pk=met["rui"].pk).update(email="rui@home.example")
    line, led = "new@x.example,,rui@home.example", f"account={met['rui'].pk}"
    assert led in "".join(row_of(compared(admin_client, connection, line), "new@x.example").values())
    client = administrator("view_scimconnection", "manage_policy", name="vera")
    assert led not in "".join(row_of(compared(client, connection, line), "new@x.example").values())
