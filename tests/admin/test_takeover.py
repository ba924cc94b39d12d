"""SSO settings are deleted and made anew: the same learners are found again, and never those of another customer."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from example_project.lms.models import SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import takeover
from scim_provisioning.administration.setting_up import ConnectionRefused
from scim_provisioning.models import Action, ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.admin.conftest import PASSWORD, Administrator
from tests.admin.pages import generate, shown_token, text, url
from tests.client import ScimClient
from tests.lms_factories import SSOSettingsFactory
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(connection: SCIMConnection) -> dict[str, str]:
    """Two learners that the connection has made: their SCIM ids by externalId."""
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    for name in ("ines.okafor", "sam.reyes"):
        assert scim.post("/Users", person(name)).status_code == 201
    return dict(ProvisionedUser.objects.values_list("external_id", "scim_id"))


@pytest.fixture
def new(connection: SCIMConnection, known: dict[str, str]) -> SSOSettings:
    """The customer's new SSO settings; the old ones are deleted."""
    old = SSOSettings.objects.get(pk=connection.sso_key)
    made: SSOSettings = SSOSettingsFactory(organization=old.organization, name="Entra ID, new")
    old.delete()
    connection.refresh_from_db()
    assert connection.is_archived
    return made


def page_of(sso: SSOSettings) -> str:
    return reverse("admin:lms_ssosettings_scim_take_over", args=[sso.pk])


def take(client: Client, sso: SSOSettings, connection: SCIMConnection, **fields: str) -> HttpResponse:
    body = {"connection": str(connection.pk), "password": PASSWORD, **fields}
    return client.post(page_of(sso), body, follow=True)


def test_new_settings_take_the_old_connection_over_with_the_same_learners_and_new_tokens(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings, known: dict[str, str]
) -> None:
    panel = admin_client.get(reverse("admin:lms_ssosettings_change", args=[new.pk])).content.decode()
    assert page_of(new) in panel
    assert "2 learners" in text(admin_client.get(page_of(new)))

    assert "The connection is taken over. Generate a token to go on." in text(
        take(admin_client, new, connection)
    )

    connection.refresh_from_db()
    assert (connection.sso_key, connection.is_archived) == (str(new.pk), False)
    assert not SCIMToken.objects.live().exists()
    scim = ScimClient(shown_token(generate(admin_client, connection)))
    found = scim.get('/Users?filter=userName%20eq%20"ines.okafor@harborline.example"').json()["Resources"]
    assert [row["id"] for row in found] == [known["inesokafor"]]
    path = f"/Users/{known['inesokafor']}"
    assert scim.patch(path, [{"op": "Replace", "path": "title", "value": "Chief"}]).json()["title"] == "Chief"
    assert scim.post("/Users", person("mei.tanaka")).status_code == 201


def test_it_stands_in_both_logs_with_its_actor(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings
) -> None:
    take(admin_client, new, connection)
    event = ProvisioningEvent.objects.filter(connection=connection, action=Action.RESTORED).get()
    assert event.detail == "Taken over by the SSO settings “Entra ID, new”: the same learners, new tokens."
    assert str(event.actor) == "ada"


def test_a_connection_that_was_set_up_in_vain_makes_room(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings
) -> None:
    empty = ConnectionFactory(name="In vain", sso_key=str(new.pk))
    refused = ScimClient(TokenFactory(connection=empty).plaintext).post("/Users", person("ines.okafor"))
    assert refused.status_code == 409
    take(admin_client, new, connection)
    empty.refresh_from_db()
    connection.refresh_from_db()
    assert (empty.is_archived, empty.sso_key) == (True, None)
    assert connection.sso_key == str(new.pk)


def test_settings_with_learners_of_their_own_take_nothing_over(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings
) -> None:
    ProvisionedUserFactory(connection=ConnectionFactory(sso_key=str(new.pk)))
    panel = admin_client.get(reverse("admin:lms_ssosettings_change", args=[new.pk])).content.decode()
    assert page_of(new) not in panel
    with pytest.raises(ConnectionRefused, match="learners of its own"):
        takeover.take_over(connection, new, actor=None)
    connection.refresh_from_db()
    assert connection.is_archived


def test_another_customers_connection_is_never_taken_over(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings
) -> None:
    foreign = SSOSettingsFactory(name="Entra ID of Brightwater")
    assert "There is no connection that these settings could take over" in text(
        admin_client.get(page_of(foreign))
    )
    take(admin_client, foreign, connection)
    with pytest.raises(ConnectionRefused) as refused:
        takeover.take_over(connection, foreign, actor=None)
    assert refused.value.code == "connection.foreign"
    connection.refresh_from_db()
    assert connection.is_archived
    assert connection.sso_key != str(foreign.pk)


def test_one_learner_of_another_customer_is_enough_to_refuse(
    connection: SCIMConnection, new: SSOSettings
) -> None:
    learner = ProvisionedUser.objects.earliest("pk").user.learner  # type: ignore[union-attr]
    learner.organization = SSOSettingsFactory().organization
    learner.save()
    with pytest.raises(ConnectionRefused) as refused:
        takeover.take_over(connection, new, actor=None)
    assert refused.value.code == "connection.foreign"


