"""A connection and the host's SSO settings row that it belongs to."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.utils import timezone

from example_project.lms.models import SSOSettings
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent, SCIMConnection, SCIMToken
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries, Settings


def configure(settings: Settings, **keys: object) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, **keys}


def test_the_sso_row_is_read_once_and_again_on_demand(
    connection: SCIMConnection, sso: SSOSettings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fresh = SCIMConnection.objects.get()
    with django_assert_num_queries(1):
        assert fresh.sso == fresh.sso == sso
    SSOSettings.objects.update(enabled=False)
    assert fresh.sso.enabled is True
    with django_assert_num_queries(1):
        assert fresh.load_sso().enabled is False
    SSOSettings.objects.update(enabled=True)
    fresh.refresh_from_db()
    assert fresh.sso.enabled is True


def test_the_key_may_be_any_field_of_the_row(sso: SSOSettings, settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="entity_id")
    assert ConnectionFactory(sso_key=sso.entity_id).sso == sso


@pytest.mark.parametrize("key", [None, "999999", "not-a-number", ""])
def test_a_key_that_names_no_row_is_no_row(sso: SSOSettings, key: str | None) -> None:
    connection = ConnectionFactory(sso_key=key)
    assert connection.sso is None
    assert connection.sso_is_on is False


def test_without_an_sso_model_a_connection_stands_alone(
    db: None, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    configure(settings, SSO_MODEL=None)
    connection = ConnectionFactory(sso_key="1")
    with django_assert_num_queries(0):
        assert connection.sso is None
        assert connection.sso_is_on is True


def test_a_wrong_model_or_field_is_loud(connection: SCIMConnection, settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="no_such_field")
    with pytest.raises(FieldError):
        connection.load_sso()
    configure(settings, SSO_MODEL="lms.NoSuchModel")
    with pytest.raises(LookupError):
        connection.load_sso()


@pytest.mark.parametrize(
    ("switch", "enabled", "on"),
    [
        ({"enabled": True}, True, True),
        ({"enabled": True}, False, False),
        ({"enabled": True, "name": "another"}, True, False),
        ({}, False, True),
    ],
)
def test_sso_is_on_while_the_row_has_every_value_that_means_on(
    connection: SCIMConnection, settings: Settings, switch: dict[str, object], enabled: bool, on: bool
) -> None:
    configure(settings, SSO_ENABLED=switch)
    SSOSettings.objects.update(enabled=enabled)
    connection.load_sso()
    assert connection.sso_is_on is on


def test_archiving_kills_the_tokens_for_good_and_keeps_everything_else(connection: SCIMConnection) -> None:
    old = TokenFactory(connection=connection, revoked_at=timezone.now())
    live = TokenFactory(connection=connection)
    tombstone = ProvisionedUserFactory(connection=connection, deleted_at=timezone.now())
    event = ProvisioningEvent.objects.create(connection=connection, operation="create", action="created")

    connection.archive()
    archived_at = connection.archived_at
    connection.archive()

    connection = SCIMConnection.objects.get()
    assert connection.is_archived
    assert connection.archived_at == archived_at
    assert SCIMToken.objects.get(pk=old.pk).revoked_at == old.revoked_at
    assert SCIMToken.objects.get(pk=live.pk).is_revoked
    assert not SCIMToken.objects.live().exists()
    assert not SCIMConnection.objects.current().exists()
    assert ProvisionedUser.objects.tombstones().get() == tombstone
    assert not ProvisionedUser.objects.living().exists()
    assert tombstone.is_deleted
    assert ProvisioningEvent.objects.get() == event


def test_words_for_people(connection: SCIMConnection) -> None:
    assert str(connection) == "Entra"
    assert not connection.is_paused
    connection.paused_at = timezone.now()
    assert connection.is_paused
    link = ProvisionedUserFactory(connection=connection, user_name="ana@harborline.example")
    assert str(link) == "ana@harborline.example"
    event = ProvisioningEvent(operation="create", action="created", user_name="ana@harborline.example")
    assert str(event) == "Created ana@harborline.example"
    assert event.get_operation_display() == "Create"


def test_a_deleted_account_leaves_its_link(connection: SCIMConnection) -> None:
    link = ProvisionedUserFactory(connection=connection)
    assert list(link.user.scim_links.all()) == [link]
    link.user.delete()
    assert ProvisionedUser.objects.get().user is None


def test_scim_ids_are_random(connection: SCIMConnection) -> None:
    one, other = ProvisionedUserFactory(connection=connection), ProvisionedUserFactory(connection=connection)
    assert len({one.scim_id, other.scim_id}) == 2
    assert len(one.scim_id) == 36


def test_no_migration_is_missing(db: None, settings: Settings) -> None:
    settings.DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
    call_command("makemigrations", "scim_provisioning", check=True, dry_run=True, stdout=StringIO())
