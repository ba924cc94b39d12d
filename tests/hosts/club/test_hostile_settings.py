"""Settings that would break an API which relies on the project's: none of them reaches the SCIM endpoints."""

from __future__ import annotations

import pytest
from django.test import Client

from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient, SecureBrowser
from tests.hosts.club.models import Membership, Team
from tests.people import ENTERPRISE, person
from tests.vendors.asking import create


@pytest.mark.django_db
def test_the_site_redirects_to_https_and_scim_loses_no_body(scim: ScimClient) -> None:
    assert Client().get("/admin/").status_code == 301
    create(scim, person())
    assert Membership.objects.count() == 1


@pytest.mark.django_db
def test_the_site_demands_a_login_and_scim_a_token() -> None:
    assert SecureBrowser().get("/admin/").headers["Location"].startswith("/admin/login/")
    answer = ScimClient(None).get("/Users")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"].startswith("application/scim+json")


@pytest.mark.django_db
def test_neither_pages_throttles_renderers_nor_errors_are_the_projects(scim: ScimClient) -> None:
    for name in ("ana.lee", "ben.kay", "cleo.ray"):
        create(scim, person(name))
    listed = scim.get("/Users")
    assert listed.headers["Content-Type"] == "application/scim+json; charset=utf-8"
    assert len(listed.json()["Resources"]) == 3
    unknown = scim.get("/Users/unknown")
    assert (unknown.status_code, unknown.json()["status"]) == (404, "404")


@pytest.mark.django_db(transaction=True)
def test_a_refused_change_leaves_nothing_but_its_line_in_the_log(scim: ScimClient) -> None:
    made = create(scim, person())
    operations = [
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Half Written"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "no address"},
    ]
    assert scim.patch(f"/Users/{made['id']}", operations).status_code == 400
    assert not Team.objects.filter(name="Half Written").exists()
    outcomes = ProvisioningEvent.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["applied", "refused"]