def test_a_connection_that_goes_on_is_not_taken_over(
    connection: SCIMConnection, known: dict[str, str]
) -> None:
    old = SSOSettings.objects.get(pk=connection.sso_key)
    other = SSOSettingsFactory(organization=old.organization)
    with pytest.raises(ConnectionRefused) as refused:
        takeover.take_over(connection, other, actor=None)
    assert refused.value.code == "connection.current"


@pytest.mark.parametrize(
    "codenames",
    [
        ("view_scimconnection", "change_scimconnection", "view_ssosettings", "change_ssosettings"),
        ("view_scimconnection", "add_scimconnection", "view_ssosettings", "change_ssosettings"),
        ("view_scimconnection", "add_scimconnection", "change_scimconnection", "view_ssosettings"),
    ],
)
def test_it_needs_to_set_up_to_change_and_to_change_the_settings(
    administrator: Administrator, connection: SCIMConnection, new: SSOSettings, codenames: tuple[str, ...]
) -> None:
    client = administrator(*codenames)
    assert client.get(page_of(new)).status_code == 403
    assert take(client, new, connection).status_code == 403
    panel = client.get(reverse("admin:lms_ssosettings_change", args=[new.pk])).content.decode()
    assert page_of(new) not in panel


def test_a_wrong_password_takes_nothing_over(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings
) -> None:
    answer = take(admin_client, new, connection, password="wrong")
    assert "Your password was not correct. Nothing was changed." in text(answer)
    connection.refresh_from_db()
    assert connection.is_archived


def test_staff_who_may_not_see_the_old_connection_do_not_learn_of_it(
    admin_client: Client, connection: SCIMConnection, new: SSOSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = SCIMConnection.objects.exclude(pk=connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: others.all()))
    panel = admin_client.get(reverse("admin:lms_ssosettings_change", args=[new.pk])).content.decode()
    assert page_of(new) not in panel
    page = text(admin_client.get(page_of(new)))
    assert "learner, ended on" not in page
    assert "There is no connection that these settings could take over" in page
    take(admin_client, new, connection)
    connection.refresh_from_db()
    assert connection.is_archived


def test_the_command_takes_over_as_the_page_does(connection: SCIMConnection, new: SSOSettings) -> None:
    out = StringIO()
    call_command("scim_connection", "take-over", connection=connection.name, sso=str(new.pk), stdout=out)
    connection.refresh_from_db()
    assert not connection.is_archived
    assert f"Connection “{connection.name}” goes on with the SSO settings “Entra ID, new”" in out.getvalue()
    foreign: Any = SSOSettingsFactory()
    with pytest.raises(CommandError, match="No connection has ended"):
        call_command(
            "scim_connection", "take-over", connection=connection.name, sso=str(foreign.pk), stdout=out
        )


def test_the_page_takes_the_same_queries_for_two_learners_and_for_fifty(
    admin_client: Client,
    connection: SCIMConnection,
    new: SSOSettings,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    admin_client.get(page_of(new))
    with django_assert_max_num_queries(14) as few:
        admin_client.get(page_of(new))
    ProvisionedUserFactory.create_batch(48, connection=connection)
    with django_assert_num_queries(len(few.captured_queries)):
        admin_client.get(page_of(new))


# --- the page that deletes SSO settings


def test_the_delete_page_says_what_becomes_of_scim_and_how_to_keep_it(
    admin_client: Client, connection: SCIMConnection, known: dict[str, str]
) -> None:
    answer = admin_client.get(reverse("admin:lms_ssosettings_delete", args=[connection.sso_key]))
    page = text(answer)
    assert "1 live token dies at once" in page
    assert "2 managed learners stay as they are" in page
    assert "Take over an earlier connection" in page
    assert url("disconnect", connection) in answer.content.decode()
    assert reverse("admin:lms_ssosettings_add") in answer.content.decode()


def test_the_delete_page_tells_nothing_to_those_who_do_not_see_the_connection(
    admin_client: Client, connection: SCIMConnection, known: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = classmethod(lambda cls, user: SCIMConnection.objects.none())
    monkeypatch.setattr(LearnerAdapter, "connections_for", nobody)
    page = text(admin_client.get(reverse("admin:lms_ssosettings_delete", args=[connection.sso_key])))
    assert "SCIM of these settings is managed by others." in page
    assert "2 managed learners" not in page
    assert connection.name not in page.replace(SSOSettings.objects.get().name, "")


def test_deleting_several_settings_names_the_connections_that_end(
    admin_client: Client, connection: SCIMConnection
) -> None:
    body = {"action": "delete_selected", "_selected_action": [connection.sso_key]}
    page = text(admin_client.post(reverse("admin:lms_ssosettings_changelist"), body))
    assert f"SCIM connection “{connection.name}” ends" in page


def test_settings_without_scim_are_deleted_as_ever(admin_client: Client) -> None:
    sso = SSOSettingsFactory()
    page = text(admin_client.get(reverse("admin:lms_ssosettings_delete", args=[sso.pk])))
    assert "SCIM" not in page.partition("Are you sure")[2].partition("Summary")[0]
    admin_client.post(reverse("admin:lms_ssosettings_delete", args=[sso.pk]), {"post": "yes"})
    assert not SSOSettings.objects.filter(pk=sso.pk).exists()
