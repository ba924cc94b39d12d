"""An adapter that does not load takes no page and no command away: each works, or says why it cannot."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from example_project.lms.models import SSOSettings
from scim_provisioning.administration import connections
from scim_provisioning.models import Disconnection, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import PASSWORD
from tests.admin.pages import text, url

pytestmark = pytest.mark.django_db

SENTENCE = "The adapter of this application does not load, so this cannot be done now: "


@pytest.fixture
def event(connection: SCIMConnection) -> ProvisioningEvent:
    """An operation on somebody, who is there to be shown."""
    return ProvisioningEvent.objects.create(
        connection=connection,
        link=ProvisionedUserFactory(connection=connection),
        operation="patch",
        action="updated",
        outcome="applied",
    )


@pytest.fixture(params=["no.such.Adapter", "", "example_project.lms.scim.Nothing", "tests.admin.pages.url"])
def broken(
    request: pytest.FixtureRequest, settings: Settings, admin_client: Client, event: ProvisioningEvent
) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": request.param}


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    "name",
    ["change", "pause", "resume", "disconnect", "disconnection", "restore", "selftest", "contact", "steps"],
)
def test_a_page_that_needs_no_adapter_is_shown(
    name: str, admin_client: Client, connection: SCIMConnection
) -> None:
    assert SENTENCE not in text(admin_client.get(url(name, connection), follow=True))


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("name", ["policies", "generate", "mapping"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_page_that_has_to_ask_the_adapter_leads_back_and_says_why_it_cannot(
    name: str, method: str, admin_client: Client, connection: SCIMConnection
) -> None:
    response = getattr(admin_client, method)(url(name, connection), {"confirm": "1"}, follow=True)

    assert response.redirect_chain == [(url("change", connection), 302)]
    assert SENTENCE in text(response)


@pytest.mark.usefixtures("broken")
def test_nobody_is_confirmed_and_nothing_ends_while_the_host_cannot_be_asked(
    admin_client: Client, connection: SCIMConnection
) -> None:
    sent = {"confirm": "1", "learners": "suspend", "name": connection.name, "password": PASSWORD}
    assert SENTENCE in text(admin_client.post(url("disconnect", connection), sent, follow=True))
    connection.refresh_from_db()
    assert not connection.is_archived


def test_an_adapter_that_breaks_while_learners_are_suspended_stops_it_until_it_is_mended(
    admin_client: Client, connection: SCIMConnection, event: ProvisioningEvent, settings: Settings
) -> None:
    connections.disconnect(connection, actor=None, learners="suspend")
    Disconnection.objects.update(finished_at=None, position=0)
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": "no.such.Adapter"}
    assert SENTENCE in text(admin_client.post(url("disconnection", connection), follow=True))
    assert not Disconnection.objects.get().is_finished


@pytest.mark.usefixtures("broken")
def test_lists_log_and_panel_are_shown(
    admin_client: Client, event: ProvisioningEvent, sso: SSOSettings
) -> None:
    log = "admin:scim_provisioning_provisioningevent"
    for address in (
        reverse("admin:index"),
        reverse("admin:scim_provisioning_scimconnection_changelist"),
        reverse(f"{log}_changelist"),
        f"{reverse(f'{log}_changelist')}?q=ana",
        reverse(f"{log}_change", args=[event.pk]),
        reverse("admin:lms_ssosettings_change", args=[sso.pk]),
        reverse("scim_provisioning_api:connections"),
        reverse("scim_provisioning_api:events", args=[event.connection_id]),
    ):
        assert admin_client.get(address).status_code == 200, address


@pytest.mark.usefixtures("broken")
def test_a_live_token_can_still_be_revoked(admin_client: Client, connection: SCIMConnection) -> None:
    TokenFactory(connection=connection)
    token = TokenFactory(connection=connection)

    admin_client.post(url("revoke", connection, token))

    assert SCIMToken.objects.get(pk=token.pk).is_revoked


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("method", "name", "body"),
    [("get", "policies", {}), ("patch", "policies", {}), ("post", "tokens", {"password": PASSWORD})],
)
def test_the_api_answers_503_where_it_has_to_ask_the_adapter(
    method: str, name: str, body: dict[str, Any], admin_client: Client, connection: SCIMConnection
) -> None:
    address = reverse(f"scim_provisioning_api:{name}", args=[connection.pk])
    sent = {} if method == "get" else {"data": json.dumps(body), "content_type": "application/json"}

    response = getattr(admin_client, method)(address, **sent)

    assert response.status_code == 503
    assert response.json()["detail"].startswith(SENTENCE)
    assert not SCIMToken.objects.exists()


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("scim_connection list", None),
        ("scim_connection policies --connection Entra", SENTENCE),
        ("scim_connection pause --connection Entra", None),
        ("scim_connection disconnect --connection Entra --learners keep", None),
        ("scim_connection disconnect --connection Entra --learners suspend", SENTENCE),
        ("scim_token list", None),
        ("scim_token create --connection Entra", None),
        ("scim_check --connection Entra --no-network", "The self-test failed. Nothing was changed."),
        ("scim_notify", None),
        ("scim_prune", None),
    ],
)
def test_a_command_works_or_says_why_it_cannot(
    command: str, said: str | None, connection: SCIMConnection
) -> None:
    def run() -> None:
        call_command(*command.split(), stdout=StringIO(), stderr=StringIO())

    if said is None:
        run()
    else:
        with pytest.raises(CommandError) as refusal:
            run()
        assert str(refusal.value).startswith(said)
