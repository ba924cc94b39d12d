"""The attribute mapping page: read from the adapter; a payload can be tried and nothing is saved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from example_project.lms.models import BusinessUnit, Learner, Team
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.client import ScimClient
from tests.people import CORE, ENTERPRISE, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
def url(connection: SCIMConnection) -> str:
    return reverse("admin:scim_provisioning_scimconnection_mapping", args=(connection.pk,))


def paste(client: Client, url: str, payload: Any, learner: str = "") -> HttpResponse:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    response = client.post(url, {"payload": text, "learner": learner})
    assert response.status_code == 200
    return response


def differences(response: HttpResponse) -> dict[str, tuple[str, str]]:
    return {d["target"]: (d["before"], d["after"]) for d in response.context["trial"]["differences"]}


def test_the_page_lists_the_adapters_mapping_with_what_arrived(
    admin: Client, url: str, scim: ScimClient
) -> None:
    scim.post("/Users", person())

    response = admin.get(url)

    lines = {line["path"]: line for line in response.context["lines"]}
    assert lines["title"]["target"] == "learner.job_role"
    assert lines["title"]["seen"] == 1
    assert lines["title"]["example"] == "Secure Coding Lead"
    assert lines[f"{ENTERPRISE}:division"]["seen"] == 0


def test_what_is_sent_and_used_by_nothing_is_listed_and_roles_always(
    admin: Client, url: str, scim: ScimClient
) -> None:
    scim.post("/Users", person(shoeSize=44))

    unused = {item["path"]: item for item in admin.get(url).context["unused"]}

    assert unused["preferredLanguage"]["seen"] == 1
    assert unused[f"{ENTERPRISE}:employeeNumber"]["example"] == "HL-20417"
    assert not unused["shoeSize"]["kept"]
    assert {"roles", "entitlements", "groups"} <= set(unused)
    assert "title" not in unused


def test_a_tried_payload_shows_the_difference_and_saves_nothing(
    admin: Client, url: str, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim.post("/Users", person())
    before = list(Learner.objects.values()), ProvisioningEvent.objects.count()

    response = paste(
        admin,
        url,
        {
            "schemas": [CORE],
            "userName": "ines.okafor@harborline.example",
            "title": "Secure Coding Lead",
            "emails": [{"type": "work", "value": "ines.okafor@harborline.example"}],
            "name": {"givenName": "Ines", "familyName": "Okafor"},
            ENTERPRISE: {"division": "Retail", "department": "Platform Security"},
            "favouriteColour": "green",
        },
        "ines.okafor@harborline.example",
    )

    assert differences(response) == {"learner.business_unit": ("—", "Retail")}
    assert "favouriteColour" in response.context["trial"]["ignored"]
    assert (list(Learner.objects.values()), ProvisioningEvent.objects.count()) == before
    assert not BusinessUnit.objects.filter(name="Retail").exists()


def test_a_tried_newcomer_is_shown_and_not_created(
    admin: Client, url: str, connection: SCIMConnection
) -> None:
    response = paste(admin, url, person())

    assert response.context["trial"]["is_new"]
    assert differences(response)["learner.team"] == ("—", "Platform Security")
    assert ProvisionedUser.objects.count() == 0
    assert Team.objects.filter(name="Platform Security").count() == 0
    assert not User.objects.filter(username__startswith="ines").exists()


def test_a_user_without_a_learner_is_somebody_new_and_refused_where_they_are_managed(
    admin: Client, url: str, scim: ScimClient
) -> None:
    scim.post("/Users", person())

    html = paste(admin, url, person(title="Head")).content.decode()

    assert "It would be refused.</strong> The userName belongs to another learner." in html
    assert scim.post("/Users", person(title="Head")).json()["detail"] in html
    assert "restart provisioning for that person" in html


def test_a_patch_can_be_tried_after_a_client_has_removed_active(
    admin: Client, url: str, scim: ScimClient
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "remove", "path": "active"}])
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "title", "value": "Head"}],
    }

    assert differences(paste(admin, url, patch, scim_id)) == {
        "learner.job_role": ("Secure Coding Lead", "Head")
    }


@pytest.mark.parametrize("payload", [person(), {"Operations": []}])
def test_a_learner_who_is_not_there_is_said_to_be_so(admin: Client, url: str, payload: Any) -> None:
    trial = paste(admin, url, payload, "nobody@harborline.example").context["trial"]

    assert trial["note"] == "Name a learner who is there, by userName or SCIM id."


def test_a_patch_is_tried_on_the_learner_named(admin: Client, url: str, scim: ScimClient) -> None:
    scim.post("/Users", person())
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}],
    }

    assert differences(paste(admin, url, patch, "INES.okafor@harborline.example")) == {
        "is_active": ("yes", "no")
    }
    assert "name one by userName" in paste(admin, url, patch).context["trial"]["note"]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("{", "The request&#x27;s body is not valid."),
        ({"schemas": [CORE]}, "userName is required."),
        (person(title="x" * 151), "A value is too long."),
    ],
)
def test_a_payload_that_would_be_refused_says_why_and_what_to_do(
    payload: Any, words: str, admin: Client, url: str
) -> None:
    html = paste(admin, url, payload).content.decode()

    assert "It would be refused." in html
    assert words in html


def test_a_mapping_that_is_broken_says_where(
    admin: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import scim_provisioning.adapters as adapters
    from example_project.lms.scim import LearnerAdapter

    monkeypatch.setattr(LearnerAdapter, "mapping", [adapters.Text("title", "learner.titel")])

    assert "field &#x27;titel&#x27; does not exist on Learner" in admin.get(url).content.decode()


def test_without_view_payload_examples_are_masked_and_nothing_can_be_tried(
    url: str, scim: ScimClient
) -> None:
    scim.post("/Users", person())
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_scimconnection"))
    client = Client()
    client.force_login(user)

    html = client.get(url).content.decode()

    assert "Secure Coding Lead" not in html
    assert "<form method" not in html.partition('id="scim-try"')[2]
    assert client.post(url, {"payload": "{}"}).status_code == 403


def test_trying_needs_the_csrf_token(url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("admin"))

    assert client.post(url, {"payload": "{}"}).status_code == 403
