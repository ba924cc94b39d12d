"""What an administrator asks for, when the database refuses the COMMIT of the first try: the second one, which has the
same objects in hand, does all of it, and is not misled by what the first one had put into them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db import connection as database
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Organization
from scim_provisioning.administration import rotation, units
from scim_provisioning.models import NewUnits, SCIMConnection
from tests.client import ScimClient
from tests.faults.test_administrators import DEPARTMENT, VERBS, Verb, actor, verb, written
from tests.lms_factories import SSOSettingsFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

__all__ = ["actor", "verb"]


@pytest.fixture
def refused_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From the first COMMIT on that is sent: that one is refused, and those after it are not."""
    refused: list[str] = []
    commit = database._commit

    def once() -> Any:
        if not refused:
            refused.append("COMMIT")
            raise OperationalError("database is locked")
        return commit()

    monkeypatch.setattr(database, "_commit", once)
    return refused


@pytest.mark.parametrize("verb", VERBS, indirect=True)
def test_a_refused_commit_is_played_again_as_a_whole(verb: Verb, refused_once: list[str]) -> None:
    verb()
    assert refused_once
    assert len(written()) == (2 if {"owner_moved", "shared"} & set(written()) else 1)


def test_the_former_token_ends_though_the_first_try_of_its_rotation_was_refused(
    scim: ScimClient, connection: SCIMConnection, actor: User, refused_once: list[str]
) -> None:
    former = connection.tokens.get()
    rotation.generate(connection, actor=actor, label="Entra", replaces=former, overlap=timedelta(hours=24))
    assert refused_once
    told = former.expires_at
    former.refresh_from_db()
    assert former.expires_at is not None
    assert former.expires_at == told


def test_a_refused_commit_is_played_again_in_a_host_with_atomic_requests_too(
    admin_client: Client,
    organization: Organization,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setitem(database.settings_dict, "ATOMIC_REQUESTS", True)
    settings = SSOSettingsFactory(organization=organization)
    address = reverse("admin:lms_ssosettings_scim_set_up", args=[settings.pk])
    refused = request.getfixturevalue("refused_once")
    assert admin_client.post(address).status_code == 302
    assert refused
    assert SCIMConnection.objects.filter(sso_key=str(settings.pk)).exists()


def test_what_becomes_of_new_names_is_kept_though_somebody_else_has_chosen_meanwhile(
    connection: SCIMConnection, organization: Organization, actor: User
) -> None:
    seen = SCIMConnection.objects.get(pk=connection.pk)
    before = seen.new_units(DEPARTMENT)
    assert units.choose(connection, {DEPARTMENT: NewUnits.REVIEW}, actor=actor)
    assert units.choose(seen, {DEPARTMENT: before or NewUnits.CREATE}, actor=actor)
    stands = SCIMConnection.objects.get(pk=connection.pk)
    assert stands.new_units(DEPARTMENT) == (before or NewUnits.CREATE)
