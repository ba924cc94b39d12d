"""The host's own pages about companies, business units and teams say what identity providers call them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from example_project.lms.models import Organization, Team
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import text
from tests.admin.test_units_pages import decide, join, move, teams, unit_url
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory

pytestmark = pytest.mark.django_db

AGAIN = "The next who comes makes it again"
LIST = reverse("admin:lms_team_changelist")
HOSTS = ("view_team", "change_team", "delete_team")


def page(team: Team, name: str = "change") -> str:
    return reverse(f"admin:lms_team_{name}", args=[team.pk])


def team_of(name: str) -> Team:
    return Team.objects.get(name=name)


def test_the_page_of_a_unit_names_what_means_it_and_leads_to_where_that_is_decided(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    locks = Team.objects.create(organization=organization, name="Locks")
    assert "Names of identity providers" not in text(admin_client.get(page(locks)))
    join(scim, "ines.okafor", "Locks")
    join(scim, "rui.sousa", "Locsk")
    decide(admin_client, connection, "Locsk", "merge", "Locks")
    Team.objects.filter(pk=locks.pk).update(name="Harbour locks")
    shown = admin_client.get(page(locks))
    assert f"Locks {connection.name} Locsk {connection.name} · Alias" in text(shown)
    assert unit_url(connection, "Locsk") in shown.content.decode()
    assert "It was merged into another one" in text(admin_client.get(page(team_of("Locsk"))))
    # As the page says: the LMS's new name makes no second unit.
    move(scim, join(scim, "mei.tan", "Elsewhere"), "Locks")
    assert teams()["mei.tan"] == "Harbour locks"


def test_before_a_unit_is_deleted_it_is_said_that_it_comes_again(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    own = Team.objects.create(organization=organization, name="Of our own")
    ines = join(scim, "ines.okafor", "Locks")
    asked = admin_client.get(page(team_of("Locks"), "delete"))
    assert AGAIN in text(asked)
    assert f"{unit_url(connection, 'Locks')}?verdict=merge" in asked.content.decode()
    assert AGAIN not in text(admin_client.get(page(own, "delete")))
    chosen = [str(own.pk), str(team_of("Locks").pk)]
    many = {"action": "delete_selected", "_selected_action": chosen}
    assert "Of these, 1 has a name" in text(admin_client.post(LIST, many))
    many["_selected_action"] = chosen[:1]
    assert "Of these" not in text(admin_client.post(LIST, many))
    admin_client.post(page(team_of("Locks"), "delete"), {"post": "yes"})
    assert teams()["ines.okafor"] is None
    move(scim, ines, "Elsewhere")
    move(scim, ines, "Locks")
    assert teams()["ines.okafor"] == "Locks"


def test_a_merged_unit_may_be_deleted_without_a_warning(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    Team.objects.create(organization=organization, name="Locks")
    join(scim, "rui.sousa", "Locsk")
    decide(admin_client, connection, "Locsk", "merge", "Locks")
    assert AGAIN not in text(admin_client.get(page(team_of("Locsk"), "delete")))
    admin_client.post(page(team_of("Locsk"), "delete"), {"post": "yes"})
    join(scim, "mei.tan", "Locsk")
    assert teams()["mei.tan"] == "Locks"
    assert not Team.objects.filter(name="Locsk").exists()


def test_of_what_staff_do_not_see_no_name_is_said_and_the_warning_stands(
    administrator: Administrator,
    scim: ScimClient,
    connection: SCIMConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    join(scim, "ines.okafor", "Locks")
    Team.objects.update(name="Harbour locks")
    locks = Team.objects.get()
    only_views = administrator("view_scimconnection", *HOSTS, name="vera")
    assert f"Locks {connection.name}" in text(only_views.get(page(locks)))
    assert unit_url(connection, "Locks") not in only_views.get(page(locks)).content.decode()
    no_connections = administrator(*HOSTS, name="olaf")
    none = SCIMConnection.objects.none()
    for browser in (
        no_connections,
        administrator("view_scimconnection", "manage_policy", *HOSTS, name="uma"),
    ):
        if browser is not no_connections:
            monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: none))
        assert connection.name not in text(browser.get(page(locks)))
        asked = text(browser.get(page(locks, "delete")))
        assert AGAIN in asked
        assert connection.name not in asked


def test_another_customers_unit_of_the_same_name_has_its_own(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    join(scim, "ines.okafor", "Locks")
    sso: Any = SSOSettingsFactory()
    other = Team.objects.create(organization=sso.organization, name="Locks")
    ConnectionFactory(name="Brightwater", sso_key=str(sso.pk))
    assert "Names of identity providers" not in text(admin_client.get(page(other)))


def test_the_page_takes_the_same_queries_for_two_customers_and_for_twelve(
    admin_client: Client, scim: ScimClient
) -> None:
    join(scim, "ines.okafor", "Locks")
    address = page(team_of("Locks"))
    counted = []
    for more in (1, 11):
        for _number in range(more):
            TokenFactory(connection=ConnectionFactory(sso_key=str(SSOSettingsFactory().pk)))
        admin_client.get(address)
        with CaptureQueriesContext(database) as sent:
            admin_client.get(address)
        counted.append(len(sent))
    assert counted[0] == counted[1]
    assert User.objects.exists()
