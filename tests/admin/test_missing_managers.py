"""The page of the people who wait for a manager, and where it leads from."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import ENTERPRISE, enterprise, person

pytestmark = pytest.mark.django_db

NOBODY = "3f6c5a1e-0000-4000-8000-not.here.yet"


def join(scim: ScimClient, name: str, manager: str | None = None) -> str:
    more = enterprise(manager={"value": manager}) if manager else {}
    return str(scim.post("/Users", person(name, **more)).json()["id"])


def manage(scim: ScimClient, scim_id: str, manager: str) -> Any:
    path = f"{ENTERPRISE}:manager"
    return scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": path, "value": manager}])


def nameless(sent: str) -> str:
    return f"Somebody whose name was not sent id {sent} · Look for this person"


def test_the_connection_leads_to_who_waits_for_whom_since_when_and_why(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client
) -> None:
    assert "Managers who are missing" not in text(admin_client.get(url("change", connection)))
    ann = join(scim, "ann")
    bob = join(scim, "bob", ann)
    join(scim, "cara", NOBODY)
    join(scim, "dora", bob)
    scim.delete(f"/Users/{bob}")
    eve = join(scim, "eve", bob)
    manage(scim, ann, join(scim, "fay", ann))

    start = admin_client.get(url("change", connection))
    assert url("managers", connection) in start.content.decode()
    assert "3 learners wait for their manager." in text(start)
    page = text(admin_client.get(url("managers", connection)))
    for name, waits, why in (
        ("ann", person("fay")["userName"], "They are managed by this learner themselves"),
        ("cara", nameless(NOBODY), "Not here: not assigned in the identity provider, or not sent yet."),
        ("eve", person("bob")["userName"], "Deleted by the identity provider."),
    ):
        assert f"{person(name)['userName']} {waits} {why}" in page
    assert person("dora")["userName"] not in page
    assert "longer than the log goes back" not in page
    ProvisioningEvent.objects.filter(link__scim_id=eve).delete()
    assert "longer than the log goes back" in text(admin_client.get(url("managers", connection)))


def test_nobody_of_another_customer_is_on_the_page(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client
) -> None:
    other = ConnectionFactory(name="Okta", sso_key=str(SSOSettingsFactory().pk))
    theirs = ScimClient(TokenFactory(connection=other).plaintext)
    boss = join(theirs, "their.boss")
    join(scim, "ann", boss)
    join(theirs, "gus", NOBODY)

    mine = text(admin_client.get(url("managers", connection)))
    # An id of another customer's is nobody's here.
    assert f"{person('ann')['userName']} {nameless(boss)} Not here" in mine
    assert "gus" not in mine
    assert "their.boss" not in mine
    assert person("gus")["userName"] in text(admin_client.get(url("managers", other)))


def test_what_was_sent_for_a_manager_is_masked_for_who_may_not_see_payloads(
    scim: ScimClient, connection: SCIMConnection, administrator: Administrator
) -> None:
    join(scim, "ann", "boss@harborline.example")
    reader = administrator("view_scimconnection", "view_provisioningevent")
    page = text(reader.get(url("managers", connection)))
    assert person("ann")["userName"] in page
    assert "boss@" not in page
    assert reader.get(url("change", connection)).status_code == 200
    outsider = administrator("view_scimconnection", name="vera")
    assert outsider.get(url("managers", connection)).status_code == 403
    assert "Managers who are missing" not in text(outsider.get(url("change", connection)))


def test_the_answer_about_a_person_says_that_their_manager_is_left_out_of_a_circle(
    scim: ScimClient, admin_client: Client, admin_user: User
) -> None:
    ann = join(scim, "ann")
    manage(scim, ann, join(scim, "bob", ann))
    page = text(admin_client.get("/admin/scim_provisioning/provisioningevent/people/?q=ann"))
    assert f"Their manager “{person('bob')['userName']}” is left out: they would be each other’s." in page


def test_everybody_on_the_page_leads_to_what_happened_to_them_and_the_page_leads_back(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client, administrator: Administrator
) -> None:
    ann = join(scim, "ann")
    bob = join(scim, "bob", ann)
    join(scim, "cara", NOBODY)
    scim.delete(f"/Users/{bob}")
    join(scim, "eve", bob)
    page = admin_client.get(url("managers", connection)).content.decode()
    keys = {link.user_name.partition("@")[0]: link.pk for link in connection.links.all()}
    for name in ("bob", "cara", "eve"):
        assert re.search(rf'learner={keys[name]}"[^>]*>{name}@', page), name
    assert f"people/?q={NOBODY}" in page
    assert f'href="{url("change", connection)}">Back' in page


def test_a_manager_who_was_refused_is_called_by_name(
    scim: ScimClient, connection: SCIMConnection, admin_client: Client
) -> None:
    """Entra may map its objectId to externalId, and sends it for managers whom it could not create."""
    assert scim.post("/Users", person("the.boss", externalId=NOBODY, active="perhaps")).status_code == 400
    join(scim, "ann", NOBODY)
    page = text(admin_client.get(url("managers", connection)))
    boss = person("the.boss")["userName"]
    assert f"{person('ann')['userName']} {boss} id {NOBODY} Not here" in page
