"""The panel on the host's own SSO settings page."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.models import Action, ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.factories import ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url

SENTENCE = "Turn on single sign-on first. People provisioned by SCIM sign in through SSO."


def sso_page(client: Client, sso: SSOSettings) -> str:
    response = client.get(reverse("admin:lms_ssosettings_change", args=[sso.pk]))
    assert response.status_code == HTTPStatus.OK
    return response.content.decode()


def set_up_url(sso: SSOSettings) -> str:
    return reverse("admin:lms_ssosettings_scim_set_up", args=[sso.pk])


def panel(page: str) -> str:
    found = re.search(r'<section[^>]*id="scim-panel".*?</section>', page, re.S)
    assert found is not None
    return found[0]


def test_the_panel_offers_to_set_up_scim(admin_client: Client, sso: SSOSettings) -> None:
    page = sso_page(admin_client, sso)
    assert "SCIM provisioning" in panel(page)
    assert 'role="link" class="button default scim-button" form="scim-set-up"' in panel(page)
    assert f'<form id="scim-set-up" method="post" action="{set_up_url(sso)}">' in page


def test_the_button_is_not_the_one_that_enter_presses_in_the_hosts_form(
    admin_client: Client, sso: SSOSettings
) -> None:
    page = sso_page(admin_client, sso)
    hosts_form = re.search(r'<form[^>]*id="ssosettings_form".*?</form>', page, re.S)
    assert hosts_form is not None
    buttons = re.findall(r'<(?:button|input)[^>]*type="submit"[^>]*>', hosts_form[0])
    assert 'name="_save"' in next(button for button in buttons if "form=" not in button)


def test_setting_up_makes_one_connection_and_writes_down_who_did_it(
    admin_client: Client, sso: SSOSettings
) -> None:
    for _time in range(2):
        response = admin_client.post(set_up_url(sso))
        connection = SCIMConnection.objects.get()
        assert response.headers["Location"] == url("change", connection)
    assert connection.sso_key == str(sso.pk)
    assert connection.name == str(sso)
    event = ProvisioningEvent.objects.get()
    assert (event.action, str(event.actor)) == (Action.CONNECTED, "ada")
    assert LogEntry.objects.get().change_message == "Set up SCIM."


def test_a_get_of_the_set_up_address_changes_nothing(admin_client: Client, sso: SSOSettings) -> None:
    assert admin_client.get(set_up_url(sso)).status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert not SCIMConnection.objects.exists()


def test_setting_up_without_a_csrf_token_is_refused(administrator: Administrator, sso: SSOSettings) -> None:
    client = administrator()
    client.handler.enforce_csrf_checks = True
    assert client.post(set_up_url(sso)).status_code == HTTPStatus.FORBIDDEN
    assert not SCIMConnection.objects.exists()


def test_the_panel_says_how_provisioning_is_doing(
    admin_client: Client, sso: SSOSettings, connection: SCIMConnection
) -> None:
    used = timezone.now() - timedelta(minutes=3)
    TokenFactory(connection=connection, last_used_at=used, first_used_at=used)
    TokenFactory(connection=connection, expires_in_days=90)
    ProvisionedUserFactory.create_batch(2, connection=connection)
    ProvisionedUserFactory(connection=connection, active=False)
    shown = " ".join(re.sub(r"<[^>]+>", " ", panel(sso_page(admin_client, sso))).split())
    assert "Healthy Requests arrive and succeed." in shown
    assert "http://127.0.0.1:8000/scim/v2 Copy" in shown
    assert "2 live, next expiry" in shown
    assert "Last request 3 minutes ago" in shown
    assert "Managed learners 3 (1 deactivated by the identity provider)" in shown
    for button in ("Generate SCIM Token", "Open provisioning log", "Settings"):
        assert button in shown


def test_with_sso_off_the_panel_explains_and_disables_the_button(
    admin_client: Client, sso: SSOSettings, connection: SCIMConnection
) -> None:
    sso.enabled = False
    sso.save()
    shown = panel(sso_page(admin_client, sso))
    assert SENTENCE in shown
    button = re.search(r"<a[^>]*>Generate SCIM Token</a>", shown)
    assert button is not None
    assert 'aria-disabled="true"' in button[0]
    assert "href" not in button[0]


def test_with_sso_off_set_up_is_disabled_too(admin_client: Client, sso: SSOSettings) -> None:
    sso.enabled = False
    sso.save()
    page = sso_page(admin_client, sso)
    assert SENTENCE in panel(page)
    assert 'aria-disabled="true"' in panel(page)
    assert 'id="scim-set-up"' not in page


def test_where_sso_is_not_required_the_button_stays(
    admin_client: Client, sso: SSOSettings, connection: SCIMConnection, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "REQUIRE_SSO": False}
    sso.enabled = False
    sso.save()
    shown = panel(sso_page(admin_client, sso))
    assert SENTENCE not in shown
    assert f'href="{url("generate", connection)}"' in shown


def test_without_permission_the_panel_has_no_buttons(
    administrator: Administrator, sso: SSOSettings, connection: SCIMConnection
) -> None:
    client = administrator("view_ssosettings", "change_ssosettings")
    shown = panel(sso_page(client, sso))
    assert "SCIM provisioning" in shown
    assert "/admin/" not in shown
    assert '<button type="submit"' not in shown


def test_each_button_needs_its_permission(
    administrator: Administrator, sso: SSOSettings, connection: SCIMConnection
) -> None:
    client = administrator("view_ssosettings", "view_scimconnection")
    shown = panel(sso_page(client, sso))
    assert url("change", connection) in shown
    assert url("generate", connection) not in shown
    assert "Open provisioning log" not in shown


def test_who_may_only_look_at_sso_settings_cannot_set_up_scim(
    administrator: Administrator, sso: SSOSettings
) -> None:
    client = administrator("view_ssosettings", "add_scimconnection")
    assert "scim-set-up" not in sso_page(client, sso)
    assert client.post(set_up_url(sso)).status_code == HTTPStatus.FORBIDDEN
    assert not SCIMConnection.objects.exists()


def test_a_connection_whose_sso_row_is_gone_gives_its_key_up_and_keeps_its_learners(
    admin_client: Client, sso: SSOSettings, connection: SCIMConnection
) -> None:
    link = ProvisionedUserFactory(connection=connection)
    connection.archive()
    response = admin_client.post(set_up_url(sso))
    new = SCIMConnection.objects.get(sso_key=str(sso.pk))
    assert response.headers["Location"] == url("change", new)
    assert new.pk != connection.pk
    link.refresh_from_db()
    connection.refresh_from_db()
    assert (link.connection_id, connection.sso_key) == (connection.pk, None)


def test_a_disconnected_connection_is_restored_rather_than_set_up_anew(
    admin_client: Client, sso: SSOSettings, connection: SCIMConnection
) -> None:
    connection.archived_at = connection.disconnected_at = timezone.now()
    connection.save()
    shown = panel(sso_page(admin_client, sso))
    assert url("restore", connection) in shown
    assert "Archived" in shown
    response = admin_client.post(set_up_url(sso), follow=True)
    assert "Restore it, so that the same learners are found again." in text(response)
    assert SCIMConnection.objects.count() == 1


def test_who_may_set_up_but_not_see_connections_returns_to_the_sso_settings(
    administrator: Administrator, sso: SSOSettings
) -> None:
    client = administrator("view_ssosettings", "change_ssosettings", "add_scimconnection")
    page = client.post(set_up_url(sso), follow=True)
    assert "Ask an administrator to generate the token." in text(page)
    assert SCIMConnection.objects.count() == 1


def test_the_page_to_add_sso_settings_has_no_panel(admin_client: Client) -> None:
    response = admin_client.get(reverse("admin:lms_ssosettings_add"))
    assert response.status_code == HTTPStatus.OK
    assert "scim-panel" not in response.content.decode()


def test_the_panel_takes_a_bounded_number_of_queries(
    admin_client: Client,
    sso: SSOSettings,
    connection: SCIMConnection,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ProvisionedUserFactory.create_batch(20, connection=connection)
    for _number in range(2):
        TokenFactory(connection=connection)
    sso_page(admin_client, sso)
    with django_assert_max_num_queries(15):
        sso_page(admin_client, sso)


@pytest.mark.django_db
def test_unknown_sso_settings_are_a_404_to_set_up(admin_client: Client) -> None:
    url_of_nothing = reverse("admin:lms_ssosettings_scim_set_up", args=[12345])
    assert admin_client.post(url_of_nothing).status_code == HTTPStatus.NOT_FOUND


# --- other customers' connections


class NoneOfThem(LearnerAdapter):
    """A host whose staff see no connection unless it has their name."""

    @classmethod
    def connections_for(cls, user: Any) -> QuerySet[SCIMConnection]:
        return SCIMConnection.objects.filter(name=user.get_username())


@pytest.fixture
def _each_their_own(settings: Settings) -> None:
    settings.SCIM_PROVISIONING = {
        **settings.SCIM_PROVISIONING,
        "ADAPTER": "tests.admin.test_panel.NoneOfThem",
    }


@pytest.mark.usefixtures("_each_their_own")
@pytest.mark.parametrize("is_archived", [False, True])
def test_the_panel_tells_nothing_of_a_connection_that_this_person_does_not_see(
    administrator: Administrator, connection: SCIMConnection, sso: SSOSettings, is_archived: bool
) -> None:
    TokenFactory(connection=connection, label="Their own token")
    ProvisionedUserFactory.create_batch(3, connection=connection)
    if is_archived:
        connection.archived_at = connection.disconnected_at = timezone.now()
        connection.save()
    shown = text_of(panel(sso_page(administrator(), sso)))
    assert shown == "SCIM provisioning SCIM of these settings is managed by others."
    owner = panel(sso_page(administrator(name=connection.name), sso))
    assert "managed by others" not in owner
    assert ("Restore" if is_archived else "3") in owner


@pytest.mark.usefixtures("_each_their_own")
@pytest.mark.parametrize("is_there", [True, False])
def test_nobody_sets_up_what_they_would_not_see(
    administrator: Administrator, sso: SSOSettings, request: pytest.FixtureRequest, is_there: bool
) -> None:
    if is_there:
        request.getfixturevalue("connection")
    before = list(SCIMConnection.objects.values())
    answer = administrator().post(set_up_url(sso), follow=True)
    assert "There are no SSO settings with the key" in text(answer)
    assert list(SCIMConnection.objects.values()) == before
    assert not ProvisioningEvent.objects.exists()


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
