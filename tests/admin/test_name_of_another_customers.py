"""A sign-in name that another customer's account has: nobody is promised a new account, and nothing is told of whose it
is, before the first sync and after it."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import SCIMConnection
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory, OrganizationFactory
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
SAID = "The user name belongs to another account."
PROMISED = "A new account is made when the identity provider sends them."


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """People sign in by their userName, and somebody at Brightwater has this one."""
    monkeypatch.setattr(LearnerAdapter, "user_name_is_sso_subject", True)
    elsewhere = OrganizationFactory(name="Brightwater")
    LearnerFactory(organization=elsewhere, user__username=INES, user__email="secret@brightwater.example")


def export() -> SimpleUploadedFile:
    return SimpleUploadedFile("users.csv", f"userPrincipalName\n{INES}\nrui@x.example\n".encode(), "text/csv")


@pytest.mark.parametrize("page", ["adopt", "reconcile"])
def test_an_export_needs_a_look_there(admin_client: Client, connection: SCIMConnection, page: str) -> None:
    data = {"verb": "show", "file": export(), "user_name": "userPrincipalName"}
    shown = text(admin_client.post(url(page, connection), data))
    assert shown.count(SAID) == 1
    assert "brightwater" not in shown.lower()
    assert f"{INES} — {SAID}" in shown or f"Needs a look 1 {INES}" in shown or f"{INES} Needs a look" in shown


def test_whoever_was_refused_waits_with_that_reason(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    answer = scim.post("/Users", person())
    assert answer.status_code == 409
    shown = text(admin_client.get(url("queue", connection)))
    assert f"{INES} Needs a look — {SAID}" in shown
    assert PROMISED not in shown
    assert "brightwater" not in shown.lower()


def test_once_the_other_account_is_called_otherwise_a_new_one_is_promised_and_made(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, django_user_model: type
) -> None:
    assert scim.post("/Users", person()).status_code == 409
    django_user_model.objects.filter(username=INES).update(username="another")  # type: ignore[attr-defined]
    assert PROMISED in text(admin_client.get(url("queue", connection)))
    assert scim.post("/Users", person()).status_code == 201
