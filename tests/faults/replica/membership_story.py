"""Played by ``test_replicas.py``: rows that are not joined are read where they are written, outside of requests too."""

from __future__ import annotations

import pytest

from scim_provisioning.administration import connections
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.hosts.current import host
from tests.hosts.membership.models import Membership
from tests.people import person

pytestmark = pytest.mark.django_db(databases=["default", "primary", "replica"])


@pytest.fixture
def connection() -> SCIMConnection:
    sso = host().make_sso(host().make_customer())
    return ConnectionFactory(name="Entra", sso_key=str(sso.pk))


def test_a_disconnection_switches_off_people_of_whom_the_replica_does_not_know_yet(
    connection: SCIMConnection,
) -> None:
    scim = ScimClient(TokenFactory(connection=connection).plaintext)
    for number in range(3):
        assert scim.post("/Users", person(f"d{number}")).status_code == 201
    found = connections.disconnect(connection, actor=None, learners="suspend")
    assert (found.changed, found.is_finished) == (3, True)
    assert not ProvisionedUser.objects.filter(active=True).exists()
    assert not Membership.objects.using("primary").filter(is_active=True).exists()
